"""Roots, and the scans that fill a catalog. Every call may block, and raises `SanchayError` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sanchayd.engine_port import values
from sanchayd.roots.root import Root


class ScanPort(Protocol):
    """A scan under way on threads that are not ours."""

    def progress(self) -> values.ScanProgress:
        """A snapshot; never blocks."""
        ...

    def pause(self) -> None:
        """Holds still until it is resumed."""
        ...

    def resume(self) -> None:
        """Goes on."""
        ...

    def cancel(self) -> None:
        """Ends soon; what was found stays."""
        ...

    def foreground(self) -> None:
        """Goes on at normal priority."""
        ...

    def wait(self) -> values.ScanResult:
        """Blocks until the end."""
        ...


class ScanningPort(Protocol):
    """Roots, and the scans that fill a catalog. Safe to call from any thread."""

    def check_root(self, path: bytes) -> values.RootCheck:
        """Whether a path can be a root."""
        ...

    def path_below(self, root: bytes, path: bytes) -> bytes:
        """An absolute path as it is called below a root. Raises invalid_argument where it lies outside."""
        ...

    def exclude_patterns(self, path: bytes, globs: Sequence[str]) -> Sequence[str]:
        """What a root at `path` is to leave out, below it. Raises invalid_argument for what could never match."""
        ...

    def stored_roots(self) -> Sequence[values.StoredRoot]:
        """Every root that the catalog has, be it known to the daemon or not."""
        ...

    def match_roots(self, known: Sequence[tuple[int, bytes]]) -> None:
        """Gives the catalog's roots the ids that the daemon has for their paths; to be called before all else."""
        ...

    def put_root(self, root: Root) -> None:
        """Adds a root or replaces its settings."""
        ...

    def accept_root(self, root_id: int) -> None:
        """Has the next scan take the folder that is there for the root."""
        ...

    def remove_root(self, root_id: int) -> None:
        """Forgets a root and its rows."""
        ...

    def root_status(self, root_id: int) -> values.RootStatus:
        """What is known of a root."""
        ...

    def place(self, path: bytes, *, ever: bool = False) -> values.Place:
        """A folder of the catalog or above roots; `ever`: anything that was. Raises unknown_path with the reason."""
        ...

    def scan(self, root_id: int, *, background: bool, request_id: str) -> ScanPort:
        """Starts a scan."""
        ...
