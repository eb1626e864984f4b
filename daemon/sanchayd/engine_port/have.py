"""Whether files are in the catalog already. Every call may block, and raises `SanchayError` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sanchayd.engine_port.have_values import HavePage, HaveResult
from sanchayd.engine_port.values import ScanProgress


class HavePort(Protocol):
    """An answer under way on threads that are not ours. Its rows are there for as long as it is held."""

    def progress(self) -> ScanProgress:
        """A snapshot; never blocks."""
        ...

    def pause(self) -> None:
        """Holds still until it is resumed."""
        ...

    def resume(self) -> None:
        """Goes on."""
        ...

    def cancel(self) -> None:
        """Ends soon; the rows so far stay."""
        ...

    def wait(self) -> HaveResult:
        """Blocks until the end."""
        ...

    def rows(self, *, states: Sequence[str], limit: int, token: str, max_bytes: int | None = None) -> HavePage:
        """A page of rows in one of these states; all of them where none is named. Raises invalid_argument."""
        ...


class ComparingPort(Protocol):
    """What compares files with a catalog. Safe to call from any thread."""

    def have(self, *, paths: Sequence[bytes], hashes: Sequence[tuple[bytes, bytes, str]], request_id: str) -> HavePort:
        """Begins to answer: about absolute paths, or about hashes, each with its name and its algorithm."""
        ...
