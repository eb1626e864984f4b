"""Schedules over the catalog in memory and a clock of the test's own: no waiting, no real time."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Awaitable, Callable
from datetime import timezone
from pathlib import Path
from typing import Any

import pytest
from structlog.contextvars import bound_contextvars, get_contextvars

from sanchay.errors import (
    InvalidArgument,
    InvalidQuery,
    PermissionDenied,
    RootNotFound,
    RunNotFound,
    SanchayError,
    ScheduleNameTaken,
    ScheduleNotFound,
)
from sanchayd.reports.service import ReportService
from sanchayd.schedules.draft import Draft
from sanchayd.schedules.runs import RunService
from sanchayd.schedules.schedule import Run, RunState
from sanchayd.schedules.service import ScheduleService
from sanchayd.schedules.store import ScheduleStore
from sanchayd.schedules.timing import SECOND_NS
from tests.support import trees
from tests.support.fake_catalog import FakeCatalog
from tests.support.fake_values import CatalogFault
from tests.support.fake_verify import VerifyResult
from tests.unit.daemon.conftest import Core, make_config

START_NS = 1_800_000_000 * SECOND_NS
YEAR_NS = 365 * 86_400 * SECOND_NS
Play = Callable[..., Any]


class Clock:
    """Goes when it is told to."""

    def __init__(self) -> None:
        self.now_ns = START_NS

    def __call__(self) -> int:
        return self.now_ns

    def ahead(self, seconds: float) -> None:
        self.now_ns += int(seconds * SECOND_NS)


class Scheduling:
    """The services of schedules over those of a core."""

    def __init__(self, core: Core, home: Path, clock: Clock, settings: str = "") -> None:
        (home / "config.toml").write_text(settings)
        config = make_config(home)
        pool = core.pool
        self.clock = clock
        self.before = asyncio.all_tasks()
        self.store = ScheduleStore(core.store)
        self.reports = ReportService(core.catalog, pool, self.store, lambda: config)
        runs = RunService(
            core.registry, core.jobs, core.scans, core.verify, core.reads, self.reports, core.status.checks
        )
        self.service = ScheduleService(
            self.store, core.registry, runs, self.reports, core.hub, clock, lambda: timezone.utc, lambda: config
        )

    async def rest(self) -> None:
        """Returns once everything that was begun since this was made has come to its end."""
        me = asyncio.current_task()
        while begun := [task for task in asyncio.all_tasks() - self.before if task is not me]:
            await asyncio.wait(begun)

    async def ended(self, name: str, runs: int = 1) -> Run:
        """The newest run, once there are so many and it has ended."""
        while len(await self.service.history(name, runs)) < runs:  # noqa: ASYNC110 - runs have no event of their own
            await asyncio.sleep(0.005)
        while True:
            newest = (await self.service.history(name, 1))[0]
            async for run in self.service.follow(newest.id):
                newest = run
            if newest.ended:
                await asyncio.sleep(0)
                return newest

    async def run(self, name: str) -> Run:
        """A run by hand, as it ended."""
        await self.service.run(name)
        return await self.ended(name)


@pytest.fixture
def scene(play: Play, tmp_path: Path) -> Callable[..., Any]:
    """Plays a scenario with a root `tree`; state.db stays for the next one."""
    tree = trees.build(tmp_path / "tree", {"a.txt": "1", "b.txt": "22", "c.log": "333"})
    clock = Clock()

    def run(scenario: Callable[[Core, Scheduling], Awaitable[Any]], settings: str = "", stop: bool = True) -> Any:
        async def work(core: Core) -> Any:
            if not core.registry.all():
                await core.roots.add(bytes(tree), "", core_settings(), no_scan=True, request_id="")
            scheduling = Scheduling(core, tmp_path / "home", clock, settings)
            await scheduling.service.start()
            try:
                return await scenario(core, scheduling)
            finally:
                if stop:
                    await scheduling.service.stop()

        return play(work)

    return run


def core_settings() -> Any:
    from sanchayd.roots.root import RootSettings

    return RootSettings()


HOURLY = Draft("big", every_s=3600, action="report", expression="txt")


def test_a_report_says_what_is_new_grown_and_gone(scene: Any, tmp_path: Path) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(HOURLY)
        first = await s.run("big")
        assert first.counts is not None
        assert (first.state, first.counts.rows, first.counts.previous_run) == (RunState.DONE, 2, 0)
        (tmp_path / "tree" / "a.txt").write_text("11111")
        (tmp_path / "tree" / "b.txt").unlink()
        (tmp_path / "tree" / "\udcff.txt").write_text("n")
        second = await s.run("big")
        assert second.counts is not None
        assert (second.counts.new, second.counts.grown, second.counts.gone) == (1, 1, 1)
        assert second.counts.previous_run == first.id
        run, report = await s.reports.read(s.service.named("big"), 0)
        assert run == second
        assert [row.path[-5:] for row in report.new] == [b"\xff.txt"]
        assert [(row.path[-5:], row.size_before, row.size) for row in report.grown] == [(b"a.txt", 1, 5)]
        assert [row.path[-5:] for row in report.gone] == [b"b.txt"]
        with pytest.raises(RunNotFound):
            await s.reports.read(s.service.named("big"), 99)

    scene(scenario)


def test_a_check_by_the_clock_mends_the_catalog_and_says_what_it_mended(scene: Any, catalog: FakeCatalog) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(Draft("sound", every_s=3600, action="check"))
        catalog.checks.faults = [CatalogFault("ghost_keys", 212, b"", False)]
        mended = await s.run("sound")
        assert (mended.state, mended.message, mended.job_ids) == (RunState.DONE, "Mended: 212 ghost keys.", ())
        assert catalog.checks.asked == [(True, True)]
        again = await s.run("sound")
        assert (again.state, again.message) == (RunState.DONE, "")
        catalog.checks.complete = False
        assert (await s.run("sound")).state is RunState.PARTIAL
        for draft in (
            Draft("x", every_s=60, action="check", expression="a"),
            Draft("x", every_s=60, action="check", roots=(b"tree",)),
            Draft("x", every_s=60, action="check", to_folder=b"/tmp/x"),
        ):
            with pytest.raises(InvalidArgument):
                await s.service.add(draft)

    scene(scenario)


def test_what_is_missed_happens_once_and_a_years_jump_makes_no_storm(scene: Any) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(Draft("often", every_s=1, action="scan"))
        for runs, jump_s in enumerate((1.5, 365 * 86_400), 1):
            s.clock.ahead(jump_s)
            for _ in range(3):
                s.service.look()
            await s.ended("often", runs)
            await s.rest()
        assert len(await s.service.history("often", 100)) == 2
        s.clock.ahead(-365 * 86_400)
        s.service.look()
        await s.rest()
        assert len(await s.service.history("often", 100)) == 2
        s.clock.ahead(1.5)
        s.service.look()
        await s.ended("often", 3)
        assert len(await s.service.history("often", 100)) == 3

    scene(scenario)


def test_a_run_missed_while_the_daemon_was_off_happens_once(scene: Any) -> None:
    async def before(core: Core, s: Scheduling) -> None:
        await s.service.add(HOURLY)
        s.clock.ahead(5 * 3600)

    async def after(core: Core, s: Scheduling) -> None:
        assert (await s.ended("big")).cause == "time"
        assert len(await s.service.history("big", 9)) == 1

    scene(before)
    scene(after)


def test_never_two_of_one_at_a_time_and_a_run_by_hand_joins(scene: Any, catalog: FakeCatalog) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(HOURLY)
        catalog.gate.clear()
        run, joined = await s.service.run("big")
        assert not joined
        s.clock.ahead(7200)
        s.service.look()
        again, joined = await s.service.run("big")
        assert (again.id, joined) == (run.id, True)
        catalog.gate.set()
        await s.ended("big")
        s.service.look()
        assert len(await s.service.history("big", 9)) == 1

    scene(scenario)


def test_a_run_that_was_interrupted_happens_again_once(scene: Any, catalog: FakeCatalog) -> None:
    async def before(core: Core, s: Scheduling) -> None:
        await s.service.add(HOURLY)
        catalog.gate.clear()
        await s.service.run("big")

    async def after(core: Core, s: Scheduling) -> None:
        assert (await s.ended("big", 2)).state is RunState.DONE
        states = [(run.state.value, run.cause) for run in await s.service.history("big", 9)]
        assert states == [("done", "again"), ("interrupted", "manual")]

    scene(before)
    catalog.gate.set()
    scene(after)
    scene(lambda core, s: _no_more(s))


async def _no_more(s: Scheduling) -> None:
    await s.rest()
    assert len(await s.service.history("big", 9)) == 2


def test_an_offline_root_makes_it_partial_and_nothing_gone(scene: Any, tmp_path: Path) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(HOURLY)
        await s.run("big")
        (tmp_path / "tree").rename(tmp_path / "elsewhere")
        run = await s.run("big")
        assert run.counts is not None
        assert (run.state, run.counts.gone) == (RunState.PARTIAL, 0)
        assert "tree" in run.message

    scene(scenario)


@pytest.mark.parametrize(
    ("draft", "kind", "words"),
    [
        (Draft("x", cron="0 25 * * *", action="scan"), InvalidArgument, "hour at character 3"),
        (Draft("x", action="scan"), InvalidArgument, "needs a cron"),
        (Draft("x", every_s=60, action="clean"), InvalidArgument, "the actions are scan, report, check and verify"),
        (Draft("x", every_s=60, action="verify", expression="30"), InvalidArgument, "not a valid budget"),
        (Draft("x", every_s=60, action="dance"), InvalidArgument, "not a valid action"),
        (Draft("", every_s=60, action="scan"), InvalidArgument, "not a valid name"),
        (Draft("x", every_s=60, action="scan", roots=(b"nope",)), RootNotFound, "nope"),
        (Draft("x", every_s=60, action="report", expression="size:>x"), InvalidQuery, "no size"),
        (
            Draft("x", every_s=60, action="report", expression="a", to_folder=b"/etc"),
            PermissionDenied,
            "report_folders",
        ),
    ],
)
def test_what_makes_no_sense_is_refused(scene: Any, draft: Draft, kind: type[SanchayError], words: str) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        with pytest.raises(SanchayError) as caught:
            await s.service.add(draft)
        assert type(caught.value) is kind
        assert words in caught.value.message
        assert s.service.list_schedules() == []

    scene(scenario)


def test_names_are_unique_and_unknown_ones_are_said(scene: Any) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(HOURLY)
        for work, kind in (
            (s.service.add(HOURLY), ScheduleNameTaken),
            (s.service.run("other"), ScheduleNotFound),
        ):
            with pytest.raises(SanchayError) as caught:
                await work
            assert type(caught.value) is kind
        with pytest.raises(
            SanchayError, match=r"No schedule is called 'bug'; the schedules are: big. Did you mean big\?"
        ):
            await s.service.run("bug")
        await s.service.remove("big")
        assert s.service.list_schedules() == []

    scene(scenario)


def test_a_removed_root_keeps_its_name_in_a_schedule_and_after_a_restart_too(scene: Any) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        (root,) = core.registry.all()
        await s.service.add(Draft("nightly", every_s=3600, action="scan", roots=(b"1",)))
        await s.run("nightly")  # its job is remembered
        await core.registry.remove(root)
        assert s.service.get("nightly").root_names == (f"{root.name} (gone)",)

    async def after_a_restart(core: Core, s: Scheduling) -> None:
        assert s.service.get("nightly").root_names == ("tree (gone)",)

    scene(scenario)
    scene(after_a_restart)


def test_a_schedule_that_is_due_runs_now_and_one_that_is_removed_in_the_middle_of_a_run_says_so(
    scene: Any, catalog: FakeCatalog
) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        view = await s.service.add(HOURLY)
        assert view.next_ns == START_NS + 3600 * SECOND_NS
        s.clock.ahead(9000)  # no one has looked at the clock yet
        assert s.service.get("big").next_ns == s.clock.now_ns
        catalog.gate.clear()
        run, _ = await s.service.run("big")
        follower = asyncio.ensure_future(_last(s, run.id))
        await asyncio.sleep(0)
        await s.service.remove("big")
        last = await follower
        assert (last.state, last.message) == (RunState.CANCELLED, "The schedule was removed.")

    scene(scenario)


async def _last(s: Scheduling, run_id: int) -> Run:
    return [run async for run in s.service.follow(run_id)][-1]


def test_a_run_by_the_clock_belongs_to_no_call(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[dict[str, Any]] = []
    work = RunService.work

    def watched(self: RunService, *arguments: Any, **named: Any) -> Any:
        seen.append(get_contextvars())
        return work(self, *arguments, **named)

    async def scenario(core: Core, s: Scheduling) -> None:
        with bound_contextvars(request_id="a call"):
            await s.service.add(HOURLY)
            await s.run("big")
            s.clock.ahead(3601)
            s.service.look()
        run, joined = await s.service.run("big")
        assert (joined, run.cause) == (True, "time")
        await s.ended("big")

    monkeypatch.setattr(RunService, "work", watched)
    scene(scenario)
    assert seen == [{"request_id": "a call"}, {}]


def test_a_disabled_schedule_rests_and_makes_up_for_nothing(scene: Any) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(HOURLY)
        assert (await s.service.set_enabled("big", False)).next_ns == 0
        s.clock.ahead(9000)
        s.service.look()
        assert (await s.service.set_enabled("big", True)).next_ns == START_NS + 3 * 3600 * SECOND_NS
        assert await s.service.history("big", 9) == []

    scene(scenario)


@pytest.mark.skipif(sys.platform == "win32", reason="the hook is a shell's")
def test_a_report_becomes_a_file_and_a_hook_that_fails_is_said(scene: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    (out / "in").mkdir(parents=True)
    settings = (
        f'report_folders = ["{out}"]\nreport_hook = ["/bin/sh", "-c", "echo $SANCHAY_FILE > {out}/told; exit 3"]\n'
    )

    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(Draft("a/../b", every_s=60, action="report", expression="txt", to_folder=bytes(out / "in")))
        run = await s.run("a/../b")
        assert run.state is RunState.PARTIAL, "a hook that fails is not done"
        assert "exit code 3" in run.message
        (file,) = (out / "in").iterdir()
        assert bytes(file) == run.file
        assert len(file.read_text().splitlines()) == 3
        second = await s.run("a/../b")  # at the same moment, by this clock
        assert len({file, *(out / "in").iterdir()}) == 2
        assert bytes(second.file) != run.file
        assert (out / "told").read_text().strip() == os.fsdecode(second.file)
        (out / "in").rename(out / "was")
        (out / "in").symlink_to("/etc")
        refused = await s.run("a/../b")
        assert (refused.state, refused.file) == (RunState.PARTIAL, b"")
        assert "report_folders" in refused.message

    scene(scenario, settings)


def test_schedules_due_together_leave_no_cancelled_jobs(scene: Any) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        names = ["a", "b", "c", "d"]
        for name in names:
            await s.service.add(Draft(name, every_s=60, action="scan"))
        s.clock.ahead(61)
        s.service.look()
        ended = [await s.ended(name) for name in names]
        assert {run.state for run in ended} == {RunState.DONE}
        jobs = (await core.jobs.list_jobs(active_only=False, limit=0, token="")).jobs
        assert [job.state.value for job in jobs] == ["done"] * len({job for run in ended for job in run.job_ids})

    scene(scenario)


def test_rows_and_runs_are_bounded(scene: Any) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        await s.service.add(HOURLY)
        await s.run("big")
        await s.run("big")
        run = await s.run("big")
        assert run.counts is not None
        assert (run.counts.rows, run.counts.truncated) == (1, True)
        assert len(await s.service.history("big", 9)) == 2

    scene(scenario, "report_rows = 1\nschedule_runs = 2\n")


def test_a_schedule_verifies_within_its_budget_and_damage_is_said(scene: Any, catalog: FakeCatalog) -> None:
    async def scenario(core: Core, s: Scheduling) -> None:
        catalog.verified = VerifyResult(damaged_files=1)
        await s.service.add(Draft("rot", every_s=60, action="verify", expression="2h"))
        run = await s.run("rot")
        assert (run.state, run.message) == (RunState.PARTIAL, "1 file damaged.")
        assert catalog.verify_asked[0]["s"] == 7200.0
        assert len(run.job_ids) == 1

    scene(scenario)
