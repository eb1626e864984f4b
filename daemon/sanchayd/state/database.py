"""Opens state.db: a newer one is refused and left as it is, an older one is copied and then migrated.

The usual start finds the file at its newest step and does not even import Alembic.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, event

from sanchayd import hosts
from sanchayd.errors import DomainError, ErrorKind

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006")
MIGRATIONS = Path(__file__).parent / "migrations"


def open_database(file: Path) -> Engine:
    """The database at its newest step. Raises newer_database, corrupt, permission, disk_full or io."""
    try:
        found = _revision(file)
        if found is not None and found not in REVISIONS:
            raise DomainError(
                ErrorKind.NEWER_DATABASE,
                f"{file} was written by a newer Sanchay (step {found}; this one knows {REVISIONS[-1]}). It was left "
                "untouched: start the newer Sanchay.",
                path=os.fsencode(file),
            )
        engine = _engine(file)
        if found != REVISIONS[-1]:
            if found is not None:
                _back_up(file, found)
            _migrate(engine)
    except sqlite3.Error as error:
        raise to_domain(error, file) from error
    return engine


def to_domain(error: sqlite3.Error, file: Path) -> DomainError:
    """What SQLite says, in words."""
    text = str(error)
    kind = ErrorKind.IO
    advice = "Look at the disk."
    if "not a database" in text or "malformed" in text:
        kind, advice = ErrorKind.CORRUPT, "Move it away and start again; the roots have to be added again."
    elif "full" in text:
        kind, advice = ErrorKind.DISK_FULL, "Make room and start again."
    elif "unable to open" in text and hosts.out_of_files():
        text = f"sanchayd has as many files and connections open as it may ({hosts.open_files_limit():,})"
        kind, advice = ErrorKind.BUSY, "Try again soon; if that stays so, raise its limit (ulimit -n, or LimitNOFILE)."
    elif "readonly" in text or ("unable to open" in text and _is_denied(file)):
        kind, advice = ErrorKind.PERMISSION, "Look at its permissions and its folder's."
    return DomainError(kind, f"{file} cannot be used: {text}. {advice}", path=os.fsencode(file))


def _is_denied(file: Path) -> bool:
    """Whether the system refuses the file or its folder to this user; SQLite has one sentence for all reasons."""
    folder, modes = file.parent, os.R_OK | os.W_OK
    return folder.is_dir() and (
        not os.access(folder, modes | os.X_OK) or (file.exists() and not os.access(file, modes))
    )


def _revision(file: Path) -> str | None:
    """The step that the file is at, read without changing a byte of it; None where there is none yet.

    A write that a kill cut short is taken back first, which a read-only connection could not do.
    """
    if not file.exists() or file.stat().st_size == 0:
        return None
    mode = "rw" if file.with_name(f"{file.name}-journal").exists() else "ro"
    with closing(sqlite3.connect(f"{file.as_uri()}?mode={mode}", uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if tables else None
    return str(row[0]) if row else None


def _engine(file: Path) -> Engine:
    engine = create_engine(f"sqlite:///{file}", connect_args={"check_same_thread": False})

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
        # What a person typed must survive a power cut; there is little of it, so that speed is no concern.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


def _back_up(file: Path, revision: str) -> None:
    copy = file.with_name(f"{file.name}.{revision}.bak")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _migrate(engine: Engine) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
