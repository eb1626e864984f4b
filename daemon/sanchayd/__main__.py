"""`sanchayd`: parse, prepare, lock, run; an error becomes an exit code here, once."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sanchay import hosts as client_hosts
from sanchay.address import Places, places
from sanchay.errors import (
    EXIT_DONE,
    AlreadyRunning,
    Busy,
    InternalError,
    InvalidArgument,
    SanchayError,
)
from sanchay.names import shown_path
from sanchayd import __version__, config_check
from sanchayd.config_check import Checked
from sanchayd.config_sources import VARIABLES

# What only a daemon needs is imported where it starts: a check of the settings is over before that.
if TYPE_CHECKING:
    from sanchayd.config import Config
    from sanchayd.engine_port.port import CatalogPort

    OpenCatalog = Callable[[Config, Places], CatalogPort]

LOCK_SUFFIX = ".sanchay-lock"  # the engine's, behind the name of the catalog


def main(arguments: Sequence[str] | None = None, open_catalog: OpenCatalog | None = None) -> int:
    """Runs the daemon, over the engine or another catalog until it is told to stop; the exit code says how it ended."""
    options = _parse(arguments)
    try:
        where = places(options.home)
    except SanchayError as error:  # there is no place to leave word in
        sys.stderr.write(f"sanchayd: {error.message}\n")
        return error.exit_code
    try:
        flags = _flags(options)
        if options.check_config:
            return _answer(lambda: _settings(config_check.check(where, flags, os.environ)))
        if options.edit_config:
            return _answer(lambda: _edited(where, flags, options.edit_config))
        from sanchayd import paths

        paths.prepare(where)
        return _run(where, flags, open_catalog or _open_catalog, foreground=options.foreground)
    except SanchayError as error:
        return _refuse(where, error)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="sanchayd",
        description="Keeps the catalog of your files, and answers sanchayctl. It logs into a file, see --check-config.",
        epilog="exit codes: 0 stopped, 1 failed, 2 usage, 77 denied, 78 configuration or newer database",
    )
    parser.add_argument("--home", metavar="FOLDER", help="everything under one folder, as SANCHAY_HOME does")
    parser.add_argument("--foreground", action="store_true", help="log to stderr too")
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting that wins over every file"
    )
    parser.add_argument(
        "--check-config", action="store_true", help="print every setting with its origin as JSON, and start nothing"
    )
    parser.add_argument("--edit-config", type=json.loads, help=argparse.SUPPRESS)  # for sanchayctl config set
    parser.add_argument("--version", action="version", version=f"sanchayd {__version__}")
    return parser.parse_args(arguments)


def _flags(options: argparse.Namespace) -> dict[str, str]:
    flags = {}
    for given in options.set:
        key, separator, value = given.partition("=")
        if not separator or key not in VARIABLES:
            raise InvalidArgument(
                f"--set {given}: write KEY=VALUE, where KEY is one of {', '.join(VARIABLES)}.",
            )
        flags[key] = value
    return flags


def _run(where: Places, flags: dict[str, str], open_catalog: OpenCatalog, *, foreground: bool) -> int:
    import asyncio
    import gc

    from sanchayd import config, hosts, log, paths
    from sanchayd.lock import InstanceLock

    settings = config.load(where, flags, os.environ)
    lock = InstanceLock.acquire(where.lock_file)
    state_file = Path(os.path.realpath(where.state_file))
    if state_file.parent != Path(os.path.realpath(where.data_folder)):
        InstanceLock.acquire(state_file.with_name(where.lock_file.name))  # that of the home where a link leads to
    paths.clear_address(where)  # of a daemon that was killed: its port may be anyone's by now
    hosts.raise_open_files_limit()
    log.set_up(
        where.log_file,
        settings.log_level,
        file_mb=settings.log_file_mb,
        files=settings.log_files,
        foreground=foreground,
    )
    journal = log.logger("sanchayd.main")
    # Only now: importing gRPC and SQLAlchemy takes a while, and the loser of the race for the lock need not. None
    # of it ever becomes garbage: looking for some takes a tenth of the start, and 30 ms of an answer now and then.
    gc.disable()
    from sanchayd.app import App, Launch

    gc.freeze()
    gc.enable()

    async def serve() -> None:
        await App(Launch(where, flags, os.environ, settings, open_catalog, lock)).run()

    try:
        asyncio.run(serve())
    except SanchayError as error:
        journal.error("sanchayd cannot start", kind=error.kind, message=error.message)
        raise
    except Exception as error:
        journal.exception("sanchayd failed")
        raise InternalError(f"sanchayd failed: {error}; see {shown_path(where.log_file)}.") from error
    journal.info("sanchayd stopped")
    log.close()
    hosts.end_claims()
    lock.release()
    _end()
    return EXIT_DONE


def _open_catalog(settings: Config, where: Places) -> CatalogPort:
    from sanchayd import hosts
    from sanchayd.engine_port.native import NativeCatalog

    file = Path(os.path.realpath(settings.catalog_file))
    # A hard link has another lock beside it; where the lock of this name is held, the engine says by whom.
    if hosts.is_claimed(file) and not client_hosts.is_locked(file.with_name(f"{file.name}{LOCK_SUFFIX}")):
        raise Busy(
            f"The catalog {shown_path(settings.catalog_file)} is in use by another process under another name (a "
            "hard link). End "
            "that first, or choose another place for the catalog.",
            path=os.fsencode(settings.catalog_file),
        )
    catalog = NativeCatalog.open(
        os.fsencode(settings.catalog_file),
        own_folders=[os.fsencode(folder) for folder in where.own_folders],
        own_files=[os.fsencode(os.path.realpath(where.state_file))],
        owner=f"(sanchayd of {os.fsencode(where.data_folder).decode('utf-8', 'replace')})",
        threads=settings.engine_threads,
        cache_mb=settings.cache_mb,
    )
    hosts.claim_file(settings.catalog_file)
    return catalog


def _end() -> None:
    """Ends the process here: at its usual end Python waits for threads, and a dead share may hold one up for ever."""
    import atexit

    atexit._run_exitfuncs()
    os._exit(EXIT_DONE)


def _answer(ask: Callable[[], Mapping[str, Any]]) -> int:
    """Prints what is asked for as JSON, or the error; nothing is started, so that no failed start is left word of."""
    try:
        document, code = ask(), EXIT_DONE
    except SanchayError as error:
        from sanchayd import paths

        document, code = {"error": paths.error_document(error)}, error.exit_code
        sys.stderr.write(f"sanchayd: {error.message}\n")
    sys.stdout.write(json.dumps(document, indent=2) + "\n")
    return code


def _settings(checked: Checked) -> Mapping[str, Any]:
    for notice in checked.notices:
        sys.stderr.write(f"sanchayd: {notice}\n")
    return {one.key: one.document() for one in checked.settings}


def _edited(where: Places, flags: Mapping[str, str], asked: Sequence[Any]) -> Mapping[str, Any]:
    from sanchayd import config_edit

    key, value = asked
    edited = config_edit.change(where, flags, os.environ, key, value)
    before = edited.before.value if edited.before is not None else None
    return {"value": edited.value, "before": before, "setting": edited.after.document()}


def _refuse(where: Places, error: SanchayError) -> int:
    """Says why: on stderr for people, in the home for the program that started us. A race's winner has its own word."""
    if not isinstance(error, AlreadyRunning):
        from sanchayd import paths

        paths.write_last_error(where, error)
    if sys.stderr is not None:
        sys.stderr.write(f"sanchayd: {error.message}\n")
    return error.exit_code


if __name__ == "__main__":
    sys.exit(main())
