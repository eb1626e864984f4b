"""The views that are open: how many there may be, and how long one is held. Used from the event loop's thread only."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from sanchay.errors import TooManyViews, ViewNotFound
from sanchayd.views.view import AnyView

VIEWS_MOST = 16
VIEWS_MOST_BYTES = 128 << 20
IDLE_S = 600.0

IDLE = "idle"
CLOSED = "closed"
STOPPING = "stopping"


class HeldView:
    """A view that a client holds, and what is to be said of it."""

    def __init__(self, view_id: int, view: AnyView, used_s: float) -> None:
        self.id = view_id
        self.view = view
        self.used_s = used_s
        self.let_go = ""  # why
        self._moved_on = False
        self._wake = asyncio.Event()

    def note_change(self) -> None:
        """The catalog has changed; it is said where that concerns this order."""
        self._moved_on |= self.view.has_moved_on()
        self._wake.set()

    def end(self, reason: str) -> None:
        """It is held no longer."""
        self.let_go = reason
        self._wake.set()

    async def woken(self, timeout_s: float) -> bool:
        """Waits for something to say, for so long; whether the catalog moved on since the last time."""
        with suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._wake.wait(), timeout_s)
        self._wake.clear()
        moved_on, self._moved_on = self._moved_on, False
        return moved_on


class ViewStore:
    """The open views by their ids, which say nothing of one another and are never given twice."""

    def __init__(self, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._clock_s = clock_s
        self._held: dict[int, HeldView] = {}
        self._places = 0

    def __len__(self) -> int:
        return self._places

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for a view, from before it is made until it is let go. Raises too_many_views."""
        if self._places >= VIEWS_MOST:
            raise TooManyViews(f"{VIEWS_MOST} views are open already; close one of them first.")
        self._places += 1
        try:
            yield
        finally:
            self._places -= 1

    @contextmanager
    def holding(self, view: AnyView) -> Iterator[HeldView]:
        """Holds a view for as long as the block runs. Raises too_many_views where there is no memory left for it."""
        if sum(held.view.bytes for held in self._held.values()) + view.bytes > VIEWS_MOST_BYTES:
            raise TooManyViews(
                f"The open views hold as much as they may ({VIEWS_MOST_BYTES >> 20} MiB); close one of them first, or "
                "ask for fewer rows."
            )
        held = HeldView(secrets.randbits(53), view, self._clock_s())
        self._held[held.id] = held
        try:
            yield held
        finally:
            self._held.pop(held.id, None)

    def use(self, view_id: int) -> HeldView:
        """A view that is read now. Raises view_not_found."""
        held = self._held.get(view_id)
        if held is None:
            raise ViewNotFound("This view is no longer held; open it again.", details={"view_id": str(view_id)})
        held.used_s = self._clock_s()
        return held

    def idle_left_s(self, held: HeldView) -> float:
        """How long it is still held, if no one reads it."""
        return held.used_s + IDLE_S - self._clock_s()

    def let_go(self, view_id: int, reason: str) -> None:
        """Ends a view; one that has ended is no error."""
        held = self._held.pop(view_id, None)
        if held is not None:
            held.end(reason)

    def let_all_go(self, reason: str) -> None:
        """Ends every view."""
        for view_id in list(self._held):
            self.let_go(view_id, reason)

    def note_change(self) -> None:
        """The catalog has changed."""
        for held in self._held.values():
            held.note_change()
