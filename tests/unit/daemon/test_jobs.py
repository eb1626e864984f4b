"""Jobs: one scan for each root, a bounded number at once, and nothing lost when the daemon ends."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sanchay.errors import Busy, InputOutputError, JobNotActive, SanchayError, ShuttingDown
from sanchayd.jobs import queue as scan_queue
from sanchayd.jobs.job import JobState
from sanchayd.roots.root import HashScope, RootSettings
from tests.support import trees
from tests.support.fake_catalog import FakeCatalog
from tests.unit.daemon.conftest import Core, until

Play = Callable[..., Any]


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return trees.build(tmp_path / "tree", {"a.txt": "same", "b.txt": "same", "c/d.log": "other"})


async def end_of(core: Core, job_id: int) -> Any:
    return [job async for job in core.jobs.follow(job_id)][-1]


def test_a_scan_of_a_new_path_makes_it_a_root_and_ends_done(play: Play, tree: Path) -> None:
    async def scene(core: Core) -> None:
        started = await core.scans.start_all([bytes(tree)], background=False, request_id="r1")
        assert "Added " in started.notices[0]
        job = await end_of(core, started.jobs[0].id)
        assert job.state is JobState.DONE
        assert job.result.files == 3
        assert job.result.peak_rss_bytes > 0
        assert job.progress.phase == "done"
        assert (await core.jobs.get(job.id)).result == job.result
        assert job.request_id == "r1"

    play(scene)


def test_a_second_scan_of_a_root_joins_the_first_which_becomes_foreground(
    play: Play, tree: Path, catalog: FakeCatalog
) -> None:
    async def scene(core: Core) -> None:
        catalog.gate.clear()
        added = await core.roots.add(bytes(tree), "", RootSettings(), no_scan=False, request_id="")
        await until(lambda: len(catalog.scans) == 1)
        assert catalog.scans[0].background
        joined = await core.scans.start_all([b"tree"], background=False, request_id="")
        assert joined.jobs[0].id == added.job_id
        assert not joined.jobs[0].background
        await until(lambda: not catalog.scans[0].background)
        again = await core.scans.start_all([], background=True, request_id="")
        assert [job.id for job in again.jobs] == [added.job_id]
        catalog.gate.set()
        assert (await end_of(core, added.job_id)).state is JobState.DONE
        assert len(catalog.scans) == 1

    play(scene)


def test_two_clients_at_once_start_one_scan(play: Play, tree: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        catalog.gate.clear()
        await core.roots.add(bytes(tree), "", RootSettings(), no_scan=True, request_id="")
        starts = [core.scans.start_all([b"tree"], background=False, request_id="") for _ in range(5)]
        jobs = {started.jobs[0].id for started in await asyncio.gather(*starts)}
        assert len(jobs) == 1

    play(scene)


def test_background_scans_wait_for_a_slot_and_never_hold_up_one_that_somebody_waits_for(
    play: Play, tmp_path: Path, catalog: FakeCatalog
) -> None:
    async def scene(core: Core) -> None:
        catalog.gate.clear()
        folders = [trees.build(tmp_path / f"t{number}", {"a": "a"}) for number in range(4)]
        ids = []
        for folder in folders:
            added = await core.roots.add(bytes(folder), "", RootSettings(), no_scan=False, request_id="")
            ids.append(added.job_id)
        await until(lambda: len(catalog.scans) == 1)
        states = [(await core.jobs.get(job_id)).state for job_id in ids]
        assert states == [JobState.RUNNING, JobState.QUEUED, JobState.QUEUED, JobState.QUEUED]
        await core.scans.start_all([b"t3"], background=False, request_id="")
        await until(lambda: len(catalog.scans) == 2)
        assert catalog.scans[1].root.path == bytes(folders[3]), "none of the others began before it"
        await until(lambda: core.queue.get(ids[3]).job.state is JobState.RUNNING)  # type: ignore[union-attr]
        catalog.gate.set()
        for job_id in ids:
            assert (await end_of(core, job_id)).state is JobState.DONE

    play(scene, max_scans=1)


def test_a_paused_job_gives_its_slot_away_and_goes_on(play: Play, tmp_path: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        catalog.gate.clear()
        ids = []
        for number in range(2):
            folder = trees.build(tmp_path / f"t{number}", {"a": "a"})
            ids.append((await core.scans.start_all([bytes(folder)], background=False, request_id="")).jobs[0].id)
        await until(lambda: len(catalog.scans) == 1)
        await until(lambda: core.queue.get(ids[0]).work is not None)  # type: ignore[union-attr]
        assert (await core.jobs.pause(ids[0])).state is JobState.PAUSED
        await until(lambda: len(catalog.scans) == 2)
        catalog.gate.set()
        assert (await end_of(core, ids[1])).state is JobState.DONE
        assert (await core.jobs.get(ids[0])).state is JobState.PAUSED
        await core.jobs.resume(ids[0])
        assert (await end_of(core, ids[0])).state is JobState.DONE

    play(scene, max_scans=1)


def test_a_client_that_waits_for_a_paused_scan_makes_it_go_on_and_is_told(
    play: Play, tree: Path, catalog: FakeCatalog
) -> None:
    async def scene(core: Core) -> None:
        catalog.gate.clear()
        job = (await core.scans.start_all([bytes(tree)], background=True, request_id="")).jobs[0]
        await core.jobs.pause(job.id)
        catalog.gate.set()
        started = await core.scans.start_all([b"tree"], background=False, request_id="")
        assert started.notices == ("The scan of tree was paused; it goes on.",)
        assert (await end_of(core, job.id)).state is JobState.DONE

    play(scene)


@pytest.mark.parametrize("queued", [True, False])
def test_a_cancelled_job_ends_and_cannot_be_cancelled_again(
    play: Play, tmp_path: Path, catalog: FakeCatalog, queued: bool
) -> None:
    async def scene(core: Core) -> None:
        catalog.gate.clear()
        jobs = []
        for number in range(2):
            folder = trees.build(tmp_path / f"t{number}", {"a": "a"})
            jobs.append((await core.scans.start_all([bytes(folder)], background=True, request_id="")).jobs[0])
        job = jobs[1] if queued else jobs[0]
        assert (await core.jobs.cancel(job.id)).state is JobState.CANCELLED
        with pytest.raises(JobNotActive, match="has ended already: cancelled"):
            await core.jobs.pause(job.id)

    play(scene, max_scans=1)


def test_a_failed_scan_says_why(play: Play, tree: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        catalog.scan_error = InputOutputError("the disk is gone")
        job = (await core.scans.start_all([bytes(tree)], background=False, request_id="")).jobs[0]
        ended = await end_of(core, job.id)
        assert (ended.state, ended.message) == (JobState.FAILED, "the disk is gone")

    play(scene)


def test_an_absent_root_is_a_partial_scan(play: Play, tree: Path) -> None:
    async def scene(core: Core) -> None:
        first = (await core.scans.start_all([bytes(tree)], background=False, request_id="")).jobs[0]
        assert (await end_of(core, first.id)).state is JobState.DONE
        os.rename(tree, tree.with_name("away"))
        job = (await core.scans.start_all([b"tree"], background=False, request_id="")).jobs[0]
        assert (await end_of(core, job.id)).state is JobState.PARTIAL
        assert (await core.roots.list_roots())[0].state == "offline"

    play(scene)


def test_a_root_that_is_gone_before_its_first_scan_is_a_failed_scan(play: Play, tree: Path) -> None:
    async def scene(core: Core) -> None:
        await core.roots.add(bytes(tree), "", RootSettings(), no_scan=True, request_id="")
        os.rename(tree, tree.with_name("away"))
        job = (await core.scans.start_all([b"tree"], background=False, request_id="")).jobs[0]
        ended = await end_of(core, job.id)
        assert ended.state is JobState.FAILED
        assert "does not exist" in ended.message

    play(scene)


def test_what_runs_when_the_daemon_stops_goes_on_at_the_next_start(
    play: Play, tmp_path: Path, catalog: FakeCatalog
) -> None:
    ids: list[int] = []

    async def first(core: Core) -> None:
        catalog.gate.clear()
        for number in range(3):
            folder = trees.build(tmp_path / f"t{number}", {"a": "a"})
            ids.append((await core.scans.start_all([bytes(folder)], background=False, request_id="x")).jobs[0].id)
        await core.jobs.pause(ids[1])

    async def second(core: Core) -> None:
        left = {job.id: job.state for job in await core.job_store.unended()}
        assert left == {ids[0]: JobState.INTERRUPTED, ids[1]: JobState.PAUSED, ids[2]: JobState.INTERRUPTED}
        assert await core.jobs.restore() == 3
        assert (await end_of(core, ids[0])).state is JobState.DONE
        assert (await end_of(core, ids[2])).state is JobState.DONE
        assert (await core.jobs.get(ids[1])).state is JobState.PAUSED

    play(first)
    play(second)


def test_a_follower_hears_that_the_daemon_stops(play: Play, tree: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        catalog.gate.clear()
        job = (await core.scans.start_all([bytes(tree)], background=False, request_id="")).jobs[0]

        heard = asyncio.Event()

        async def follow() -> None:
            async for _ in core.jobs.follow(job.id):
                heard.set()

        following = asyncio.ensure_future(follow())
        await heard.wait()
        await core.queue.stop()
        with pytest.raises(ShuttingDown):
            await following

    play(scene)


def test_jobs_are_listed_newest_first_a_page_at_a_time(play: Play, tree: Path) -> None:
    async def scene(core: Core) -> None:
        for _ in range(5):
            job = (await core.scans.start_all([bytes(tree)], background=False, request_id="")).jobs[0]
            await end_of(core, job.id)
        page = await core.jobs.list_jobs(active_only=False, limit=2, token="")
        assert [job.id for job in page.jobs] == [5, 4]
        page = await core.jobs.list_jobs(active_only=False, limit=3, token=page.next_token)
        assert [job.id for job in page.jobs] == [3, 2, 1]
        assert page.next_token == ""
        assert (await core.jobs.list_jobs(active_only=True, limit=0, token="")).jobs == ()
        with pytest.raises(SanchayError, match="not a valid page token"):
            await core.jobs.list_jobs(active_only=False, limit=0, token="x")
        with pytest.raises(SanchayError, match="There is no job 99"):
            await core.jobs.get(99)

    play(scene)


def test_nothing_to_scan_is_said(play: Play) -> None:
    async def scene(core: Core) -> None:
        with pytest.raises(SanchayError, match="There is no root to scan yet"):
            await core.scans.start_all([], background=False, request_id="")

    play(scene)


def test_removing_a_root_ends_its_scan(play: Play, tree: Path, catalog: FakeCatalog) -> None:
    async def scene(core: Core) -> None:
        catalog.gate.clear()
        added = await core.roots.add(bytes(tree), "", RootSettings(hash=HashScope.NONE), no_scan=False, request_id="")
        await core.roots.remove(b"tree")
        assert (await core.jobs.get(added.job_id)).state is JobState.CANCELLED
        assert await core.roots.list_roots() == []
        assert catalog.roots == {}

    play(scene)


def test_whoever_asks_while_the_end_is_being_stored_hears_of_the_end(play: Play, tree: Path) -> None:
    async def scene(core: Core) -> None:
        store, slow = core.job_store.update, asyncio.Event()

        async def update(job: Any) -> None:
            if job.state.ended:
                await slow.wait()
            await store(job)

        core.job_store.update = update  # type: ignore[method-assign]
        job = (await core.scans.start_all([bytes(tree)], background=False, request_id="")).jobs[0]
        await until(lambda: core.queue.get(job.id).job.state is JobState.DONE)  # type: ignore[union-attr]
        assert (await core.jobs.get(job.id)).state is JobState.DONE
        assert core.queue.of_root(1) == []
        with pytest.raises(SanchayError, match="has ended already"):
            await core.jobs.pause(job.id)
        following = asyncio.ensure_future(end_of(core, job.id))
        await asyncio.sleep(0)  # it follows
        slow.set()
        assert (await following).state is JobState.DONE

    play(scene)


def test_a_cancelled_scan_whose_read_hangs_is_left_behind_and_its_root_is_busy_until_it_comes_back(
    play: Play, tree: Path, catalog: FakeCatalog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scan_queue, "CANCEL_PATIENCE_S", 0.05)

    async def scene(core: Core) -> None:
        catalog.gate.clear()
        catalog.hangs = True
        added = await core.roots.add(bytes(tree), "", RootSettings(), no_scan=False, request_id="")
        await until(lambda: len(catalog.scans) == 1)
        catalog.scans[0].state.current = bytes(tree / "a.txt")
        cancelled = await core.jobs.cancel(added.job_id)
        assert cancelled.state is JobState.CANCELLED
        assert str(tree / "a.txt") in cancelled.message
        assert (await core.jobs.get(added.job_id)).state is JobState.CANCELLED
        for ask in (core.scans.start_all([b"tree"], background=False, request_id=""), core.roots.remove(b"tree")):
            with pytest.raises(Busy, match="still waits for"):
                await ask
        catalog.hangs = False
        catalog.scans[0].cancel()
        catalog.gate.set()
        started = None
        while started is None:
            try:
                started = await core.scans.start_all([b"tree"], background=False, request_id="")
            except SanchayError:
                await asyncio.sleep(0.01)
        assert (await end_of(core, started.jobs[0].id)).state is JobState.DONE
        assert (await core.jobs.get(added.job_id)).state is JobState.CANCELLED

    play(scene)
