"""Places that a question names: folders above roots, links to them, and what lies outside of the catalog."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from sanchay_engine import EngineError
from tests.integration.catalogs import ONLY_POSIX, Cataloger, below
from tests.support.trees import build

pytestmark = ONLY_POSIX

FILES = {"Pictures/a.jpg": "same", "Pictures/raw/b.jpg": "same", "Documents/c.txt": "text", "Music/d.ogg": "sound"}


def under(path: Path | str) -> str:
    return f'under:"{path}"'


@pytest.fixture
def home(cataloger: Cataloger, tree: Path) -> Path:
    """A folder that is no root, with two roots in it: 1 is Pictures, 2 is Documents; Music is none."""
    build(tree, FILES)
    for number, name in enumerate(("Pictures", "Documents"), start=1):
        cataloger.add(tree / name, name=name)
        cataloger.settled_scan(number)
    return tree


def refused(call: Callable[[], object]) -> EngineError:
    with pytest.raises(EngineError) as error:
        call()
    return error.value


def test_a_folder_above_roots_means_all_of_them(cataloger: Cataloger, home: Path) -> None:
    everything = below(home, ["Pictures/a.jpg", "Pictures/raw/b.jpg", "Documents/c.txt"])
    for spelling in (home, "/", f"{home}/", f"/{home}//.", home / "Pictures" / ".."):
        page = cataloger.catalog.find(under(spelling))
        assert ({row.path for row in page.rows}, page.root_ids) == (everything, [1, 2]), spelling
        assert cataloger.paths(f"-{under(spelling)}") == set()
    assert cataloger.paths(f"{under(home)} -{under(home / 'Pictures')}") == below(home, ["Documents/c.txt"])
    assert b"".join(cataloger.catalog.export(under(home), "ndjson")).count(b"\n") == 3
    place = cataloger.catalog.place(os.fsencode(home))
    assert (place.path, place.root_ids) == (os.fsencode(home), [1, 2])
    assert [group.copies for group in cataloger.groups(under=place.path)] == [2]


@pytest.mark.parametrize(
    ("expression", "roots"),
    [
        ("x", [1, 2]),
        ("root:Documents x", [2]),
        ("ROOT:2", [2]),
        ("root:Pictures", [1]),
        ("-root:Pictures", [2]),
        ("under:{home}/Pictures/raw x", [1]),
        ('under:"{home}/Documents"', [2]),
        ("under:{home}", [1, 2]),
        ('"under: x"', [1, 2]),
        ('name:"under: x"', [1, 2]),
    ],
)
def test_an_answer_names_the_roots_that_it_draws_on(
    cataloger: Cataloger, home: Path, expression: str, roots: list[int]
) -> None:
    assert cataloger.catalog.find(expression.format(home=home)).root_ids == roots


def test_du_of_a_folder_above_roots_is_their_sum_with_the_roots_below_it(cataloger: Cataloger, home: Path) -> None:
    own, *parts = cataloger.catalog.usage(os.fsencode(home), depth=2).rows
    assert (own.path, own.files, own.bytes, own.directories, own.above_roots) == (os.fsencode(home), 3, 12, 3, True)
    assert [(os.path.relpath(row.path, os.fsencode(home)), row.depth, row.files) for row in parts] == [
        (b"Pictures", 1, 2),
        (b"Pictures/raw", 2, 1),
        (b"Documents", 1, 1),
    ]
    assert not any(row.above_roots for row in parts)
    (alone,) = cataloger.catalog.usage(b"/", depth=0).rows
    assert alone.files == 3


def test_a_root_that_the_outer_one_leaves_out_lies_in_it_all_the_same(cataloger: Cataloger, tree: Path) -> None:
    build(tree, FILES)
    inner = cataloger.add(tree / "Pictures", name="inner")
    outer = cataloger.add(tree, name="outer", exclude=["Pictures"])
    for root in (inner, outer):
        cataloger.settled_scan(root)
    for place in ("root:outer", under(tree), f"root:{tree}"):
        assert cataloger.paths(place) == below(tree, list(FILES)), place
    for roots in ([inner, outer], [outer, inner], [outer]):
        assert sum(row.files for row in cataloger.catalog.summary("ext", root_ids=roots)) == 4, roots
    assert sum(row.files for row in cataloger.catalog.summary("ext", root_ids=[inner])) == 2
    assert cataloger.catalog.root_status(outer).files == 4
    (own,) = cataloger.catalog.usage(os.fsencode(tree), depth=0).rows
    assert (own.files, own.above_roots) == (4, False)


def test_summaries_of_roots_that_share_a_tree_count_each_file_once(cataloger: Cataloger, tree: Path) -> None:
    build(tree, FILES)
    roots = [cataloger.add(tree / name) for name in (".", "Pictures", "Pictures/raw", "Documents")]
    cataloger.settled_scan(roots[0])
    for chosen, files in (([2, 3], 2), ([3, 4], 2), ([2, 3, 4], 3), ([1, 3], 4), ([4, 2], 3)):
        assert sum(row.files for row in cataloger.catalog.summary("ext", root_ids=chosen)) == files, chosen


def test_growth_of_a_folder_above_roots_is_of_all_of_them(cataloger: Cataloger, home: Path) -> None:
    day_ns = 86_400 * 10**9
    now_ns = 20_000 * day_ns
    cataloger.catalog.snapshot_usage(now_ns - 2 * day_ns)
    (home / "Pictures/new.jpg").write_bytes(b"x" * 1000)
    (home / "Documents/new.txt").write_bytes(b"y" * 500)
    for root in (1, 2):
        cataloger.settled_scan(root)
    page = cataloger.catalog.growth(os.fsencode(home), days=7, now_ns=now_ns)
    assert [(os.path.basename(row.path), row.grown_bytes) for row in page.rows] == [
        (b"Pictures", 1000),
        (b"Documents", 500),
    ]
    assert page.bytes_per_day == 750


def test_a_place_outside_of_the_catalog_is_an_error_in_every_question(cataloger: Cataloger, home: Path) -> None:
    music = home / "Music"
    catalog = cataloger.catalog
    for expression in (under(music), f"-{under(music)}", f"{under(home)} {under(music)}", under(f"{home}2")):
        for ask in (catalog.find, catalog.roots_of_expression, lambda text: catalog.export(text, "csv")):
            error = refused(lambda ask=ask, expression=expression: ask(expression))  # type: ignore[misc]
            assert error.kind == "invalid_query"
            assert "under:" in (error.term or "")
            assert "is outside of the catalog, whose roots are" in error.message
    for ever in (False, True):
        error = refused(lambda ever=ever: catalog.place(os.fsencode(music), ever=ever))  # type: ignore[misc]
        assert (error.kind, error.path) == ("unknown_path", os.fsencode(music))
    assert refused(lambda: catalog.place(b"Music")).kind == "not_absolute"
    assert "no folder has been added" in refused(lambda: Cataloger(home / "x").catalog.find("under:/a")).message


def test_a_place_that_is_not_there_or_left_out_or_a_file_says_so(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {**FILES, ".cache/x": "x", "build/deep/y": "y"})
    cataloger.add(tree, name="mine", skip_hidden=True, exclude=["build/"])
    assert cataloger.paths(under(tree / "Pictures")) == set(), "its first scan may still come to it"
    cataloger.settled_scan()
    for name, reason in (
        ("Picturse", "the root mine has no such folder"),
        (".cache", "the settings of the root mine leave it out"),
        ("build/deep", "the settings of the root mine leave it out"),
        ("Pictures/a.jpg", "is not a folder"),
    ):
        assert reason in refused(lambda name=name: cataloger.catalog.find(under(tree / name))).message  # type: ignore[misc]
    gone = cataloger.catalog.place(os.fsencode(tree / "gone"), ever=True)
    assert gone.root_ids == [1], "what was there has its changes"


def test_a_link_to_a_folder_of_the_catalog_is_that_folder(cataloger: Cataloger, tree: Path, tmp_path: Path) -> None:
    build(tree, FILES)
    cataloger.add(tree / "Pictures", name="pictures")
    cataloger.settled_scan()
    (tmp_path / "short").symlink_to(tree)
    (tree / "Pictures/inside").symlink_to("raw")
    cataloger.settled_scan()
    pictures = below(tree, ["Pictures/a.jpg", "Pictures/raw/b.jpg"])
    for spelling, expected in (
        (tmp_path / "short/Pictures", pictures),
        (tmp_path / "short", pictures),
        (tmp_path / "short/Pictures/raw", below(tree, ["Pictures/raw/b.jpg"])),
        (tree / "Pictures/inside", below(tree, ["Pictures/raw/b.jpg"])),
        (tmp_path / "short/Pictures/inside/../raw/.", below(tree, ["Pictures/raw/b.jpg"])),
    ):
        assert cataloger.paths(under(spelling)) == expected, spelling
    assert cataloger.paths(f"root:{tmp_path}/short/Pictures") == pictures
    assert cataloger.paths(f"-{under(tmp_path / 'short/Pictures/raw')}") == below(tree, ["Pictures/a.jpg"])
    (tmp_path / "away").symlink_to(tree / "Music")
    message = refused(lambda: cataloger.catalog.find(under(tmp_path / "away"))).message
    assert f"leads to {tree}/Music, which is outside of the catalog" in message


def test_a_link_to_a_disk_that_is_away_still_names_its_rows(cataloger: Cataloger, tree: Path, tmp_path: Path) -> None:
    build(tree / "disk", FILES)
    cataloger.add(tree / "disk")
    cataloger.settled_scan()
    (tmp_path / "short").symlink_to(tree / "disk")
    (tree / "disk").rename(tree / "moved")
    assert cataloger.paths(under(tmp_path / "short/Pictures/raw")) == below(tree / "disk", ["Pictures/raw/b.jpg"])


@pytest.mark.parametrize("name", ['"quoted"', '12" vinyl', "back\\slash", "a b", "-dash", "ends\\"])
def test_any_name_can_be_said_in_the_one_grammar(cataloger: Cataloger, tree: Path, name: str) -> None:
    build(tree, {f"{name}/file": "x", f"{name}.txt": "y", "other": "z"})
    cataloger.add(tree)
    cataloger.settled_scan()
    quoted = '"' + f"{tree}/{name}".replace("\\", "\\\\").replace('"', '\\"') + '"'
    assert cataloger.paths(f"under:{quoted}") == below(tree, [f"{name}/file"])
    if " " not in name:
        assert cataloger.paths(f"under:{tree}/{name}") == below(tree, [f"{name}/file"])
    if not name.startswith(('"', "-")):
        assert cataloger.paths(name) == below(tree, [f"{name}.txt"])
