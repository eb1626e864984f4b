"""Schedules that are changed: what is not named stays, and what is running goes on as it was begun."""

from __future__ import annotations

from dataclasses import replace
from datetime import timezone
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from sanchay import errors
from sanchayd.schedules import due
from sanchayd.schedules.cron import parse
from sanchayd.schedules.draft import Changes, Draft
from sanchayd.schedules.schedule import RunState
from sanchayd.schedules.timing import SECOND_NS, Every
from tests.support import trees
from tests.support.daemon import DaemonProcess
from tests.support.fake_catalog import FakeCatalog
from tests.unit.daemon import test_schedules
from tests.unit.daemon.conftest import Core
from tests.unit.daemon.test_schedules import HOURLY, START_NS, Scheduling
from tests.unit.daemon.test_scheduling import BERLIN, local, ns

scene = test_schedules.scene
HOUR_NS = 3600 * SECOND_NS


def test_what_is_named_changes_and_runs_and_reports_stay(scene: Any, tmp_path: Path) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        added = (await s.service.add(HOURLY)).schedule
        first = await s.run("big")
        s.clock.ahead(600)
        renamed = await s.service.update("big", Changes(name="texts"))
        assert renamed.schedule == replace(added, name="texts")
        assert (renamed.next_ns, renamed.last) == (START_NS + HOUR_NS, first)
        assert [run.id for run in await s.service.history("texts", 9)] == [first.id]
        assert (await s.reports.read(s.service.named("texts"), first.id))[0] == first

        again = await s.run("texts")
        assert again.counts is not None
        assert (again.counts.previous_run, again.counts.gone) == (first.id, 0)
        await s.service.update("texts", Changes(expression="log"))
        other = await s.run("texts")
        assert other.counts is not None
        assert (other.counts.rows, other.counts.previous_run, other.counts.gone, other.counts.new) == (1, 0, 0, 0)

        by_night = await s.service.update("texts", Changes(cron="0 2 * * *"))
        assert (by_night.schedule.cron, by_night.schedule.every_s) == ("0 2 * * *", 0)
        assert by_night.next_ns == due.times(parse("0 2 * * *"), s.clock(), s.clock(), timezone.utc, 1)[0]
        often = await s.service.update("texts", Changes(every_s=60))
        assert (often.schedule.cron, often.next_ns) == ("", s.clock() + 60 * SECOND_NS)

    async def after_a_restart(core: Core, s: Scheduling) -> None:
        (view,) = s.service.list_schedules()
        assert (view.schedule.name, view.schedule.expression, view.schedule.every_s) == ("texts", "log", 60)

    scene(scenario)
    scene(after_a_restart)


def test_a_run_under_way_goes_on_as_it_was_begun(scene: Any, catalog: FakeCatalog) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(HOURLY)
        catalog.gate.clear()
        run, _ = await s.service.run("big")
        await s.service.update("big", Changes(name="scans", action="scan", every_s=1))
        s.clock.ahead(5)
        s.service.look()
        assert (await s.service.run("scans"))[1], "never two at a time"
        catalog.gate.set()
        ended = await s.ended("scans")
        assert (ended.id, ended.state) == (run.id, RunState.DONE)
        assert ended.counts is not None, "it was a report when it was begun"
        assert ended.counts.rows == 2
        await s.rest()
        scan = await s.run("scans")
        assert (scan.state, scan.counts) == (RunState.DONE, None)

    scene(scenario)


def test_another_action_drops_what_it_does_not_take(scene: Any) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(Draft("x", every_s=60, action="scan", roots=(b"tree",)))
        verify = (await s.service.update("x", Changes(action="verify", expression="30m"))).schedule
        assert (len(verify.root_ids), verify.expression) == (1, "30m")
        report = (await s.service.update("x", Changes(action="report", expression="txt"))).schedule
        assert (report.root_ids, report.expression) == ((), "txt")
        check = (await s.service.update("x", Changes(action="check"))).schedule
        assert (check.root_ids, check.expression) == ((), "")
        everything = await s.service.update("x", Changes(action="scan", roots=(b"tree",)))
        assert everything.root_names == ("tree",)
        assert (await s.service.update("x", Changes(roots=()))).root_names == ()

    scene(scenario)


def test_what_was_missed_is_not_made_up_for_once_the_time_changes(scene: Any) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(Draft("x", every_s=3600, action="scan"))
        await s.service.set_enabled("x", False)
        s.clock.ahead(10 * 3600)
        await s.service.update("x", Changes(every_s=7200, enabled=True))
        await s.rest()
        assert await s.service.history("x", 9) == []
        same = await s.service.update("x", Changes(every_s=7200, enabled=True, name="x"))
        assert same.next_ns == s.clock() + 2 * HOUR_NS

    scene(scenario)


@pytest.mark.parametrize(
    ("changes", "kind", "words"),
    [
        (Changes(cron="0 25 * * *"), errors.InvalidArgument, "hour at character 3"),
        (Changes(cron="@daily", every_s=60), errors.InvalidArgument, "needs a cron"),
        (Changes(cron=""), errors.InvalidArgument, "needs a cron"),
        (Changes(every_s=1 << 40), errors.InvalidArgument, "ten years"),
        (Changes(name=" "), errors.InvalidArgument, "not a valid name"),
        (Changes(name="other"), errors.ScheduleNameTaken, "'other'"),
        (Changes(action="dance"), errors.InvalidArgument, "not a valid action"),
        (Changes(expression="size:>x"), errors.InvalidQuery, "no size"),
        (Changes(roots=(b"tree",)), errors.InvalidArgument, "in the expression"),
        (Changes(roots=(b"nope",)), errors.RootNotFound, "nope"),
        (Changes(to_folder=b"/etc"), errors.PermissionDenied, "report_folders"),
        (Changes(action="verify", expression="30"), errors.InvalidArgument, "not a valid budget"),
        (Changes(action="scan", to_folder=b"/etc"), errors.InvalidArgument, "Only reports"),
    ],
)
def test_what_is_invalid_changes_nothing(
    scene: Any, changes: Changes, kind: type[errors.SanchayError], words: str
) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        before = await s.service.add(HOURLY)
        await s.service.add(Draft("other", every_s=60, action="scan"))
        with pytest.raises(errors.SanchayError) as caught:
            await s.service.update("big", changes)
        assert type(caught.value) is kind
        assert words in caught.value.message
        assert s.service.get("big") == before
        with pytest.raises(errors.ScheduleNotFound):
            await s.service.update("bug", Changes(name="y"))

    scene(scenario)


def test_a_report_whose_root_is_gone_can_still_be_renamed(scene: Any) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(Draft("x", every_s=60, action="report", expression="root:tree txt"))
        (root,) = core.registry.all()
        await core.registry.remove(root)
        assert (await s.service.update("x", Changes(name="y"))).schedule.expression == "root:tree txt"

    scene(scenario)


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        # autumn: a nightly run once, an hourly one in both of two like hours
        ("0 2 * * *", "2026-10-24T12:00", ["2026-10-25T02:00+02:00", "2026-10-26T02:00+01:00"]),
        ("0 * * * *", "2026-10-25T01:30", ["2026-10-25T02:00+02:00", "2026-10-25T02:00+01:00"]),
        # spring: when the missing hour is over
        ("30 2 * * *", "2026-03-28T12:00", ["2026-03-29T03:00+02:00", "2026-03-30T02:30+02:00"]),
    ],
)
def test_the_next_times_on_days_on_which_clocks_change(expression: str, after: str, expected: list[str]) -> None:
    now_ns = ns(after)
    assert [local(each) for each in due.times(parse(expression), now_ns, now_ns, BERLIN, 2)] == expected


def test_the_next_times_are_those_at_which_runs_are_due() -> None:
    zone = ZoneInfo("Europe/Berlin")
    for timing in (parse("*/20 1-3 * * *"), Every(5400, START_NS)):
        now_ns = ns("2026-10-24T20:00")
        told = due.times(timing, now_ns, now_ns, zone, 40)
        covered_ns, ran = now_ns, []
        for at_ns in range(now_ns, told[-1] + 1, 60 * SECOND_NS):
            outlook = due.look(timing, covered_ns, at_ns, zone)
            ran += [at_ns] if outlook.is_due else []
            covered_ns = outlook.covered_ns
        assert ran == [-(-each // (60 * SECOND_NS)) * 60 * SECOND_NS for each in told]
    overdue = due.times(Every(3600, 0), 0, 10 * HOUR_NS + 1, zone, 2)
    assert overdue == [10 * HOUR_NS + 1, 11 * HOUR_NS]
    ahead = due.times(Every(3600, 0), 400 * 24 * HOUR_NS, 10 * HOUR_NS, zone, 1)
    assert ahead == [11 * HOUR_NS], "the clock was a year ahead"


def test_a_daemon_changes_and_previews_schedules(daemon: DaemonProcess, tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a.txt": "a"})
    with daemon.client() as client:
        client.add_root(tree, no_scan=True)
        client.add_schedule("x", "scan", every_s=86_400, roots=["tree"])
        changed = client.update_schedule("x", new_name="y", cron="@daily", roots=[], enabled=False).schedule
        assert (changed.name, changed.cron, changed.every_s, list(changed.root_names), changed.enabled) == (
            "y",
            "@daily",
            0,
            [],
            False,
        )
        report = client.update_schedule("y", action="report", expression="txt", enabled=True, no_file=True).schedule
        assert (report.cron, report.expression, report.HasField("to_folder")) == ("@daily", "txt", False)
        times = client.preview_schedule("y").times_ns
        assert (len(times), times[0]) == (5, report.next_ns)
        assert list(client.preview_schedule(cron="0 0 * * *", count=2).times_ns) == list(times)[:2]
        assert len(client.preview_schedule(every_s=60, count=1000).times_ns) == 100
        for wrong in ({}, {"cron": "@daily", "every_s": 1}, {"name": "y", "every_s": 60}):
            with pytest.raises(errors.InvalidArgument):
                client.preview_schedule(**wrong)  # type: ignore[arg-type]
        with pytest.raises(errors.InvalidArgument) as caught:
            client.preview_schedule(cron="0 25 * * *")
        assert (caught.value.term, caught.value.position) == ("25", 2)
