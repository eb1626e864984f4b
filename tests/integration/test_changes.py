"""The change feed and growth over the real engine, with time as it is told."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from sanchay_engine import ChangeRow, EngineError
from tests.integration.catalogs import Cataloger

DAY_NS = 86_400 * 10**9
FIRST_DAY_NS = 20_000 * DAY_NS


def told(rows: list[ChangeRow], folder: Path) -> list[tuple[str, str, int]]:
    """Kind, path below `folder` and bytes of each."""
    return [(row.kind, os.path.relpath(os.fsdecode(row.path), folder), row.bytes_delta) for row in rows]


def since(cataloger: Cataloger, cursor: str, **filters: object) -> list[ChangeRow]:
    page = cataloger.catalog.changes(cursor=cursor, **filters)  # type: ignore[arg-type]
    assert page.complete
    assert not page.truncated
    return page.rows


def end(cataloger: Cataloger) -> str:
    return cataloger.catalog.changes(limit=100_000).cursor


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    folder = tmp_path / "tree"
    (folder / "sub" / "deep").mkdir(parents=True)
    (folder / "a").write_bytes(b"a" * 10)
    (folder / "sub" / "b").write_bytes(b"b" * 20)
    (folder / "sub" / "deep" / "c").write_bytes(b"c" * 30)
    return folder


def test_every_kind_of_change_is_told_once_with_its_bytes(cataloger: Cataloger, tree: Path) -> None:
    cataloger.add(tree)
    cataloger.scan()
    assert told(since(cataloger, ""), tree) == [("baseline", ".", 60)]
    cursor = end(cataloger)
    (tree / "a").rename(tree / "renamed")
    (tree / "new").write_bytes(b"n" * 5)
    (tree / "sub" / "b").write_bytes(b"b" * 25)
    shutil.rmtree(tree / "sub" / "deep")
    cataloger.scan()
    rows = since(cataloger, cursor)
    assert sorted(told(rows, tree)) == [
        ("added", "new", 5), ("grown", "sub/b", 5), ("moved", "renamed", 0), ("removed", "sub/deep", -30)
    ]  # fmt: skip
    by_kind = {row.kind: row for row in rows}
    assert by_kind["moved"].from_path == os.fsencode(tree / "a")
    assert (by_kind["removed"].folder, by_kind["removed"].files) == (True, 1)
    cursor = end(cataloger)
    (tree / "sub" / "b").write_bytes(b"b")
    (tree / "new").write_bytes(b"other"[:5])
    (tree / "renamed").chmod(0o600)
    cataloger.settled_scan()
    assert sorted(told(since(cataloger, cursor), tree)) == [("changed", "new", 0), ("shrunk", "sub/b", -24)]


def test_a_cursor_holds_over_a_restart_and_pages_have_no_gap(cataloger: Cataloger, tree: Path) -> None:
    cataloger.add(tree)
    cataloger.scan()
    cursor = end(cataloger)
    for number in range(2500):
        (tree / f"{number:04}").touch()
    cataloger.scan()
    cataloger.reopen()
    names: list[bytes] = []
    while True:
        page = cataloger.catalog.changes(cursor=cursor, limit=700)
        names += [os.path.basename(row.path) for row in page.rows]
        cursor = page.cursor
        if page.complete:
            break
    assert sorted(names) == [b"%04d" % number for number in range(2500)]
    assert since(cataloger, cursor) == []


def test_only_what_concerns_a_folder_is_told_of_it(cataloger: Cataloger, tree: Path) -> None:
    cataloger.add(tree)
    cataloger.scan()
    cursor = end(cataloger)
    (tree / "new").write_bytes(b"n")
    (tree / "sub" / "b").unlink()
    (tree / "sub2").mkdir()
    (tree / "sub2" / "x").write_bytes(b"x")
    cataloger.scan()
    below = since(cataloger, cursor, under=os.fsencode(tree / "sub"))
    assert told(below, tree) == [("removed", "sub/b", -20)]
    one = since(cataloger, cursor, under=os.fsencode(tree / "new"))
    assert told(one, tree) == [("added", "new", 1)]
    shutil.rmtree(tree / "sub")
    cataloger.scan()
    inside = since(cataloger, cursor, under=os.fsencode(tree / "sub" / "deep"))
    assert told(inside, tree) == [("removed", "sub", -30)], "a folder that held it went"


def test_a_root_inside_a_scanned_one_adds_nothing_and_one_around_it_adds_the_rest(
    cataloger: Cataloger, tree: Path
) -> None:
    inner = cataloger.add(tree / "sub")
    cataloger.scan(inner)
    outer = cataloger.add(tree)
    cataloger.scan(outer)
    assert told(since(cataloger, ""), tree) == [("baseline", "sub", 50), ("baseline", ".", 10)]
    cursor = end(cataloger)
    deep = cataloger.add(tree / "sub" / "deep")
    cataloger.scan(deep)
    assert since(cataloger, cursor) == []
    cataloger.catalog.remove_root(outer)
    assert told(since(cataloger, cursor), tree) == [("forgotten", ".", -10)]


def test_a_cursor_older_than_what_is_kept_is_said_and_so_is_one_of_another_catalog(
    cataloger: Cataloger, tree: Path, tmp_path: Path
) -> None:
    cataloger.add(tree)
    cataloger.scan()
    first = cataloger.catalog.changes(limit=0).cursor
    (tree / "new").write_bytes(b"n")
    cataloger.scan()
    (row,) = cataloger.catalog.changes(cursor=end(cataloger)).rows or since(cataloger, "")[-1:]
    assert cataloger.catalog.prune_changes(row.at_ns) == 1
    page = cataloger.catalog.changes(cursor=first)
    assert page.truncated
    assert told(page.rows, tree) == [("added", "new", 1)]
    assert cataloger.catalog.changes(since_ns=0).truncated
    assert not cataloger.catalog.changes(since_ns=row.at_ns).truncated
    other = Cataloger(tmp_path / "other")
    try:
        other.add(tree)
        other.scan()
        page = other.catalog.changes(cursor=end(cataloger))
        assert page.truncated
        assert [row.kind for row in page.rows] == ["baseline"]
    finally:
        other.catalog.close()
    with pytest.raises(EngineError) as refused:
        cataloger.catalog.changes(cursor="yesterday")
    assert refused.value.kind == "invalid_argument"


def test_a_large_folder_that_goes_is_one_row(cataloger: Cataloger, tree: Path) -> None:
    many = tree / "many"
    for number in range(300):
        (many / f"{number}").mkdir(parents=True)
        (many / f"{number}" / "file").write_bytes(b"1")
    cataloger.add(tree)
    cataloger.scan()
    cursor = end(cataloger)
    shutil.rmtree(many)
    cataloger.scan()
    assert [(row.folder, row.files) for row in since(cataloger, cursor)] == [(True, 300)]


def test_a_year_of_days_shows_who_grew_and_how_fast(cataloger: Cataloger, tree: Path) -> None:
    cataloger.add(tree)
    for day in range(0, 365, 5):
        (tree / "sub" / "deep" / f"log{day}").write_bytes(b"x" * 500)
        cataloger.scan()
        cataloger.catalog.snapshot_usage(FIRST_DAY_NS + day * DAY_NS)
    now_ns = FIRST_DAY_NS + 360 * DAY_NS
    page = cataloger.catalog.growth(days=30, now_ns=now_ns)
    (row,) = page.rows
    assert row.path == os.fsencode(tree / "sub" / "deep"), "the folders above grew by it alone"
    assert (row.grown_bytes, row.bytes_per_day) == (3000, 100.0)
    assert page.bytes_per_day == 100.0
    assert [day - 20_000 for day, _ in row.history] == [330, 335, 340, 345, 350, 355, 360]
    assert row.history[-1][1] - row.history[0][1] == 3000
    (volume,) = page.volumes
    assert (volume.bytes_per_day, volume.days) == (100.0, 30)
    long = cataloger.catalog.growth(days=1000, now_ns=now_ns)
    assert (long.days, long.bytes_per_day) == (360, 100.0)


def test_growth_of_one_day_is_unknown_and_a_folder_made_again_goes_on(cataloger: Cataloger, tree: Path) -> None:
    cataloger.add(tree)
    cataloger.scan()
    cataloger.catalog.snapshot_usage(FIRST_DAY_NS)
    assert cataloger.catalog.snapshot_usage(FIRST_DAY_NS) == 0
    page = cataloger.catalog.growth(now_ns=FIRST_DAY_NS)
    assert (page.rows, page.days, page.bytes_per_day) == ([], 0, 0.0)
    shutil.rmtree(tree / "sub")
    cataloger.scan()
    (tree / "sub").mkdir()
    (tree / "sub" / "b").write_bytes(b"b" * 80)
    cataloger.scan()
    page = cataloger.catalog.growth(now_ns=FIRST_DAY_NS + 3 * DAY_NS)
    assert [(row.path, row.grown_bytes) for row in page.rows] == [(os.fsencode(tree / "sub"), 30)]
    below = cataloger.catalog.growth(os.fsencode(tree / "sub"), now_ns=FIRST_DAY_NS + 3 * DAY_NS)
    assert (below.rows, below.bytes_per_day) == ([], 10.0)
    with pytest.raises(EngineError) as refused:
        cataloger.catalog.growth(b"/nowhere")
    assert refused.value.kind == "unknown_path"
