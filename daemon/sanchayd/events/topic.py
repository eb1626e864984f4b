"""Bounded publish and subscribe inside the daemon: a slow subscriber loses the oldest, never slows the rest."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

Event = TypeVar("Event")


class Subscription(Generic[Event]):
    """What one subscriber has not read yet: at most `capacity` events. `lost` counts those that were pushed out."""

    def __init__(self, capacity: int) -> None:
        self._waiting: deque[Event] = deque(maxlen=capacity)
        self._capacity = capacity
        self._wake = asyncio.Event()
        self._closed = False
        self.lost = 0

    def offer(self, *events: Event) -> None:
        """Adds events; the oldest make room."""
        self.lost += max(0, len(self._waiting) + len(events) - self._capacity)
        self._waiting.extend(events)
        self._wake.set()

    def close(self) -> None:
        """Lets the subscriber end once it has read what waits."""
        self._closed = True
        self._wake.set()

    async def __aiter__(self) -> AsyncIterator[Event]:
        while await self.filled():
            while self._waiting:
                yield self._waiting.popleft()

    async def filled(self) -> bool:
        """Waits for something to read; False once nothing more comes."""
        while not self._waiting:
            if self._closed:
                return False
            self._wake.clear()
            await self._wake.wait()
        return True


class Topic(Generic[Event]):
    """Everybody who waits for one thing. Used from the event loop's thread only."""

    def __init__(self) -> None:
        self._subscriptions: set[Subscription[Event]] = set()
        self._closed = False

    def __len__(self) -> int:
        return len(self._subscriptions)

    def publish(self, event: Event) -> None:
        """Offers the event to every subscriber and waits for none."""
        for subscription in self._subscriptions:
            subscription.offer(event)

    def close(self) -> None:
        """Ends every subscription, and those to come."""
        self._closed = True
        for subscription in self._subscriptions:
            subscription.close()

    @contextmanager
    def subscribe(self, capacity: int = 1) -> Iterator[Subscription[Event]]:
        """A subscription for as long as the block runs; a capacity of 1 keeps the latest event alone."""
        subscription: Subscription[Event] = Subscription(capacity)
        if self._closed:
            subscription.close()
        self._subscriptions.add(subscription)
        try:
            yield subscription
        finally:
            self._subscriptions.discard(subscription)
