"""Tells those who follow the daemon's status that it has changed, so that none of them needs to ask again and again.

The status is compared with what it was: right after whatever may have changed it, and every two seconds for what
changes by itself, such as a full disk. Without followers nothing is compared. An event names topics and carries no
values: who hears it asks for what they show.
"""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections.abc import Awaitable, Callable, Mapping

from sanchay.errors import SanchayError
from sanchayd.events.event import FILE_KINDS, Event, EventKind, StatusTopic, Wanted
from sanchayd.events.hub import EventHub
from sanchayd.log import logger

#: What comes within this time is told by one event.
GATHER_S = 0.2
LOOK_S = 2.0
#: Kinds of events that say nothing of the status, or are made here.
_ELSEWHERE = FILE_KINDS | {EventKind.DUPLICATE, EventKind.FORECAST, EventKind.STATUS, EventKind.DROPPED}
#: How the names of calls begin that change nothing.
_READING = (
    *("Get", "List", "Find", "Follow", "Duplicates", "Summary", "DiskUsage", "Export", "Subscribe", "Compare"),
    *("OpenView", "ReadView", "CloseView", "Preview", "Suggest", "CheckRoot", "StartHave"),
)
_log = logger("sanchayd.news")

#: What each topic says at this moment. Those that cost a question to the journal are left out unless `all_of_it`.
Standing = Mapping[StatusTopic, object]
Look = Callable[[bool], Awaitable[Standing]]
Sleep = Callable[[float], Awaitable[None]]


class StatusNews:
    """Compares, and publishes what differs. Used from the event loop's thread only."""

    def __init__(self, hub: EventHub, look: Look, *, sleep: Sleep = asyncio.sleep) -> None:
        self._hub = hub
        self._look = look
        self._sleep = sleep
        self._stirred = asyncio.Event()
        self._seen: dict[StatusTopic, object] = {}
        self._changed: set[StatusTopic] = set()  # since the last event
        self._looking = asyncio.Lock()

    def stir(self) -> None:
        """Something may have changed."""
        self._stirred.set()

    def call_ended(self, method: str) -> None:
        """A call has ended; `method` is Service/Name."""
        if not method.rpartition("/")[2].startswith(_READING):
            self.stir()

    async def begin(self) -> Event:
        """For someone who follows from now on: an event of every topic. Later ones tell what is other than now."""
        async with self._looking:
            if not self._seen:
                self._seen.update(await self._look(True))
        self.stir()
        return Event(EventKind.STATUS, time.time_ns(), topics=tuple(StatusTopic))

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        listening = asyncio.create_task(self._listen())
        try:
            while True:
                is_followed = self._hub.listens(EventKind.STATUS)
                with contextlib.suppress(asyncio.TimeoutError):
                    await asyncio.wait_for(self._stirred.wait(), LOOK_S if is_followed else None)
                    await self._note()  # what is changed back within the time is news too: someone may have seen it
                    await self._sleep(GATHER_S)
                await self.tell()
        finally:
            listening.cancel()

    async def tell(self) -> None:
        """Publishes which topics have changed, where any has and anyone follows."""
        await self._note()
        changed = tuple(topic for topic in StatusTopic if topic in self._changed)
        self._changed.clear()
        if changed:
            self._hub.publish([Event(EventKind.STATUS, time.time_ns(), topics=changed)], remember=False)

    async def _note(self) -> None:
        """Notes which topics are other than when they were last looked at."""
        all_of_it = self._stirred.is_set()
        self._stirred.clear()
        if not self._hub.listens(EventKind.STATUS):
            self._seen = {}
            self._changed.clear()
            return
        try:
            self._changed.update(await self._compare(all_of_it=all_of_it))
        except SanchayError as error:
            _log.warning("the status could not be compared", error=error.message)

    async def _compare(self, *, all_of_it: bool) -> tuple[StatusTopic, ...]:
        async with self._looking:
            now = await self._look(all_of_it)
            changed = tuple(topic for topic in StatusTopic if topic in now and self._seen.get(topic) != now[topic])
            self._seen.update(now)
            return changed

    async def _listen(self) -> None:
        """What becomes of jobs, roots and schedules may change the status."""
        wanted = Wanted(frozenset(EventKind) - _ELSEWHERE)
        with self._hub.subscribe(wanted, recent=False, follow=True) as heard:
            async for _ in heard:
                self.stir()
