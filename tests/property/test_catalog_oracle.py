"""The catalog against an oracle in plain Python: a random tree with random edits, compared after each scan.

A run is made from its seed alone, which is in the test's name; the edits are printed when it fails.
`SANCHAY_PROPERTY_EXAMPLES` sets how many seeds are run, `SANCHAY_PROPERTY_FIRST` where they begin.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from sanchay_engine import FileRow, ScanResult
from tests.integration.catalogs import Cataloger
from tests.property.oracle import File, Oracle, look
from tests.support.edits import Editor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: names of any bytes")

FIRST = int(os.environ.get("SANCHAY_PROPERTY_FIRST", "0"))
EXAMPLES = int(os.environ.get("SANCHAY_PROPERTY_EXAMPLES", "12"))
SCANS = 8
MOST_EDITS = 8

#: Expressions, and what they mean in Python.
QUESTIONS: list[tuple[str, Callable[[File, set[bytes]], bool]]] = [
    ("photo", lambda file, _: "photo" in file.folded),
    ("PORT", lambda file, _: "port" in file.folded),
    ("ab", lambda file, _: "ab" in file.folded),
    ("фот", lambda file, _: "фот" in file.folded),
    ("café", lambda file, _: "café" in file.folded),
    ("-photo", lambda file, _: "photo" not in file.folded),
    ("photo -dup:yes", lambda file, twins: "photo" in file.folded and file.path not in twins),
    ("xxxx size:>1", lambda file, _: "xxxx" in file.folded and file.size > 1),
    ('"%_like"', lambda file, _: "%_like" in file.folded),
    ("ext:jpg", lambda file, _: file.extension == "jpg"),
    ("-ext:jpg,txt", lambda file, _: file.extension not in ("jpg", "txt")),
    ("type:image", lambda file, _: file.type == "image"),
    ("type:other", lambda file, _: file.type == "other"),
    ("size:1..4096", lambda file, _: 1 <= file.size <= 4096),
    ("size:>128K", lambda file, _: file.size > 131_072),
    ("size:<5000 -empty:yes", lambda file, _: 0 < file.size < 5000),
    ("dup:yes", lambda file, twins: file.path in twins),
    ("dup:no", lambda file, twins: file.path not in twins),
    ("dup:yes ext:txt", lambda file, twins: file.path in twins and file.extension == "txt"),
    ("empty:yes", lambda file, _: file.size == 0),
    ("links:>1", lambda file, _: file.links > 1),
    ("owner:1000", lambda file, _: file.owner == 1000),
    ("modified:<1969-06-01", lambda file, _: False),
    ("name:*.txt", lambda file, _: file.folded.endswith(".txt")),
    ("name:photo*", lambda file, _: file.folded.startswith("photo")),
]

SORTS: dict[str, Callable[[FileRow], object]] = {
    "": lambda row: 0,
    "path": lambda row: row.path,
    "name": lambda row: os.path.basename(row.path),
    "size": lambda row: row.size,
    "modified": lambda row: row.modified_ns,
    "created": lambda row: -1 if row.created_ns is None else row.created_ns,
}


def _compare_scan(result: ScanResult, before: Oracle, now: Oracle) -> None:
    assert (result.state, result.errors, result.unstable) == ("done", 0, 0), result.message
    assert (result.files, result.directories, result.bytes) == (len(now.files), len(now.folders), now.size)
    assert (result.symlinks, result.special) == (now.symlinks, now.special)
    assert result.added == len(now.files.keys() - before.files.keys())
    assert result.removed == len(before.files.keys() - now.files.keys())
    both = now.files.keys() & before.files.keys()
    assert result.changed == sum(now.files[path].witness != before.files[path].witness for path in both)


def _compare_rows(cataloger: Cataloger, now: Oracle, algorithm: str) -> None:
    rows = cataloger.rows(limit=7)
    assert sorted(row.path for row in rows) == sorted(now.files)
    contents: dict[bytes, bytes] = {}
    for row in rows:
        file = now.files[row.path]
        assert (row.size, row.allocated, row.modified_ns) == (file.size, file.allocated, file.modified_ns), row.path
        assert (row.inode, row.links, row.owner) == (file.inode, file.links, file.owner), row.path
        assert (row.extension, row.type, row.root_id) == (file.extension, file.type, 1), row.path
        assert (row.algorithm, row.hash_state, len(row.hash)) == (algorithm, "hashed", 32), row.path
        assert contents.setdefault(row.hash, file.content) == file.content, row.path
        if algorithm == "sha256":
            assert row.hash == hashlib.sha256(file.content).digest(), row.path
    assert len(contents) == len({file.content for file in now.files.values()})


def _compare_duplicates(cataloger: Cataloger, now: Oracle, wanted: Callable[[File], bool], **filters: object) -> None:
    expected = now.groups(wanted)
    page = cataloger.catalog.duplicates(**filters)  # type: ignore[arg-type]
    assert page.total_groups == len(expected)
    assert page.total_redundant_files == sum(group.copies - 1 for group in expected.values())
    assert page.total_reclaimable_bytes == sum(group.reclaimable for group in expected.values())
    assert page.total_freed_bytes == sum(group.freed for group in expected.values())
    for sort in ("reclaimable", "size", "copies"):
        found = cataloger.groups(limit=3, sort=sort, **filters)
        assert len(found) == len(expected), sort
        keys = []
        for group in found:
            one = expected[tuple(sorted(path.path for path in group.paths))]
            figures = (group.size, group.copies, group.reclaimable_bytes, group.freed_bytes, group.total_paths)
            assert figures == (one.size, one.copies, one.reclaimable, one.freed, len(one.paths))
            keys.append({"reclaimable": one.reclaimable, "size": one.size, "copies": one.copies}[sort])
            for path in group.paths:
                assert (path.inode, path.root_id) == (now.files[path.path].inode, 1)
        assert keys == sorted(keys, reverse=True), sort


def _compare_sums(cataloger: Cataloger, now: Oracle) -> None:
    def summary(by: str) -> dict[str, tuple[int, int]]:
        rows = cataloger.catalog.summary(by)  # type: ignore[arg-type]
        return {row.key: (row.files, row.bytes) for row in rows}

    assert summary("type") == now.sums(lambda file: file.type)
    assert summary("ext") == now.sums(lambda file: file.extension)
    assert summary("size") == now.sums(lambda file: file.size_class)
    assert summary("owner") == now.sums(lambda file: str(file.owner))
    assert sum(files for files, _ in summary("age").values()) == len(now.files)
    usage = cataloger.catalog.usage(depth=100, limit=100_000).rows
    assert {row.path for row in usage} == set(now.folders)
    for row in usage:
        folder = now.folders[row.path]
        figures = (row.files, row.directories, row.bytes, row.allocated, row.linked_bytes)
        expected_figures = (folder.files, folder.directories, folder.bytes, folder.allocated, folder.linked_bytes)
        assert figures == expected_figures, row.path
    _compare_usage_with_files(cataloger, now)
    status, root = cataloger.catalog.status(), cataloger.catalog.root_status(1)
    expected = (len(now.files), len(now.folders), now.size)
    assert (status.files, status.directories, status.bytes) == expected
    assert (root.files, root.directories, root.bytes, root.state) == (*expected, "ready")


def _compare_usage_with_files(cataloger: Cataloger, now: Oracle) -> None:
    rows = cataloger.catalog.usage(depth=100, limit=100_000, with_files=True, with_types=True).rows
    assert sorted(row.path for row in rows) == sorted([*now.folders, *now.files])
    twins = now.duplicated()
    for row in rows:
        assert row.left_out is None
        inside = [file for file in now.files.values() if file.path == row.path or file.path.startswith(row.path + b"/")]
        by_type: dict[str, int] = {}
        for file in inside:
            by_type[file.type] = by_type.get(file.type, 0) + file.size
        assert row.type_bytes == {name: size for name, size in by_type.items() if size}, row.path
        assert row.copied_bytes == sum(file.size for file in inside if file.path in twins), row.path
        if own := now.files.get(row.path):
            assert (row.file_type, row.files, row.bytes, row.allocated) == (own.type, 1, own.size, own.allocated)


def _compare_questions(cataloger: Cataloger, now: Oracle, chosen: random.Random) -> None:
    assert cataloger.catalog.wait_name_index(10)
    twins = now.duplicated()
    for expression, holds in QUESTIONS:
        if expression.startswith("modified:"):
            expected = {file.path for file in now.files.values() if file.modified_ns < -18_489_600 * 10**9}
            # The days of an expression are those of this machine's clock: away from the border by a day.
            near = {file.path for file in now.files.values() if abs(file.modified_ns // 10**9 + 18_489_600) < 86_400}
        else:
            expected = {file.path for file in now.files.values() if holds(file, twins)}
            near = set()
        rows = cataloger.rows(expression, limit=chosen.choice([2, 7, 1000]))
        found = [row.path for row in rows]
        assert len(found) == len(set(found)), expression
        assert set(found) - near == expected - near, expression
        page = cataloger.catalog.find(expression, limit=1)
        if page.total is not None:
            assert page.total == len(found), expression
            # Where the name index alone counts the hits, their bytes are not added up.
            assert page.total_bytes in (None, sum(now.files[path].size for path in found)), expression
    for sort, key in SORTS.items():
        for direction in ("", "-") if sort else ("",):
            rows = cataloger.rows(sort=direction + sort, limit=chosen.choice([1, 3, 8]))
            assert sorted(row.path for row in rows) == sorted(now.files), (sort, direction)
            keys = [key(row) for row in rows]
            assert keys == sorted(keys, reverse=direction == "-"), (sort, direction)  # type: ignore[type-var]


def _compare_below(cataloger: Cataloger, now: Oracle, chosen: random.Random) -> None:
    folder = chosen.choice(sorted(now.folders))
    prefix = folder + b"/"
    below = {path for path in now.files if path.startswith(prefix)}
    _compare_duplicates(cataloger, now, lambda file: file.size > 0 and file.path in below, under=folder)
    _compare_duplicates(cataloger, now, lambda file: file.path in below, under=folder, min_size=0)
    try:
        text = folder.decode("utf-8").replace('"', '\\"')
    except UnicodeDecodeError:
        return
    assert cataloger.paths(f'under:"{text}"') == below
    assert cataloger.paths(f'-under:"{text}" -empty:yes') == {
        path for path, file in now.files.items() if path not in below and file.size > 0
    }


def _compare(cataloger: Cataloger, now: Oracle, algorithm: str, chosen: random.Random) -> None:
    _compare_rows(cataloger, now, algorithm)
    _compare_duplicates(cataloger, now, lambda file: file.size > 0)
    _compare_duplicates(cataloger, now, lambda file: True, min_size=0)
    _compare_duplicates(cataloger, now, lambda file: file.size >= 4096, min_size=4096)
    _compare_duplicates(cataloger, now, lambda file: file.size > 0 and file.extension == "txt", extensions=["txt"])
    _compare_duplicates(cataloger, now, lambda file: file.size > 0 and file.type == "other", types=["other"])
    _compare_sums(cataloger, now)
    _compare_questions(cataloger, now, chosen)
    _compare_below(cataloger, now, chosen)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + EXAMPLES))
def test_the_catalog_says_what_the_disk_says_after_every_edit(seed: int, tmp_path: Path) -> None:
    chosen = random.Random(seed)
    algorithm = chosen.choice(["blake3", "sha256"])
    tree, outside = os.fsencode(tmp_path / "tree"), os.fsencode(tmp_path / "outside")
    os.mkdir(tree)
    os.mkdir(outside)
    editor = Editor(tree, outside, chosen)
    for _ in range(25):
        chosen.choice([editor.create, editor.create, editor.create, editor.make_folder])()
    cataloger = Cataloger(tmp_path / "home", threads=chosen.choice([1, 2, 4]))
    try:
        cataloger.add(tree, algorithm=algorithm)
        before = Oracle()
        for number in range(SCANS):
            editor.history.append(f"scan {number}")
            result = cataloger.scan()
            now = look(tree)
            _compare_scan(result, before, now)
            _compare(cataloger, now, algorithm, chosen)
            if chosen.random() < 0.1:
                cataloger.reopen()
                _compare(cataloger, now, algorithm, chosen)
            before = now
            for _ in range(chosen.randint(0, MOST_EDITS)):
                editor.step()
        cataloger.scan()
        fresh = Cataloger(tmp_path / "fresh")
        fresh.add(tree, algorithm=algorithm)
        fresh.scan()
        now = look(tree)
        _compare(fresh, now, algorithm, chosen)
        assert _contents(fresh) == _contents(cataloger)
        newest = {row.path: row.newest_ns for row in fresh.catalog.usage(depth=100, limit=100_000).rows}
        assert newest == {path: folder.newest_ns or 0 for path, folder in now.folders.items()}
        fresh.catalog.close()
    except BaseException:
        print(f"seed {seed}, {algorithm}:", *editor.history, sep="\n  ")
        raise
    finally:
        cataloger.catalog.close()


@pytest.mark.parametrize("seed", range(FIRST, FIRST + max(1, EXAMPLES // 4)))
def test_a_folder_of_many_files_stays_true_as_they_come_and_go(seed: int, tmp_path: Path) -> None:
    chosen = random.Random(seed)
    tree = os.fsencode(tmp_path / "tree")
    os.mkdir(tree)
    algorithm = chosen.choice(["blake3", "sha256"])
    cataloger = Cataloger(tmp_path / "home", threads=2)
    try:
        cataloger.add(tree, algorithm=algorithm)
        before = Oracle()
        for number in range(6):
            for _ in range(chosen.choice([5, 300, 1500])):
                name = b"%s%d%s" % (chosen.choice([b"photo", b"report"]), chosen.randrange(4000), b".txt")
                with open(os.path.join(tree, name), "wb") as file:
                    file.write(b"%d" % chosen.randrange(500))
            names = sorted(os.listdir(tree))
            for name in chosen.sample(names, chosen.choice([0, len(names) // 10, len(names) // 2, len(names) - 1])):
                os.unlink(os.path.join(tree, name))
            result = cataloger.scan()
            now = look(tree)
            _compare_scan(result, before, now)
            rows = {row.path: row for row in cataloger.rows(limit=997)}
            assert {path: (row.size, row.inode) for path, row in rows.items()} == {
                path: (file.size, file.inode) for path, file in now.files.items()
            }, number
            contents: dict[bytes, bytes] = {}
            for path, row in rows.items():
                assert contents.setdefault(row.hash, now.files[path].content) == now.files[path].content
            page = cataloger.catalog.duplicates()
            groups = now.groups()
            assert page.total_groups == len(groups)
            assert page.total_reclaimable_bytes == sum(group.reclaimable for group in groups.values())
            assert page.total_freed_bytes == sum(group.freed for group in groups.values())
            assert cataloger.catalog.wait_name_index(10)
            for word in ("photo1", "report39", "to39"):
                assert cataloger.paths(word) == {path for path, file in now.files.items() if word in file.folded}
            assert cataloger.paths("dup:yes size:3") == {path for path in now.duplicated() if now.files[path].size == 3}
            before = now
    finally:
        cataloger.catalog.close()


def _contents(cataloger: Cataloger) -> object:
    """All that a catalog says, apart from what depends on when it was asked."""
    rows = {
        row.path: (row.size, row.modified_ns, row.created_ns, row.hash, row.hash_state, row.links, row.inode)
        for row in cataloger.rows()
    }
    groups = {tuple(sorted(path.path for path in group.paths)): group.copies for group in cataloger.groups(min_size=0)}
    usage = {
        row.path: (row.files, row.directories, row.bytes, row.allocated)
        for row in cataloger.catalog.usage(depth=100, limit=100_000).rows
    }
    ages = [(row.key, row.files, row.bytes) for row in cataloger.catalog.summary("age")]
    return rows, groups, usage, ages
