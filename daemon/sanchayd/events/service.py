"""Events as clients ask for them."""

from __future__ import annotations

import time
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from dataclasses import replace

from sanchay.errors import ShuttingDown
from sanchayd.events.event import Event, EventKind, Wanted, kinds_of
from sanchayd.events.hub import EventHub
from sanchayd.events.news import StatusNews
from sanchayd.jobs.job import Job, JobRoot, JobState
from sanchayd.jobs.queue import JobQueue
from sanchayd.roots.registry import RootRegistry

# How many changes of jobs may wait for the loop, and how often a running one is told of.
JOBS_WAITING = 256
PROGRESS_S = 1.0


class EventService:
    """Use cases on what happens."""

    def __init__(self, registry: RootRegistry, hub: EventHub, news: StatusNews) -> None:
        self._registry = registry
        self._hub = hub
        self._news = news

    async def subscribe(
        self, kinds: Sequence[str], roots: Sequence[bytes], *, recent: bool, follow: bool
    ) -> AsyncGenerator[list[Event], None]:
        """Batches of events: one at once, be it empty, then what is remembered, then what happens.

        Raises invalid_argument and root_not_found; shutting_down where the daemon ends before the subscriber does.
        """
        root_ids = [(await self._registry.resolve(word)).id for word in roots]
        wanted = Wanted(kinds_of(kinds), frozenset(root_ids))
        with self._hub.subscribe(wanted, recent=recent, follow=follow) as subscription:
            yield [await self._news.begin()] if follow and wanted.fits(Event(EventKind.STATUS, 0)) else []
            async with aclosing(subscription.batches()) as batches:
                async for batch in batches:
                    yield batch
        if follow:
            raise ShuttingDown("sanchayd is stopping; its events end here.")


class JobNews:
    """Makes events of what becomes of jobs: each new state at once, and how far a running one has come each second."""

    def __init__(self, queue: JobQueue, hub: EventHub, clock_s: Callable[[], float] = time.monotonic) -> None:
        self._queue = queue
        self._hub = hub
        self._clock_s = clock_s
        self._told: dict[int, tuple[JobState, float]] = {}

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        with self._queue.changes.subscribe(capacity=JOBS_WAITING) as changes:
            async for job in changes:
                self.tell(job)

    def tell(self, job: Job) -> None:
        """Publishes the job where that is news. Only new states are remembered: progress is for who looks."""
        state, told_s = self._told.get(job.id, (None, 0.0))
        now_s = self._clock_s()
        if job.state is state and now_s - told_s < PROGRESS_S:
            return
        self._told[job.id] = (job.state, now_s)
        if job.state.ended:
            self._told.pop(job.id)
        kept = replace(job, errors=())  # what could not be read is in the job itself: the memory of events stays small
        root = job.roots[0] if len(job.roots) == 1 else JobRoot(0, "")  # of several: the job itself names them
        event = Event(EventKind.JOB, time.time_ns(), root.id, root.name, message=job.message, job=kept)
        self._hub.publish([event], remember=job.state is not state)
