"""Other work than scans goes through the same queue, with its own result, progress and history."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sanchay.sentences import Sentence
from sanchayd.config import Config
from sanchayd.jobs.job import Job, JobError, JobProgress, JobResult, JobRoot, JobState
from sanchayd.jobs.kind import Outcome
from sanchayd.roots.root import Root, RootSettings
from sanchayd.rpc.convert import job as convert
from tests.support import trees
from tests.support.fake_catalog import FakeCatalog
from tests.unit.daemon.conftest import Core, until

Play = Callable[..., Any]
PAGES = 300


@dataclass(frozen=True)
class CountResult(JobResult):
    """Pages that were counted."""

    pages: int = 0

    def progress(self) -> JobProgress:
        return JobProgress(phase="done", unit="pages", done=self.pages, total=self.pages)


class CountWork:
    """Counts pages when the gate is open."""

    def __init__(self, job: Job, gate: threading.Event) -> None:
        self.job = job
        self.steps: list[str] = []
        self._gate = gate
        self._is_cancelled = False

    def progress(self) -> JobProgress:
        return JobProgress(
            phase="counting", unit="pages", done=120, total=PAGES, percent=40.0, waits_for=Sentence.plain("rain")
        )

    def pause(self) -> None:
        self.steps.append("pause")

    def resume(self) -> None:
        self.steps.append("resume")

    def cancel(self) -> None:
        self._is_cancelled = True
        self._gate.set()

    def foreground(self) -> None:
        self.steps.append("foreground")

    def wait(self) -> Outcome:
        self._gate.wait()
        if self._is_cancelled:
            return Outcome(JobState.CANCELLED, Sentence("scan-cancelled"), CountResult())
        unread = JobError(b"/a\xff", "io", "torn")
        return Outcome(
            JobState.PARTIAL,
            Sentence.plain("one is torn"),
            CountResult(1, pages=self.job.arguments["pages"]),
            (unread,),
        )


class CountKind:
    """A kind that no one but this test knows."""

    name = "count"
    lane = "count"
    most_at_once = 1

    def __init__(self, name: str = "count", *, ends: str = "") -> None:
        self.name = name
        self.ends = ends
        self.gate = threading.Event()
        self.begun: list[CountWork] = []

    def apply(self, config: Config) -> None:
        """It has no settings."""

    def begin(self, job: Job) -> CountWork:
        self.begun.append(CountWork(job, self.gate))
        return self.begun[-1]

    def why_it_ended(self, job: Job) -> Sentence:
        return Sentence.plain(self.ends)

    def result(self, stored: Mapping[str, Any]) -> CountResult:
        return CountResult(**stored)


@pytest.fixture
def kind() -> CountKind:
    return CountKind()


async def two_roots(core: Core, tmp_path: Path) -> list[JobRoot]:
    roots: list[Root] = []
    for name in ("films", "music"):
        folder = trees.build(tmp_path / name, {"a": "a"})
        added = await core.roots.add(bytes(folder), "", RootSettings(), no_scan=True, request_id="")
        roots.append(added.view.root)
    return [JobRoot(root.id, root.name) for root in roots]


async def count(core: Core, roots: list[JobRoot], pages: int = PAGES, *, background: bool = False) -> Job:
    return await core.jobs.start("count", roots, background=background, request_id="r", arguments={"pages": pages})


def test_another_kind_in_two_roots_is_followed_to_a_result_of_its_own_which_lasts(
    play: Play, tmp_path: Path, kind: CountKind
) -> None:
    async def work(core: Core) -> int:
        roots = await two_roots(core, tmp_path)
        job = await count(core, roots)
        await until(lambda: core.queue.get(job.id).work is not None)  # type: ignore[union-attr]
        running = await core.jobs.get(job.id)
        assert (running.state, running.message) == (JobState.RUNNING, "rain")
        message = convert.from_job(running)
        assert list(message.root_names) == ["films", "music"]
        assert (message.kind, message.progress.unit, message.progress.done, message.progress.total) == (
            "count",
            "pages",
            120,
            PAGES,
        )
        kind.gate.set()
        ended = [each async for each in core.jobs.follow(job.id)][-1]
        assert (ended.state, ended.result.pages, ended.progress.total) == (JobState.PARTIAL, PAGES, PAGES)  # type: ignore[union-attr]
        assert not convert.from_job(ended).HasField("result"), "that field is a scan's"
        return job.id

    job_id = play(work, other_kinds=[kind])

    async def look(core: Core) -> None:
        job = await core.jobs.get(job_id)
        assert isinstance(job.result, CountResult)
        assert job.result.pages == PAGES
        assert job.result.peak_rss_bytes > 0
        assert job.errors == (JobError(b"/a\xff", "io", "torn"),)
        assert (job.root_names, job.arguments) == ("films, music", {"pages": PAGES})

    play(look, other_kinds=[kind])


def test_who_asks_for_the_same_joins_it_and_who_asks_for_something_else_waits_its_turn(
    play: Play, tmp_path: Path, kind: CountKind
) -> None:
    async def scene(core: Core) -> None:
        roots = await two_roots(core, tmp_path)
        first = await count(core, roots, background=True)
        assert (await count(core, roots)).id == first.id
        await until(lambda: bool(kind.begun) and "foreground" in kind.begun[0].steps)
        for other in (await count(core, roots, 7), await count(core, roots[:1])):
            assert other.id != first.id
            assert other.state is JobState.QUEUED
        await core.jobs.pause(first.id)
        assert kind.begun[0].steps[-1] == "pause"
        await until(lambda: len(kind.begun) == 2)
        kind.gate.set()

    play(scene, other_kinds=[kind])


def test_kinds_do_not_take_the_slots_of_one_another(
    play: Play, tmp_path: Path, kind: CountKind, catalog: FakeCatalog
) -> None:
    async def scene(core: Core) -> None:
        catalog.gate.clear()
        roots = await two_roots(core, tmp_path)
        await count(core, roots, background=True)
        await core.scans.start_all([b"films"], background=True, request_id="")
        await until(lambda: len(catalog.scans) == 1 and len(kind.begun) == 1)
        kind.gate.set()

    play(scene, other_kinds=[kind], max_scans=1)


def test_kinds_of_one_lane_take_turns(play: Play, tmp_path: Path, kind: CountKind) -> None:
    other = CountKind("recount")

    async def scene(core: Core) -> None:
        roots = await two_roots(core, tmp_path)
        first = await count(core, roots)
        await until(lambda: kind.begun)
        second = await core.jobs.start("recount", roots, background=False, request_id="", arguments={"pages": 1})
        assert (second.state, other.begun) == (JobState.QUEUED, [])
        kind.gate.set()
        other.gate.set()
        assert [job async for job in core.jobs.follow(second.id)][-1].state is JobState.PARTIAL
        assert (await core.jobs.get(first.id)).ended_ns <= other.begun[0].job.started_ns

    play(scene, other_kinds=[kind, other])


def test_removing_a_root_ends_all_work_in_it(play: Play, tmp_path: Path, kind: CountKind) -> None:
    async def scene(core: Core) -> None:
        roots = await two_roots(core, tmp_path)
        job = await count(core, roots)
        await until(lambda: core.queue.get(job.id).work is not None)  # type: ignore[union-attr]
        await core.roots.remove(b"music")
        assert (await core.jobs.get(job.id)).state is JobState.CANCELLED

    play(scene, other_kinds=[kind])


def test_what_was_interrupted_goes_on_with_its_arguments_where_its_kind_is_known(
    play: Play, tmp_path: Path, kind: CountKind
) -> None:
    async def begin(core: Core) -> int:
        return (await count(core, await two_roots(core, tmp_path))).id

    job_id = play(begin, other_kinds=[kind])
    again = CountKind()
    again.gate.set()

    async def go_on(core: Core) -> None:
        assert await core.jobs.restore() == 1
        ended = [job async for job in core.jobs.follow(job_id)][-1]
        assert ended.result.pages == PAGES  # type: ignore[union-attr]

    play(go_on, other_kinds=[again])


def test_what_does_not_go_on_by_itself_ends_with_the_reason(play: Play, tmp_path: Path) -> None:
    kind = CountKind(ends="It is counted again when someone asks.")

    async def begin(core: Core) -> int:
        job = await count(core, await two_roots(core, tmp_path))
        await until(lambda: kind.begun)
        return job.id

    job_id = play(begin, other_kinds=[kind])

    async def look(core: Core) -> None:
        assert await core.jobs.restore() == 0
        job = await core.jobs.get(job_id)
        assert (job.state, job.message, bool(job.ended_ns)) == (JobState.FAILED, kind.ends, True)
        assert len(kind.begun) == 1

    play(look, other_kinds=[kind])


def test_what_a_newer_program_left_is_listed_and_not_begun(play: Play, tmp_path: Path, kind: CountKind) -> None:
    async def begin(core: Core) -> int:
        return (await count(core, await two_roots(core, tmp_path))).id

    job_id = play(begin, other_kinds=[kind])

    async def older(core: Core) -> None:
        await core.jobs.restore()
        job = await core.jobs.get(job_id)
        assert (job.kind, job.state, job.result) == ("count", JobState.CANCELLED, None)

    play(older)
