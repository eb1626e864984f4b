"""Everybody who listens to what happens, and a short memory of it: no listener can hold up the rest.

Everything is bounded: the memory, what waits for a subscriber, and a batch. A subscriber that reads too slowly loses
the oldest and is told how many. Used from the event loop's thread alone.
"""

from __future__ import annotations

import heapq
import itertools
from collections import deque
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import contextmanager

from sanchay.sentences import Sentence
from sanchayd.events.event import FILE_KINDS, Event, EventKind, Wanted
from sanchayd.events.topic import Subscription

# What is remembered of files, and of everything else: a burst of the one must not push out the other.
REMEMBERED = 1000
WAITING = 1000
BATCH_EVENTS = 64
# gRPC holds a batch for each subscriber that does not read: a thousand of them take some MiB.
BATCH_BYTES = 16 << 10


class EventSubscription(Subscription[Event]):
    """What one subscriber has not read yet, to be read in batches that say how much was lost."""

    async def batches(self) -> AsyncGenerator[list[Event], None]:
        """What waits, then what comes, in batches of bounded size; what was lost is said before what followed it."""
        while await self.filled():
            while batch := self._batch():
                yield batch

    def _batch(self) -> list[Event]:
        batch: list[Event] = []
        if self.lost:
            message = Sentence("read-too-slowly", events_count=self.lost)
            batch.append(Event(EventKind.DROPPED, self._waiting[0].at_ns, dropped=self.lost, message=message))
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

    def listens(self, kind: EventKind) -> bool:
        """Whether anyone follows events of this kind."""
        return any(not wanted.root_ids and kind in (wanted.kinds or {kind}) for wanted in self._subscriptions)

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
                    subscription.offer(*fitting)

    def recent(self, wanted: Wanted) -> list[Event]:
        """What is remembered, oldest first."""
        both = heapq.merge(self._files, self._others, key=lambda numbered: numbered[0])
        return [event for _, event in both if wanted.fits(event)]

    @contextmanager
    def subscribe(self, wanted: Wanted, *, recent: bool, follow: bool) -> Iterator[EventSubscription]:
        """A subscription for as long as the block runs, with what is remembered in it where that is asked for."""
        remembered = self.recent(wanted) if recent else []
        subscription = EventSubscription(max(WAITING, len(remembered)))
        if remembered:
            subscription.offer(*remembered)
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
