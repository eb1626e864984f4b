"""How a catalog is kept up to date, and what happens in it. Every call may block, and raises `SanchayError` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sanchayd.engine_port import values
from sanchayd.engine_port.scanning import ScanPort
from sanchayd.engine_port.values import LiveStatus


class LivePort(Protocol):
    """How a catalog is kept up to date, and what happens in it. Safe to call from any thread."""

    def start_live(self, *, settle_ms: int, reconcile_s: int) -> None:
        """Begins to keep every root up to date, those to come as well; each is reconciled first."""
        ...

    def set_live(self, *, settle_ms: int, reconcile_s: int) -> None:
        """Changes what `start_live` was told."""
        ...

    def live_status(self) -> Sequence[LiveStatus]:
        """How each root is kept up to date; takes no look at a disk."""
        ...

    def sync(self, root_id: int) -> ScanPort:
        """Ends once everything that was written before this call is in the catalog, settled and hashed."""
        ...

    def next_events(self, timeout_s: float, limit: int) -> values.EventBatch:
        """Blocks until something happens, or for `timeout_s`. Raises closed once the catalog closes."""
        ...
