"""Hostile cases of absence: what cannot be seen is not gone."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from sanchay_engine import EngineError
from tests.integration.catalogs import Cataloger, below
from tests.support import mounts
from tests.support.daemon import PATIENCE_S
from tests.support.mounts import bound, loop_device, make_ext4, mounted, run
from tests.support.trees import build

needs_mounts = pytest.mark.needs("root", "mount", "losetup", "mkfs.ext4", "/dev/loop-control")

FILES = {"film": "one film", "copy": "one film", "season/1": "other", "season/big": "b" * 200_000}

UNPRIVILEGED = """
import json, os, sys
from sanchay_engine import Catalog, RootSpec
home, tree = (os.fsencode(path) for path in sys.argv[1:])
catalog = Catalog.open(home + b"/catalog.db", own_folders=[home])
catalog.put_root(RootSpec(1, tree))
result = catalog.scan(1).wait()
rows = {os.fsdecode(row.path): row.hash.hex() for row in catalog.find("", limit=1000).rows}
errors = [[os.fsdecode(error.path), error.kind] for error in result.error_list]
root = catalog.root_status(1)
groups = [group.copies for group in catalog.duplicates().groups]
print(json.dumps([result.state, result.errors, result.removed, rows, errors, root.state, root.reason, groups]))
catalog.close()
"""


def scan_as_nobody(
    home: Path, tree: Path
) -> tuple[str, int, int, dict[str, str], list[list[str]], str, str, list[int]]:
    """Scans in a process of a user who is not root, for root may read everything."""
    command: list[str | Path] = [
        "setpriv",
        "--reuid",
        "65534",
        "--clear-groups",
        sys.executable,
        "-c",
        UNPRIVILEGED,
        home,
        tree,
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    found: tuple[str, int, int, dict[str, str], list[list[str]], str, str, list[int]] = tuple(json.loads(done.stdout))
    return found


def open_to_nobody(folder: Path) -> None:
    """pytest's folders are private to their owner; no one must pass through them."""
    for above in folder.parents:
        if above.stat().st_uid == os.geteuid() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)


@pytest.mark.needs("root", "setpriv")
def test_a_folder_that_may_not_be_read_keeps_its_rows_and_the_scan_is_partial(tmp_path: Path) -> None:
    tree = build(tmp_path / "tree", FILES)
    home = tmp_path / "home"
    home.mkdir()
    for path in (home, tree, tree / "season", *tree.rglob("*")):
        os.chown(path, 65534, 65534)
    open_to_nobody(tree)
    state, errors, removed, before, _, root_state, _, groups = scan_as_nobody(home, tree)
    assert (state, errors, removed, len(before), root_state, groups) == ("done", 0, 0, 4, "ready", [2])
    os.chown(tree / "season", 0, 0)
    os.chmod(tree / "season", 0o700)
    for _ in range(2):
        state, errors, removed, rows, listed, root_state, reason, groups = scan_as_nobody(home, tree)
        assert (state, errors, removed, rows, root_state) == ("partial", 1, 0, before, "partial")
        assert listed == [[str(tree / "season"), "permission"]]
        assert reason
        assert groups == [2]
    os.chmod(tree / "season", 0o755)
    state, errors, removed, rows, _, root_state, _, _ = scan_as_nobody(home, tree)
    assert (state, errors, removed, rows, root_state) == ("done", 0, 0, before, "ready")


@pytest.mark.needs("root", "setpriv")
def test_a_file_that_may_not_be_read_is_an_error_and_has_no_hash(tmp_path: Path) -> None:
    tree = build(tmp_path / "tree", FILES)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    os.chmod(tree / "film", 0o600)
    os.chmod(tree / "season" / "big", 0o600)
    open_to_nobody(tree)
    state, errors, _, rows, listed, root_state, _, groups = scan_as_nobody(home, tree)
    assert (state, errors, len(rows), root_state, groups) == ("partial", 2, 4, "partial", [])
    assert sorted(listed) == [[str(tree / "film"), "permission"], [str(tree / "season" / "big"), "permission"]]
    assert [path for path, value in rows.items() if not value] == [path for path, _ in listed] or len(listed) == 2
    os.chmod(tree / "film", 0o644)
    os.chmod(tree / "season" / "big", 0o644)
    state, errors, _, rows, _, _, _, groups = scan_as_nobody(home, tree)
    assert (state, errors, all(rows.values()), groups) == ("done", 0, True, [2])


@needs_mounts
def test_a_disk_that_is_mounted_again_on_another_device_is_neither_read_again_nor_lost(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    image = make_ext4(tmp_path / "disk.img")
    point = tmp_path / "disk"
    with loop_device(image) as device, mounted(device, point):
        build(point, FILES)
        os.sync()
        cataloger.add(point)
        first = cataloger.settled_scan()
        number = os.stat(point).st_dev
        before = cataloger.hashes()
    with ExitStack() as stack:
        # Something takes the first number before that.
        spare = make_ext4(tmp_path / "spare.img")
        stack.enter_context(loop_device(spare))
        device = stack.enter_context(loop_device(image))
        stack.enter_context(mounted(device, point))
        assert os.stat(point).st_dev != number
        result = cataloger.scan()
        assert (result.state, result.added, result.changed, result.removed, result.hashed_files) == ("done", 0, 0, 0, 0)
        assert result.files == first.files == 4
        assert cataloger.hashes() == before


@needs_mounts
def test_an_empty_mount_point_or_another_disk_is_an_offline_root(cataloger: Cataloger, tmp_path: Path) -> None:
    image, other = make_ext4(tmp_path / "disk.img"), make_ext4(tmp_path / "other.img")
    point = tmp_path / "disk"
    with loop_device(image) as device, mounted(device, point):
        build(point, FILES)
        cataloger.add(point)
        cataloger.settled_scan()
        before = cataloger.hashes()
    assert os.listdir(point) == []
    with ExitStack() as stack:
        for there in ("nothing", "another disk"):
            if there == "another disk":
                device = stack.enter_context(loop_device(other))
                stack.enter_context(mounted(device, point))
                build(point, {"stranger": "else"})
            result = cataloger.scan()
            assert (result.state, result.removed, result.added) == ("offline", 0, 0), there
            status = cataloger.catalog.root_status(1)
            assert (status.state, status.files) == ("offline", 4)
            assert str(point) in status.reason
            assert cataloger.hashes() == before
            (group,) = cataloger.groups()
            assert group.copies == 2
    with loop_device(image) as device, mounted(device, point):
        result = cataloger.scan()
        assert (result.state, result.added, result.removed, result.hashed_files) == ("done", 0, 0, 0)
        assert cataloger.catalog.root_status(1).state == "ready"
        assert cataloger.hashes() == before


@needs_mounts
def test_a_disk_below_a_root_that_is_not_mounted_keeps_its_rows(cataloger: Cataloger, tmp_path: Path) -> None:
    tree = build(tmp_path / "tree", {"here": "content", "disk/": ""})
    image = make_ext4(tmp_path / "disk.img")
    cataloger.add(tree)
    with loop_device(image) as device, mounted(device, tree / "disk"):
        build(tree / "disk", FILES)
        assert cataloger.settled_scan().files == 5
        before = cataloger.hashes()
    (tree / "new").write_bytes(b"new")
    result = cataloger.scan()
    assert (result.state, result.errors, result.removed, result.added) == ("partial", 1, 0, 1)
    assert result.error_list[0].path == os.fsencode(tree / "disk")
    assert {path: value for path, value in cataloger.hashes().items() if path in before} == before
    with loop_device(image) as device, mounted(device, tree / "disk"):
        result = cataloger.settled_scan()
        assert (result.state, result.removed, result.added) == ("done", 0, 0)
        assert result.hashed_files <= 1


def test_a_root_that_is_gone_is_offline_and_one_that_is_emptied_is_empty(cataloger: Cataloger, tree: Path) -> None:
    build(tree, FILES)
    cataloger.add(tree)
    cataloger.settled_scan()
    os.rename(tree, tree.parent / "away")
    result = cataloger.scan()
    assert (result.state, result.removed) == ("offline", 0)
    assert cataloger.catalog.root_status(1).state == "offline"
    assert len(cataloger.paths()) == 4
    os.rename(tree.parent / "away", tree)
    result = cataloger.scan()
    assert (result.state, result.hashed_files) == ("done", 0)
    for path in sorted(tree.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    result = cataloger.scan()
    assert (result.state, result.removed, cataloger.paths()) == ("done", 4, set())


@needs_mounts
def test_one_root_offline_does_not_trouble_the_scan_of_another(cataloger: Cataloger, tmp_path: Path) -> None:
    image = make_ext4(tmp_path / "disk.img")
    point = tmp_path / "disk"
    other = build(tmp_path / "other", {"alone": "123", "season-twin": "a" * 300})
    with loop_device(image) as device, mounted(device, point):
        build(point, {"season/x": "b" * 300, "flat": "c" * 300})
        disk = cataloger.add(point, hash="duplicates")
        cataloger.settled_scan(disk)
    build(other, {"another": "d" * 300})
    rest = cataloger.add(other, hash="duplicates")
    result = cataloger.scan(rest)
    assert (result.state, result.errors, result.unstable) == ("done", 0, 0)
    assert len(cataloger.paths()) == 5
    assert below(other, ["alone", "another", "season-twin"]) <= cataloger.paths()


fuse = pytest.mark.needs("root", "/dev/fuse", "fusermount3")
needs_binds = pytest.mark.needs("root", "mount")


@fuse
@pytest.mark.parametrize("error", ["EIO", "ETIMEDOUT", "ESTALE", "ENOTCONN"])
def test_a_name_whose_stat_fails_is_not_gone(cataloger: Cataloger, tmp_path: Path, error: str) -> None:
    pytest.importorskip("mfusepy")
    switch = tmp_path / "switch"
    with mounts.failing(tmp_path / "share", switch) as share:
        cataloger.add(share)
        assert cataloger.settled_scan().files == 12
        before = cataloger.hashes()
        for fault, named in [("/folder0", "folder0"), ("/folder1/file4", "folder1/file4"), ("/", "")]:
            switch.write_text(f"{error} {fault}\n")
            result = cataloger.scan()
            assert (result.state, result.removed) == ("offline" if fault == "/" else "partial", 0)
            if named:
                assert os.fsencode(share / named) in {note.path for note in result.error_list}
            assert cataloger.hashes() == before
        switch.unlink()
        result = cataloger.scan()
        assert (result.state, result.errors, result.removed, cataloger.hashes()) == ("done", 0, 0, before)


@fuse
def test_a_name_that_a_listing_passes_over_is_asked_for_before_its_rows_go(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    pytest.importorskip("mfusepy")
    switch = tmp_path / "switch"
    with mounts.failing(tmp_path / "share", switch) as share:
        cataloger.add(share)
        cataloger.settled_scan()
        before = cataloger.hashes()
        switch.write_text("hide /folder0\nhide /folder1/file4\n")
        result = cataloger.scan()
        assert (result.state, result.removed, result.files, cataloger.hashes()) == ("done", 0, 12, before)
        switch.write_text("ghost /folder3\nghost /folder0/file99\n")
        result = cataloger.scan()
        assert (result.state, result.errors, result.files, cataloger.hashes()) == ("done", 0, 12, before)


@needs_binds
def test_a_root_whose_bind_mount_is_taken_off_is_offline_until_it_is_back_or_the_folder_is_accepted(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    source, point = build(tmp_path / "source", FILES), tmp_path / "point"
    with bound(source, point):
        cataloger.add(point)
        cataloger.settled_scan()
    before = cataloger.hashes()
    assert len(before) == 4
    for _ in range(2):
        result = cataloger.scan()
        assert (result.state, result.removed, cataloger.hashes()) == ("offline", 0, before)
        assert str(point) in cataloger.catalog.root_status(1).reason
    with bound(source, point):
        result = cataloger.scan()
        assert (result.state, result.hashed_files, cataloger.hashes()) == ("done", 0, before)
    cataloger.catalog.accept_root(1)
    result = cataloger.scan()
    assert (result.state, result.removed, cataloger.rows()) == ("done", 4, [])
    (point / "new").write_bytes(b"new")
    assert (cataloger.scan().state, len(cataloger.rows())) == ("done", 1)


def test_a_root_below_a_folder_that_was_replaced_is_known_by_what_is_in_it(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    above = tmp_path / "above"
    root = build(above / "root", FILES)
    cataloger.add(root)
    cataloger.settled_scan()
    before = cataloger.hashes()
    above.rename(tmp_path / "former")
    root.mkdir(parents=True)
    for others in ({}, {"stranger": "else", "another": "one"}):
        build(root, others)
        result = cataloger.scan()
        assert (result.state, result.removed, result.added, cataloger.hashes()) == ("offline", 0, 0, before)
    shutil.rmtree(above)
    shutil.copytree(tmp_path / "former", above)
    (root / "film").unlink()
    result = cataloger.scan()
    assert (result.state, result.removed) == ("done", 1), "it was restored: what is missing is missing"
    assert cataloger.paths() == set(before) - {os.fsencode(root / "film")}


def test_a_root_is_not_accepted_where_no_folder_is(cataloger: Cataloger, tmp_path: Path) -> None:
    root = build(tmp_path / "root", FILES)
    cataloger.add(root)
    cataloger.settled_scan()
    root.rename(tmp_path / "away")
    with pytest.raises(EngineError, match="root"):
        cataloger.catalog.accept_root(1)
    assert (cataloger.scan().state, len(cataloger.rows())) == ("offline", 4)


@needs_mounts
def test_another_disk_can_be_accepted_and_is_cataloged_then(cataloger: Cataloger, tmp_path: Path) -> None:
    image, other, point = make_ext4(tmp_path / "disk.img"), make_ext4(tmp_path / "other.img"), tmp_path / "disk"
    with loop_device(image) as device, mounted(device, point):
        build(point, FILES)
        cataloger.add(point)
        cataloger.settled_scan()
    with loop_device(other) as device, mounted(device, point):
        build(point, {"film": "one film", "season/2": "two"})
        assert (cataloger.scan().state, len(cataloger.rows())) == ("offline", 4)
        cataloger.catalog.accept_root(1)
        result = cataloger.settled_scan()
        assert (result.state, result.errors) == ("done", 0)
        assert cataloger.paths() == below(point, ["film", "season/2"])


@needs_mounts
def test_a_disk_mounted_on_a_folder_that_held_files_is_cataloged_once_the_root_is_accepted(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    tree = build(tmp_path / "tree", {"here": "content", "disk/left": "before the disk was mounted"})
    image = make_ext4(tmp_path / "disk.img")
    cataloger.add(tree)
    cataloger.settled_scan()
    with loop_device(image) as device, mounted(device, tree / "disk"):
        build(tree / "disk", FILES)
        result = cataloger.scan()
        assert (result.state, result.removed, result.added) == (
            "partial",
            0,
            0,
        ), "the file below it is hidden, not gone"
        assert "Accept the root" in result.error_list[0].message
        cataloger.catalog.accept_root(1)
        assert cataloger.settled_scan().state == "done"
        assert cataloger.paths() == below(tree, ["here", *(f"disk/{name}" for name in FILES)])
    result = cataloger.scan()
    assert (result.state, result.removed) == ("partial", 0), "the disk is not there now"


@pytest.mark.needs("root", "mount", "losetup", "mksquashfs", "/dev/loop-control")
def test_an_image_that_takes_the_place_of_another_on_one_loop_device_is_another_volume(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    point = tmp_path / "point"
    for name in ("a", "b"):
        tree = build(tmp_path / name, {f"{name}-{number}": name for number in range(3)})
        os.utime(tree, (1_700_000_000, 1_700_000_000))
        run("mksquashfs", tree, tmp_path / f"{name}.img", "-quiet", "-no-progress", "-mkfs-time", "1700000000")
    before: dict[bytes, bytes] = {}
    for name, states in (("a", ("done", "done")), ("b", ("offline", "offline")), ("a", ("done", "done"))):
        with loop_device(tmp_path / f"{name}.img") as device, mounted(device, point):
            assert (cataloger.scan(cataloger.add(point)).state if not before else cataloger.scan().state) == states[0]
            before = before or cataloger.hashes()
            assert (len(before), cataloger.hashes()) == (3, before)
            cataloger.reopen()
            assert cataloger.scan().state == states[1]


@needs_mounts
def test_a_disk_below_a_root_whose_mount_point_is_removed_with_its_folder_is_offline(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    tree = build(tmp_path / "tree", {"here": "content", "media/note": "gone with its folder", "media/disk/": ""})
    image = make_ext4(tmp_path / "disk.img")
    cataloger.add(tree)
    with loop_device(image) as device, mounted(device, tree / "media/disk"):
        build(tree / "media/disk", FILES)
        assert cataloger.settled_scan().files == 6
        before = cataloger.hashes()
    shutil.rmtree(tree / "media")
    for removed in (1, 0):
        result = cataloger.scan()
        assert (result.state, result.errors, result.removed) == ("partial", 1, removed)
        assert [note.path for note in result.error_list] == [os.fsencode(tree / "media/disk")]
        assert cataloger.paths() == set(before) - {os.fsencode(tree / "media/note")}
    (tree / "media/disk").mkdir(parents=True)
    with loop_device(image) as device, mounted(device, tree / "media/disk"):
        result = cataloger.scan()
        assert (result.state, result.removed, result.added) == ("done", 0, 0)
        assert result.hashed_files <= 1
    shutil.rmtree(tree / "media")
    cataloger.catalog.accept_root(1)
    assert (cataloger.scan().state, cataloger.paths()) == ("done", below(tree, ["here"]))


@needs_binds
def test_a_folder_mounted_below_a_root_from_the_same_disk_is_offline_when_it_is_taken_off(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    tree, source = build(tmp_path / "tree", {"here": "content"}), build(tmp_path / "source", FILES)
    cataloger.add(tree)
    with bound(source, tree / "bound"):
        assert cataloger.settled_scan().files == 5
        before = cataloger.hashes()
    for step in ("taken off", "its mount point removed"):
        if step != "taken off":
            (tree / "bound").rmdir()
        result = cataloger.scan()
        assert (result.state, result.errors, result.removed, cataloger.hashes()) == ("partial", 1, 0, before), step
    with bound(source, tree / "bound"):
        result = cataloger.scan()
        assert (result.state, result.hashed_files, cataloger.hashes()) == ("done", 0, before)


def test_a_root_inside_another_that_is_gone_keeps_its_rows_in_a_scan_of_the_outer_one(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    tree = build(tmp_path / "tree", {"here": "content", "way/note": "a note", "way/inner/film": "one film"})
    outer, inner = cataloger.add(tree), cataloger.add(tree / "way/inner")
    cataloger.settled_scan(outer)
    cataloger.scan(inner)
    shutil.rmtree(tree / "way")
    result = cataloger.scan(outer)
    assert (result.state, result.errors, result.removed) == ("partial", 1, 1)
    assert cataloger.paths() == below(tree, ["here", "way/inner/film"])
    assert cataloger.scan(inner).state == "offline"
    cataloger.catalog.remove_root(inner)
    result = cataloger.scan(outer)
    assert (result.state, cataloger.paths()) == ("done", below(tree, ["here"]))
