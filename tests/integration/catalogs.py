"""The real engine under test: a catalog in a folder of its own, beside the trees that it scans."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sanchay_engine import Catalog, DuplicateGroup, FileRow, RootSpec, ScanResult
from tests.support.daemon import PATIENCE_S

#: Links, FIFOs, times before 1970 and any bytes in names.
ONLY_POSIX = pytest.mark.skipif(sys.platform == "win32", reason="only on POSIX systems")

#: After this long a hash is no longer "racy": a second write would bear another stamp.
SETTLED_S = 0.08


class Cataloger:
    """An open catalog whose roots are numbered as they are added."""

    def __init__(self, home: Path, *, threads: int = 2) -> None:
        self.home = home
        home.mkdir(parents=True, exist_ok=True)
        self._threads = threads
        self._roots = 0
        self.catalog = self._open()

    def _open(self) -> Catalog:
        home = os.fsencode(self.home)
        return Catalog.open(os.path.join(home, b"catalog.db"), own_folders=[home], threads=self._threads)

    def reopen(self) -> None:
        """Closes the catalog and opens it again, as a daemon that restarts does."""
        self.catalog.close()
        self.catalog = self._open()

    def add(self, path: Path | bytes, **settings: Any) -> int:
        """Adds a root and gives its id."""
        self._roots += 1
        self.catalog.put_root(RootSpec(self._roots, os.fsencode(path), **settings))
        return self._roots

    def scan(self, root_id: int = 1) -> ScanResult:
        """Scans a root to the end."""
        result = self.catalog.scan(root_id).wait(PATIENCE_S)
        assert result is not None, "the scan did not end"
        return result

    def settled_scan(self, root_id: int = 1) -> ScanResult:
        """Scans once the last writes are old enough for their hashes to be trusted."""
        time.sleep(SETTLED_S)
        return self.scan(root_id)

    def rows(self, expression: str = "", *, sort: str = "", limit: int = 1000) -> list[FileRow]:
        """Every row of every page."""
        rows: list[FileRow] = []
        token = ""
        while True:
            page = self.catalog.find(expression, sort=sort, limit=limit, token=token)
            rows += page.rows
            token = page.next_token
            if not token:
                return rows

    def row(self, path: Path | bytes) -> FileRow:
        """The one row of a path."""
        wanted = os.fsencode(path)
        (row,) = [row for row in self.rows() if row.path == wanted]
        return row

    def paths(self, expression: str = "") -> set[bytes]:
        """The paths of all hits."""
        return {row.path for row in self.rows(expression)}

    def hashes(self) -> dict[bytes, bytes]:
        """The hash of every path; empty where there is none."""
        return {row.path: row.hash for row in self.rows()}

    def groups(self, **filters: Any) -> list[DuplicateGroup]:
        """Every group of every page."""
        groups: list[DuplicateGroup] = []
        token = ""
        while True:
            page = self.catalog.duplicates(token=token, **filters)
            groups += page.groups
            token = page.next_token
            if not token:
                return groups


def allocated(path: Path) -> int:
    """The bytes of a file's blocks."""
    return os.stat(path).st_blocks * 512


def names_of(group: DuplicateGroup) -> set[bytes]:
    """The last components of a group's paths."""
    return {os.path.basename(path.path) for path in group.paths}


def below(folder: Path, names: Sequence[str]) -> set[bytes]:
    """The paths of names in a folder, as the engine spells them."""
    return {os.fsencode(folder / name) for name in names}
