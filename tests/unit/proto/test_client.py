"""Both clients make every call, against a daemon in a process of its own."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path

import pytest

from sanchay import errors
from sanchay.client import AsyncClient, Client
from tests.support import trees
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import until


def test_every_blocking_call(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a.txt": "same", "b.txt": "same", "c.log": "other"})
    with DaemonProcess(tmp_path / "home") as daemon, Client(daemon.where) as client:
        added = client.add_root(tree, name="films", hash_scope="duplicates", exclude=["*.tmp"], no_scan=True)
        assert (added.root.name, added.job_id) == ("films", 0)
        assert client.update_root("films", name="movies", exclude=["x"]).root.settings.exclude == ["*.tmp", "x"]
        job = client.start_scan(["movies"]).jobs[0]
        assert list(client.follow_job(job.id))[-1].state == "done"
        assert client.get_job(job.id).job.result.files == 3
        assert [one.id for one in client.iter_jobs()] == [job.id]
        assert not client.list_jobs(active_only=True).jobs
        for call in (client.cancel_job, client.pause_job, client.resume_job):
            with pytest.raises(errors.JobNotActive):
                call(job.id)
        assert client.find("txt").total == 2
        assert len(list(client.iter_find("", page_size=1))) == 3
        assert client.duplicates(under=tree, min_size_bytes=0).total_groups == 1
        assert len(list(client.iter_duplicates(page_size=1))) == 1
        (pair,) = client.shared_folders(under=tree, min_size_bytes=2, types=["document"], limit=5).pairs
        assert (pair.left.path.raw, pair.left == pair.right, pair.left.shared_files) == (bytes(tree), True, 2)
        assert client.summary("ext", roots=["movies", 1]).files == 3
        assert client.disk_usage(tree, depth=0, limit=1).rows[0].path.raw == bytes(tree)
        assert b"".join(piece.data for piece in client.export("", "csv")).count(b"\n") == 4
        assert client.update_root("movies", watch="poll", poll_s=60).root.settings.poll_s == 60
        assert client.sync_root("movies", timeout_s=PATIENCE_S).state == "done"
        assert {event.kind for event in client.events(kinds=["job"], roots=["movies"])} == {"job"}
        assert client.status().roots[0].name == "movies"
        assert {one.key for one in client.settings().settings} >= {"log_level"}
        assert [root.name for root in client.list_roots().roots] == ["movies"]
        assert client.add_schedule("big", "report", cron="0 2 * * *", expression="txt").schedule.next_ns
        assert client.add_schedule("often", "scan", every_s=86400, roots=["movies"]).schedule.root_names == ["movies"]
        assert {one.name for one in client.list_schedules().schedules} == {"big", "often"}
        run = client.run_schedule("big").run
        assert list(client.follow_run(run.id))[-1].state == "done"
        assert client.list_runs("big", limit=1).runs[0].counts.rows == 2
        assert client.list_reports().reports[0].run.id == run.id
        assert [len(piece.rows) for piece in client.get_report("big", run.id)] == [2]
        assert not client.disable_schedule("big").schedule.enabled
        assert client.enable_schedule("big").schedule.enabled
        assert client.get_schedule("big").schedule.last_run.id == run.id
        assert client.remove_schedule("big").schedule.name == "big"
        with pytest.raises(errors.ScheduleNotFound):
            client.run_schedule("big")
        with pytest.raises(errors.ScheduleNameTaken):
            client.add_schedule("often", "scan", every_s=1)
        assert client.list_changes(limit=1).complete
        assert not client.growth(days=7).rows
        assert client.pause_background(60).background.state == "paused"
        assert client.resume_background().background.state == "running"
        assert client.remove_root(tree).root.name == "movies"
        assert client.stop_daemon().pid == daemon.pid
        with pytest.raises((errors.ShuttingDown, errors.DaemonUnavailable)):
            client.status()


def test_every_asyncio_call(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a.txt": "same", "b.txt": "same", "c.log": "other"})

    async def scene(daemon: DaemonProcess) -> None:
        async with AsyncClient(daemon.where) as client:
            added = await client.add_root(tree, algorithm="sha256", no_scan=True)
            assert added.root.name == "tree"
            assert (await client.update_root(1, skip_hidden=True)).root.settings.skip_hidden
            job = (await client.start_scan([tree])).jobs[0]
            assert [one.state async for one in client.follow_job(job.id)][-1] == "done"
            assert (await client.get_job(job.id)).job.result.files == 3
            assert [one.id async for one in client.iter_jobs()] == [job.id]
            assert not (await client.list_jobs(active_only=True)).jobs
            for call in (client.cancel_job, client.pause_job, client.resume_job):
                with pytest.raises(errors.JobNotActive):
                    await call(job.id)
            assert (await client.find("txt")).total == 2
            assert len([row async for row in client.iter_find("", page_size=1)]) == 3
            assert (await client.duplicates(types=["document"])).total_groups == 1
            assert len([group async for group in client.iter_duplicates(page_size=1)]) == 1
            assert (await client.summary("ext")).files == 3
            assert len((await client.disk_usage()).rows) == 1
            assert b"".join([piece.data async for piece in client.export("", "csv")]).count(b"\n") == 4
            with pytest.raises(errors.InvalidArgument):
                await client.export("", "pdf").__anext__()
            assert (await client.sync_root("tree", timeout_s=PATIENCE_S)).root.name == "tree"
            assert {event.kind async for event in client.events(kinds=["job"])} == {"job"}
            assert (await client.status()).roots[0].name == "tree"
            assert (await client.settings()).settings
            assert len((await client.list_roots()).roots) == 1
            added_schedule = await client.add_schedule("big", "report", every_s=86400, expression="txt")
            assert added_schedule.schedule.every_s == 86400
            assert [one.name for one in (await client.list_schedules()).schedules] == ["big"]
            run = (await client.run_schedule("big")).run
            assert [one.state async for one in client.follow_run(run.id)][-1] == "done"
            assert (await client.list_runs("big")).runs[0].counts.rows == 2
            assert (await client.list_reports()).reports[0].run.id == run.id
            assert [len(piece.rows) async for piece in client.get_report("big")] == [2]
            assert not (await client.disable_schedule("big")).schedule.enabled
            assert (await client.enable_schedule("big")).schedule.enabled
            assert (await client.get_schedule("big")).schedule.last_run.id == run.id
            assert (await client.remove_schedule("big")).schedule.name == "big"
            with pytest.raises(errors.RunNotFound):
                await client.follow_run(99).__anext__()
            assert (await client.list_changes(limit=1)).complete
            assert not (await client.growth(days=7)).rows
            assert (await client.pause_background(60)).background.state == "paused"
            assert (await client.resume_background()).background.state == "running"
            with pytest.raises(errors.RootNotFound):
                await client.remove_root("other")
            assert (await client.remove_root("tree")).root.name == "tree"
            assert (await client.stop_daemon()).pid == daemon.pid

    with DaemonProcess(tmp_path / "home") as daemon:
        asyncio.run(scene(daemon))


def test_a_scan_is_paused_gone_on_with_and_cancelled_over_the_wire(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a": "a"})
    with DaemonProcess(tmp_path / "home", fake=True, env={"FAKE_SCAN_S": "60"}) as daemon, daemon.client() as client:
        job = client.start_scan([tree]).jobs[0]
        assert client.pause_job(job.id).job.state == "paused"
        assert client.resume_job(job.id).job.state in {"queued", "running"}
        with pytest.raises(errors.RootNotFound):
            client.start_scan(["other"])
        assert client.cancel_job(job.id).job.state == "cancelled"
        assert [one.state for one in client.follow_job(job.id)] == ["cancelled"]


def test_a_call_that_is_not_answered_in_time_is_an_exception_of_its_own(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "home", fake=True) as daemon, Client(daemon.where, timeout_s=0.3) as client:
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(errors.TimedOut, match="did not answer in time"):
                client.status()
        finally:
            daemon.process.send_signal(signal.SIGCONT)


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="only on Linux: a list of descriptors")
def test_a_stream_that_is_left_early_leaves_nothing_behind(tmp_path: Path) -> None:
    def leave(client: Client, *, closed_first: bool) -> None:
        events = client.events(follow=True)
        assert next(events).kind
        if closed_first:
            client.close()
        events.close()
        client.close()

    tree = trees.build(tmp_path / "tree", {"a": "a"})
    with DaemonProcess(tmp_path / "home", fake=True) as daemon:
        with daemon.client() as client:
            list(client.follow_job(client.add_root(tree).job_id))
        leave(daemon.client(), closed_first=False)
        descriptors = len(os.listdir("/proc/self/fd"))
        for number in range(20):
            leave(daemon.client(), closed_first=number % 2 == 0)
        until(lambda: len(os.listdir("/proc/self/fd")) <= descriptors + 2)
