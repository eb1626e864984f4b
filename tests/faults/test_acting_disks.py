"""Disks that are full, over quota, read-only or gone in the middle of a run or an undo: said, and nothing lost."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from sanchay.address import places
from sanchay.client import Client
from tests.support import mounts, trees
from tests.support.answers import finished
from tests.support.clearing import ACTIONS, Clearing, said
from tests.support.daemon import DaemonProcess
from tests.support.program import Program, until

PAIRS = 40
FIRST_SUBVOLUME = "0/256"
disk = pytest.mark.needs("root", "mount", "mkfs.ext4")


def pairs(tree: Path, count: int = PAIRS, size_bytes: int = 20_000) -> Path:
    """As many files, each with a copy, which together nearly fill a small disk."""
    for number in range(count):
        content = f"{number} ".encode() * (size_bytes // 4)
        trees.build(tree, {f"a/{number}": content[:size_bytes], f"b/{number}": content[:size_bytes]})
    return tree


def fill(folder: Path) -> Path:
    """Takes all the room that is left, to the last block."""
    ballast = folder / "ballast"
    ballast.mkdir()
    for power in range(20, -1, -1):
        with suppress(OSError), open(ballast / str(power), "wb", buffering=0) as file:
            while file.write(b"x" * (1 << power)) == 1 << power:
                pass
    return ballast


def remove(ballast: Path) -> None:
    """Makes room again."""
    subprocess.run(["rm", "-r", ballast], check=True)


@pytest.fixture
def served(tmp_path: Path) -> Iterator[tuple[DaemonProcess, Client]]:
    """A daemon; the home trash of its person is on another disk than the trees."""
    env = {"XDG_DATA_HOME": str(tmp_path / "data")}
    with DaemonProcess(tmp_path / "home", env=env) as daemon, daemon.client() as client:
        yield daemon, client


@contextmanager
def planned(tmp_path: Path, client: Client, action: str) -> Iterator[tuple[Path, Clearing]]:
    """A small disk with a trash, pairs of files on it, and a plan to clear them."""
    with mounts.disk(tmp_path / "image", tmp_path / "point", mib=16) as point:
        (point / ".Trash-0").mkdir(mode=0o700)
        clearing = Clearing(pairs(point / "tree"), point / ".Trash-0")
        clearing.make_plan(client, action)
        yield point, clearing


@disk
@pytest.mark.parametrize("action", ACTIONS)
def test_on_a_full_disk_what_can_be_done_is_done_and_the_rest_later(
    tmp_path: Path, served: tuple[DaemonProcess, Client], action: str
) -> None:
    _, client = served
    with planned(tmp_path, client, action) as (point, clearing):
        ballast = fill(point)
        ran = clearing.run(client)
        assert ran.dedupe.acted + ran.dedupe.failed == len(clearing.going), said(client, ran)
        assert {error.kind for error in client.get_job(ran.id).job.errors} <= {"disk-full"}
        clearing.assert_settled(client)
        remove(ballast)
        clearing.goes_on(client)

        ballast = fill(point)
        for undone in clearing.undo(client):
            assert {error.kind for error in client.get_job(undone.id).job.errors} <= {"disk-full"}, said(client, undone)
        clearing.assert_settled(client)
        remove(ballast)
        clearing.comes_back(client)
        mounts.unmount(point)


@pytest.mark.needs("root", "mount")
@pytest.mark.parametrize("action", ["trash", "hardlink"])
def test_where_the_journal_has_no_room_nothing_more_is_done(tmp_path: Path, action: str) -> None:
    clearing = Clearing(pairs(tmp_path / "tree", 600, 100), tmp_path / "data" / "Trash")
    env = {"XDG_DATA_HOME": str(tmp_path / "data"), "SANCHAY_DATABASE_PATH": str(tmp_path / "small" / "catalog.db")}
    with (
        mounts.memory(tmp_path / "small", "16m") as small,
        DaemonProcess(tmp_path / "home", env=env) as daemon,
        daemon.client() as client,
    ):
        clearing.make_plan(client, action)
        ballast = fill(small)
        ended_or_waits(client, daemon, clearing.start_run(client), ballast)
        clearing.goes_on(client)
        (run,) = clearing.runs_to_undo(client)[:1]
        ballast = fill(small)
        ended_or_waits(client, daemon, client.start_undo(run).job_id, ballast)
        clearing.comes_back(client)


def ended_or_waits(client: Client, daemon: DaemonProcess, job_id: int, ballast: Path) -> None:
    """Without room a job ends with what was wrong, or waits, of which the status tells; then there is room."""
    until(
        lambda: client.get_job(job_id).job.ended_ns or client.status().catalog.state == "disk_full",
        every_s=0.1,
    )
    assert client.status().pid == daemon.pid
    remove(ballast)
    finished(client, job_id)


@disk
@pytest.mark.parametrize("action", ACTIONS)
def test_a_disk_that_becomes_read_only_is_said_and_the_run_goes_on_later(
    tmp_path: Path, served: tuple[DaemonProcess, Client], action: str
) -> None:
    _, client = served
    with planned(tmp_path, client, action) as (point, clearing):
        mounts.run("mount", "-o", "remount,ro", point)
        ran = clearing.run(client)
        kinds = {error.kind for error in client.get_job(ran.id).job.errors}
        assert kinds == ({"no-trash"} if action == "trash" else {"read-only"}), said(client, ran)
        clearing.assert_settled(client)
        mounts.run("mount", "-o", "remount,rw", point)
        clearing.goes_on(client)
        mounts.run("mount", "-o", "remount,ro", point)
        for undone in clearing.undo(client):
            assert {error.kind for error in client.get_job(undone.id).job.errors} == {"read-only"}, said(client, undone)
        clearing.assert_settled(client)
        mounts.run("mount", "-o", "remount,rw", point)
        clearing.comes_back(client)
        mounts.unmount(point)


@pytest.mark.needs("root", "chattr")
@pytest.mark.parametrize("action", ACTIONS)
def test_a_file_that_may_not_be_changed_stays_and_the_others_go(
    tmp_path: Path, served: tuple[DaemonProcess, Client], action: str
) -> None:
    _, client = served
    clearing = Clearing(pairs(tmp_path / "tree", 6), tmp_path / "data" / "Trash")
    clearing.make_plan(client, action)
    fixed = sorted(clearing.going)[0]
    if subprocess.run(["chattr", "+i", fixed], check=False, capture_output=True).returncode:
        pytest.skip("needs a file system with immutable files")
    try:
        ran = clearing.run(client)
        assert (ran.dedupe.acted, ran.dedupe.failed + ran.dedupe.skipped) == (5, 1), said(client, ran)
        (error,) = client.get_job(ran.id).job.errors
        assert (error.path.raw, error.kind) in {(fixed, "denied"), (fixed, "changed")}
        clearing.assert_settled(client)
        clearing.comes_back(client)
    finally:
        subprocess.run(["chattr", "-i", fixed], check=True)


@disk
@pytest.mark.parametrize("action", ACTIONS)
def test_a_card_that_is_pulled_out_in_the_middle_loses_nothing(
    tmp_path: Path, served: tuple[DaemonProcess, Client], action: str
) -> None:
    _, client = served
    image, point = tmp_path / "image", tmp_path / "point"
    with mounts.disk(image, point, mib=32):
        clearing = Clearing(pairs(point / "tree", 700, 100), point / ".Trash-0")
        clearing.make_plan(client, action)
        job_id = clearing.start_run(client)
        until(lambda: client.get_job(job_id).job.progress.done > 0)
        mounts.unmount(point)
        ran = finished(client, job_id)
        assert ran.dedupe.acted > 0, said(client, ran)
        until(lambda: is_free(image))
        absent = clearing.run(client)
        assert absent.dedupe.acted == 0, said(client, absent)
        mounts.mount_disk(image, point)
        clearing.goes_on(client)
        clearing.comes_back(client)


def is_free(image: Path) -> bool:
    """Whether no loop device holds the image any more."""
    return not mounts.run("losetup", "--associated", image)


@pytest.mark.needs("root", "setpriv")
def test_what_lies_in_anothers_sticky_folder_stays(tmp_path: Path) -> None:
    tree = pairs(tmp_path / "tree", 6)
    for folder in ("a", "b"):
        os.chmod(tree / folder, 0o1777)
        for path in (tree / folder, *(tree / folder).iterdir()):
            os.chown(path, 1, 1)
    home, env = tmp_path / "home", {"XDG_DATA_HOME": str(tmp_path / "data")}
    with Program(home, env=env, prefix=["setpriv", "--bounding-set=-fowner"]) as program:
        program.json("daemon", "start")
        with Client(places(home)) as client:
            for action in ACTIONS:
                clearing = Clearing(tree, tmp_path / "data" / "Trash")
                clearing.make_plan(client, action)
                ran = clearing.run(client)
                assert (ran.dedupe.acted, ran.dedupe.failed) == (0, 6), said(client, ran)
                assert {error.kind for error in client.get_job(ran.id).job.errors} == {"denied"}
                clearing.assert_settled(client)
                clearing.assert_as_before(client)


@pytest.mark.needs("root", "mount", "mkfs.btrfs", "btrfs")
def test_where_a_quota_is_used_up_it_is_said_as_of_a_full_disk(
    tmp_path: Path, served: tuple[DaemonProcess, Client]
) -> None:
    _, client = served
    image = mounts.make_disk(tmp_path / "image", "btrfs", 128)
    with mounts.mounted(image, tmp_path / "point", "-o", "loop", used_to_the_end=True) as point:
        mounts.run("btrfs", "quota", "enable", point)
        mounts.run("btrfs", "subvolume", "create", point / "limited")
        clearing = Clearing(pairs(point / "limited" / "tree"), point / ".Trash-0")
        clearing.make_plan(client, "delete")
        clearing.goes_on(client)
        mounts.run("sync")
        mounts.run("btrfs", "qgroup", "limit", "400K", FIRST_SUBVOLUME, point)
        (undone,) = clearing.undo(client)
        assert undone.undo.failed > 0, said(client, undone)
        assert {error.kind for error in client.get_job(undone.id).job.errors} == {"disk-full"}, said(client, undone)
        clearing.assert_settled(client)
        mounts.run("btrfs", "qgroup", "limit", "none", FIRST_SUBVOLUME, point)
        clearing.comes_back(client)
        mounts.unmount(point)
