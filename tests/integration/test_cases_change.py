"""Hostile cases of files that change under our feet: no hash is shown that the bytes do not have."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import time
from pathlib import Path

import pytest

from sanchay_engine import EngineError
from tests.integration.catalogs import ONLY_POSIX, Cataloger

pytestmark = ONLY_POSIX

#: Read in the listing, and after it.
SIZES = [5_000, 300_000]


def content(letter: str, size_bytes: int) -> bytes:
    return (letter * size_bytes).encode()


@pytest.fixture
def sha(cataloger: Cataloger, tree: Path) -> Cataloger:
    """A catalog whose hashes the standard library can check; its one root is the tree."""
    cataloger.add(tree, algorithm="sha256")
    return cataloger


def check_hash(cataloger: Cataloger, path: Path) -> None:
    row = cataloger.row(path)
    assert (row.hash_state, row.algorithm) == ("hashed", "sha256")
    assert row.hash == hashlib.sha256(path.read_bytes()).digest()


@pytest.mark.parametrize("size_bytes", SIZES)
def test_a_file_renamed_over_with_equal_size_and_time_is_read_again(
    sha: Cataloger, tree: Path, size_bytes: int
) -> None:
    path = tree / "file"
    path.write_bytes(content("a", size_bytes))
    os.utime(path, ns=(10**18, 10**18))
    sha.settled_scan()
    assert sha.settled_scan().hashed_files == 0
    (tree.parent / "other").write_bytes(content("b", size_bytes))
    os.utime(tree.parent / "other", ns=(10**18, 10**18))
    os.rename(tree.parent / "other", path)
    result = sha.settled_scan()
    assert (result.hashed_files, result.changed) == (1, 1)
    check_hash(sha, path)


@pytest.mark.parametrize("size_bytes", SIZES)
def test_an_edit_with_its_times_set_back_is_read_again(sha: Cataloger, tree: Path, size_bytes: int) -> None:
    path = tree / "file"
    path.write_bytes(content("a", size_bytes))
    before = os.stat(path)
    sha.settled_scan()
    assert sha.settled_scan().hashed_files == 0
    path.write_bytes(content("b", size_bytes))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert sha.settled_scan().hashed_files == 1
    check_hash(sha, path)


def test_a_new_file_on_the_inode_of_an_old_one_does_not_get_its_hash(sha: Cataloger, tree: Path) -> None:
    path = tree / "file"
    inode = None
    for letter in "abcdefgh":
        path.write_bytes(content(letter, 5_000))
        os.utime(path, ns=(10**18, 10**18))
        sha.settled_scan()
        check_hash(sha, path)
        assert inode is None or sha.row(path).inode == os.stat(path).st_ino
        inode = os.stat(path).st_ino
        os.unlink(path)


def test_times_before_1970_are_distinct(sha: Cataloger, tree: Path) -> None:
    times = [-1, -1_000_000_000, -1_500_000_000, -86_400 * 10**9 * 365 * 40 - 7]
    for number, at in enumerate(times):
        (tree / f"{number}").write_bytes(b"content")
        os.utime(tree / f"{number}", ns=(at, at))
    sha.settled_scan()
    assert [sha.row(tree / f"{number}").modified_ns for number in range(len(times))] == times
    assert sha.settled_scan().hashed_files == 0
    os.utime(tree / "0", ns=(-2, -2))
    assert sha.settled_scan().changed == 1
    assert sha.row(tree / "0").modified_ns == -2
    assert sha.paths("modified:<1960-01-01") == {os.fsencode(tree / "3")}


def test_a_time_that_64_bits_cannot_hold_is_no_date_anywhere(sha: Cataloger, tree: Path) -> None:
    for name, year_s in (("late", 10_413_792_000), ("old", 0)):
        (tree / name).write_bytes(name.encode())
        os.utime(tree / name, (year_s, year_s))
    assert (tree / "late").stat().st_mtime == 10_413_792_000, "the test needs a file system that keeps the year 2300"
    sha.settled_scan()
    assert sha.row(tree / "late").modified_ns == 2**63 - 1
    assert sha.paths("modified:>2024") == {os.fsencode(tree / "late")}
    for expression in ("modified:2300", "modified:>2299-06", "modified:<0001", "modified:>9999y"):
        with pytest.raises(EngineError, match="out of range"):
            sha.paths(expression)
    lines = [json.loads(line) for line in b"".join(sha.catalog.export("", "ndjson")).splitlines()]
    assert {Path(line["path"]).name: line["modified"] for line in lines} == {
        "late": None, "old": "1970-01-01T00:00:00Z"
    }  # fmt: skip
    header, *rows = (line.split(b",") for line in b"".join(sha.catalog.export("", "csv")).splitlines())
    assert sorted(row[header.index(b"modified")] for row in rows) == [b"", b"1970-01-01T00:00:00Z"]


@pytest.mark.parametrize("hash_scope", ["all", "duplicates"])
@pytest.mark.parametrize("size_bytes", SIZES)
def test_the_second_of_two_writes_within_a_tick_is_seen(
    cataloger: Cataloger, tree: Path, size_bytes: int, hash_scope: str
) -> None:
    cataloger.add(tree, algorithm="sha256", hash=hash_scope)
    path = tree / "file"
    for letter in "ab":
        (tree / f"twin {letter}").write_bytes(content(letter, size_bytes))
    same_stamp = 0
    for _ in range(20):
        path.write_bytes(content("a", size_bytes))
        cataloger.scan()
        before = os.stat(path)
        with open(path, "r+b") as file:
            file.write(content("b", size_bytes))
        same_stamp += os.stat(path).st_ctime_ns == before.st_ctime_ns
        cataloger.settled_scan()
        check_hash(cataloger, path)
    assert cataloger.settled_scan().hashed_files <= 1


@pytest.mark.parametrize("hash_scope", ["all", "duplicates"])
def test_a_hash_of_a_file_just_written_is_shown_and_read_once_more(
    cataloger: Cataloger, tree: Path, hash_scope: str
) -> None:
    cataloger.add(tree, hash=hash_scope)
    for attempt in range(20):  # a machine that takes its time may let them grow old before they are read
        for name in ("one", "two"):
            (tree / name).write_bytes(content(str(attempt), 5_000))
        assert cataloger.scan().hashed_files == 2
        (group,) = cataloger.groups()
        assert group.copies == 2
        read_once_more = cataloger.settled_scan().hashed_files
        assert cataloger.settled_scan().hashed_files == 0
        assert cataloger.groups()[0].copies == 2
        if read_once_more == 2:
            return
    raise AssertionError("what was just written was never read once more")


def test_a_file_that_is_written_all_the_time_never_has_a_torn_hash(sha: Cataloger, tree: Path) -> None:
    path, page_bytes, pages = tree / "rewritten", 4096, 100
    # All contents that the file ever has: the writer goes through it page by page, and starts over with another letter.
    states = set()
    for new, old in ((b"b", b"a"), (b"a", b"b")):
        for written in range(pages + 1):
            whole = new * (written * page_bytes) + old * ((pages - written) * page_bytes)
            states.add(hashlib.sha256(whole).digest())
    path.write_bytes(b"a" * (pages * page_bytes))
    stop = threading.Event()

    def write() -> None:
        with open(path, "r+b", buffering=0) as file:
            while True:
                for letter in (b"b", b"a"):
                    for number in range(pages):
                        if stop.is_set():
                            return
                        file.seek(number * page_bytes)
                        file.write(letter * page_bytes)
                        time.sleep(0.0002)

    writer = threading.Thread(target=write)
    writer.start()
    scans = unstable = 0
    try:
        while scans < 30 or not unstable:  # a writer that gets no time is no writer: it goes on until there was one
            result = sha.scan()
            assert (result.state, result.errors) == ("done", 0)
            scans += 1
            unstable += result.unstable
            row = sha.row(path)
            assert row.hash_state in ("hashed", "unstable")
            assert (row.hash in states) if row.hash else (row.hash_state == "unstable")
    finally:
        stop.set()
        writer.join()
    result = sha.settled_scan()
    assert result.unstable == 0
    check_hash(sha, path)


def test_a_file_that_grows_while_it_is_read_is_retried_at_the_next_scan(sha: Cataloger, tree: Path) -> None:
    path = tree / "log"
    stop = threading.Event()

    def append() -> None:
        with open(path, "ab", buffering=0) as file:
            while not stop.is_set():
                file.write(b"line of the log\n" * 4_000)
                time.sleep(0.001)
                if file.tell() > 50_000_000:
                    file.truncate(0)

    path.write_bytes(b"begin" * 100_000)
    writer = threading.Thread(target=append)
    writer.start()
    try:
        for _ in range(10):
            assert sha.scan().state == "done"
    finally:
        stop.set()
        writer.join()
    sha.settled_scan()
    check_hash(sha, path)


@pytest.mark.parametrize("threads", [2, 4])
def test_totals_hold_though_a_folder_takes_longer_than_those_below_it(tmp_path: Path, tree: Path, threads: int) -> None:
    folder = tree
    for name in ("slow", "below", "it"):
        folder = folder / name
        folder.mkdir()
    (folder / "file").write_bytes(b"content")
    for number in range(4_000):
        with open(tree / "slow" / f"{number}", "wb") as file:
            file.truncate(131_072)
    cataloger = Cataloger(tmp_path / "home", threads=threads)
    try:
        cataloger.add(tree, algorithm="sha256")
        result = cataloger.scan()
        usage = {row.path: row.files for row in cataloger.catalog.usage(depth=9).rows}
        assert usage[os.fsencode(tree)] == result.files == 4_001
        assert usage[os.fsencode(tree / "slow")] == 4_001
        assert cataloger.catalog.status().directories == 4
    finally:
        cataloger.catalog.close()
