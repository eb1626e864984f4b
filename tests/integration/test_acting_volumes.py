"""Clearing copies where file systems have limits, or show one file twice: nothing is promised that cannot be done, and
no content is lost."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Any

import pytest

from sanchay_engine import ActResult, Dedupe, Plan
from tests.integration.catalogs import ONLY_POSIX, Cataloger
from tests.support.daemon import PATIENCE_S
from tests.support.mounts import (
    SFTP_SERVER,
    bound,
    loop_device,
    make_disk,
    memory,
    merged,
    mounted,
    overlay,
    passing,
    run,
    shared,
)

pytestmark = [ONLY_POSIX, pytest.mark.needs("root", "mount")]
CONTENT = b"content" * 1000
ACTIONS = ("trash", "delete", "hardlink", "reflink", "symlink")

#: What mounts a file system of a kind at a point.
Mount = Callable[[str, str], Path]


class Clearing:
    """Plans and runs over roots that are scanned as they are added."""

    def __init__(self, cataloger: Cataloger) -> None:
        self._cataloger = cataloger
        self.dedupe = Dedupe(cataloger.catalog)

    def scan(self, *roots: Path) -> None:
        for root in roots:
            self._cataloger.settled_scan(self._cataloger.add(root))

    def plan(self, action: str, *, prefer: Path | None = None) -> Plan:
        asked: dict[str, Any] = dict.fromkeys(("extensions", "types", "isolate"), ())
        asked |= {"under": None, "drop": None, "keep": None, "asked": "{}", "everywhere": False}
        asked["prefer"] = [b"under:" + os.fsencode(prefer)] if prefer else []
        return self.dedupe.make_plan(
            min_size=1, min_copies=1, min_devices=1, one_of_each_name=False, action=action, **asked
        )

    def skipped(self, plan: Plan) -> dict[str, int]:
        return {each.reason: each.files for each in plan.skipped}

    def run(self, plan: Plan) -> ActResult:
        ended = self.dedupe.start_run(plan.id, plan.version).wait(PATIENCE_S)
        assert ended is not None, "the run did not end"
        return ended


@pytest.fixture
def clearing(cataloger: Cataloger, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Clearing:
    """The person's trash is on the file system of the test's folder."""
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    return Clearing(cataloger)


@pytest.fixture
def volume(tmp_path: Path) -> Iterator[Callable[[str, str], Path]]:
    """Mounts file systems of a kind, each at a folder of this name."""
    with ExitStack() as stack:

        def mount(kind: str, name: str) -> Path:
            if kind == "tmpfs":
                return stack.enter_context(memory(tmp_path / name, "64m"))
            image = make_disk(tmp_path / f"{name}.image", kind, 320 if kind == "xfs" else 128)
            return stack.enter_context(mounted(stack.enter_context(loop_device(image)), tmp_path / name))

        yield mount


def fill(folder: Path, *names: str) -> Path:
    folder.mkdir(exist_ok=True)
    for name in names:
        (folder / name).write_bytes(CONTENT)
    return folder


DISKS = pytest.mark.needs("losetup", "mkfs.ext4", "mkfs.btrfs", "/dev/loop-control")


# ---- What cannot be done is found when planning ----


@DISKS
@pytest.mark.parametrize("kind", ["ext4", "tmpfs", "btrfs"])
def test_blocks_are_shared_only_where_the_file_system_shares_them(clearing: Clearing, volume: Mount, kind: str) -> None:
    tree = fill(volume(kind, "volume") / "tree", "one", "two")
    clearing.scan(tree)
    plan = clearing.plan("reflink")
    if kind == "btrfs":
        assert (plan.files, clearing.skipped(plan)) == (1, {})
        assert clearing.run(plan).acted == 1
    else:
        assert (plan.files, plan.freed_bytes, clearing.skipped(plan)) == (0, 0, {"no-shared-blocks": 1})
    assert clearing.plan("hardlink").files == 1


@DISKS
def test_nothing_is_planned_where_all_is_for_reading_only_and_what_lies_there_may_stay(
    clearing: Clearing, volume: Mount, tmp_path: Path
) -> None:
    tree = fill(volume("ext4", "volume") / "tree", "one", "two")
    clearing.scan(tree)
    run("mount", "-o", "remount,ro", tree.parent)
    for action in ACTIONS:
        plan = clearing.plan(action)
        assert (plan.files, clearing.skipped(plan)) == (0, {"read-only": 1}), action
    clearing.scan(fill(tmp_path / "home-tree", "three"))
    plan = clearing.plan("delete", prefer=tree)
    assert (plan.files, plan.undecided) == (0, 1), "the two there are alike to this rule"
    plan = clearing.plan("delete")
    assert (plan.files, clearing.skipped(plan)) == (1, {"read-only": 1})
    assert clearing.run(plan).acted == 1
    assert sorted(os.listdir(tree)) == ["one", "two"]


@pytest.mark.parametrize("in_its_place", ["file", "link", "of another user"])
def test_where_no_trash_can_be_had_nothing_is_planned_for_it(
    clearing: Clearing, volume: Mount, in_its_place: str
) -> None:
    top = volume("tmpfs", "volume")
    tree = fill(top / "tree", "one", "two")
    clearing.scan(tree)
    plan = clearing.plan("trash")
    assert (plan.files, clearing.skipped(plan)) == (1, {})
    assert os.listdir(top) == ["tree"], "a plan makes no trash"
    trash = top / f".Trash-{os.geteuid()}"
    if in_its_place == "file":
        trash.write_text("mine")
    elif in_its_place == "link":
        trash.symlink_to("/tmp")
    else:
        trash.mkdir()
        os.chown(trash, 65534, 65534)
    refused = clearing.plan("trash")
    assert (refused.files, clearing.skipped(refused)) == (0, {"no-trash": 1})
    ended = clearing.run(plan)
    assert (ended.acted, [left.reason for left in ended.left]) == (0, ["no-trash"])
    # A safe `.Trash` that the administrator made is another way.
    (top / ".Trash").mkdir()
    (top / ".Trash").chmod(0o1777)
    assert clearing.run(clearing.plan("trash")).acted == 1
    (info,) = (top / ".Trash" / str(os.geteuid()) / "info").iterdir()
    assert f"\nPath=tree/{info.stem}\n" in info.read_text("utf-8")


@DISKS
def test_hard_links_are_planned_within_a_mount(clearing: Clearing, volume: Mount, tmp_path: Path) -> None:
    one, two = volume("ext4", "one"), volume("ext4", "two")
    clearing.scan(fill(one / "a", "first"), fill(two / "tree", "second"))
    plan = clearing.plan("hardlink")
    assert (plan.files, clearing.skipped(plan)) == (0, {"other-volume": 1})
    with bound(fill(one / "b", "third"), tmp_path / "bound") as shown:
        clearing.scan(shown)
        plan = clearing.plan("hardlink")
        assert (plan.files, clearing.skipped(plan)) == (0, {"other-volume": 2}), "one file system, two mounts"
        assert clearing.plan("delete").files == 2
    run("btrfs", "subvolume", "create", (pool := volume("btrfs", "pool")) / "sub")
    clearing.scan(fill(pool / "sub", "fourth"), fill(pool / "tree", "fifth"))
    assert clearing.skipped(clearing.plan("hardlink"))["other-volume"] >= 3
    assert clearing.skipped(clearing.plan("trash")) == {"no-trash": 1}, "no rename leads out of a subvolume"


@DISKS
def test_a_file_that_takes_no_more_links_has_a_second_survivor(clearing: Clearing, volume: Mount) -> None:
    tree = fill(volume("ext4", "volume") / "tree", "a", "b", "c", "d")
    links = fill(tree.parent / "links")
    for number in range(64_999):
        os.link(tree / "a", links / str(number))
    clearing.scan(tree)
    plan = clearing.plan("hardlink")
    assert (plan.groups, plan.files) == (1, 3)
    ended = clearing.run(plan)
    assert (ended.acted, [left.reason for left in ended.left]) == (2, ["link-limit"])
    assert len({(tree / name).stat().st_ino for name in "bcd"}) == 1
    assert (tree / "a").stat().st_nlink == 65_000
    assert all((tree / name).read_bytes() == CONTENT for name in "abcd")


@pytest.mark.needs("sshfs", "/dev/fuse", SFTP_SERVER)
def test_a_share_that_hangs_does_not_hang_a_plan(clearing: Clearing, tmp_path: Path) -> None:
    here, shown = fill(tmp_path / "here", "copy"), tmp_path / "shown"
    with shared(shown, fill(tmp_path / "served", "copy"), "nas.example") as hang:
        clearing.scan(here, shown)
        hang()
        assert clearing.plan("trash").files == 1, "what it does not say is left to the run"


# ---- One file seen twice ----

View = Callable[[Path, Path], AbstractContextManager[object]]


@pytest.fixture(
    params=[
        "overlay",
        "bind",
        pytest.param("program", marks=pytest.mark.needs("/dev/fuse", "fusermount3")),
        pytest.param("mergerfs", marks=pytest.mark.needs("mergerfs", "/dev/fuse")),
        pytest.param("share", marks=pytest.mark.needs("sshfs", "/dev/fuse", SFTP_SERVER)),
    ]
)
def view(request: pytest.FixtureRequest, tmp_path: Path) -> View:
    """What is known to show the files of a folder a second time."""
    if request.param == "overlay":
        return lambda point, folder: overlay(folder, tmp_path / "upper", point)
    if request.param == "share":
        return lambda point, folder: shared(point, folder, "localhost")
    shows: dict[str, View] = {
        "bind": lambda point, folder: bound(folder, point),
        "program": passing,
        "mergerfs": merged,
    }
    return shows[request.param]


@pytest.mark.parametrize("preferred", ["branch", "shown"])
def test_a_file_that_a_known_stack_shows_twice_is_not_planned(
    clearing: Clearing, tmp_path: Path, view: View, preferred: str
) -> None:
    branch = fill(tmp_path / "branch", "only")
    with view(tmp_path / "shown", branch):
        clearing.scan(branch, tmp_path / "shown")
        for action in ACTIONS:
            plan = clearing.plan(action, prefer=tmp_path / preferred)
            assert (plan.files, plan.undecided) == (0, 0), action
    assert (branch / "only").read_bytes() == CONTENT


@pytest.mark.needs("sshfs", "/dev/fuse", SFTP_SERVER)
@pytest.mark.parametrize("preferred", ["branch", "shown"])
@pytest.mark.parametrize("action", ["trash", "delete", "symlink"])
def test_a_file_that_an_unknown_stack_shows_twice_is_put_back(
    clearing: Clearing, tmp_path: Path, preferred: str, action: str
) -> None:
    branch = fill(tmp_path / "branch", "only")
    shown = tmp_path / "shown"
    with shared(shown, branch, "nas.example"):
        clearing.scan(branch, shown)
        plan = clearing.plan(action, prefer=tmp_path / preferred)
        assert plan.files == 1, "the server's name does not tell that it is this machine"
        ended = clearing.run(plan)
        assert (ended.acted, [left.reason for left in ended.left]) == (0, ["same-file"])
        assert [name for name in os.listdir(shown) if name != ".Trash-0"] == ["only"]
        again = clearing.plan(action, prefer=tmp_path / preferred)
        assert (again.files, clearing.skipped(again)) == (0, {"perhaps-one-file": 1})
    assert [(path.name, path.is_symlink()) for path in branch.iterdir() if path.name != ".Trash-0"] == [("only", False)]
    assert (branch / "only").read_bytes() == CONTENT
