"""The engine's calls that need no catalog: equal files, checksums, and listings as Arrow streams."""

from __future__ import annotations

import gc
import hashlib
import os
import signal
import stat
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pyarrow
import pytest

import sanchay_engine
from sanchay_engine import WALK_COLUMNS, EngineError, checksum, find_duplicates, walk
from tests.support.daemon import PATIENCE_S

Build = Callable[[dict[bytes, bytes]], bytes]

on_unix = pytest.mark.skipif(os.name != "posix", reason="only on Unix")
on_linux = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux")


@pytest.fixture
def build(tmp_path: Path) -> Build:
    """Writes files by their paths below a new folder; gives the folder's path."""

    def write(files: dict[bytes, bytes]) -> bytes:
        root = os.fsencode(tmp_path / "tree")
        os.mkdir(root)
        for name, content in files.items():
            path = os.path.join(root, name)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with open(path, "wb") as file:
                file.write(content)
        return root

    return write


def rows(paths: list[bytes], batch_rows: int = 65536) -> dict[bytes, dict[str, object]]:
    """The rows of a walk by their paths."""
    table = pyarrow.table(walk(paths, batch_rows=batch_rows))
    found = {row["path"]: row for row in table.to_pylist()}
    assert len(found) == table.num_rows
    return found


def test_two_hard_links_and_a_copy_are_two_copies_and_one_size_to_win(build: Build) -> None:
    root = build({b"a": b"x" * 5000, b"copy": b"x" * 5000, b"alone": b"y" * 5000})
    os.link(os.path.join(root, b"a"), os.path.join(root, b"a, too"))
    (group,) = find_duplicates([root])
    assert (group.size, group.copies, group.reclaimable_bytes) == (5000, 2, 5000)
    assert (group.algorithm, len(group.hash), group.total_paths) == ("blake3", 32, 3)
    assert [path.path for path in group.paths] == [os.path.join(root, name) for name in (b"a", b"a, too", b"copy")]
    for path in group.paths:
        status = os.stat(path.path)
        assert (path.inode, path.modified_ns, path.root_id) == (status.st_ino, status.st_mtime_ns, 0)
    assert checksum([group.paths[0].path]) == [(group.paths[0].path, group.hash)]


def test_the_largest_gain_comes_first_and_small_and_empty_files_only_when_asked_for(build: Build) -> None:
    large = b"z" * 200_000
    root = build({b"1": b"x", b"2": b"x", b"b/1": large, b"b/2": large, b"c/1": b"", b"c/2": b""})
    gains = [group.reclaimable_bytes for group in find_duplicates([root], threads=1)]
    assert gains == [200_000, 1]
    assert [group.size for group in find_duplicates([root], min_size=2)] == [200_000]
    assert [group.size for group in find_duplicates([root], min_size=0)] == [200_000, 1, 0]


@on_unix
def test_links_and_special_files_are_neither_copies_nor_opened(build: Build) -> None:
    root = build({b"folder/file": b"content"})
    file = os.path.join(root, b"folder/file")
    os.symlink(b"folder/file", os.path.join(root, b"link"))
    os.symlink(b"..", os.path.join(root, b"folder/circle"))
    fifo = os.path.join(root, b"fifo")
    os.mkfifo(fifo)
    assert find_duplicates([root], min_size=0) == []
    assert list(rows([root])) == [file]
    for path in (fifo, os.path.join(root, b"link"), root):
        ((given, error),) = checksum([path])
        assert given == path
        assert isinstance(error, EngineError)
        assert error.path == path


def test_a_checksum_is_the_digest_or_what_went_wrong(build: Build) -> None:
    contents = {b"empty": b"", b"small": b"abc", b"large": bytes(range(256)) * 4096}
    root = build(contents)
    missing = os.path.join(root, b"missing")
    paths = [os.path.join(root, name) for name in contents] + [missing]
    answers = checksum(paths, "sha256", threads=3)
    assert [path for path, _ in answers] == paths
    assert [digest for _, digest in answers[:3]] == [hashlib.sha256(content).digest() for content in contents.values()]
    error = answers[3][1]
    assert isinstance(error, EngineError)
    assert (error.kind, error.path, error.message) == ("not_found", missing, str(error))
    assert (error.term, error.position) == (None, None)
    assert checksum([]) == []
    with pytest.raises(EngineError, match="md5") as refused:
        checksum(paths, "md5")  # type: ignore[arg-type]
    assert refused.value.kind == "invalid_argument"


def test_a_walk_is_a_table_of_the_documented_columns(build: Build) -> None:
    root = build({b"a": b"1", b"b/c": b"22"})
    table = pyarrow.table(walk([root]))
    assert [(field.name, str(field.type)) for field in table.schema] == list(WALK_COLUMNS)
    assert [field.name for field in table.schema if field.nullable] == ["created_ns"]
    row = rows([root])[os.path.join(root, b"b/c")]
    status = os.stat(os.path.join(root, b"b/c"))
    assert (row["name"], row["size"], row["modified_ns"]) == (b"c", 2, status.st_mtime_ns)
    assert (row["inode"], row["links"]) == (status.st_ino, 1)
    if os.name == "posix":
        assert (row["allocated"], row["owner"]) == (status.st_blocks * 512, status.st_uid)
    assert pyarrow.table(walk([])).num_rows == 0


def test_a_walk_comes_in_batches_and_can_be_taken_again(build: Build) -> None:
    root = build({f"{folder}/{name}".encode(): b"" for folder in range(10) for name in range(30)})
    stream = walk([root], batch_rows=7)
    for _ in range(2):
        reader = pyarrow.RecordBatchReader.from_stream(stream)
        sizes = [batch.num_rows for batch in reader]
        assert sum(sizes) == 300
        assert max(sizes) == 7
    assert len(rows([root], batch_rows=1)) == 300


@on_linux
def test_a_stream_that_is_dropped_early_leaves_no_thread_behind(build: Build) -> None:
    root = build({f"{folder}/{name}".encode(): b"" for folder in range(20) for name in range(30)})

    def threads() -> int:
        return len(os.listdir("/proc/self/task"))

    before = threads()
    reader = pyarrow.RecordBatchReader.from_stream(walk([root], batch_rows=1))
    reader.read_next_batch()
    assert threads() > before
    del reader
    walk([root]).__arrow_c_stream__()  # taken by no one
    gc.collect()
    deadline = time.monotonic() + PATIENCE_S
    while threads() > before:
        assert time.monotonic() < deadline, "threads of a dropped stream still run"
        time.sleep(0.01)


def test_a_path_that_is_not_there_is_raised_with_its_path(build: Build) -> None:
    root = build({b"a": b"1"})
    missing = os.path.join(root, b"missing")
    for call in (find_duplicates, walk):
        with pytest.raises(EngineError) as raised:
            call([root, missing])
        assert (raised.value.kind, raised.value.path) == ("not_found", missing)
    with pytest.raises(EngineError) as raised:
        walk([root], batch_rows=0)
    assert raised.value.kind == "invalid_argument"
    with pytest.raises(TypeError):
        walk(root)  # type: ignore[arg-type]


@on_linux
def test_names_of_any_bytes_come_back_exactly(build: Build) -> None:
    names = [b"\xff", b"\xfe", b"new\nline", b"-rf", b"=1+1", b"\x1b[2J"]
    root = build({name + b"/" + name: b"same" for name in names})
    expected = sorted(os.path.join(root, name, name) for name in names)
    (group,) = find_duplicates([root])
    assert [path.path for path in group.paths] == expected
    assert sorted(rows([root])) == expected


def test_a_path_named_twice_nested_or_relative_counts_once(build: Build, monkeypatch: pytest.MonkeyPatch) -> None:
    root = build({b"a/one": b"same", b"a/two": b"same"})
    named = [root, os.path.join(root, b"a"), root + b"/a/../a/one"]
    assert [len(group.paths) for group in find_duplicates(named)] == [2]
    assert len(rows(named)) == 2
    monkeypatch.chdir(os.fsdecode(root))
    assert sorted(rows([b"a", root])) == sorted(rows([root]))
    assert sorted(rows([b"a"])) == [b"a/one", b"a/two"]


def test_other_threads_run_while_files_are_read(build: Build) -> None:
    root = build({b"large": bytes(32 << 20)})
    turns = 0
    ended = threading.Event()

    def count() -> None:
        nonlocal turns
        while not ended.is_set():
            turns += 1
            time.sleep(0)

    counter = threading.Thread(target=count)
    counter.start()
    try:
        before = turns
        checksum([os.path.join(root, b"large")] * 8, "sha256", threads=1)
        assert turns - before > 10
    finally:
        ended.set()
        counter.join()


@on_unix
def test_an_interrupt_ends_a_long_call(build: Build) -> None:
    root = build({})
    sparse = os.path.join(root, b"sparse")
    with open(sparse, "wb") as file:
        file.truncate(1 << 40)
    assert stat.S_ISREG(os.stat(sparse).st_mode)
    timer = threading.Timer(0.3, lambda: os.kill(os.getpid(), signal.SIGINT))

    def interrupted() -> None:
        timer.start()
        checksum([sparse])  # hours, left alone

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    timer.join()


def test_files_of_an_open_catalog_are_not_read_and_those_of_a_closed_one_are(tmp_path: Path) -> None:
    path = os.fsencode(tmp_path / "catalog.db")
    catalog = sanchay_engine.Catalog.open(path)
    ((_, error),) = checksum([path])
    assert isinstance(error, EngineError)
    assert error.kind == "own_folder"
    catalog.close()
    ((_, digest),) = checksum([path])
    assert isinstance(digest, bytes)
