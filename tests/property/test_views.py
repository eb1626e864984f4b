"""Views against the pages of the same question: the same order, the same rows, at every position."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from sanchay_engine import DuplicateGroup, FileRow, GroupView, HitView
from tests.integration.catalogs import Cataloger
from tests.property.query_oracle import Asker, Trees, fold

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only as root on Linux: names of any bytes, other owners"
)

SEEDS = int(os.environ.get("SANCHAY_PROPERTY_EXAMPLES", "10"))
QUESTIONS = 22  # each order at least twice
SORTS = ("", *(sign + key for key in ("path", "name", "size", "modified", "created") for sign in ("", "-")))
GROUP_SORTS = ("reclaimable", "size", "copies")
TEXTS = ("photo", "É", "2", "one/", "two/", "GZ", "σ", "*", "\\", "nowhere at all", "")


def group(found: DuplicateGroup | None) -> Any:
    assert found is not None
    figures = (found.size, found.hash, found.algorithm, found.copies, found.reclaimable_bytes, found.freed_bytes)
    return figures, tuple((path.path, path.copy, path.inode) for path in found.paths)


def hit(found: FileRow | None) -> Any:
    assert found is not None
    return found.path, found.size, found.hash, found.type, found.modified_ns


def read_through(view: GroupView | HitView, dice: random.Random) -> list[Any]:
    """All rows, by reads of random lengths from random positions."""
    rows: dict[int, Any] = {}
    while len(rows) < len(view):
        position = next(at for at in range(len(view)) if at not in rows)
        for start in (position, dice.randrange(len(view))):
            limit = dice.randrange(1, 9)
            read = view.read(start, limit)
            assert len(read) == min(limit, len(view) - start)
            rows.update(enumerate(read, start))
    assert view.read(len(view), 5) == []
    return [rows[position] for position in range(len(view))]


def paged(ask: Callable[..., Any], row: Callable[[Any], Any]) -> list[Any]:
    """All rows, by one page after another."""
    rows, token = [], ""
    while True:
        page = ask(token=token)
        rows += [row(found) for found in (page.groups if row is group else page.rows)]
        token = page.next_token
        if not token:
            return rows


@pytest.mark.parametrize("seed", range(SEEDS))
def test_a_view_is_all_pages_one_after_another(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    top = (tmp_path / "trees").resolve()
    top.mkdir()
    trees = Trees(top, dice)
    cataloger = Cataloger(tmp_path / "home")
    catalog = cataloger.catalog
    try:
        for number, root in enumerate(trees.roots):
            cataloger.add(root, name=f"root{number}")
            cataloger.settled_scan(number + 1)
        assert catalog.wait_name_index(60)
        asker = Asker(trees, trees.things(), dice)
        folders = [os.fsencode(folder) for folder in trees.folders]
        for number in range(QUESTIONS):
            text, _ = asker.expression()
            sort = SORTS[number % len(SORTS)]
            hits = HitView(catalog, text, sort=sort, time_zone=asker.zone)
            in_order = [hit(row) for row in read_through(hits, dice)]
            length = dice.randrange(1, 40)
            pages = partial(catalog.find, text, sort=sort, limit=length, time_zone=asker.zone)
            assert in_order == paged(pages, hit)
            assert hits.total == len(hits)
            most = dice.randrange(1, 20)
            some = HitView(catalog, text, sort=sort, time_zone=asker.zone, limit=most)
            assert [hit(row) for row in some.read(0, 1000)] == in_order[:most]
            assert some.total == hits.total

            asked: dict[str, Any] = {
                "min_size": dice.choice((0, 1, 4)),
                "extensions": dice.choice(((), (), ("jpg",), ("gz", "txt"))),
                "sort": GROUP_SORTS[number % len(GROUP_SORTS)],
            }
            under = dice.choice(([], [], dice.sample(folders, 1), [os.fsencode(top)]))
            page = catalog.duplicates(under=under[0] if under else None, limit=1000, **asked)
            groups = GroupView(catalog, under=under, **asked)
            expected = [group(row) for row in page.groups]
            assert [group(row) for row in read_through(groups, dice)] == expected
            below = under[0] if under else None
            assert expected == paged(partial(catalog.duplicates, under=below, limit=length, **asked), group)
            some_groups = GroupView(catalog, under=under, limit=most, **asked)
            assert [group(row) for row in some_groups.read(0, 1000)] == expected[:most]
            for name in ("groups", "redundant_files", "reclaimable_bytes", "freed_bytes"):
                assert getattr(groups, f"total_{name}") == getattr(page, f"total_{name}")
            part = dice.choice(TEXTS)
            having = GroupView(catalog, under=under, text=part, **asked)
            assert [group(row) for row in read_through(having, dice)] == [
                one for one in expected if any(fold(part) in fold(os.fsdecode(path)) for path, _, _ in one[1])
            ]
            for at, row in enumerate(page.groups):
                assert groups.position(hash_bytes=row.hash) == at
                assert groups.position(path=row.paths[0].path) == at
            for at, found in enumerate(hits.read(0, 1000)):
                assert found is not None
                assert hits.position(found.path) == at
    finally:
        catalog.close()


@pytest.mark.parametrize("seed", range(SEEDS))
def test_several_folders_are_all_that_lies_in_one_of_them(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    top = (tmp_path / "trees").resolve()
    top.mkdir()
    trees = Trees(top, dice)
    cataloger = Cataloger(tmp_path / "home")
    try:
        for number, root in enumerate(trees.roots):
            cataloger.add(root)
            cataloger.settled_scan(number + 1)
        folders = [os.fsencode(folder) for folder in dice.sample(trees.folders, min(3, len(trees.folders)))]
        view = GroupView(cataloger.catalog, under=folders)
        found = {path.path for row in view.read(0, 1000) if row is not None for path in row.paths}
        things: dict[tuple[bytes, ...], set[bytes]] = {}
        for thing in trees.things():
            raw = os.fsencode(thing.path)
            if thing.kind == "file" and thing.size and any(raw.startswith(folder + b"/") for folder in folders):
                things.setdefault((thing.content,), set()).add(raw)
        assert found <= {path for paths in things.values() if len(paths) > 1 for path in paths}
        alone = {
            path for paths in things.values() if len({os.stat(path).st_ino for path in paths}) > 1 for path in paths
        }
        assert found == alone
    finally:
        cataloger.catalog.close()
