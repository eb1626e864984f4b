"""Live folders: a hash is the content's, also where a rename or an exchange gave the file its stamps."""

from __future__ import annotations

import hashlib
import os
import sys
from pathlib import Path

import pytest

from tests.integration.live_cataloger import LiveCataloger
from tests.support.exchange import exchange

CATALOGER = LiveCataloger
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: the tests of its watcher")

SIZES = [6, 5_000, 200_000]


def content(letter: str, size_bytes: int) -> bytes:
    return letter.encode() * size_bytes


def overwrite(path: Path, data: bytes) -> None:
    """Writes in place and sets the times back."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(data)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def hashes_hold(cataloger: LiveCataloger, tree: Path) -> bool:
    """Whether every file has the hash of what it holds, and every row is of a file."""
    held = {os.fsencode(path): path.read_bytes() for path in tree.rglob("*") if path.is_file()}
    expected = {path: hashlib.sha256(data).digest() for path, data in held.items()}
    return cataloger.hashes() == expected


def settled(cataloger: LiveCataloger, tree: Path) -> None:
    """Until nothing pends and the hashes hold, by events alone."""
    cataloger.wait(
        lambda: hashes_hold(cataloger, tree) and (cataloger.live().state, cataloger.live().pending) == ("live", 0)
    )
    # And so it stays.
    assert cataloger.sync().state == "done"
    assert hashes_hold(cataloger, tree)


@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_write_after_a_rename_with_its_time_set_back_has_the_file_read(
    cataloger: LiveCataloger, tree: Path, size_bytes: int
) -> None:
    names = [f"{number}" for number in range(20)]
    for name in names:
        (tree / name).write_bytes(content("a", size_bytes) + name.encode())
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    for name in names:
        (tree / name).rename(tree / f"{name}.moved")
        overwrite(tree / f"{name}.moved", content("b", 3))
    settled(cataloger, tree)


def test_a_write_after_a_rename_is_seen_though_another_folder_was_renamed_too(
    cataloger: LiveCataloger, tree: Path
) -> None:
    (tree / "folder").mkdir()
    for number in range(20):
        (tree / "folder" / f"{number}").write_bytes(b"before%d" % number)
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    for number in range(20):
        (tree / "folder" / f"{number}").rename(tree / "folder" / f"{number}.moved")
    (tree / "folder").rename(tree / "other")
    for number in range(20):
        overwrite(tree / "other" / f"{number}.moved", b"later!")
    settled(cataloger, tree)


def test_a_write_by_a_link_that_goes_again_and_a_rename_leave_no_hash_for_good(
    cataloger: LiveCataloger, tree: Path
) -> None:
    (tree / "file").write_bytes(b"before")
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    os.link(tree / "file", tree / "link")
    overwrite(tree / "link", b"later!")
    (tree / "link").unlink()
    (tree / "file").rename(tree / "renamed")
    cataloger.sync()
    cataloger.reopen()
    cataloger.settled_scan()
    assert hashes_hold(cataloger, tree)


def test_a_renamed_file_is_not_read_again_and_its_hash_is_trusted_by_a_scan_that_follows(
    cataloger: LiveCataloger, tree: Path
) -> None:
    (tree / "file").write_bytes(content("a", 300_000))
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    (tree / "file").rename(tree / "renamed")
    assert cataloger.sync().hashed_bytes == 0
    assert hashes_hold(cataloger, tree)
    assert cataloger.scan().hashed_bytes == 0


def test_a_rename_that_a_killed_process_heard_is_read_by_the_next(cataloger: LiveCataloger, tree: Path) -> None:
    (tree / "file").write_bytes(b"before")
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    (tree / "file").rename(tree / "renamed")
    cataloger.wait(lambda: cataloger.paths() == {os.fsencode(tree / "renamed")})
    cataloger.reopen()
    assert cataloger.settled_scan().hashed_files == 1
    assert cataloger.settled_scan().hashed_files == 0


@pytest.mark.parametrize("size_bytes", SIZES)
def test_files_that_are_exchanged_have_each_others_hashes(
    cataloger: LiveCataloger, tree: Path, size_bytes: int
) -> None:
    (tree / "folder").mkdir()
    for name in ("one", "other", "folder/third"):
        (tree / name).write_bytes(content(name[-1], size_bytes))
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    for one, other in [("one", "other"), ("one", "folder/third"), ("other", "one")]:
        exchange(tree / one, tree / other)
        settled(cataloger, tree)


def test_folders_that_are_exchanged_have_each_others_files(cataloger: LiveCataloger, tree: Path) -> None:
    for folder, letter in (("one/deep", "a"), ("other/deep", "b"), ("other/else", "c")):
        (tree / folder).mkdir(parents=True)
        for number in range(5):
            (tree / folder / f"{number}").write_bytes(content(letter, 100 + number))
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    for one, other in [("one", "other"), ("one/deep", "other/deep"), ("one/else", "other")]:
        exchange(tree / one, tree / other)
        settled(cataloger, tree)
    (tree / "one" / "else" / "new").write_bytes(b"new")
    settled(cataloger, tree)


def test_a_file_and_a_folder_are_exchanged(cataloger: LiveCataloger, tree: Path) -> None:
    (tree / "folder" / "deep").mkdir(parents=True)
    (tree / "folder" / "deep" / "inner").write_bytes(b"inner")
    (tree / "file").write_bytes(b"file")
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    for _ in range(2):
        exchange(tree / "folder", tree / "file")
        settled(cataloger, tree)


def test_what_was_just_written_is_hashed_though_it_is_exchanged_at_once(cataloger: LiveCataloger, tree: Path) -> None:
    for folder in ("one", "other"):
        (tree / folder).mkdir()
        (tree / folder / "file").write_bytes(folder.encode())
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    for turn in range(10):
        (tree / "one" / "file").rename(tree / "one" / f"{turn}")
        overwrite(tree / "one" / f"{turn}", b"%03d" % turn)
        (tree / "one" / "file").write_bytes(b"%d" % turn)
        exchange(tree / "one", tree / "other")
    settled(cataloger, tree)


def test_files_of_two_roots_are_exchanged(cataloger: LiveCataloger, tmp_path: Path) -> None:
    roots = [tmp_path / "first", tmp_path / "second"]
    for root in roots:
        root.mkdir()
        (root / "file").write_bytes(root.name.encode())
        cataloger.follow(root, algorithm="sha256")
    cataloger.settled_scan(1)
    cataloger.settled_scan(2)
    exchange(roots[0] / "file", roots[1] / "file")
    expected = {os.fsencode(root / "file"): hashlib.sha256((root / "file").read_bytes()).digest() for root in roots}
    cataloger.wait(
        lambda: cataloger.hashes() == expected and cataloger.live(1).pending == cataloger.live(2).pending == 0
    )
