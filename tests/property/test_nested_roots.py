"""Roots inside roots that come, go, change, are scanned and broken off in any order, while files change below them.

At every moment all that the catalog says hangs together: sums, totals, groups and the change feed are those of the rows
that it finds. Once every root was scanned, they are those of the disk.

`SANCHAY_PROPERTY_EXAMPLES` sets how many seeds are run, `SANCHAY_PROPERTY_FIRST` where they begin; 200 of them:
`SANCHAY_PROPERTY_EXAMPLES=200 python -m pytest tests/property/test_nested_roots.py`.
"""

from __future__ import annotations

import os
import random
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from sanchay_engine import FileRow, RootSpec
from tests.integration.catalogs import Cataloger
from tests.property.oracle import SIZE_CLASSES, File, Oracle, look
from tests.support.edits import Editor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: names of any bytes")

FIRST = int(os.environ.get("SANCHAY_PROPERTY_FIRST", "0"))
EXAMPLES = int(os.environ.get("SANCHAY_PROPERTY_EXAMPLES", "12"))
STEPS = 30
#: Folders that may be roots, below the tree; some lead through others.
PLACES = [b"", b"a", b"a/b", b"a/b/c", b"a/d", b"e", b"e/f/g"]
LEFT_OUT = b".log"


class NestedEditor(Editor):
    """Leaves the folders that may be roots, and those above them, where they are."""

    def _some_folder(self) -> bytes | None:
        kept = {os.path.join(self.root, place) for place in PLACES} | {os.path.join(self.root, b"e/f")}
        folders = [folder for folder in self.folders()[1:] if folder not in kept]
        return self.chosen.choice(folders) if folders else None


def is_below(path: bytes, folder: bytes) -> bool:
    return path == folder or path.startswith(folder.rstrip(b"/") + b"/")


class Play:
    """A catalog, the roots that it has, and what was done to it."""

    def __init__(self, seed: int, tmp_path: Path) -> None:
        self.chosen = random.Random(seed)
        self.tree, outside = os.fsencode(tmp_path / "tree"), os.fsencode(tmp_path / "outside")
        os.mkdir(outside)
        for place in PLACES:
            os.makedirs(os.path.join(self.tree, place), exist_ok=True)
        self.editor = NestedEditor(self.tree, outside, self.chosen)
        for _ in range(60):
            self.chosen.choice([self.editor.create, self.editor.create, self.editor.create, self.editor.make_folder])()
        self.cataloger = Cataloger(tmp_path / "home", threads=self.chosen.choice([1, 2, 4]))
        self.ids: dict[bytes, int] = {}
        self.excludes: dict[bytes, bool] = {}
        self.cursor = ""
        self.told = 0
        self.last_id = 0

    @property
    def catalog(self):  # type: ignore[no-untyped-def]
        return self.cataloger.catalog

    def put(self, path: bytes, *, leave_out: bool) -> None:
        exclude = [f"*{os.fsdecode(LEFT_OUT)}"] if leave_out else []
        self.catalog.put_root(RootSpec(self.ids[path], path, exclude=exclude))
        self.excludes[path] = leave_out

    def add(self) -> str:
        path = os.path.join(self.tree, self.chosen.choice(PLACES)).rstrip(b"/")
        if path in self.ids:
            return "nothing"
        self.last_id += 1
        self.ids[path] = self.last_id
        self.put(path, leave_out=self.chosen.random() < 0.3)
        return repr(path)

    def some_root(self) -> bytes | None:
        return self.chosen.choice(sorted(self.ids)) if self.ids else None

    def remove(self) -> str:
        path = self.some_root()
        if path is None:
            return "nothing"
        self.catalog.remove_root(self.ids.pop(path))
        self.excludes.pop(path)
        return repr(path)

    def update(self) -> str:
        path = self.some_root()
        if path is None:
            return "nothing"
        self.put(path, leave_out=not self.excludes[path])
        return f"{path!r} {self.excludes[path]}"

    def scan(self) -> str:
        path = self.some_root()
        if path is None:
            return "nothing"
        self.scan_whole(path)
        return repr(path)

    def scan_whole(self, path: bytes) -> None:
        result = self.cataloger.scan(self.ids[path])
        assert (result.state, result.errors) == ("done", 0), result.message

    def scan_and_cancel(self) -> str:
        path = self.some_root()
        if path is None:
            return "nothing"
        enough = self.chosen.choice([0, 0, 1, 5, 20])
        scan = self.catalog.scan(self.ids[path])
        while scan.progress().files < enough and not scan.done():
            pass
        scan.cancel()
        result = scan.wait(60)
        assert result is not None
        return f"{path!r} after {enough}: {result.state}"

    def edit(self) -> str:
        for _ in range(self.chosen.randint(1, 6)):
            self.editor.step()
        return ""

    def reopen(self) -> str:
        self.cataloger.reopen()
        return ""

    def step(self) -> None:
        steps: list[tuple[int, Callable[[], str]]] = [
            (4, self.add), (3, self.remove), (1, self.update), (5, self.scan), (4, self.scan_and_cancel),
            (4, self.edit), (1, self.reopen),
        ]  # fmt: skip
        (step,) = self.chosen.choices([step for _, step in steps], [weight for weight, _ in steps])
        self.editor.history.append(f"{step.__name__} {step()}")

    def innermost(self, path: bytes) -> bytes | None:
        holding = [root for root in self.ids if is_below(path, root)]
        return max(holding, key=len, default=None)

    def disk(self) -> tuple[dict[bytes, File], set[bytes]]:
        """The files and folders that the roots mean."""
        files: dict[bytes, File] = {}
        folders: set[bytes] = set()
        for root in self.ids:
            seen: Oracle = look(root)
            folders |= seen.folders.keys()
            files |= seen.files
        kept = {path: file for path, file in files.items() if not self.is_left_out(path)}
        return kept, {folder for folder in folders if not self.is_left_out(folder)}

    def is_left_out(self, path: bytes) -> bool:
        """Whether the innermost root leaves out the path or a folder on the way to it."""
        governing = self.innermost(path)
        assert governing is not None
        names = path[len(governing) :].split(b"/")
        return self.excludes[governing] and any(name.endswith(LEFT_OUT) for name in names)


def sums(rows: Iterable[FileRow], key: Callable[[FileRow], str]) -> dict[str, tuple[int, int]]:
    found: dict[str, tuple[int, int]] = {}
    for row in rows:
        files, size = found.get(key(row), (0, 0))
        found[key(row)] = (files + 1, size + row.size)
    return found


KEYS: dict[str, Callable[[FileRow], str]] = {
    "type": lambda row: row.type,
    "ext": lambda row: row.extension,
    "owner": lambda row: str(row.owner),
    "size": lambda row: next(label for bits, label in SIZE_CLASSES if row.size.bit_length() <= bits),
}


def check_sums(play: Play, rows: list[FileRow]) -> None:
    def summary(by: str, root_ids: list[int]) -> dict[str, tuple[int, int]]:
        return {row.key: (row.files, row.bytes) for row in play.catalog.summary(by, root_ids=root_ids)}

    for by, key in KEYS.items():
        assert summary(by, []) == sums(rows, key), by
    assert sum(files for files, _ in summary("age", []).values()) == len(rows)
    for _ in range(2):
        asked = play.chosen.sample(sorted(play.ids), play.chosen.randint(0, len(play.ids)))
        if asked:
            wanted = [row for row in rows if any(is_below(row.path, root) for root in asked)]
            assert summary("ext", [play.ids[root] for root in asked]) == sums(wanted, KEYS["ext"]), asked
    status = play.catalog.status()
    assert (status.files, status.bytes) == (len(rows), sum(row.size for row in rows))


def check_totals(play: Play, rows: list[FileRow], *, settled: bool) -> None:
    usage = play.catalog.usage(depth=100, limit=100_000).rows
    paths = [row.path for row in usage]
    assert len(paths) == len(set(paths))
    assert {os.path.dirname(row.path) for row in rows} <= set(paths)
    for folder in usage:
        inside = [row for row in rows if is_below(row.path, folder.path)]
        # What lies below in a tree of its own is not counted here until it is adopted.
        own = [row for row in inside if play_top(paths, usage, row.path) == play_top(paths, usage, folder.path)]
        assert (folder.files, folder.bytes) == (len(own), sum(row.size for row in own)), folder.path
        if settled:  # until then names of one file may be of different times
            blocks = {row.inode: row.allocated for row in own}
            assert folder.allocated == sum(blocks.values()), folder.path
        below = [path for path in paths if is_below(path, folder.path)]
        own_folders = [path for path in below if play_top(paths, usage, path) == play_top(paths, usage, folder.path)]
        assert folder.directories == len(own_folders), folder.path
    for root, root_id in play.ids.items():
        known = play.catalog.root_status(root_id)
        assert known.files == sum(is_below(row.path, root) for row in rows), root


def play_top(paths: list[bytes], usage: list, path: bytes) -> bytes:  # type: ignore[type-arg]
    """The top of the tree that a path lies in: the innermost."""
    tops = [folder.path for folder in usage if folder.depth == 0 and is_below(path, folder.path)]
    return max(tops, key=len, default=b"")


def check_groups(play: Play, rows: list[FileRow]) -> None:
    contents: dict[tuple[bytes, int], list[FileRow]] = defaultdict(list)
    for row in rows:
        if row.hash_state == "hashed" and row.size > 0:
            contents[(row.hash, row.size)].append(row)
    expected = {
        tuple(sorted(row.path for row in names)): len({row.inode for row in names})
        for names in contents.values()
        if len({row.inode for row in names}) > 1
    }
    groups = play.cataloger.groups()
    assert {tuple(sorted(path.path for path in group.paths)): group.copies for group in groups} == expected
    page = play.catalog.duplicates()
    assert (page.total_groups, page.total_redundant_files) == (
        len(expected),
        sum(copies - 1 for copies in expected.values()),
    )


def check_feed(play: Play, rows: list[FileRow]) -> None:
    while True:
        page = play.catalog.changes(cursor=play.cursor, limit=100)
        assert not page.truncated
        play.told += sum(row.bytes_delta for row in page.rows)
        play.cursor = page.cursor
        if page.complete:
            break
    assert play.told == sum(row.size for row in rows)


def check(play: Play, *, settled: bool = False) -> list[FileRow]:
    """All that the catalog says hangs together."""
    rows = play.cataloger.rows(limit=37)
    paths = [row.path for row in rows]
    assert len(paths) == len(set(paths))
    for row in rows:
        innermost = play.innermost(row.path)
        assert innermost is not None, f"{row.path!r} is below no root"
        assert row.root_id == play.ids[innermost], row.path
    for root in play.ids:
        below = {path for path in paths if is_below(path, root)}
        assert play.cataloger.paths(f'under:"{os.fsdecode(root)}"') == below
    check_sums(play, rows)
    check_totals(play, rows, settled=settled)
    check_groups(play, rows)
    check_feed(play, rows)
    return rows


def settle(play: Play) -> None:
    """Scans every root, in any order, the outer ones once more: then the catalog says what the disk says."""
    for root in play.chosen.sample(sorted(play.ids), len(play.ids)):
        play.scan_whole(root)
    # What a root left out while another held it, the outer one has to look at again.
    for root in sorted(play.ids, key=len):
        play.scan_whole(root)
    rows = {row.path: row for row in check(play, settled=True)}
    files, folders = play.disk()
    assert rows.keys() == files.keys()
    for path, file in files.items():
        row = rows[path]
        assert (row.size, row.inode, row.links, row.owner) == (file.size, file.inode, file.links, file.owner), path
        assert row.hash_state == "hashed", path
    assert {row.path for row in play.catalog.usage(depth=100, limit=100_000).rows} == folders
    for state in (play.catalog.root_status(root_id).state for root_id in play.ids.values()):
        assert state == "ready"


@pytest.mark.parametrize("seed", range(FIRST, FIRST + EXAMPLES))
def test_roots_inside_roots_come_and_go_and_the_sums_stay_those_of_the_rows(seed: int, tmp_path: Path) -> None:
    play = Play(seed, tmp_path)
    try:
        for number in range(STEPS):
            play.step()
            check(play)
            if number % 10 == 9:
                settle(play)
    except BaseException:
        print(f"seed {seed}:", *play.editor.history, sep="\n  ")
        raise
    finally:
        play.catalog.close()
