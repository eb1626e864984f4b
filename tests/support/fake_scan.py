"""Work of the catalog in memory: a scan that a test can hold still, and an export of as many pieces as it likes."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from sanchay.errors import NotFound
from sanchayd.roots.root import Root
from tests.support.fake_answers import Progress, Result

if TYPE_CHECKING:
    from tests.support.fake_catalog import FakeCatalog


class FakeScan:
    """A scan that lists on `wait`, after `catalog.scan_s` and once `catalog.gate` is open."""

    def __init__(self, catalog: FakeCatalog, root: Root, background: bool) -> None:
        self._catalog = catalog
        self.root = root
        self.background = background
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

    def foreground(self) -> None:
        self.background = False

    def wait(self) -> Result:
        started_s = time.monotonic()
        while not self.cancelled.is_set():
            waited = time.monotonic() - started_s >= self._catalog.scan_s
            if waited and self._catalog.gate.is_set() and not self.state.paused:
                break
            self.state.files += 1
            time.sleep(0.005)
        if self.cancelled.is_set():
            return Result("cancelled", "it was cancelled")
        if self._catalog.scan_error is not None:
            raise self._catalog.scan_error
        if not os.path.isdir(self.root.path):
            return self._offline()
        rows, errors, directories = self._catalog.walk(self.root)
        is_change = rows != self._catalog.rows.get(self.root.id)
        self._catalog.rows[self.root.id] = rows
        if is_change:
            self._catalog.change()
        state = "partial" if errors else "done"
        self._catalog.statuses[self.root.id] = state
        self._catalog.live.scanned(self.root)
        return Result(
            state,
            files=len(rows),
            directories=directories,
            bytes=sum(row.size for row in rows),
            errors=len(errors),
            duration_s=time.monotonic() - started_s,
            error_list=errors,
        )

    def _offline(self) -> Result:
        """What was scanned before is away and keeps its rows; anything else is a path that does not exist."""
        if self.root.id not in self._catalog.rows:
            path = self.root.path
            raise NotFound(f"{os.fsdecode(path)} does not exist.", path=path)
        self._catalog.statuses[self.root.id] = "offline"
        return Result("offline", "its folder is not there")


class FakeExport:
    """Lines of CSV, a piece for each `catalog.piece_bytes`."""

    def __init__(self, pieces: Iterator[bytes], catalog: FakeCatalog) -> None:
        self._pieces = pieces
        self._catalog = catalog
        self.rows = 0
        self.left_out = 0

    def read(self) -> bytes | None:
        self.rows += 1
        return next(self._pieces, None)

    def close(self) -> None:
        self._catalog.open_exports -= 1
