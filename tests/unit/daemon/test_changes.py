"""What changed and what grew over the catalog in memory, and what the daemon does by itself as days go by."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from sanchay.errors import InvalidArgument, SanchayError
from sanchayd.catalog.changes import DAY_NS, FULL_AFTER_MOST_DAYS, full_on
from sanchayd.catalog.freshness import FreshnessState
from sanchayd.events.event import EventKind
from sanchayd.upkeep.housekeeping import Housekeeping
from tests.support.daemon import DaemonProcess
from tests.support.fake_catalog import FakeCatalog
from tests.support.fake_time import ChangeRow, GrowthRow, VolumePace
from tests.unit.daemon.conftest import NOW_NS, Core

Play = Callable[..., Any]


def test_changes_come_in_pages_with_the_freshness_of_their_roots(play: Play, catalog: FakeCatalog) -> None:
    catalog.time.feed = [ChangeRow("added", b"/a/%d" % number, at_ns=number) for number in range(3)]

    async def scenario(core: Core) -> None:
        first = await core.changes.changes(cursor="", since_ns=None, under=None, limit=2)
        assert ([row.path for row in first.answer.rows], first.answer.complete) == ([b"/a/0", b"/a/1"], False)
        assert first.freshness.state is FreshnessState.NEVER_SCANNED
        second = await core.changes.changes(cursor=first.answer.cursor, since_ns=None, under=None, limit=0)
        assert ([row.path for row in second.answer.rows], second.answer.complete) == ([b"/a/2"], True)
        with pytest.raises(SanchayError) as refused:
            await core.changes.changes(cursor="x", since_ns=None, under=None, limit=0)
        assert isinstance(refused.value, InvalidArgument)

    play(scenario)


def test_a_file_system_is_full_when_its_free_bytes_are_used_up(play: Play, catalog: FakeCatalog) -> None:
    catalog.time.rows = [GrowthRow(b"/a", 100, 1, 50, 50.0, [(1, 50), (2, 100)])]
    catalog.time.volumes = [VolumePace(b"/a", 50.0, 30), VolumePace(b"/b", -1.0, 30)]

    async def scenario(core: Core) -> None:
        growth = (await core.changes.growth(None, days=0, limit=0)).answer
        assert growth.full_on_ns == NOW_NS + 10 * DAY_NS
        growing, shrinking = growth.file_systems
        assert (growing.free_bytes, growing.total_bytes) == (500, 2000)
        assert shrinking.full_on_ns == 0
        assert [each.full_on_ns for each in await core.changes.forecast()] == [NOW_NS + 10 * DAY_NS, 0]
        assert catalog.time.asked_days == [30, 30]

    play(scenario)


@pytest.mark.parametrize("pace", [0.0, -5.0, 1000 / FULL_AFTER_MOST_DAYS / 2])
def test_a_pace_that_fills_nothing_in_a_hundred_years_names_no_day(pace: float) -> None:
    assert full_on(NOW_NS, 1000, pace) == 0


def test_each_day_old_changes_go_and_a_disk_that_fills_soon_is_told_once(play: Play, catalog: FakeCatalog) -> None:
    catalog.time.volumes = [VolumePace(b"/a", 50.0, 30)]
    now = [NOW_NS]

    async def scenario(core: Core) -> None:
        slept = asyncio.Event()

        async def sleep(_seconds: float) -> None:
            slept.set()
            await asyncio.Event().wait()

        tidying = Housekeeping(
            catalog,
            core.pool,
            core.queue,
            core.changes,
            core.status.checks,
            core.hub,
            lambda: 7,
            now_ns=lambda: now[0],
            sleep=sleep,
        )
        running = asyncio.create_task(tidying.run())
        await slept.wait()
        running.cancel()
        assert catalog.time.prunes == [NOW_NS - 7 * DAY_NS]
        now[0] += DAY_NS // 2
        await tidying.tidy()
        assert (len(catalog.time.snapshots), len(catalog.time.prunes)) == (2, 1)
        events = [event async for batch in core.events.subscribe([], [], recent=True, follow=False) for event in batch]
        assert [(event.kind, event.path, event.message) for event in events] == [
            (EventKind.FORECAST, b"/a", "At the pace of the last 30 days this file system is full in 10 days.")
        ]
        now[0] += DAY_NS
        await tidying.tidy()
        assert len(catalog.time.prunes) == 2

    play(scenario)


def test_a_client_asks_for_both_over_the_wire(
    daemon: DaemonProcess,
) -> None:
    with daemon.client() as client:
        page = client.list_changes()
        assert (list(page.changes), page.cursor, page.complete) == ([], "c0", True)
        answer = client.growth()
        assert (list(answer.rows), answer.days, answer.full_on_ns) == ([], 0, 0)
