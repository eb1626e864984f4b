"""Plans and runs as clients ask for them, over the catalog in memory."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sanchay.errors import (
    InvalidArgument,
    InvalidQuery,
    LastCopy,
    PlanEdited,
    PlanInUse,
    SanchayError,
    ShuttingDown,
    UnknownPath,
    UnknownPlan,
    UnknownRun,
)
from sanchay.v1 import common_pb2, dedupe_pb2
from sanchayd.dedupe.acts import DedupeResult, UndoResult
from sanchayd.dedupe.question import PlanQuestion, under_of
from sanchayd.engine_port.dedupe_values import Plan
from sanchayd.jobs.job import Job, JobState
from sanchayd.roots.root import RootSettings
from sanchayd.rpc.convert import dedupe as convert
from sanchayd.rpc.dedupe import DedupeServicer
from tests.support import trees
from tests.support.fake_catalog import FakeCatalog
from tests.unit.daemon.conftest import Core, until
from tests.unit.daemon.test_jobs import end_of

Play = Callable[..., Any]
CONTEXT: Any = None
FILES = {"a.txt": "same", "b.txt": "same", "deep/c.txt": "same", "x.log": "two", "y.log": "two", "only": "1"}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return trees.build(tmp_path / "tree", FILES)


async def planned(core: Core, tree: Path, **asked: Any) -> Plan:
    """A plan of the tree, which is scanned first."""
    if not core.registry.all():
        added = await core.roots.add(bytes(tree), "", RootSettings(), no_scan=False, request_id="")
        await end_of(core, added.job_id)
    return (await core.dedupe.make_plan(PlanQuestion(**asked))).plan


async def start(core: Core, plan: Plan, version: int = 0, **options: bool) -> Job:
    asked = {"any_metadata": False, "empty_folders": False, **options}
    return await core.dedupe.start_run(plan.id, version or plan.version, request_id="r", **asked)


def snapshot(tree: Path) -> dict[str, str]:
    return {str(file.relative_to(tree)): file.read_text() for file in tree.rglob("*") if file.is_file()}


def test_a_plan_is_made_read_edited_run_and_taken_back(play: Play, tree: Path) -> None:
    before = snapshot(tree)

    async def scene(core: Core) -> None:
        plan = await planned(core, tree)
        assert (plan.groups, plan.files, plan.version, plan.action) == (2, 3, 1, "trash")
        assert [each.id for each in await core.dedupe.plans()] == [plan.id]
        edited = await core.dedupe.edit_plan(plan.id, os.fsencode(tree / "b.txt"), "keep")
        assert (edited.files, edited.version) == (2, 2)
        assert snapshot(tree) == before, "a plan changes nothing"

        ended = await end_of(core, (await start(core, edited)).id)
        assert ended.state is JobState.DONE
        assert isinstance(ended.result, DedupeResult)
        assert (ended.result.plan, ended.result.acted, ended.result.action) == (plan.id, 2, "trash")
        assert ended.result.freed_when_emptied
        assert ended.progress.done == ended.progress.total == 2
        assert before.keys() - snapshot(tree).keys() == {"deep/c.txt", "y.log"}

        acts = await core.dedupe.acts(ended.result.run, token="", limit=1)
        assert (len(acts.acts), acts.next_token) == (1, "1")
        back = await core.dedupe.start_undo(ended.result.run, [], request_id="r")
        undone = (await end_of(core, back.id)).result
        assert isinstance(undone, UndoResult)
        assert (undone.undone, undone.restored, undone.skipped) == (ended.result.run, 2, 0)
        assert snapshot(tree) == before
        assert [(run.kind, run.of) for run in await core.dedupe.runs()] == [
            ("undo", ended.result.run),
            ("dedupe", plan.id),
        ]

    play(scene)


def test_what_a_run_left_is_in_its_job_and_a_second_run_does_the_rest(play: Play, tree: Path) -> None:
    async def scene(core: Core) -> None:
        plan = await planned(core, tree)
        (tree / "y.log").unlink()
        ended = await end_of(core, (await start(core, plan)).id)
        assert (ended.state, ended.result.errors) == (JobState.PARTIAL, 1)
        assert [(error.path, error.kind) for error in ended.errors] == [(os.fsencode(tree / "y.log"), "gone")]
        again = await end_of(core, (await start(core, plan)).id)
        assert again.result.acted == 0
        # Only one file is taken back, where only that one is named.
        run = ended.result.run
        undo = await core.dedupe.start_undo(run, [os.fsencode(tree / "b.txt")], request_id="")
        assert (await end_of(core, undo.id)).result.restored == 1
        assert sorted(snapshot(tree)) == ["a.txt", "b.txt", "only", "x.log"]

    play(scene)


def test_a_plan_that_was_edited_since_it_was_seen_is_not_run(play: Play, tree: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        plan = await planned(core, tree)
        await core.dedupe.edit_plan(plan.id, os.fsencode(tree / "b.txt"), "undecided")
        with pytest.raises(PlanEdited, match="edited since it was shown") as caught:
            await start(core, plan)
        assert caught.value.details == {"plan": str(plan.id), "version": "2"}
        assert catalog.started == []

    play(scene)


def test_two_who_run_a_plan_at_once_share_a_job_and_it_is_not_changed_under_them(
    play: Play, tree: Path, catalog: FakeCatalog
) -> None:
    async def scene(core: Core) -> None:
        plan = await planned(core, tree)
        catalog.acts_gate.clear()
        first, second = await asyncio.gather(start(core, plan), start(core, plan))
        assert first.id == second.id
        for refused in (
            start(core, plan, any_metadata=True),
            core.dedupe.edit_plan(plan.id, os.fsencode(tree / "b.txt"), "keep"),
            core.dedupe.decide_group(plan.id, 0, rest="keep"),
            core.dedupe.forget_plan(plan.id),
        ):
            with pytest.raises(PlanInUse) as caught:
                await refused
            assert caught.value.details["job_id"] == str(first.id)
        other = await planned(core, tree)
        waits = await start(core, other)
        assert waits.state is JobState.QUEUED, "files are changed by one job at a time"
        await until(lambda: len(catalog.started) == 1)
        catalog.acts_gate.set()
        assert (await end_of(core, first.id)).state is JobState.DONE
        assert (await end_of(core, waits.id)).state is JobState.PARTIAL, "the first has left nothing to do"
        await core.dedupe.forget_plan(plan.id)

    play(scene)


def test_a_run_is_paused_resumed_and_cancelled(play: Play, tree: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        plan = await planned(core, tree)
        catalog.acts_gate.clear()
        job = await start(core, plan)
        await until(lambda: core.queue.get(job.id).work is not None)  # type: ignore[union-attr]
        await core.jobs.pause(job.id)
        assert (await start(core, plan)).id == job.id, "who runs it again has it go on"
        assert catalog.started[0].steps[-2:] == ["pause", "resume"]
        progress = (await core.jobs.get(job.id)).progress
        assert (progress.phase, progress.done, progress.total, progress.percent) == ("acting", 0, 3, 0.0)
        await core.jobs.cancel(job.id)
        ended = await core.jobs.get(job.id)
        assert isinstance(ended.result, DedupeResult)
        assert (ended.state, ended.result.acted) == (JobState.CANCELLED, 0)

    play(scene)


def test_a_run_that_a_daemon_left_does_not_go_on_by_itself(play: Play, tree: Path, catalog: FakeCatalog) -> None:
    async def begin(core: Core) -> tuple[int, int]:
        plan = await planned(core, tree)
        catalog.acts_gate.clear()
        job = await start(core, plan)
        await until(lambda: catalog.started)
        follower = core.jobs.follow(job.id)
        await anext(follower)
        await core.queue.stop()
        with pytest.raises(ShuttingDown, match=f"it goes on when plan {plan.id} is run again"):
            await anext(follower)
        return job.id, plan.id

    job_id, plan_id = play(begin)
    catalog.acts_gate.set()

    async def look(core: Core) -> None:
        assert await core.jobs.restore() == 0
        left = await core.jobs.get(job_id)
        assert (left.state, len(catalog.started)) == (JobState.FAILED, 1)
        assert f"it goes on when plan {plan_id} is run again" in left.message
        plan = await core.dedupe.plan(plan_id)
        assert (await end_of(core, (await start(core, plan)).id)).result.acted == 3

    play(look)


def test_a_plan_that_no_one_waits_for_any_more_is_forgotten(
    play: Play, tree: Path, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    gate, plain = threading.Event(), catalog.make_plan
    entered = threading.Event()

    def slow(**asked: Any) -> Any:
        entered.set()
        gate.wait()
        return plain(**asked)

    async def scene(core: Core) -> None:
        await planned(core, tree)
        monkeypatch.setattr(catalog, "make_plan", slow)
        asked = asyncio.ensure_future(core.dedupe.make_plan(PlanQuestion()))
        await asyncio.to_thread(entered.wait)
        asked.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asked
        gate.set()
        await until(lambda: [plan.id for plan in catalog.plans()] == [1])

    play(scene)


@pytest.mark.parametrize(
    ("asked", "error"),
    [
        ({"action": "shred"}, InvalidArgument),
        ({"prefer": ("biggest",)}, InvalidArgument),
        ({"drop": "size:>x"}, InvalidQuery),
        ({"under": b"/nowhere"}, UnknownPath),
        ({"keep_in": (b"/nowhere",), "drop_in": (b"/nowhere/else",)}, UnknownPath),
        ({"keep_in": (b"/nowhere",)}, InvalidArgument),
    ],
)
def test_what_no_plan_can_be_made_of_is_refused(
    play: Play, tree: Path, asked: dict[str, Any], error: type[SanchayError]
) -> None:
    async def scene(core: Core) -> None:
        await planned(core, tree)
        with pytest.raises(error):
            await core.dedupe.make_plan(PlanQuestion(**asked))

    play(scene)


def test_what_is_not_there_is_said(play: Play, tree: Path) -> None:
    async def scene(core: Core) -> None:
        plan = await planned(core, tree)
        for refused, error in (
            (core.dedupe.plan(9), UnknownPlan),
            (core.dedupe.forget_plan(9), UnknownPlan),
            (core.dedupe.start_run(9, 1, any_metadata=False, empty_folders=False, request_id=""), UnknownPlan),
            (core.dedupe.start_undo(9, [], request_id=""), UnknownRun),
            (core.dedupe.acts(9, token="", limit=0), UnknownRun),
            (core.dedupe.edit_plan(plan.id, b"/nowhere", "keep"), UnknownPath),
            (core.dedupe.edit_plan(plan.id, os.fsencode(tree / "a.txt"), "eat"), InvalidArgument),
            (core.dedupe.plan_groups(plan.id, token="x", limit=0), InvalidArgument),
            (core.dedupe.plan_group(9, number=0), UnknownPlan),
            (core.dedupe.plan_group(plan.id, number=7), InvalidArgument),
            (core.dedupe.plan_group_states(plan.id, [b""] * 1001), InvalidArgument),
            (core.dedupe.decide_group(plan.id, 0), InvalidArgument),
            (core.dedupe.decide_group(plan.id, 0, rest="eat"), InvalidArgument),
            (core.dedupe.decide_group(plan.id, 0, rest="drop"), LastCopy),
            (core.dedupe.ignored(token="x", limit=0, max_bytes=1000), InvalidArgument),
            (core.dedupe.ignore(hash_bytes=b"", path=b""), InvalidArgument),
            (core.dedupe.unignore(hash_bytes=b"1", path=b"/a"), InvalidArgument),
        ):
            with pytest.raises(error):
                await refused

    play(scene)


def test_copies_that_are_wanted_leave_plans_until_they_are_not(play: Play, tree: Path) -> None:
    async def scene(core: Core) -> None:
        await planned(core, tree)
        logs = await core.dedupe.ignore(hash_bytes=b"", path=os.fsencode(tree / "x.log"))
        await core.dedupe.ignore(hash_bytes=b"", path=os.fsencode(tree / "a.txt"))
        assert (await planned(core, tree)).groups == 0
        first = await core.dedupe.ignored(token="", limit=0, max_bytes=10)
        assert (len(first.groups), first.next_token) == (1, "1"), "one group at least"
        last = await core.dedupe.ignored(token="1", limit=0, max_bytes=10_000)
        assert (len(last.groups), last.next_token) == (1, "")
        assert await core.dedupe.unignore(hash_bytes=logs.hash, path=b"")
        assert not await core.dedupe.unignore(hash_bytes=logs.hash, path=b"")
        assert (await planned(core, tree)).groups == 1

    play(scene)


def test_what_was_asked_is_kept_with_the_plan_and_says_where_it_works(play: Play, tree: Path) -> None:
    async def scene(core: Core) -> None:
        plan = await planned(core, tree)
        assert (json.loads(plan.asked), under_of(plan.asked)) == ({}, None)
        below = await planned(core, tree, under=os.fsencode(tree / "deep"), min_size=0, prefer=("oldest",))
        assert json.loads(below.asked) == {"under": {"path": str(tree / "deep")}, "min_size": 0, "prefer": ["oldest"]}
        assert (await start(core, below)).root_names == "tree"

    play(scene)
    assert under_of(PlanQuestion(under=b"/a\xff").asked()) == b"/a\xff"


def test_a_question_reaches_the_service_as_it_was_asked() -> None:
    message = dedupe_pb2.MakePlanRequest(
        under=common_pb2.Path(raw=b"/a\xff"),
        min_size=0,
        extensions=["jpg"],
        types=["image"],
        drop="d",
        keep="k",
        prefer=["oldest"],
        isolate=[common_pb2.Path(raw=b"/b")],
        min_copies=2,
        min_devices=3,
        one_of_each_name=True,
        everywhere=True,
        action="delete",
        time_zone="UTC",
        keep_in=[common_pb2.Path(raw=b"/c")],
        drop_in=[common_pb2.Path(raw=b"/d\xff")],
    )
    assert convert.to_question(message) == PlanQuestion(
        *(b"/a\xff", 0, ("jpg",), ("image",), "d", "k", ("oldest",), (b"/b",), 2, 3, True, True, "delete", "UTC"),
        keep_in=(b"/c",),
        drop_in=(b"/d\xff",),
    )
    assert convert.to_question(dedupe_pb2.MakePlanRequest()) == PlanQuestion()


def test_every_call_of_the_wire_answers(play: Play, tree: Path) -> None:
    async def scene(core: Core) -> None:
        await planned(core, tree)
        on = DedupeServicer(core.dedupe)
        made = await on.MakePlan(dedupe_pb2.MakePlanRequest(), CONTEXT)
        plan, first = made.plan, common_pb2.Path(raw=os.fsencode(tree / "a.txt"))
        assert (plan.files, plan.skipped[0].reason) == (3, "hidden-folder")
        assert made.freshness.state == common_pb2.Freshness.SCANNED
        assert (await on.GetPlan(dedupe_pb2.GetPlanRequest(id=plan.id), CONTEXT)).plan == plan
        assert len((await on.ListPlans(dedupe_pb2.ListPlansRequest(), CONTEXT)).plans) == 2
        page = await on.ListPlanGroups(dedupe_pb2.ListPlanGroupsRequest(id=plan.id), CONTEXT)
        kept, gone, _ = page.groups[0].copies
        assert (kept.decision, kept.HasField("kept"), gone.kept.raw) == ("keep", False, kept.path.raw)
        edit = dedupe_pb2.EditPlanRequest(id=plan.id, path=gone.path, decision="keep")
        assert (await on.EditPlan(edit, CONTEXT)).plan.version == 2
        second = dedupe_pb2.ListPlanGroupsRequest(id=plan.id, first_group=1)
        assert [group.number for group in (await on.ListPlanGroups(second, CONTEXT)).groups] == [1]
        hashes = [page.groups[0].hash, bytes(32)]
        states = await on.GetPlanGroupStates(dedupe_pb2.GetPlanGroupStatesRequest(id=plan.id, hashes=hashes), CONTEXT)
        assert [(state.number, state.is_undecided) for state in states.states] == [(0, False), (-1, False)]
        undecide = dedupe_pb2.DecidePlanGroupRequest(id=plan.id, number=1, rest="undecided")
        decided = await on.DecidePlanGroup(undecide, CONTEXT)
        assert (decided.plan.version, decided.plan.undecided, decided.group.number, decided.copies) == (3, 1, 1, 2)
        assert not decided.HasField("next_undecided")
        behind = dedupe_pb2.UndecidedAfter(number=-1)
        found = await on.GetPlanGroup(dedupe_pb2.GetPlanGroupRequest(id=plan.id, undecided_after=behind), CONTEXT)
        assert found.group == decided.group
        for asked in ({"number": 0}, {"hash": page.groups[0].hash}):
            found = await on.GetPlanGroup(dedupe_pb2.GetPlanGroupRequest(id=plan.id, **asked), CONTEXT)
            assert (found.group.number, found.next_undecided) == (0, 1)
        gone_first = dedupe_pb2.DecidePlanGroupRequest(
            id=plan.id, number=1, drop=[decided.group.copies[1].path], rest="keep"
        )
        assert (await on.DecidePlanGroup(gone_first, CONTEXT)).plan.version == 4
        run = dedupe_pb2.StartRunRequest(plan=plan.id, version=4)
        await end_of(core, (await on.StartRun(run, CONTEXT)).job_id)
        (noted,) = (await on.ListJournalRuns(dedupe_pb2.ListJournalRunsRequest(), CONTEXT)).runs
        assert (noted.kind, noted.of, noted.acted, bool(noted.ended_ns)) == ("dedupe", plan.id, 2, True)
        acts = (await on.ListActs(dedupe_pb2.ListActsRequest(run=noted.id), CONTEXT)).acts
        assert [act.state for act in acts] == ["done", "done"]
        undo = dedupe_pb2.StartUndoRequest(run=noted.id, paths=[acts[0].path])
        assert (await end_of(core, (await on.StartUndo(undo, CONTEXT)).job_id)).state is JobState.DONE
        ignored = (await on.IgnoreCopies(dedupe_pb2.IgnoreCopiesRequest(path=first), CONTEXT)).group
        assert (await on.ListIgnored(dedupe_pb2.ListIgnoredRequest(), CONTEXT)).groups == [ignored]
        no_longer = dedupe_pb2.UnignoreCopiesRequest(hash=ignored.hash)
        assert (await on.UnignoreCopies(no_longer, CONTEXT)).was_ignored
        await on.ForgetPlan(dedupe_pb2.ForgetPlanRequest(id=plan.id), CONTEXT)

    play(scene)
