"""What the daemon counts on from orders that a catalog holds: the same assertions over the engine and over the fake."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from sanchay.errors import CatalogClosed, InvalidQuery
from sanchayd.engine_port import values
from sanchayd.engine_port.port import CatalogPort
from sanchayd.engine_port.questions import DUPLICATE_SORTS
from sanchayd.engine_port.views import GroupViewPort, HitViewPort
from tests.contract.ports import BYTES, FILES, duplicates, elsewhere, find, names, refusal, scan
from tests.support import trees
from tests.support.daemon import PATIENCE_S

#: The fake knows nothing of duplicates, and has one order.
ENGINE = pytest.mark.parametrize("port", ["engine"], indirect=True)
SORTS = ("", *(sign + key for key in ("path", "name", "size", "modified", "created") for sign in ("", "-")))


def hits(port: CatalogPort, expression: str = "", **options: Any) -> HitViewPort:
    return port.open_hits(expression, **{"sort": "", "time_zone": "", "limit": 100, **options})


def groups(port: CatalogPort, **options: Any) -> GroupViewPort:
    asked = {"under": [], "min_size": 1, "extensions": [], "types": [], "text": "", "sort": "reclaimable"}
    return port.open_groups(**{**asked, "with_ignored": False, "limit": 100, **options})


def read(view: HitViewPort, position: int = 0, limit: int = 100, max_bytes: int | None = None) -> list[Any]:
    return list(view.read(position, limit, max_bytes=max_bytes))


def paths(rows: Sequence[values.FileRow | None]) -> list[bytes | None]:
    return [None if row is None else row.path for row in rows]


def test_an_order_is_read_from_any_position(scanned: CatalogPort) -> None:
    view = hits(scanned)
    assert (view.kind, len(view), view.total, view.total_bytes) == ("hits", 5, 5, BYTES)
    assert list(view.root_ids) == [1]
    assert view.bytes >= 12 * 5
    whole = read(view)
    assert names(whole) == sorted(os.path.basename(name) for name in FILES)
    assert paths(whole) == paths(find(scanned).rows)
    for position in range(6):
        assert paths(read(view, position, 2)) == paths(whole[position : position + 2])
    assert read(view, 10**12) == []
    for position, row in enumerate(whole):
        assert view.position(row.path) == position


def test_an_order_holds_its_first_rows_and_counts_all(scanned: CatalogPort) -> None:
    view = hits(scanned, limit=2)
    assert (len(view), view.total) == (2, 5)
    assert paths(read(view)) == paths(find(scanned).rows[:2])
    assert view.position(find(scanned).rows[4].path) is None


def test_rows_without_room_come_one_at_a_time(scanned: CatalogPort) -> None:
    view = hits(scanned)
    assert [len(read(view, position, max_bytes=1)) for position in range(5)] == [1] * 5


def test_a_path_that_is_no_hit_has_no_position(scanned: CatalogPort, tree: Path) -> None:
    view = hits(scanned, "letter")
    assert view.position(os.fsencode(tree / "docs/other.txt")) is None
    assert view.position(os.fsencode(tree / "absent")) is None


def test_what_is_no_query_makes_no_order(scanned: CatalogPort) -> None:
    error = refusal(lambda: hits(scanned, "size:>x"))
    assert isinstance(error, InvalidQuery)
    assert (error.term, error.position) == ("size:>x", 0)


def test_a_file_that_went_leaves_its_place_and_one_that_came_is_in_the_next_order(
    scanned: CatalogPort, tree: Path
) -> None:
    view, count = hits(scanned), scanned.change_count()
    before = paths(read(view))
    assert not view.has_moved_on()
    gone = os.fsencode(tree / "docs/other.txt")
    os.unlink(gone)
    trees.build(tree, {"docs/new.txt": b"new"})
    scan(scanned)
    assert view.has_moved_on()
    assert elsewhere(lambda: scanned.wait_change(count, PATIENCE_S)) == scanned.change_count() != count
    assert paths(read(view)) == [None if path == gone else path for path in before]
    again = hits(scanned)
    assert not again.has_moved_on()
    assert names(read(again)) == sorted(["new.txt", *(os.path.basename(name) for name in FILES if "other" not in name)])


def test_who_waits_for_a_change_hears_that_the_catalog_is_closed(scanned: CatalogPort) -> None:
    count = scanned.change_count()
    assert scanned.wait_change(count, 0.0) == count
    scanned.close()
    assert isinstance(refusal(lambda: scanned.wait_change(count, PATIENCE_S)), CatalogClosed)


@ENGINE
@pytest.mark.parametrize("sort", SORTS)
def test_every_order_of_hits_is_that_of_the_pages(scanned: CatalogPort, sort: str) -> None:
    assert paths(read(hits(scanned, sort=sort))) == paths(find(scanned, sort=sort).rows)


@ENGINE
@pytest.mark.parametrize("sort", DUPLICATE_SORTS)
def test_every_order_of_groups_is_that_of_the_pages(scanned: CatalogPort, tree: Path, sort: str) -> None:
    trees.build(tree, {"docs/third letter.txt": b"Dear Sir"})
    scan(scanned)
    view, page = groups(scanned, sort=sort), duplicates(scanned, sort=sort)
    rows = view.read(0, 100, paths_limit=10, max_bytes=None)
    assert (view.kind, len(view), len(rows)) == ("groups", 2, 2)
    assert [row.hash for row in rows if row is not None] == [group.hash for group in page.groups]
    assert (view.total_groups, view.total_freed_bytes) == (page.total_groups, page.total_freed_bytes)
    for position, group in enumerate(page.groups):
        assert view.position(hash_bytes=group.hash, path=None) == position
        assert view.position(hash_bytes=None, path=group.paths[0].path) == position


@ENGINE
def test_groups_have_a_text_in_a_path(scanned: CatalogPort) -> None:
    view = groups(scanned, text="LETTER")
    (row,) = view.read(0, 10, paths_limit=1, max_bytes=None)
    assert row is not None
    assert (view.total_groups, row.copies, len(row.paths)) == (1, 2, 1)


@pytest.mark.parametrize("patience_ms", [1, 60_000])
def test_hits_by_the_end_of_patience_are_hits(scanned: CatalogPort, patience_ms: int) -> None:
    page, whole = find(scanned, patience_ms=patience_ms), find(scanned)
    assert set(paths(page.rows)) <= set(paths(whole.rows))
    if not page.out_of_patience:
        assert (paths(page.rows), page.total) == (paths(whole.rows), 5)
