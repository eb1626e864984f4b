"""Everybody who listens to what happens, and a short memory of it: no listener can hold up the rest.

Everything is bounded: the memory, what waits for a subscriber, and a batch. A subscriber that reads too slowly loses
the oldest and is told how many. Used from the event loop's thread alone.
"""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from sanchayd.events.event import FILE_KINDS, Event, EventKind, Wanted

# What is remembered of files, and of everything else: a burst of the one must not push out the other.
REMEMBERED = 1000
WAITING = 1000
BATCH_EVENTS = 64
# gRPC holds a batch for each subscriber that does not read: a thousand of them take some MiB.
BATCH_BYTES = 16 << 10


@dataclass(eq=False)
class EventSubscription:
    """What one subscriber has not read yet, and how many it has lost."""

    wanted: Wanted
    capacity: int = WAITING
    lost: int = 0
    lost_at_ns: int = 0
    closed: bool = False
    _waiting: deque[Event] = field(init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._waiting = deque(maxlen=self.capacity)

    def offer(self, events: Sequence[Event]) -> None:
        """Adds events; the oldest make room."""
        overfull = len(self._waiting) + len(events) - self.capacity
        if overfull > 0:
            self.lost += overfull
            self.lost_at_ns = events[-1].at_ns
        self._waiting.extend(events)
        self._wake.set()

    def close(self) -> None:
        """Lets the subscriber end once it has read what waits."""
        self.closed = True
        self._wake.set()

    async def batches(self) -> AsyncGenerator[list[Event], None]:
        """What waits, then what comes, in batches of bounded size; what was lost is said before what followed it."""
        while True:
            while batch := self._batch():
                yield batch
            if self.closed:
                return
            self._wake.clear()
            await self._wake.wait()

    def _batch(self) -> list[Event]:
        batch: list[Event] = []
        if self.lost:
            message = f"{self.lost} events were lost here: this subscriber read too slowly."
            batch.append(Event(EventKind.DROPPED, self.lost_at_ns, dropped=self.lost, message=message))
            self.lost = 0
        room_bytes = BATCH_BYTES
        while self._waiting and len(batch) < BATCH_EVENTS and room_bytes > 0:
            event = self._waiting.popleft()
            room_bytes -= event.weight_bytes
            batch.append(event)
        return batch


class EventHub:
    """Everybody who listens, and a memory of the last events."""

    def __init__(self) -> None:
        self._numbers = itertools.count()
        self._files: deque[tuple[int, Event]] = deque(maxlen=REMEMBERED)
        self._others: deque[tuple[int, Event]] = deque(maxlen=REMEMBERED)
        self._subscriptions: dict[Wanted, set[EventSubscription]] = {}
        self._closed = False

    def __len__(self) -> int:
        return sum(map(len, self._subscriptions.values()))

    def publish(self, events: Sequence[Event], *, remember: bool = True) -> None:
        """Offers the events to every subscriber that wants them, and waits for none."""
        if remember:
            for event in events:
                memory = self._files if event.kind in FILE_KINDS else self._others
                memory.append((next(self._numbers), event))
        for wanted, subscriptions in self._subscriptions.items():
            fitting = [event for event in events if wanted.fits(event)]
            if fitting:
                for subscription in subscriptions:
                    subscription.offer(fitting)

    def recent(self, wanted: Wanted) -> list[Event]:
        """What is remembered, oldest first."""
        both = heapq.merge(self._files, self._others, key=lambda numbered: numbered[0])
        return [event for _, event in both if wanted.fits(event)]

    @contextmanager
    def subscribe(self, wanted: Wanted, *, recent: bool, follow: bool) -> Iterator[EventSubscription]:
        """A subscription for as long as the block runs, with what is remembered in it where that is asked for."""
        remembered = self.recent(wanted) if recent else []
        subscription = EventSubscription(wanted, capacity=max(WAITING, len(remembered)))
        if remembered:
            subscription.offer(remembered)
        if not follow or self._closed:
            subscription.close()
        listeners = self._subscriptions.setdefault(wanted, set())
        if follow:
            listeners.add(subscription)
        try:
            yield subscription
        finally:
            listeners.discard(subscription)
            if not listeners:
                self._subscriptions.pop(wanted, None)

    def close(self) -> None:
        """Ends every subscription, and those to come."""
        self._closed = True
        for subscriptions in self._subscriptions.values():
            for subscription in subscriptions:
                subscription.close()
