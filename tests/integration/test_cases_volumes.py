"""Cases of what a physical copy is, where one file can be met on several volumes and several volumes bear one id."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.integration.catalogs import ONLY_POSIX, Cataloger, allocated, names_of
from tests.support.mounts import loop_device, make_ext4, merged, mounted, overlay, passing, run

pytestmark = [ONLY_POSIX, pytest.mark.needs("root", "mount")]
DISKS = pytest.mark.needs("losetup", "mkfs.ext4", "/dev/loop-control")
CONTENT = b"content" * 1000


def figures(cataloger: Cataloger) -> list[tuple[int, int, int, int]]:
    """(copies, perhaps one file, reclaimable, freed) of every group, and the totals are their sums."""
    kept = cataloger.groups()
    page = cataloger.catalog.duplicates()
    assert page.total_reclaimable_bytes == sum(group.reclaimable_bytes for group in kept)
    assert page.total_freed_bytes == sum(group.freed_bytes for group in kept)
    assert page.total_redundant_files == sum(max(group.copies - group.perhaps, 1) - 1 for group in kept)
    return [(group.copies, group.perhaps, group.reclaimable_bytes, group.freed_bytes) for group in kept]


View = Callable[[Path, Path], AbstractContextManager[Path]]


@pytest.fixture(
    params=["overlay", "program", pytest.param("mergerfs", marks=pytest.mark.needs("mergerfs", "/dev/fuse"))]
)
def view(request: pytest.FixtureRequest, tmp_path: Path) -> View:
    """Something that shows the files of a folder a second time."""

    def show(point: Path, folder: Path) -> AbstractContextManager[Path]:
        if request.param == "overlay":
            return overlay(folder, tmp_path / "upper", point)
        return passing(point, folder) if request.param == "program" else merged(point, folder)

    return show


def test_a_file_and_a_view_of_it_are_perhaps_one_file_and_free_nothing(
    cataloger: Cataloger, tmp_path: Path, view: View
) -> None:
    branch = tmp_path / "branch"
    branch.mkdir()
    (branch / "only").write_bytes(CONTENT)
    with view(tmp_path / "shown", branch) as shown:
        for root in (cataloger.add(branch), cataloger.add(shown)):
            cataloger.scan(root)
        assert figures(cataloger) == [(2, 1, 0, 0)]
        (group,) = cataloger.groups()
        assert [path.perhaps for path in group.paths].count(True) == 1
        assert cataloger.paths("dup:yes") == set()
        # It stays so when only one of the two is looked at again, and after a restart.
        cataloger.reopen()
        cataloger.settled_scan(1)
        assert figures(cataloger) == [(2, 1, 0, 0)]


def test_two_files_and_a_view_of_both_are_two_copies(cataloger: Cataloger, tmp_path: Path, view: View) -> None:
    branch = tmp_path / "branch"
    branch.mkdir()
    (branch / "one").write_bytes(CONTENT)
    (branch / "two").write_bytes(CONTENT)
    with view(tmp_path / "shown", branch) as shown:
        for root in (cataloger.add(shown), cataloger.add(branch)):
            cataloger.scan(root)
        assert figures(cataloger) == [(4, 2, len(CONTENT), allocated(branch / "two"))]
        assert len(cataloger.paths("dup:yes")) == 4


def test_copies_on_one_view_are_copies(cataloger: Cataloger, tmp_path: Path, view: View) -> None:
    branch = tmp_path / "branch"
    branch.mkdir()
    for name in ("one", "two"):
        (branch / name).write_bytes(CONTENT)
    with view(tmp_path / "shown", branch) as shown:
        cataloger.add(shown)
        cataloger.scan()
        assert figures(cataloger) == [(2, 0, len(CONTENT), allocated(branch / "two"))]


def test_a_copy_on_an_overlay_that_was_made_at_another_time_is_a_copy(cataloger: Cataloger, tmp_path: Path) -> None:
    lower = tmp_path / "lower"
    lower.mkdir()
    (lower / "hidden").write_bytes(b"other")
    (tmp_path / "beside").mkdir()
    (tmp_path / "beside" / "file").write_bytes(CONTENT)
    with overlay(lower, tmp_path / "upper", tmp_path / "shown") as shown:
        shutil.copy2(tmp_path / "beside" / "file", shown / "copy")
        for root in (cataloger.add(shown), cataloger.add(tmp_path / "beside")):
            cataloger.scan(root)
        assert figures(cataloger) == [(2, 0, len(CONTENT), allocated(tmp_path / "beside" / "file"))]


@DISKS
def test_files_of_two_layers_with_one_inode_number_are_two_files(cataloger: Cataloger, tmp_path: Path) -> None:
    first = make_ext4(tmp_path / "first")
    second = make_ext4(tmp_path / "second")
    with (
        loop_device(first) as one,
        loop_device(second) as two,
        mounted(one, tmp_path / "a") as a,
        mounted(two, tmp_path / "b") as b,
    ):
        (a / "of-a").write_bytes(CONTENT)
        (b / "of-b").write_bytes(CONTENT)
        assert (a / "of-a").stat().st_ino == (b / "of-b").stat().st_ino
        with mounted("overlay", tmp_path / "shown", "-t", "overlay", "-o", f"lowerdir={a}:{b}") as shown:
            cataloger.add(shown)
            cataloger.settled_scan()
            assert figures(cataloger) == [(2, 0, len(CONTENT), allocated(a / "of-a"))]
            assert cataloger.scan().hashed_files == 0


@DISKS
def test_a_disk_and_its_clone_that_are_mounted_together_hold_two_copies(cataloger: Cataloger, tmp_path: Path) -> None:
    image = make_ext4(tmp_path / "image")
    with loop_device(image) as device, mounted(device, tmp_path / "disk") as disk:
        (disk / "file").write_bytes(CONTENT)
    shutil.copy(image, tmp_path / "clone")
    with loop_device(image) as device, mounted(device, tmp_path / "disk") as disk:
        size = allocated(disk / "file")
        with loop_device(tmp_path / "clone") as other, mounted(other, tmp_path / "twin") as twin:
            for root in (cataloger.add(disk), cataloger.add(twin)):
                cataloger.settled_scan(root)
            assert figures(cataloger) == [(2, 0, len(CONTENT), size)]
    # The clone alone: told apart still, and nothing of it is read again.
    with loop_device(tmp_path / "clone") as other, mounted(other, tmp_path / "twin"):
        result = cataloger.settled_scan(2)
        assert (result.state, result.hashed_files, result.removed) == ("done", 0, 0)
        assert figures(cataloger) == [(2, 0, len(CONTENT), size)]
        # Mounted in the order that they were not mounted in before.
        with loop_device(image) as device, mounted(device, tmp_path / "disk"):
            for root in (1, 2):
                result = cataloger.scan(root)
                assert (result.state, result.hashed_files, result.removed) == ("done", 0, 0)
            assert figures(cataloger) == [(2, 0, len(CONTENT), size)]


@DISKS
def test_a_clone_that_was_cataloged_as_its_original_is_told_apart_when_both_are_there(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    image = make_ext4(tmp_path / "image")
    with loop_device(image) as device, mounted(device, tmp_path / "disk") as disk:
        (disk / "file").write_bytes(CONTENT)
        size = allocated(disk / "file")
        cataloger.add(disk)
        cataloger.settled_scan(1)
    shutil.copy(image, tmp_path / "clone")
    with loop_device(tmp_path / "clone") as other, mounted(other, tmp_path / "twin") as twin:
        cataloger.add(twin)
        cataloger.scan(2)
        assert figures(cataloger) == [], "nothing tells it from the original, so nothing would be freed"
        with loop_device(image) as device, mounted(device, tmp_path / "disk"):
            for root in (1, 2):
                result = cataloger.settled_scan(root)
                assert (result.state, result.hashed_files, result.removed) == ("done", 0, 0)
            assert figures(cataloger) == [(2, 0, len(CONTENT), size)]


@DISKS
def test_a_file_that_is_mounted_by_itself_is_of_its_own_volume(
    cataloger: Cataloger, tree: Path, tmp_path: Path
) -> None:
    image = make_ext4(tmp_path / "image")
    with loop_device(image) as device, mounted(device, tmp_path / "disk") as disk:
        (disk / "file").write_bytes(CONTENT)
        (tree / "here").write_bytes(b"")
        run("mount", "--bind", disk / "file", tree / "here")
        try:
            for root in (cataloger.add(tree), cataloger.add(disk)):
                cataloger.settled_scan(root)
            assert figures(cataloger) == [], "one file by two paths"
            (disk / "copy").write_bytes(CONTENT)
            cataloger.settled_scan(2)
            assert figures(cataloger) == [(2, 0, len(CONTENT), allocated(disk / "copy"))]
            (group,) = cataloger.groups()
            by_copy = {path.path: path.copy for path in group.paths}
            assert by_copy[os.fsencode(tree / "here")] == by_copy[os.fsencode(disk / "file")]
            assert by_copy[os.fsencode(disk / "copy")] != by_copy[os.fsencode(disk / "file")]
            assert cataloger.settled_scan(1).hashed_files == 0
        finally:
            run("umount", tree / "here")


@DISKS
def test_one_file_system_leaves_out_a_file_that_is_mounted_from_another(
    cataloger: Cataloger, tree: Path, tmp_path: Path
) -> None:
    image = make_ext4(tmp_path / "image")
    with loop_device(image) as device, mounted(device, tmp_path / "disk") as disk:
        (disk / "file").write_bytes(CONTENT)
        (tree / "own").write_bytes(b"own")
        (tree / "new").write_bytes(b"")
        cataloger.add(tree, one_file_system=True)
        cataloger.scan()
        for name in ("own", "new"):
            run("mount", "--bind", disk / "file", tree / name)
        try:
            result = cataloger.settled_scan()
            assert (result.state, result.files, result.skipped_mounts, result.removed) == ("done", 0, 2, 0)
            assert {row.size for row in cataloger.rows()} == {0, 3}, "what is hidden is not gone"
        finally:
            for name in ("own", "new"):
                run("umount", tree / name)


@DISKS
@pytest.mark.needs("/proc")
def test_a_file_of_the_kernels_that_is_mounted_over_one_is_not_cataloged(cataloger: Cataloger, tree: Path) -> None:
    (tree / "file").write_bytes(CONTENT)
    (tree / "hidden").write_bytes(CONTENT)
    run("mount", "--bind", "/proc/version", tree / "hidden")
    try:
        cataloger.add(tree)
        result = cataloger.scan()
        assert (result.state, result.files, result.skipped_mounts) == ("done", 1, 1)
    finally:
        run("umount", tree / "hidden")


@pytest.mark.needs("mkfs.exfat", "mount.exfat-fuse", "losetup", "/dev/fuse", "/dev/loop-control")
def test_a_stick_whose_inodes_are_given_anew_is_not_read_again(cataloger: Cataloger, tmp_path: Path) -> None:
    image = tmp_path / "stick"
    with open(image, "wb") as file:
        file.truncate(8 << 20)
    run("mkfs.exfat", image)
    (tmp_path / "point").mkdir()
    inodes: list[dict[str, int]] = []
    for turn in range(2):
        with loop_device(image) as device:
            run("mount.exfat-fuse", device, tmp_path / "point")
            try:
                if turn == 0:
                    for number in range(40):
                        (tmp_path / "point" / f"{number}").write_bytes(b"%d" % number * 1000)
                        os.utime(tmp_path / "point" / f"{number}", (1_700_000_000, 1_700_000_000))
                    cataloger.add(tmp_path / "point")
                    assert cataloger.scan().hashed_files == 40
                else:
                    os.stat(tmp_path / "point" / "30")
                    result = cataloger.scan()
                    assert (result.state, result.hashed_files) == ("done", 0)
                    assert (result.added, result.changed, result.removed) == (0, 0, 0)
                names = sorted(os.listdir(tmp_path / "point"), reverse=bool(turn))
                inodes.append({name: os.stat(tmp_path / "point" / name).st_ino for name in names})
                assert {os.path.basename(row.path): row.inode for row in cataloger.rows()} == {
                    os.fsencode(name): number for name, number in inodes[turn].items()
                }
            finally:
                run("umount", tmp_path / "point")
    assert inodes[0] != inodes[1], "the case did not arise"


@pytest.mark.needs("/dev/fuse")
def test_a_program_that_numbers_files_anew_has_nothing_read_again(cataloger: Cataloger, tmp_path: Path) -> None:
    branch = tmp_path / "branch"
    branch.mkdir()
    for number in range(20):
        (branch / f"{number}").write_bytes(b"%d" % number * 1000)
        os.utime(branch / f"{number}", (1_700_000_000, 1_700_000_000))
    seen = []
    for turn in range(2):
        with passing(tmp_path / "shown", branch) as shown:
            if turn:
                os.stat(shown / "7")
            else:
                cataloger.add(shown)
            result = cataloger.settled_scan()
            assert (result.state, result.hashed_files) == ("done", 0 if turn else 20)
            seen.append({row.path: row.inode for row in cataloger.rows()})
    assert seen[0] != seen[1], "the case did not arise"


def test_names_of_a_group_are_numbered_by_copy(cataloger: Cataloger, tree: Path) -> None:
    for name in ("one", "copy"):
        (tree / name).write_bytes(CONTENT)
    os.link(tree / "one", tree / "two")
    cataloger.add(tree)
    cataloger.scan()
    (group,) = cataloger.groups()
    copies: dict[int, set[bytes]] = {}
    for path in group.paths:
        copies.setdefault(path.copy, set()).add(os.path.basename(path.path))
    assert sorted(copies.values(), key=len) == [{b"copy"}, {b"one", b"two"}]
    assert names_of(group) == {b"one", b"two", b"copy"}
