"""A catalog whose roots are live."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sanchay_engine import LiveEvent, LiveStatus, ScanResult
from tests.integration.catalogs import Cataloger
from tests.support.daemon import PATIENCE_S


class LiveCataloger(Cataloger):
    """Roots are scanned when they are added, and live from then on."""

    def __init__(self, home: Path, **settings: Any) -> None:
        super().__init__(home)
        self.settings = {"settle_ms": 50, **settings}
        self.seen: list[LiveEvent] = []

    def follow(self, path: Path | bytes, **settings: Any) -> int:
        """Adds a root, scans it and waits until it is kept up."""
        root_id = self.add(path, **settings)
        self.scan(root_id)
        self.catalog.start_live(**self.settings)
        self.wait(lambda: self.live(root_id).state in ("live", "polled", "degraded"))
        return root_id

    def live(self, root_id: int = 1) -> LiveStatus:
        for status in self.catalog.live_status():
            if status.root_id == root_id:
                return status
        time.sleep(0.01)
        return self.live(root_id)

    def sync(self, root_id: int = 1) -> ScanResult:
        result = self.catalog.sync(root_id).wait(PATIENCE_S)
        assert result is not None, f"the sync did not end: {self.live(root_id).state} {self.live(root_id).pending}"
        return result

    def wait(self, holds: Callable[[], bool]) -> None:
        """Until it holds."""
        until = time.monotonic() + PATIENCE_S
        while not holds():
            assert time.monotonic() < until, [(s.state, s.reason, s.pending) for s in self.catalog.live_status()]
            time.sleep(0.01)

    def events(self, kind: str) -> list[LiveEvent]:
        """All events of a kind so far."""
        self.seen += self.catalog.next_events(0.0, 10_000).events
        return [event for event in self.seen if event.kind == kind]
