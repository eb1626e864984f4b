"""Live folders: files that someone has open for writing, and file systems whose stamps do not tell every write."""

from __future__ import annotations

import hashlib
import mmap
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.integration.live_cataloger import LiveCataloger
from tests.support.mounts import mounted, run

CATALOGER = LiveCataloger
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: the tests of its watcher")

SIZES = [4_096, 300_000]


def known(cataloger: LiveCataloger, path: Path) -> bool:
    """Whether the catalog has the hash of what the file holds now."""
    return cataloger.hashes().get(os.fsencode(path)) == hashlib.sha256(path.read_bytes()).digest()


def rests(cataloger: LiveCataloger) -> bool:
    live = cataloger.live()
    return (live.state, live.pending, live.reason) == ("live", 0, "")


def kernel_has(file_system: str) -> bool:
    known = Path("/proc/filesystems")
    return known.exists() and file_system in known.read_text("ascii").split()


def store(mapped: mmap.mmap, letter: bytes) -> None:
    mapped[0:1] = letter


@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_mapped_file_has_no_hash_while_it_may_change_and_the_last_close_tells(
    cataloger: LiveCataloger, tree: Path, size_bytes: int
) -> None:
    path = tree / "mapped"
    path.write_bytes(b"a" * size_bytes)
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
    store(mapped, b"b")
    cataloger.sync()
    assert (cataloger.row(path).hash_state, cataloger.row(path).hash) == ("unstable", b"")
    cataloger.wait(lambda: "mapped is open for writing" in cataloger.live().reason and cataloger.live().pending == 1)
    store(mapped, b"c")
    cataloger.sync()
    assert cataloger.row(path).hash == b""
    mapped.close()
    cataloger.wait(lambda: known(cataloger, path) and rests(cataloger))


def test_a_file_mapped_since_before_the_first_scan_is_read_when_it_is_closed(
    cataloger: LiveCataloger, tree: Path
) -> None:
    path = tree / "mapped"
    path.write_bytes(b"a" * 4_096)
    with path.open("r+b") as file:
        mapped = mmap.mmap(file.fileno(), 0)
    store(mapped, b"b")
    cataloger.follow(tree, algorithm="sha256")
    store(mapped, b"c")
    mapped.close()
    cataloger.wait(lambda: known(cataloger, path) and rests(cataloger))


def test_a_file_that_stays_open_is_looked_at_again_and_a_removed_one_is_forgotten(
    cataloger: LiveCataloger, tree: Path
) -> None:
    cataloger.follow(tree, algorithm="sha256")
    with (tree / "log").open("ab", buffering=0) as log:
        log.write(b"first")
        cataloger.wait(lambda: "log is open for writing" in cataloger.live().reason)
        log.write(b"second")
        cataloger.sync()
        assert cataloger.row(tree / "log").size == 11
        assert cataloger.row(tree / "log").hash == b""
        (tree / "log").rename(tree / "log.1")
        cataloger.wait(lambda: "log.1 is open for writing" in cataloger.live().reason)
        (tree / "log.1").unlink()
        cataloger.wait(lambda: rests(cataloger))
    assert cataloger.rows() == []


def test_a_file_that_is_open_in_a_folder_that_goes_is_forgotten(cataloger: LiveCataloger, tree: Path) -> None:
    (tree / "folder").mkdir()
    cataloger.follow(tree, algorithm="sha256")
    with (tree / "folder" / "log").open("ab", buffering=0) as log:
        log.write(b"first")
        cataloger.wait(lambda: "log is open for writing" in cataloger.live().reason)
        shutil.rmtree(tree / "folder")
        cataloger.wait(lambda: rests(cataloger))


def test_a_file_that_is_open_for_writing_is_in_no_group(cataloger: LiveCataloger, tree: Path) -> None:
    for name in ("one", "other"):
        (tree / name).write_bytes(b"a" * 5_000)
    cataloger.follow(tree, algorithm="sha256")
    cataloger.settled_scan()
    assert len(cataloger.groups()) == 1
    with (tree / "one").open("r+b", buffering=0) as file:
        file.write(b"a")
        cataloger.sync()
        assert cataloger.groups() == []
    cataloger.wait(lambda: rests(cataloger) and len(cataloger.groups()) == 1)


def test_a_file_that_is_open_for_reading_is_hashed(cataloger: LiveCataloger, tree: Path) -> None:
    cataloger.follow(tree, algorithm="sha256")
    (tree / "file").write_bytes(b"read")
    with (tree / "file").open("rb"):
        cataloger.wait(lambda: rests(cataloger) and known(cataloger, tree / "file"))


@pytest.mark.needs("root", "mount")
def test_a_mapped_page_in_memory_is_written_without_new_stamps_and_read_at_the_close(
    cataloger: LiveCataloger, tmp_path: Path
) -> None:
    with mounted("tmpfs", tmp_path / "memory", "-t", "tmpfs", "-o", "size=4m") as tree:
        path = tree / "mapped"
        path.write_bytes(b"a" * 4_096)
        cataloger.follow(tree, algorithm="sha256")
        cataloger.settled_scan()
        for letter in (b"b", b"c"):
            with path.open("r+b") as file, mmap.mmap(file.fileno(), 0) as mapped:
                assert mapped[0:1] != letter
                store(mapped, letter)
            cataloger.wait(lambda: known(cataloger, path) and rests(cataloger))
        cataloger.catalog.close()


@pytest.mark.needs("root", "mount", "mkfs.vfat")
@pytest.mark.skipif(not kernel_has("vfat"), reason="only on a kernel that has vfat")
def test_a_write_on_fat_with_its_time_set_back_is_told_by_the_event_alone(
    cataloger: LiveCataloger, tmp_path: Path
) -> None:
    image = tmp_path / "stick"
    with image.open("wb") as file:
        file.truncate(4 << 20)
    run("mkfs.vfat", image)
    with mounted(image, tmp_path / "fat", "-o", "loop") as tree:
        path = tree / "file"
        path.write_bytes(b"before")
        os.utime(path, (10**9, 10**9))
        cataloger.follow(tree, algorithm="sha256")
        cataloger.settled_scan()
        for data in (b"later!", b"last..", b"before"):
            path.write_bytes(data)
            os.utime(path, (10**9, 10**9))
            cataloger.wait(lambda: known(cataloger, path) and rests(cataloger))
        cataloger.catalog.close()


@pytest.mark.needs("root", "mount")
def test_writes_within_one_whole_second_are_told_apart(cataloger: LiveCataloger, tmp_path: Path) -> None:
    image = tmp_path / "disk"
    with image.open("wb") as file:
        file.truncate(8 << 20)
    run("mkfs.ext4", "-q", "-F", "-I", "128", image)
    with mounted(image, tmp_path / "whole", "-o", "loop") as tree:
        path = tree / "file"
        path.write_bytes(b"0" * 300_000)
        cataloger.follow(tree, algorithm="sha256")
        for number in range(10):
            before = path.stat()
            with path.open("r+b") as opened:
                opened.write(b"%d" % number * 300_000)
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
            if number % 2:
                path.rename(tree / "other")
                (tree / "other").rename(path)
            cataloger.wait(lambda: known(cataloger, path) and cataloger.live().pending == 0)
        cataloger.catalog.close()
