"""Wakes the daemon when a schedule is due: APScheduler, in memory alone, with one job for each schedule.

Nothing of it is stored: the rows of state.db are the truth, and the jobs are made again from them. The wall clock may
jump, and the timers stand still while the machine sleeps, so that there is a look every half minute as well.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from apscheduler.schedulers.asyncio import AsyncIOScheduler

HEARTBEAT_S = 30.0
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Alarm:
    """Calls `look` in the event loop when a time that was set has come, and every `heartbeat_s` while any is set."""

    def __init__(self, look: Callable[[], None], heartbeat_s: float = HEARTBEAT_S) -> None:
        self._look = look
        self._heartbeat_s = heartbeat_s
        self._times: dict[int, int] = {}
        self._scheduler: AsyncIOScheduler | None = None
        self._heartbeat: asyncio.TimerHandle | None = None

    def times(self) -> dict[int, int]:
        """What is set, by key, in Unix nanoseconds."""
        return dict(self._times)

    def set(self, key: int, at_ns: int | None) -> None:
        """Sets, moves or (None) takes away the time of a key."""
        if at_ns == self._times.get(key):
            return
        if at_ns is None:
            self._times.pop(key, None)
            if self._scheduler is not None and self._scheduler.get_job(str(key)) is not None:
                self._scheduler.remove_job(str(key))
            return
        self._times[key] = at_ns
        try:
            moment = _EPOCH + timedelta(microseconds=-(-at_ns // 1000))  # never a moment too early
        except OverflowError:
            return
        self._running().add_job(
            self._come,
            "date",
            (key, at_ns),
            run_date=moment,
            id=str(key),
            replace_existing=True,
            coalesce=True,
            max_instances=1,
            misfire_grace_time=None,
        )

    def stop(self) -> None:
        """Wakes no one any more."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
            self._heartbeat = None
        if self._scheduler is not None:
            # The shutdown comes in the loop's next round: what would be begun before it would be cancelled by it, and
            # be logged as a failure.
            self._scheduler.pause()
            self._scheduler.shutdown(wait=False)
            self._scheduler = None
        self._times.clear()

    async def _come(self, key: int, at_ns: int) -> None:
        """A coroutine, so that APScheduler runs it in the event loop and on no thread."""
        if self._times.get(key) == at_ns:
            del self._times[key]
        self._look()

    def _running(self) -> AsyncIOScheduler:
        """Made with the first time that is set: without a schedule it costs nothing."""
        if self._scheduler is None:
            from apscheduler.schedulers.asyncio import AsyncIOScheduler

            self._scheduler = AsyncIOScheduler(timezone=timezone.utc)
            self._scheduler.start()
            self._beat()
        return self._scheduler

    def _beat(self) -> None:
        self._heartbeat = asyncio.get_running_loop().call_later(self._heartbeat_s, self._on_beat)

    def _on_beat(self) -> None:
        self._beat()
        if self._scheduler is not None:
            self._scheduler.wakeup()
        self._look()
