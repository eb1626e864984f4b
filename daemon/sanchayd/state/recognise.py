"""Whether a file is a state.db of Sanchay's, found out without writing to it or beside it.

A new one has our number in its header (`PRAGMA application_id`), an older one is known by its tables. All else that is
not empty belongs to someone and is left as it is.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

from sanchay.errors import ForeignDatabase
from sanchay.names import shown_path

APPLICATION_ID = 0x53616E53  # SanS
CATALOG_ID = 0x53616E43  # SanC: the engine's
_MAGIC = b"SQLite format 3\0"
_HEADER_BYTES = 100
_NUMBER = slice(68, 72)
_OLDER_TABLES = frozenset({"alembic_version", "root", "job"})


def recognise(file: Path) -> int | None:
    """The number in the file's header: 0 for an older one of ours, None where there is no file, or an empty one.

    Raises foreign_database; OSError and sqlite3.Error where it cannot be looked at.
    """
    try:
        info = file.stat()
    except FileNotFoundError:
        return None
    if not stat.S_ISREG(info.st_mode):
        raise _foreign(file, "it is not a file")
    if info.st_size == 0:
        return None
    with file.open("rb") as stream:
        header = stream.read(_HEADER_BYTES)
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        raise _foreign(file, "it is not a database")
    number = int.from_bytes(header[_NUMBER], "big")
    if number == APPLICATION_ID or (number == 0 and _tables(file) >= _OLDER_TABLES):
        return number
    raise _foreign(file, "it is a Sanchay catalog" if number == CATALOG_ID else "it is a database of another program")


def uri(file: Path, query: str) -> str:
    """The file for SQLite, whatever its name is made of."""
    return f"{file.absolute().as_uri()}?{query}"


def _tables(file: Path) -> set[str]:
    """The tables that the file itself has: SQLite takes no lock of an immutable one, and makes nothing beside it."""
    try:
        with closing(sqlite3.connect(uri(file, "immutable=1"), uri=True)) as connection:
            return {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    except sqlite3.DatabaseError:
        return set()


def _foreign(file: Path, reason: str) -> ForeignDatabase:
    return ForeignDatabase(
        f"{shown_path(file)} is not the state.db of a Sanchay: {reason}. It was left untouched: move it away and "
        "start again, or "
        "choose another SANCHAY_HOME.",
        path=os.fsencode(file),
    )
