"""Live folders: what happens shows, by the sentences of the hostile cases."""

from __future__ import annotations

import functools
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.integration.live_cataloger import LiveCataloger

CATALOGER = LiveCataloger
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: the tests of its watcher")


def test_a_written_file_shows_and_is_hashed_when_it_has_settled(cataloger: LiveCataloger, tree: Path) -> None:
    cataloger.follow(tree)
    (tree / "new.txt").write_bytes(b"new")
    cataloger.wait(lambda: [row.hash_state for row in cataloger.rows("name:new.txt")] == ["hashed"])
    (event,) = cataloger.events("added")
    assert (event.path, event.root_id) == (os.fsencode(tree / "new.txt"), 1)


def test_folders_made_with_a_file_written_at_once_are_there_to_the_last_row(
    cataloger: LiveCataloger, tree: Path
) -> None:
    cataloger.follow(tree)
    for number in range(20):
        folder = tree / str(number) / "a" / "b" / "c"
        folder.mkdir(parents=True)
        (folder / "file").write_bytes(b"%d" % number)
    assert cataloger.sync().state == "done"
    assert len(cataloger.rows("name:file")) == 20
    assert {row.hash_state for row in cataloger.rows()} == {"hashed"}


def test_a_tree_moved_in_is_there_to_the_last_row_and_one_moved_out_is_gone(
    cataloger: LiveCataloger, tree: Path, tmp_path: Path
) -> None:
    cataloger.follow(tree)
    outside = tmp_path / "outside"
    for number in range(300):
        folder = outside / str(number % 30)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(number)).write_bytes(b"%d" % number)
    os.rename(outside, tree / "inside")
    cataloger.sync()
    assert len(cataloger.rows()) == 300
    os.rename(tree / "inside", outside)
    cataloger.sync()
    assert cataloger.rows() == []


def test_a_renamed_folder_keeps_its_hashes_and_a_file_made_in_it_is_seen(cataloger: LiveCataloger, tree: Path) -> None:
    for number in range(1000):
        folder = tree / "before" / str(number % 10)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / str(number)).write_bytes(b"%d" % number)
    cataloger.follow(tree)
    cataloger.settled_scan()
    hashes = {os.path.basename(row.path): (row.hash, row.inode) for row in cataloger.rows()}
    os.rename(tree / "before", tree / "after")
    (tree / "after" / "3" / "new").write_bytes(b"new")
    cataloger.sync()
    rows = cataloger.rows()
    assert all(row.path.startswith(os.fsencode(tree / "after")) for row in rows)
    assert {
        os.path.basename(row.path): (row.hash, row.inode) for row in rows if not row.path.endswith(b"new")
    } == hashes
    assert [(event.path, event.other_path) for event in cataloger.events("moved")] == [
        (os.fsencode(tree / "after"), os.fsencode(tree / "before"))
    ]
    assert len(cataloger.events("added")) == 1
    # The new file's hash is so young that it is read once more.
    assert cataloger.scan().hashed_files <= 1


def test_a_storm_of_saves_to_one_file_ends_in_one_hash(cataloger: LiveCataloger, tree: Path) -> None:
    cataloger.follow(tree)
    for number in range(500):
        (tree / "saved").write_bytes(b"%d" % number)
    cataloger.sync()
    (row,) = cataloger.rows()
    assert (row.size, row.hash_state) == (3, "hashed")
    assert len(cataloger.events("added")) == 1


def test_a_write_through_one_link_shows_under_all_names(cataloger: LiveCataloger, tree: Path) -> None:
    (tree / "one").mkdir()
    (tree / "other").mkdir()
    (tree / "one" / "name").write_bytes(b"before")
    os.link(tree / "one" / "name", tree / "other" / "name")
    cataloger.follow(tree)
    with (tree / "one" / "name").open("ab") as file:
        file.write(b" and after")
    cataloger.sync()
    rows = cataloger.rows()
    assert {(row.size, row.links, row.hash_state) for row in rows} == {(16, 2, "hashed")}
    assert len({row.hash for row in rows}) == 1
    (tree / "other" / "name").unlink()
    cataloger.sync()
    assert [(row.links, row.hash_state) for row in cataloger.rows()] == [(1, "hashed")]


def test_a_link_to_a_file_known_for_long_is_noticed_on_both(cataloger: LiveCataloger, tree: Path) -> None:
    (tree / "name").write_bytes(b"")
    cataloger.follow(tree)
    os.link(tree / "name", tree / "link")
    cataloger.wait(lambda: sorted(row.links for row in cataloger.rows()) == [2, 2])


def test_a_rename_over_a_file_of_equal_size_and_time_is_hashed_again(cataloger: LiveCataloger, tree: Path) -> None:
    for name, content in (("kept", b"old"), ("new", b"new")):
        (tree / name).write_bytes(content)
        os.utime(tree / name, ns=(0, 10**18))
    cataloger.follow(tree)
    hashes = cataloger.hashes()
    os.rename(tree / "new", tree / "kept")
    cataloger.sync()
    assert cataloger.hashes() == {os.fsencode(tree / "kept"): hashes[os.fsencode(tree / "new")]}


def test_an_edit_whose_times_are_set_back_is_hashed_again(cataloger: LiveCataloger, tree: Path) -> None:
    (tree / "file").write_bytes(b"before")
    before = os.stat(tree / "file")
    cataloger.follow(tree)
    (first,) = cataloger.hashes().values()
    with (tree / "file").open("r+b") as file:
        file.write(b"later!")
    os.utime(tree / "file", ns=(before.st_atime_ns, before.st_mtime_ns))
    cataloger.sync()
    (second,) = cataloger.hashes().values()
    assert first != second


def test_a_duplicate_that_arrives_is_told_with_its_twin(cataloger: LiveCataloger, tree: Path) -> None:
    (tree / "original").write_bytes(b"content" * 100)
    cataloger.follow(tree)
    shutil.copyfile(tree / "original", tree / "copy")
    cataloger.sync()
    told = cataloger.events("duplicate")
    assert [(event.path, event.other_path) for event in told] == [
        (os.fsencode(tree / "copy"), os.fsencode(tree / "original"))
    ]
    (group,) = cataloger.groups()
    assert group.copies == 2


def test_what_the_settings_leave_out_stays_out(cataloger: LiveCataloger, tree: Path) -> None:
    cataloger.follow(tree, exclude=["*.tmp", "cache/"], skip_hidden=True)
    (tree / "cache").mkdir()
    (tree / "cache" / "file").write_bytes(b"1")
    (tree / "x.tmp").write_bytes(b"2")
    (tree / ".hidden").write_bytes(b"3")
    (tree / "seen").write_bytes(b"4")
    assert cataloger.sync().state == "done"
    assert cataloger.paths() == {os.fsencode(tree / "seen")}
    os.rename(tree / "seen", tree / "unseen.tmp")
    cataloger.sync()
    assert cataloger.paths() == set()


def test_a_folder_swapped_for_a_link_leads_nobody_out_of_the_root(
    cataloger: LiveCataloger, tree: Path, tmp_path: Path
) -> None:
    (tree / "folder").mkdir()
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret").write_bytes(b"secret")
    cataloger.follow(tree)
    (tree / "folder").rmdir()
    (tree / "folder").symlink_to(outside)
    (tree / "folder" / "new").write_bytes(b"new")
    cataloger.sync()
    assert cataloger.paths() == set()


def test_the_feed_tells_of_a_file_that_a_rename_from_another_folder_replaced(
    cataloger: LiveCataloger, tree: Path
) -> None:
    for folder, size_bytes in (("one", 10), ("other", 70)):
        (tree / folder).mkdir(parents=True)
        (tree / folder / "name").write_bytes(b"x" * size_bytes)
    cataloger.follow(tree)
    cursor = cataloger.catalog.changes(limit=1000).cursor
    (tree / "one" / "name").rename(tree / "other" / "name")
    cataloger.sync()
    rows = cataloger.catalog.changes(cursor=cursor).rows
    told = [(row.kind, os.path.relpath(os.fsdecode(row.path), tree), row.bytes_delta) for row in rows]
    assert told == [("removed", "other/name", -70), ("moved", "other/name", 0)]


def _has(cataloger: LiveCataloger, expected: dict[bytes, int]) -> bool:
    return {row.path: row.size for row in cataloger.rows(limit=10_000)} == expected


def test_names_in_a_large_folder_are_followed_block_by_block(cataloger: LiveCataloger, tree: Path) -> None:
    (tree / "other").mkdir()
    for number in range(6000):
        (tree / f"{number:05}").touch()
    cataloger.follow(tree)
    for turn in range(4):
        for number in range(turn, 6000, 1500):
            (tree / f"{number:05}").unlink()
            (tree / f"{number + 10:05}").write_bytes(b"x" * (turn + 1))
            (tree / f"{number + 20:05}").rename(tree / f"renamed {number}")
            (tree / f"{number + 30:05}").rename(tree / f"{number + 40:05}")
            (tree / f"{number + 50:05}").rename(tree / "other" / f"{number}")
            (tree / f"new {number}").write_bytes(b"new")
            (tree / f"{number:05}").write_bytes(b"again")
        expected = {os.fsencode(path): path.stat().st_size for path in tree.rglob("*") if path.is_file()}
        cataloger.wait(functools.partial(_has, cataloger, expected))
    assert {row.hash_state for row in cataloger.rows("size:>0")} <= {"hashed", "pending"}
    # No comparison helped: what a scan finds now is nothing.
    result = cataloger.scan()
    assert (result.added, result.changed, result.removed) == (0, 0, 0)


def test_a_sync_has_taken_its_own_file_away_when_it_ends(cataloger: LiveCataloger, tree: Path) -> None:
    cataloger.follow(tree)
    for number in range(50):
        (tree / f"{number}").write_bytes(b"new")
        cataloger.sync()
        assert len(os.listdir(tree)) == number + 1
