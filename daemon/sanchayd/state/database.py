"""Opens state.db: a newer one is refused and left as it is, an older one is copied and then migrated.

The usual start finds the file at its newest step, or none, and does not even import Alembic.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, QueuePool, create_engine, event

from sanchay.errors import Busy, Corrupt, DiskFull, InputOutputError, NewerDatabase, PermissionDenied, SanchayError
from sanchay.names import shown_path
from sanchayd import hosts
from sanchayd.state.recognise import APPLICATION_ID, recognise, uri
from sanchayd.state.tables import Base

REVISIONS = ("0001", "0002", "0003", "0004", "0005", "0006", "0007", "0008", "0009")
# Alembic finds them as it finds modules: in a folder, a wheel or a bundle.
MIGRATIONS = "sanchayd.state:migrations"
# A limit on the size of files, or a full thin volume, shows as a failed write (from Python 3.11 on the name is told).
FULL_NAMES = frozenset({"SQLITE_FULL", "SQLITE_IOERR_WRITE", "SQLITE_IOERR_FSYNC", "SQLITE_IOERR_TRUNCATE"})


def open_database(file: Path) -> Engine:
    """The database at its newest step.

    Raises newer_database, foreign_database, corrupt, permission, disk_full or io.
    """
    try:
        number = recognise(file)
        found = None if number is None else revision(file)
        if found is not None and found not in REVISIONS:
            raise NewerDatabase(
                f"{shown_path(file)} was written by a newer Sanchay (step {found}; this one knows {REVISIONS[-1]}). "
                "It was left "
                "untouched: start the newer Sanchay.",
                path=os.fsencode(file),
            )
        if number != APPLICATION_ID:
            _put_number(file)
        engine = make_engine(file)
        if found != REVISIONS[-1]:
            if found is not None:
                _back_up(file, found)
            if found is None and _is_empty(engine):
                _make(engine)
            else:
                migrate(engine)
    except sqlite3.Error as error:
        raise to_error(error, file) from error
    except OSError as error:
        kind = PermissionDenied if isinstance(error, PermissionError) else InputOutputError
        raise kind(f"{shown_path(file)} cannot be used: {error.strerror}.", path=os.fsencode(file)) from error
    return engine


def to_error(error: sqlite3.Error, file: Path) -> SanchayError:
    """What SQLite says, in words."""
    text = str(error)
    kind: type[SanchayError] = InputOutputError
    advice = "Look at the disk."
    if "not a database" in text or "malformed" in text:
        kind = Corrupt
        advice = "Move it away and start again: the roots that the catalog knows are offered again."
    elif "full" in text or getattr(error, "sqlite_errorname", "") in FULL_NAMES:
        kind, advice = DiskFull, "Make room, and try again."
    elif "unable to open" in text and hosts.out_of_files():
        text = f"sanchayd has as many files and connections open as it may ({hosts.open_files_limit():,})"
        kind, advice = Busy, "Try again soon; if that stays so, raise its limit (ulimit -n, or LimitNOFILE)."
    elif "readonly" in text and not file.exists():
        text = "it was deleted or moved away while sanchayd ran"
        advice = "Put it back, or restart the daemon, which begins a new one."
    elif "readonly" in text or ("unable to open" in text and _is_denied(file)):
        kind, advice = PermissionDenied, "Look at its permissions and its folder's."
    return kind(f"{shown_path(file)} cannot be used: {text}. {advice}", path=os.fsencode(file))


def _is_denied(file: Path) -> bool:
    """Whether the system refuses the file or its folder to this user; SQLite has one sentence for all reasons."""
    folder, modes = file.parent, os.R_OK | os.W_OK
    return folder.is_dir() and (
        not os.access(folder, modes | os.X_OK) or (file.exists() and not os.access(file, modes))
    )


def revision(file: Path) -> str | None:
    """The step that the file is at, read without changing a byte of it; None where there is none yet.

    A write that a kill cut short is taken back first, which a read-only connection could not do.
    """
    mode = "rw" if file.with_name(f"{file.name}-journal").exists() else "ro"
    with closing(sqlite3.connect(uri(file, f"mode={mode}"), uri=True)) as connection:
        tables = connection.execute("SELECT name FROM sqlite_master WHERE name = 'alembic_version'").fetchall()
        row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if tables else None
    return str(row[0]) if row else None


def make_engine(file: Path) -> Engine:
    """Connections to the file, whatever is in it."""
    # The path as it is: in a URL a question mark or a percent sign of its would mean something.
    engine = create_engine(
        "sqlite://", creator=lambda: sqlite3.connect(file, check_same_thread=False), poolclass=QueuePool
    )

    @event.listens_for(engine, "connect")
    def _set_up(connection: sqlite3.Connection, _record: Any) -> None:
        # What a person typed must survive a power cut; there is little of it, so that speed is no concern.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")

    return engine


def _put_number(file: Path) -> None:
    """Before anything else is written: a kill from here on leaves a file whose header says what it is."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.commit()


def _back_up(file: Path, revision: str) -> None:
    copy = file.with_name(f"{file.name}.{revision}.bak")
    with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(copy)) as target:
        source.backup(target)


def _is_empty(engine: Engine) -> bool:
    with engine.connect() as connection:
        return not connection.exec_driver_sql("SELECT count(*) FROM sqlite_master").scalar_one()


def _make(engine: Engine) -> None:
    """The tables as all migrations would make them (a test compares the two), in one transaction."""
    with engine.begin() as connection:
        connection.exec_driver_sql("BEGIN")
        Base.metadata.create_all(connection, checkfirst=False)
        connection.exec_driver_sql("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY)")
        connection.exec_driver_sql("INSERT INTO alembic_version VALUES (?)", (REVISIONS[-1],))


def migrate(engine: Engine) -> None:
    """Takes the tables through every step that they lack."""
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", MIGRATIONS)
    config.set_main_option("path_separator", "os")
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")
