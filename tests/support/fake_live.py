"""The live face of the catalog in memory: events that a test hands in, and states that it sets."""

from __future__ import annotations

import os
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from sanchay.errors import CatalogClosed
from sanchayd.engine_port.values import LiveStatus
from sanchayd.roots.root import Root, WatchMode


@dataclass
class LiveEvent:
    """Something that the engine noticed."""

    kind: str
    root_id: int
    path: bytes = b""
    other_path: bytes | None = None
    bytes_delta: int = 0
    size: int = 0
    message: str = ""
    at_ns: int = field(default_factory=time.time_ns)


@dataclass
class EventBatch:
    """What happened since the last batch."""

    events: list[LiveEvent]
    dropped: int = 0


class FakeLive:
    """Knows how each root is watched, and keeps events until they are taken.

    `burst` events of the kind `changed` follow each scan: FAKE_EVENTS says how many.
    """

    def __init__(self) -> None:
        self.started: dict[str, int] | None = None
        self.statuses: dict[int, LiveStatus] = {}
        self.looks = 0
        self.burst = int(os.environ.get("FAKE_EVENTS", "0"))
        self._events: deque[LiveEvent] = deque()
        self._dropped = 0
        self._closed = False
        self._changed = threading.Condition()

    def start(self, roots: Sequence[Root], settle_ms: int, reconcile_s: int) -> None:
        self.started = {"settle_ms": settle_ms, "reconcile_s": reconcile_s}
        for root in roots:
            self.put_root(root)

    def put_root(self, root: Root) -> None:
        """As the engine chooses: events, unless something else was asked for."""
        if self.started is None:
            return
        mode = {WatchMode.AUTO: "events"}.get(root.settings.watch, root.settings.watch.value)
        state = {"events": "live", "poll": "polled", "off": "stopped"}[mode]
        because = {"events": "the file system tells of changes", "poll": "it was asked for", "off": ""}[mode]
        self.statuses[root.id] = LiveStatus(root.id, mode, because, state, as_of_ns=time.time_ns())

    def remove_root(self, root_id: int) -> None:
        self.statuses.pop(root_id, None)

    def emit(self, *events: LiveEvent, dropped: int = 0) -> None:
        """Hands in events."""
        with self._changed:
            self._events.extend(events)
            self._dropped += dropped
            self._changed.notify_all()

    def scanned(self, root: Root) -> None:
        """A scan has ended."""
        self.emit(
            *(
                LiveEvent("changed", root.id, root.path + b"/%06d" % number, size=number, bytes_delta=1)
                for number in range(self.burst)
            )
        )

    def next_events(self, timeout_s: float, limit: int) -> EventBatch:
        with self._changed:
            self._changed.wait_for(lambda: self._events or self._dropped or self._closed, timeout_s)
            if self._closed:
                raise CatalogClosed("The catalog is closed.")
            taken = [self._events.popleft() for _ in range(min(limit, len(self._events)))]
            batch = EventBatch(taken, self._dropped)
            self._dropped = 0
            return batch

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()
