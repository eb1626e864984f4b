"""Hostile cases of identity and counting: what is one file, what is a copy, and what a clean-up would free."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from tests.integration.catalogs import ONLY_POSIX, Cataloger, allocated, below, names_of

pytestmark = ONLY_POSIX


def test_hard_links_only_are_no_group_and_nothing_to_reclaim(cataloger: Cataloger, tree: Path) -> None:
    (tree / "one").write_bytes(b"same" * 1000)
    os.link(tree / "one", tree / "two")
    cataloger.add(tree)
    result = cataloger.scan()
    page = cataloger.catalog.duplicates()
    assert (page.groups, page.total_groups, page.total_reclaimable_bytes, page.total_freed_bytes) == ([], 0, 0, 0)
    assert result.files == 2
    assert cataloger.paths("dup:yes") == set()
    assert {row.links for row in cataloger.rows()} == {2}


def test_two_hard_links_and_one_copy_are_two_copies_and_one_size(cataloger: Cataloger, tree: Path) -> None:
    for name in ("one", "copy"):
        (tree / name).write_bytes(b"same" * 1000)
    os.link(tree / "one", tree / "two")
    cataloger.add(tree)
    cataloger.scan()
    (group,) = cataloger.groups()
    assert (group.size, group.copies, group.reclaimable_bytes, group.freed_bytes) == (
        4000,
        2,
        4000,
        allocated(tree / "copy"),
    )
    assert names_of(group) == {b"one", b"two", b"copy"}
    assert group.total_paths == 3


def test_a_copy_that_is_linked_from_outside_is_the_one_to_keep(cataloger: Cataloger, tree: Path) -> None:
    for name in ("linked", "free"):
        (tree / name).write_bytes(b"same" * 1000)
    os.link(tree / "linked", tree.parent / "outside")
    cataloger.add(tree)
    cataloger.scan()
    (group,) = cataloger.groups()
    assert (group.copies, group.reclaimable_bytes, group.freed_bytes) == (2, 4000, allocated(tree / "free"))


def test_copies_that_are_all_linked_from_outside_free_nothing(cataloger: Cataloger, tree: Path) -> None:
    for name in ("one", "two"):
        (tree / name).write_bytes(b"same" * 1000)
        os.link(tree / name, tree.parent / f"outside-{name}")
    cataloger.add(tree)
    cataloger.scan()
    (group,) = cataloger.groups()
    assert (group.copies, group.reclaimable_bytes, group.freed_bytes) == (2, 4000, 0)


@pytest.mark.parametrize("size_bytes", [5_000, 131_073, 3_000_000])
def test_files_that_differ_in_the_middle_byte_alone_are_not_duplicates(
    cataloger: Cataloger, tree: Path, size_bytes: int
) -> None:
    content = bytearray(b"x" * size_bytes)
    (tree / "one").write_bytes(content)
    content[size_bytes // 2] = ord("y")
    (tree / "two").write_bytes(content)
    cataloger.add(tree)
    cataloger.scan()
    assert cataloger.groups() == []
    assert len(set(cataloger.hashes().values())) == 2


def test_a_sparse_file_and_its_twin_are_equal_and_free_what_is_allocated(cataloger: Cataloger, tree: Path) -> None:
    for name in ("one", "twin"):
        with open(tree / name, "wb") as file:
            file.truncate(1 << 30)
            file.seek((1 << 30) - 4096)
            file.write(b"end" * 1000)
    cataloger.add(tree)
    cataloger.scan()
    (group,) = cataloger.groups()
    assert group.reclaimable_bytes == group.size > 1 << 29
    assert group.freed_bytes == allocated(tree / "twin") < 1 << 20
    assert {row.allocated for row in cataloger.rows()} == {allocated(tree / "one"), allocated(tree / "twin")}


def test_empty_files_are_left_out_and_one_group_when_asked_for(cataloger: Cataloger, tree: Path) -> None:
    for part in range(20):
        (tree / f"{part}").mkdir()
        for number in range(1_000):
            os.close(os.open(tree / f"{part}" / f"{number}.log", os.O_CREAT | os.O_WRONLY))
    cataloger.add(tree)
    assert cataloger.scan().files == 20_000
    assert cataloger.groups() == []
    assert cataloger.catalog.find("empty:yes").total == 20_000
    page = cataloger.catalog.duplicates(min_size=0, paths_limit=10)
    (group,) = page.groups
    assert (group.size, group.copies, group.reclaimable_bytes, group.freed_bytes) == (0, 20_000, 0, 0)
    assert (len(group.paths), group.total_paths) == (10, 20_000)
    assert (page.total_groups, page.total_redundant_files) == (1, 19_999)


@pytest.mark.needs("/proc")
def test_names_of_bytes_that_are_no_text_are_two_rows(cataloger: Cataloger, tree: Path) -> None:
    folder = os.fsencode(tree)
    for name in (b"\xff", b"\xfe"):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(b"same")
    cataloger.add(tree)
    cataloger.scan()
    expected = {os.path.join(folder, b"\xff"), os.path.join(folder, b"\xfe")}
    assert cataloger.paths() == expected
    (group,) = cataloger.groups()
    assert {path.path for path in group.paths} == expected
    for path in expected:
        os.unlink(path)
        assert cataloger.scan().removed == 1
    assert cataloger.paths() == set()


def test_names_with_newlines_quotes_and_escapes_come_back_as_they_are(cataloger: Cataloger, tree: Path) -> None:
    names = ["new\nline", 'quo"te', "it's", "-rf", "=1+1", "\x1b[31mred", "tab\there", "back\\slash", " ", "a,b"]
    for name in names:
        (tree / name).write_bytes(b"same")
    cataloger.add(tree)
    cataloger.scan()
    assert cataloger.paths() == below(tree, names)
    (group,) = cataloger.groups()
    assert group.copies == len(names)
    assert cataloger.paths('"quo\\"te"') | cataloger.paths("-rf") <= below(tree, names)


@pytest.mark.needs("/proc")
def test_composed_and_decomposed_names_are_two_files(cataloger: Cataloger, tree: Path) -> None:
    (tree / "caf\u00e9").write_bytes(b"composed")
    (tree / "cafe\u0301").write_bytes(b"apart")
    cataloger.add(tree)
    assert cataloger.scan().files == 2
    assert cataloger.paths() == below(tree, ["caf\u00e9", "cafe\u0301"])
    assert cataloger.settled_scan().changed == 0


def test_a_loop_of_symlinks_ends(cataloger: Cataloger, tree: Path) -> None:
    (tree / "folder").mkdir()
    (tree / "file").write_bytes(b"content")
    os.symlink(tree, tree / "folder" / "up")
    os.symlink(".", tree / "here")
    os.symlink("itself", tree / "itself")
    cataloger.add(tree)
    result = cataloger.scan()
    assert (result.state, result.files, result.directories, result.symlinks) == ("done", 1, 2, 3)


def test_a_symlink_and_its_target_are_not_two_copies(cataloger: Cataloger, tree: Path) -> None:
    (tree / "file").write_bytes(b"content")
    os.symlink("file", tree / "link")
    cataloger.add(tree)
    result = cataloger.scan()
    assert (result.files, result.symlinks, cataloger.groups()) == (1, 1, [])
    assert cataloger.paths() == below(tree, ["file"])


def test_fifos_sockets_and_dangling_symlinks_are_counted_and_are_no_errors(cataloger: Cataloger, tree: Path) -> None:
    (tree / "file").write_bytes(b"content")
    os.mkfifo(tree / "fifo")
    os.symlink("nowhere", tree / "dangling")
    cataloger.add(tree)
    for _ in range(2):
        result = cataloger.settled_scan()
        assert (result.state, result.files, result.special, result.symlinks, result.errors) == ("done", 1, 1, 1, 0)
    assert cataloger.catalog.find("").total == 1


@pytest.mark.needs("mount", "root")
def test_a_bind_mount_is_one_file_with_two_paths(cataloger: Cataloger, tree: Path) -> None:
    (tree / "folder").mkdir()
    (tree / "mirror").mkdir()
    (tree / "folder" / "file").write_bytes(b"content" * 1000)
    subprocess.run(["mount", "--bind", tree / "folder", tree / "mirror"], check=True)
    try:
        cataloger.add(tree)
        result = cataloger.scan()
        assert (result.state, result.files) == ("done", 2)
        assert cataloger.groups() == []
        assert cataloger.paths("dup:yes") == set()
        assert len({row.inode for row in cataloger.rows()}) == 1
    finally:
        subprocess.run(["umount", tree / "mirror"], check=True)


@pytest.mark.needs("/proc")
def test_a_path_deeper_than_4096_bytes_is_cataloged(cataloger: Cataloger, tree: Path) -> None:
    name = "d" * 200
    levels = 25
    top = os.open(tree, os.O_RDONLY)
    folder = os.dup(top)
    for _ in range(levels):
        os.mkdir(name, dir_fd=folder)
        below_it = os.open(name, os.O_RDONLY, dir_fd=folder)
        os.close(folder)
        folder = below_it
    try:
        with open(os.open("deep.txt", os.O_CREAT | os.O_WRONLY, dir_fd=folder), "wb") as file:
            file.write(b"deep")
        with open(os.open("large.bin", os.O_CREAT | os.O_WRONLY, dir_fd=folder), "wb") as file:
            file.write(b"large" * 100_000)
        (tree / "shallow.txt").write_bytes(b"deep")
        cataloger.add(tree)
        result = cataloger.scan()
        assert (result.state, result.files, result.directories) == ("done", 3, levels + 1)
        path = os.fsencode(tree) + b"/" + b"/".join([name.encode()] * levels)
        assert len(path) > 4096
        assert cataloger.paths() == {
            path + b"/deep.txt",
            path + b"/large.bin",
            os.fsencode(tree / "shallow.txt"),
        }
        assert all(cataloger.hashes().values())
        (group,) = cataloger.groups()
        assert group.copies == 2
        assert cataloger.settled_scan().changed == 0
    finally:
        os.unlink("deep.txt", dir_fd=folder)
        os.unlink("large.bin", dir_fd=folder)
        for level in range(levels, 0, -1):
            above = os.open("..", os.O_RDONLY, dir_fd=folder)
            os.close(folder)
            folder = above
            os.rmdir(name, dir_fd=folder)
            assert level
        os.close(folder)
        os.close(top)
