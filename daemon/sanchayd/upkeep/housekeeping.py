"""What the daemon does by itself as time goes by: daily totals, letting old changes go, warnings, a check each week."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable

from sanchay.errors import CatalogClosed, SanchayError
from sanchay.sentences import Sentence
from sanchayd.catalog.changes import DAY_NS, ChangeService, FileSystemGrowth
from sanchayd.engine_port import CatalogPool, EnginePort
from sanchayd.events.event import Event, EventKind
from sanchayd.events.hub import EventHub
from sanchayd.jobs.queue import JobQueue
from sanchayd.log import logger
from sanchayd.upkeep.checks import CheckService

# Totals are stored this often, and after each scan; where nothing changed that costs one small read.
SNAPSHOT_S = 3600.0
# A file system that is full sooner than this is worth an event, once a day.
WARN_DAYS = 30
_log = logger("sanchayd.housekeeping")

Sleep = Callable[[float], Awaitable[None]]


class Housekeeping:
    """One task for the life of the daemon. What fails is logged, and tried again the next time."""

    def __init__(
        self,
        catalog: EnginePort,
        pool: CatalogPool,
        queue: JobQueue,
        changes: ChangeService,
        checks: CheckService,
        hub: EventHub,
        keep_days: Callable[[], int],
        *,
        now_ns: Callable[[], int] = time.time_ns,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._catalog = catalog
        self._pool = pool
        self._queue = queue
        self._changes = changes
        self._checks = checks
        self._hub = hub
        self._keep_days = keep_days
        self._now_ns = now_ns
        self._sleep = sleep
        self._pruned_day = -1

    async def run(self) -> None:
        """Goes on until it is cancelled."""
        hourly = asyncio.create_task(self._hourly())
        try:
            with self._queue.changes.subscribe(capacity=256) as jobs:
                async for job in jobs:
                    if job.state.ended:
                        await self.tidy()
        finally:
            hourly.cancel()

    async def _hourly(self) -> None:
        while True:
            await self.tidy()
            await self._sleep(SNAPSHOT_S)
            await self._check()

    async def _check(self) -> None:
        """Once a week, whether the catalog's rows agree; what does not is mended."""
        try:
            await self._checks.check_if_due(self._now_ns())
        except CatalogClosed:
            return
        except SanchayError as error:
            _log.warning("the catalog could not be checked", error=error.message)

    async def tidy(self) -> None:
        """Stores today's totals; once a day, lets old changes go and looks how full the file systems are."""
        now_ns = self._now_ns()
        try:
            await self._pool.ask(self._catalog.snapshot_usage, now_ns)
            if self._pruned_day == now_ns // DAY_NS:
                return
            self._pruned_day = now_ns // DAY_NS
            await self._pool.ask(self._catalog.prune_changes, now_ns - self._keep_days() * DAY_NS, now_ns=now_ns)
            self._warn(await self._changes.forecast(), now_ns)
        except CatalogClosed:
            return
        except SanchayError as error:
            _log.warning("the day's totals could not be kept", error=error.message)

    def _warn(self, file_systems: list[FileSystemGrowth], now_ns: int) -> None:
        events = []
        for each in file_systems:
            days_left = (each.full_on_ns - now_ns) / DAY_NS
            if not each.full_on_ns or days_left > WARN_DAYS:
                continue
            if days_left < 1:
                message = Sentence("full-today", pace_days_count=each.days)
            else:
                message = Sentence("full-in-days", pace_days_count=each.days, days_count=round(days_left))
            events.append(
                Event(EventKind.FORECAST, now_ns, path=each.path, message=message, full_on_ns=each.full_on_ns)
            )
        if events:
            self._hub.publish(events)
