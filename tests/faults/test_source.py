"""Folders that fail, hang or vanish: counted and passed over, nothing forgotten, and the rest goes on."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay import errors
from sanchay.launcher import wait_stopped
from tests.support import mounts, trees
from tests.support.answers import differences, everything, finished, scan
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import Program, until

fuse = pytest.mark.needs("root", "/dev/fuse", "fusermount3")


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system whose reads fail and hang."""
    pytest.importorskip("mfusepy")
    with mounts.hostile(tmp_path / "hostile") as point:
        yield point


@fuse
def test_what_fails_to_be_read_is_counted_and_passed_over(tmp_path: Path, hostile: Path) -> None:
    with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        client.add_root(hostile, exclude=["hang/hang"], no_scan=True)
        job = scan(client, hostile)
        assert job.state == "partial"
        assert {error.path.raw.rpartition(b"/")[2] for error in client.get_job(job.id).job.errors} == {
            b"broken",
            b"bad folder",
        }
        assert {error.kind for error in client.get_job(job.id).job.errors} == {"io"}
        rows = {row.path.raw.rpartition(b"/")[2]: row for row in client.iter_find("size:>0")}
        assert set(rows) == {b"good", b"broken"}
        assert rows[b"good"].hash
        assert not rows[b"broken"].hash
        assert scan(client, hostile).result.removed == 0


@fuse
def test_a_read_that_hangs_holds_up_neither_other_roots_nor_the_stop(tmp_path: Path, hostile: Path) -> None:
    other = trees.build(tmp_path / "other", {"a": "a", "b": "b"})
    with Program(tmp_path / "home") as program:
        pid = program.json("daemon", "start")["pid"]
        stuck = str(program.json("scan", hostile, "--detach")["job_ids"][0])
        until(lambda: program.json("job", "show", stuck)["progress"]["files"] > 0, every_s=0.1)
        assert program.json("scan", other)["files"] == 2
        assert program.json("find", "name:a")["total"] == 1
        assert program.json("job", "show", stuck)["state"] == "running"
        # twice: the second scan waits for a page that the first one's reading has locked, and nothing can kill that
        for _ in range(2):
            assert program.json("daemon", "stop")["pid"] == pid
            pid = program.json("daemon", "start")["pid"]  # the home is free, though the kernel still holds a thread
            assert program.json("scan", other)["files"] == 2
            until(lambda: program.json("job", "show", stuck)["progress"]["files"] > 0, every_s=0.1)


@fuse
def test_a_scan_that_hangs_can_be_cancelled_and_the_daemon_stopped(tmp_path: Path, hostile: Path) -> None:
    with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        job_id = client.start_scan([hostile]).jobs[0].id
        until(lambda: client.get_job(job_id).job.progress.current.raw.endswith(b"/hang/hang"))
        client.cancel_job(job_id)
        job = client.get_job(job_id).job
        assert job.state == "cancelled"
        assert "/hang/hang" in job.message
        with pytest.raises(errors.Busy, match=r"still waits for .*/hang/hang"):
            client.start_scan([hostile])
        assert client.status().pid == daemon.pid
        client.stop_daemon()
        assert wait_stopped(daemon.where, PATIENCE_S)


@pytest.mark.needs("root", "mount", "mkfs.ext4")
def test_a_disk_that_was_unmounted_is_offline_and_comes_back_unread(tmp_path: Path) -> None:
    point, image = tmp_path / "point", tmp_path / "image"
    with mounts.disk(image, point), DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        trees.build(point, {"a": "same", "b": "same", "deep/c": "c"})
        assert scan(client, point).result.files == 3
        time.sleep(0.1)
        scan(client, point)
        before = everything(client)
        mounts.unmount(point)
        job = scan(client, point)
        assert (job.state, job.result.removed) == ("partial", 0)
        (root,) = client.list_roots().roots
        assert root.state == "offline"
        assert root.freshness.reason
        assert not differences(everything(client), before)
        trees.build(point, {"in the empty mount point": "x"})  # another file system's folder, at the same path
        assert scan(client, point).state == "partial"
        assert not differences(everything(client), before)
        mounts.mount_disk(image, point)
        job = scan(client, point)
        assert (job.state, job.result.hashed_files, job.result.added, job.result.removed) == ("done", 0, 0, 0)
        assert not differences(everything(client), before)


@pytest.mark.needs("root", "mount")
def test_a_root_that_vanishes_while_it_is_read_loses_no_row(tmp_path: Path) -> None:
    with (
        mounts.memory(tmp_path / "point", "64m") as point,
        DaemonProcess(tmp_path / "home") as daemon,
        daemon.client() as client,
    ):
        trees.many(point / "tree", 5000)
        assert scan(client, point).result.files == 5000
        job_id = client.start_scan([point]).jobs[0].id
        mounts.unmount(point)
        assert finished(client, job_id).result.removed == 0
        scan(client, point)
        assert client.status().catalog.files == 5000
        assert next(iter(client.list_roots().roots)).state == "offline"


def test_a_root_that_was_deleted_keeps_its_rows_until_it_is_removed(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a": "a"})
    with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        scan(client, tree)
        tree.rename(tmp_path / "elsewhere")
        assert scan(client, tree).state == "partial"
        assert client.status().catalog.files == 1
        client.remove_root(tree)
        assert client.status().catalog.files == 0
