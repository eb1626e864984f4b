"""The change feed after random edits: its sums are the differences of totals, and following it gives all paths."""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from sanchay_engine import ChangeRow
from tests.integration.catalogs import Cataloger
from tests.property.oracle import Oracle, look
from tests.support.edits import Editor

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: names of any bytes")

FIRST = int(os.environ.get("SANCHAY_PROPERTY_FIRST", "0"))
EXAMPLES = int(os.environ.get("SANCHAY_PROPERTY_EXAMPLES", "12"))
SCANS = 10
MOST_EDITS = 8
#: Files up to this size are read while they are listed.
SMALL_BYTES = 131_072


def _read(cataloger: Cataloger, cursor: str, limit: int) -> tuple[list[ChangeRow], str]:
    """Every change since the cursor, page by page, and the cursor behind them."""
    rows: list[ChangeRow] = []
    while True:
        page = cataloger.catalog.changes(cursor=cursor, limit=limit)
        assert not page.truncated
        assert len(page.rows) <= limit
        rows += page.rows
        cursor = page.cursor
        if page.complete:
            return rows, cursor


def _followed(paths: set[bytes], rows: list[ChangeRow]) -> set[bytes]:
    """What a follower of the feed knows, who reads a baseline's folder by other means."""
    known = set(paths)
    for row in rows:
        if row.folder:
            assert row.kind == "removed", row.kind
            below = {path for path in known if path.startswith(row.path + b"/")}
            assert len(below) == row.files
            known -= below
        elif row.kind == "added":
            assert row.path not in known
            known.add(row.path)
        elif row.kind == "removed":
            known.remove(row.path)
        elif row.kind == "moved":
            assert row.from_path is not None
            known.remove(row.from_path)
            known.add(row.path)
        else:
            assert row.path in known, row.kind
    return known


def _compare_kinds(rows: list[ChangeRow], before: Oracle, now: Oracle) -> None:
    """Each change of one file is what a comparison of both looks shows."""
    for row in rows:
        old = before.files.get(row.from_path or row.path)
        new = now.files.get(row.path)
        if row.kind == "removed":
            continue
        assert new is not None, row.path
        assert row.size == new.size
        if row.kind == "added":
            assert row.bytes_delta == new.size
            continue
        assert old is not None, row.path
        assert row.bytes_delta == new.size - old.size
        if row.kind == "moved":
            assert (old.inode, old.size, old.modified_ns) == (new.inode, new.size, new.modified_ns)
        else:
            sign = (new.size > old.size) - (new.size < old.size)
            assert row.kind == {1: "grown", -1: "shrunk", 0: "changed"}[sign]
    told = {row.path for row in rows}
    for path in now.files.keys() & before.files.keys():
        old, new = before.files[path], now.files[path]
        # A large file is read after it was listed: one whose times were set back does not show by then.
        hidden = new.size > SMALL_BYTES and (old.inode, old.modified_ns) == (new.inode, new.modified_ns)
        if old.size != new.size or (old.content != new.content and not hidden):
            assert path in told, path


@pytest.mark.parametrize("seed", range(FIRST, FIRST + EXAMPLES))
def test_following_the_feed_gives_what_the_disk_holds_after_every_edit(seed: int, tmp_path: Path) -> None:
    chosen = random.Random(seed)
    tree, outside = os.fsencode(tmp_path / "tree"), os.fsencode(tmp_path / "outside")
    os.mkdir(tree)
    os.mkdir(outside)
    editor = Editor(tree, outside, chosen)
    for _ in range(25):
        chosen.choice([editor.create, editor.create, editor.create, editor.make_folder])()
    cataloger = Cataloger(tmp_path / "home", threads=chosen.choice([1, 2, 4]))
    try:
        cataloger.add(tree)
        cataloger.scan()
        before = look(tree)
        rows, cursor = _read(cataloger, "", 100)
        baseline = [(row.kind, row.path, row.files, row.bytes_delta) for row in rows]
        assert baseline == ([("baseline", tree, len(before.files), before.size)] if before.files else [])
        for number in range(SCANS):
            editor.history.append(f"scan {number}")
            for _ in range(chosen.randint(0, MOST_EDITS)):
                editor.step()
            cataloger.scan()
            now = look(tree)
            rows, cursor = _read(cataloger, cursor, chosen.choice([1, 3, 1000]))
            assert sum(row.bytes_delta for row in rows) == now.size - before.size
            assert _followed(set(before.files), rows) == set(now.files)
            _compare_kinds(rows, before, now)
            cataloger.scan()
            assert _read(cataloger, cursor, 10) == ([], cursor), "an unchanged tree adds nothing"
            if chosen.random() < 0.1:
                cataloger.reopen()
            before = now
    except BaseException:
        print(f"seed {seed}:", *editor.history, sep="\n  ")
        raise
    finally:
        cataloger.catalog.close()
