"""Hostile cases of roots: twice, inside one another, with names that look alike, and holding the catalog itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from sanchay_engine import EngineError, RootSpec, check_root
from tests.integration.catalogs import ONLY_POSIX, Cataloger, below
from tests.support.trees import build

pytestmark = ONLY_POSIX

FILES = {"a": "same", "inner/b": "same", "inner/deep/c": "same", "other/d": "else"}


def paths_of(tree: Path) -> set[bytes]:
    return below(tree, list(FILES))


def check_whole(cataloger: Cataloger, tree: Path) -> None:
    """The tree is cataloged once, whatever roots share it."""
    rows = cataloger.rows()
    assert sorted(row.path for row in rows) == sorted(paths_of(tree))
    (group,) = cataloger.groups()
    assert (group.copies, group.total_paths) == (3, 3)
    status = cataloger.catalog.status()
    assert (status.files, status.directories) == (4, 4)
    assert sum(row.files for row in cataloger.catalog.summary("ext")) == 4
    (top,) = cataloger.catalog.usage(os.fsencode(tree), depth=0).rows
    assert (top.files, top.directories) == (4, 4)


def check_inner(cataloger: Cataloger, tree: Path) -> None:
    """What is left is the inner root."""
    assert cataloger.paths() == below(tree, ["inner/b", "inner/deep/c"])
    (group,) = cataloger.groups()
    assert group.copies == 2
    status = cataloger.catalog.status()
    assert (status.files, status.directories, status.bytes) == (2, 2, 8)
    assert sum(row.files for row in cataloger.catalog.summary("ext")) == 2
    assert cataloger.paths("under:" + str(tree / "inner")) == cataloger.paths()


def test_a_root_given_twice_is_refused_and_each_file_is_there_once(cataloger: Cataloger, tree: Path) -> None:
    build(tree, FILES)
    cataloger.add(tree)
    cataloger.scan()
    with pytest.raises(EngineError) as refused:
        cataloger.add(tree)
    assert refused.value.kind == "invalid_argument"
    assert str(tree) in refused.value.message
    assert cataloger.settled_scan().added == 0
    check_whole(cataloger, tree)


def test_an_inner_root_added_after_the_outer_shares_its_rows(cataloger: Cataloger, tree: Path) -> None:
    build(tree, FILES)
    outer = cataloger.add(tree)
    cataloger.scan(outer)
    inner = cataloger.add(tree / "inner")
    result = cataloger.settled_scan(inner)
    assert (result.state, result.files, result.added) == ("done", 2, 0)
    check_whole(cataloger, tree)
    assert cataloger.row(tree / "inner" / "b").root_id == inner
    assert cataloger.row(tree / "a").root_id == outer
    assert cataloger.catalog.root_status(inner).files == 2
    rows = cataloger.catalog.summary("ext", root_ids=[inner])
    assert sum(row.files for row in rows) == 2
    rows = cataloger.catalog.summary("ext", root_ids=[inner, outer])
    assert sum(row.files for row in rows) == 4


def test_an_outer_root_added_after_the_inner_takes_its_rows_over(cataloger: Cataloger, tree: Path) -> None:
    build(tree, FILES)
    inner = cataloger.add(tree / "inner")
    cataloger.settled_scan(inner)
    outer = cataloger.add(tree)
    result = cataloger.settled_scan(outer)
    assert (result.state, result.files, result.added, result.hashed_files) == ("done", 4, 2, 2)
    check_whole(cataloger, tree)
    assert cataloger.settled_scan(inner).added == 0
    check_whole(cataloger, tree)


@pytest.mark.parametrize("inner_first", [True, False])
def test_the_outer_root_removed_leaves_the_inner_with_its_hashes(
    cataloger: Cataloger, tree: Path, inner_first: bool
) -> None:
    build(tree, FILES)
    folders = [tree / "inner", tree] if inner_first else [tree, tree / "inner"]
    roots = {folder: cataloger.add(folder) for folder in folders}
    for root in roots.values():
        cataloger.settled_scan(root)
    cataloger.catalog.remove_root(roots[tree])
    check_inner(cataloger, tree)
    result = cataloger.settled_scan(roots[tree / "inner"])
    assert (result.added, result.removed, result.hashed_files) == (0, 0, 0)
    check_inner(cataloger, tree)
    again = cataloger.add(tree)
    assert cataloger.settled_scan(again).added == 2
    check_whole(cataloger, tree)


def test_an_outer_root_removed_before_it_adopted_the_inner_one_takes_nothing_from_it(
    cataloger: Cataloger, tree: Path
) -> None:
    build(tree, FILES)
    inner = cataloger.add(tree / "inner")
    cataloger.settled_scan(inner)
    outer = cataloger.add(tree)
    scan = cataloger.catalog.scan(outer)
    scan.cancel()
    assert scan.wait(60) is not None
    rows = cataloger.catalog.summary("ext", root_ids=[inner, outer])
    assert sum(row.files for row in rows) == cataloger.catalog.status().files
    cataloger.catalog.remove_root(outer)
    check_inner(cataloger, tree)
    for by in ("type", "size", "owner", "age"):
        assert sum(row.files for row in cataloger.catalog.summary(by)) == 2, by


def test_an_inner_folder_that_went_and_came_again_stays_when_the_outer_root_goes(
    cataloger: Cataloger, tree: Path
) -> None:
    build(tree, FILES)
    outer, inner = cataloger.add(tree), cataloger.add(tree / "inner")
    cataloger.settled_scan(outer)
    cataloger.settled_scan(inner)
    (tree / "inner").rename(tree / "away")
    cataloger.settled_scan(outer)
    (tree / "away").rename(tree / "inner")
    cataloger.settled_scan(outer)
    cataloger.catalog.remove_root(outer)
    check_inner(cataloger, tree)


@pytest.mark.parametrize("inner_first", [True, False])
def test_the_inner_root_removed_leaves_the_outer_whole(cataloger: Cataloger, tree: Path, inner_first: bool) -> None:
    build(tree, FILES)
    folders = [tree / "inner", tree] if inner_first else [tree, tree / "inner"]
    roots = {folder: cataloger.add(folder) for folder in folders}
    for root in roots.values():
        cataloger.settled_scan(root)
    cataloger.catalog.remove_root(roots[tree / "inner"])
    check_whole(cataloger, tree)
    result = cataloger.settled_scan(roots[tree])
    assert (result.added, result.removed, result.hashed_files) == (0, 0, 0)


def test_three_roots_inside_one_another_come_and_go(cataloger: Cataloger, tree: Path) -> None:
    build(tree, FILES)
    deep, outer, inner = cataloger.add(tree / "inner/deep"), cataloger.add(tree), cataloger.add(tree / "inner")
    for root in (deep, outer, inner):
        cataloger.settled_scan(root)
    check_whole(cataloger, tree)
    cataloger.catalog.remove_root(outer)
    check_inner(cataloger, tree)
    cataloger.catalog.remove_root(inner)
    assert cataloger.paths() == below(tree, ["inner/deep/c"])
    status = cataloger.catalog.status()
    assert (status.files, status.directories) == (1, 1)
    assert cataloger.groups() == []


def test_a_root_through_a_symlink_is_its_target(tree: Path) -> None:
    (tree / "real").mkdir()
    os.symlink(tree / "real", tree / "link")
    resolved = check_root(os.fsencode(tree / "link"))
    assert resolved.path == os.fsencode(tree / "real")
    assert check_root(os.fsencode(tree / "real") + b"/./../real/").path == os.fsencode(tree / "real")


def test_roots_whose_names_begin_alike_do_not_mix(cataloger: Cataloger, tree: Path) -> None:
    names = ["movies", "movies2", "%", "_", "a%b", "a_b", "axb"]
    for name in names:
        build(tree / name, {"film.txt": name, "twin.txt": "same"})
    roots = {name: cataloger.add(tree / name, name=f"root {name}") for name in names}
    for root in roots.values():
        assert cataloger.scan(root).files == 2
    for name, root in roots.items():
        expected = below(tree / name, ["film.txt", "twin.txt"])
        assert cataloger.paths(f'under:"{tree / name}"') == expected
        assert cataloger.paths(f'root:"root {name}"') == expected
        assert {row.root_id for row in cataloger.rows(f'under:"{tree / name}"')} == {root}
        assert cataloger.groups(under=os.fsencode(tree / name)) == []
        assert cataloger.catalog.root_status(root).files == 2
    assert cataloger.paths("path:**/movies/*") == below(tree / "movies", ["film.txt", "twin.txt"])
    cataloger.catalog.remove_root(roots["movies"])
    assert len(cataloger.paths()) == 2 * len(names) - 2
    cataloger.catalog.remove_root(roots["_"])
    assert len(cataloger.paths()) == 2 * len(names) - 4


def test_a_percent_sign_in_a_name_is_no_wildcard(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"100%sure.txt": "1", "100 unsure.txt": "2", "a_bcd.txt": "3", "axbcd.txt": "4"})
    cataloger.add(tree)
    cataloger.scan()
    assert cataloger.catalog.wait_name_index(10)
    assert cataloger.paths("0%s") == below(tree, ["100%sure.txt"])
    assert cataloger.paths("a_bcd") == below(tree, ["a_bcd.txt"])


def test_the_rules_of_an_inner_root_hold_whichever_root_is_scanned(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"inner/cache/a": "1", "inner/keep/cache/b": "2", "cache/c": "3", "inner/x.tmp": "4", "y.tmp": "5"})
    outer = cataloger.add(tree)
    inner = cataloger.add(tree / "inner", exclude=["/cache", "*.tmp"])
    expected = below(tree, ["inner/keep/cache/b", "cache/c", "y.tmp"])
    for root in (outer, inner, outer, inner):
        cataloger.scan(root)
        if root == inner or cataloger.paths():
            assert cataloger.paths() == expected, root


def test_a_scan_of_the_folder_that_holds_the_catalog_leaves_it_out(cataloger: Cataloger, tmp_path: Path) -> None:
    build(tmp_path / "tree", {"a": "content"})
    os.link(cataloger.home / "catalog.db", tmp_path / "tree" / "hard-link.db")
    os.symlink(cataloger.home / "catalog.db", tmp_path / "tree" / "symlink.db")
    cataloger.add(tmp_path)
    for _ in range(3):
        result = cataloger.settled_scan()
        assert (result.state, result.files) == ("done", 1)
        assert result.excluded >= 2
        assert cataloger.paths() == below(tmp_path, ["tree/a"])
    cataloger.reopen()
    assert cataloger.paths() == below(tmp_path, ["tree/a"])


def locks_on(path: Path) -> list[str]:
    """The kinds of the locks that are held on a file, as the kernel lists them."""
    inode = f":{path.stat().st_ino}"
    lines = Path("/proc/locks").read_text("ascii").splitlines()
    return sorted(" ".join(line.split()[1:4]) for line in lines if line.split()[-3].endswith(inode))


@pytest.mark.needs("/proc/locks")
def test_a_scan_of_the_catalogs_own_folder_drops_none_of_its_locks(cataloger: Cataloger, tmp_path: Path) -> None:
    build(tmp_path / "tree", {"a": "content"})
    os.link(cataloger.home / "catalog.db", tmp_path / "tree" / "hard-link.db")
    cataloger.add(tmp_path)
    before = locks_on(cataloger.home / "catalog.db")
    assert before, "the catalog is locked while it is open"
    for _ in range(2):
        assert cataloger.scan().state == "done"
        assert locks_on(cataloger.home / "catalog.db") == before


def test_the_catalogs_own_folder_is_refused_as_a_root(cataloger: Cataloger) -> None:
    home = os.fsencode(cataloger.home)
    with pytest.raises(EngineError) as refused:
        check_root(home, [home])
    assert refused.value.kind == "own_folder"


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (b"relative", "not_absolute"),
        (b"/no/such/folder", "not_found"),
        (b"/etc/passwd", "not_a_folder"),
        (b"/proc", "pseudo_file_system"),
        (b"/sys/kernel", "pseudo_file_system"),
    ],
)
@pytest.mark.needs("/proc", "/sys")
def test_what_cannot_be_a_root_is_refused_with_its_reason(path: bytes, kind: str) -> None:
    with pytest.raises(EngineError) as refused:
        check_root(path)
    assert refused.value.kind == kind
    assert path.decode() in refused.value.message


@pytest.mark.parametrize("exclude", ["inner/", "other/", "inner/deep/"])
def test_what_the_outer_root_excludes_stays_where_it_is_a_root_by_itself(
    cataloger: Cataloger, tree: Path, exclude: str
) -> None:
    build(tree, FILES)
    outer = cataloger.add(tree)
    inner = cataloger.add(tree / "inner" / "deep")
    cataloger.settled_scan(outer)
    cataloger.settled_scan(inner)
    before = cataloger.hashes()
    cataloger.catalog.put_root(RootSpec(outer, os.fsencode(tree), exclude=[exclude]))
    cataloger.scan(outer)
    gone = {"inner/": ["inner/b"], "other/": ["other/d"], "inner/deep/": []}[exclude]
    left = below(tree, [name for name in FILES if name not in gone])
    assert cataloger.hashes() == {path: value for path, value in before.items() if path in left}
    assert cataloger.paths() == left
    assert cataloger.catalog.root_status(inner).files == 1
