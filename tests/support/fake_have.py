"""Answers of the catalog in memory to whether files are there: all are new, once the catalog's gate is open."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sanchayd.engine_port.have_values import HaveCopy
from tests.support.fake_answers import Progress, Unreadable

if TYPE_CHECKING:
    from tests.support.fake_catalog import FakeCatalog


@dataclass
class HaveRow:
    """A file that is new."""

    path: bytes
    state: str = "new"
    reason: str = ""
    size: int = 1
    copies: tuple[HaveCopy, ...] = ()


@dataclass
class HavePage:
    """Some of the rows; a token is the number of the next one."""

    rows: list[HaveRow]
    next_token: str


@dataclass
class HaveResult:
    """What was found, in numbers."""

    state: str
    new: int = 0
    known: int = 0
    offline: int = 0
    maybe: int = 0
    unreadable: int = 0
    bytes: int = 0
    new_bytes: int = 0
    hashed_files: int = 0
    hashed_bytes: int = 0
    symlinks: int = 0
    special: int = 0
    errors: int = 0
    duration_s: float = 0.0
    error_list: list[Unreadable] = field(default_factory=list)


class FakeHave:
    """An answer under way."""

    def __init__(self, catalog: FakeCatalog, paths: Sequence[bytes]) -> None:
        self._catalog = catalog
        self._rows = [HaveRow(path) for path in paths]
        self.cancelled = threading.Event()
        self.state = Progress()

    def progress(self) -> Progress:
        return Progress(**vars(self.state))

    def pause(self) -> None:
        self.state.paused = True

    def resume(self) -> None:
        self.state.paused = False

    def cancel(self) -> None:
        if not self._catalog.hangs:
            self.cancelled.set()

    def wait(self) -> HaveResult:
        while not self.cancelled.wait(0.005):
            if self._catalog.gate.is_set() and not self.state.paused:
                return HaveResult("done", new=len(self._rows), bytes=len(self._rows), new_bytes=len(self._rows))
        return HaveResult("cancelled")

    def rows(self, *, states: Sequence[str], limit: int, token: str, max_bytes: int | None = None) -> HavePage:
        del max_bytes
        fitting = [row for row in self._rows if not states or row.state in states]
        first = int(token or 0)
        after = first + limit
        return HavePage(fitting[first:after], str(after) if after < len(fitting) else "")
