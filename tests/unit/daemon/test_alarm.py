"""The alarm over the real APScheduler."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from sanchayd.schedules.alarm import Alarm
from tests.support.daemon import PATIENCE_S


def test_it_looks_when_a_time_has_come_and_no_more_once_it_is_stopped() -> None:
    async def scene() -> None:
        looked = asyncio.Event()
        alarm = Alarm(looked.set)
        alarm.set(1, time.time_ns())
        alarm.set(2, time.time_ns() + 3600 * 10**9)
        await asyncio.wait_for(looked.wait(), PATIENCE_S)
        assert list(alarm.times()) == [2]
        alarm.stop()
        assert not alarm.times()

    asyncio.run(scene())


def test_an_alarm_that_is_stopped_as_it_rings_is_no_failure(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[AsyncIOScheduler] = []

    class Kept(AsyncIOScheduler):  # type: ignore[misc]
        def __init__(self, **settings: Any) -> None:
            super().__init__(**settings)
            made.append(self)

    monkeypatch.setattr("apscheduler.schedulers.asyncio.AsyncIOScheduler", Kept)

    async def scene() -> None:
        alarm = Alarm(lambda: None)
        alarm.set(1, 0)
        made[0].wakeup()  # as its timer does, in the same round of the loop
        alarm.stop()
        me = asyncio.current_task()
        while begun := [task for task in asyncio.all_tasks() if task is not me]:
            await asyncio.wait(begun)
        await asyncio.sleep(0)  # APScheduler logs what became of it when it is told, a round later

    with caplog.at_level(logging.ERROR):
        asyncio.run(scene())
    assert not caplog.records
