"""Asking whether files are there, where a share hangs or a disk is gone: no one waits who did not ask."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay import errors
from sanchay.launcher import wait_stopped
from tests.support import mounts, trees
from tests.support.answers import finished, scan
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import until

fuse = pytest.mark.needs("root", "/dev/fuse", "fusermount3")
#: As large as the files of the hostile file system: they are read for a comparison.
SAME_SIZE = b"x" * (256 << 10)


@pytest.fixture
def hostile(tmp_path: Path) -> Iterator[Path]:
    """A mounted file system whose reads fail and hang."""
    pytest.importorskip("mfusepy")
    with mounts.hostile(tmp_path / "hostile") as point:
        yield point


@fuse
def test_a_share_that_hangs_holds_up_its_question_alone_and_cancelling_ends_that(tmp_path: Path, hostile: Path) -> None:
    root = trees.build(tmp_path / "root", {"a": SAME_SIZE})
    with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        scan(client, root)
        stuck = client.start_have([hostile / "hang"]).job_id
        until(lambda: client.get_job(stuck).job.progress.current.raw.endswith(b"/hang/hang"))
        other = client.start_have([root / "a"]).job_id
        assert finished(client, other).have.new == 1
        with pytest.raises(errors.Busy):
            client.list_have_rows(stuck)
        client.cancel_job(stuck)
        assert client.get_job(stuck).job.state == "cancelled"
        assert finished(client, client.start_have([root / "a"]).job_id).state == "done"
        client.stop_daemon()
        assert wait_stopped(daemon.where, PATIENCE_S)


@fuse
def test_what_fails_to_be_read_is_told_and_the_rest_goes_on(tmp_path: Path, hostile: Path) -> None:
    root = trees.build(tmp_path / "root", {"a": b"g" * (256 << 10)})
    with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        scan(client, root)
        job = finished(client, client.start_have([hostile / name for name in ("good", "broken", "bad folder")]).job_id)
        assert job.state == "partial"
        rows = {row.path.raw.rpartition(b"/")[2]: row for row in client.iter_have_rows(job.id)}
        assert {name: row.state for name, row in rows.items()} == {
            b"good": "known",
            b"broken": "unreadable",
            b"bad folder": "unreadable",
        }
        assert len(client.get_job(job.id).job.errors) == 2


@pytest.mark.needs("root", "mount", "mkfs.ext4")
def test_copies_on_a_disk_that_is_not_mounted_are_offline(tmp_path: Path) -> None:
    point = tmp_path / "point"
    # Of other sizes: the hash of what was written just now may not be trusted yet, and says nothing once it is away.
    card = trees.build(tmp_path / "card", {"a": "aaa", "b": "bbbb"})
    with (
        mounts.disk(tmp_path / "image", point),
        DaemonProcess(tmp_path / "home", env={"SANCHAY_WATCH": "off"}) as daemon,
        daemon.client() as client,
    ):
        trees.build(point, {"a": "aaa"})
        scan(client, point)
        found = finished(client, client.start_have([card]).job_id).have
        assert (found.known, found.new) == (1, 1)
        mounts.unmount(point)
        found = finished(client, client.start_have([card]).job_id).have
        assert (found.known, found.new, found.offline + found.maybe) == (0, 1, 1)
