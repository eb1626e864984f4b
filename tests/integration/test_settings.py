"""A root's settings: what is hashed, by which algorithm, and what is left out."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sanchay_engine import EngineError, RootSpec
from tests.integration.catalogs import Cataloger, below, names_of
from tests.support.mounts import loop_device, make_ext4, mounted
from tests.support.trees import build

if TYPE_CHECKING:
    from sanchay_engine._native import HashScope

LARGE = 1 << 20
#: First and last block, as the stage before the whole content reads them.
EDGES = 2 * (16 << 10)


def hashed(cataloger: Cataloger) -> set[bytes]:
    return {path for path, value in cataloger.hashes().items() if value}


def test_without_hashing_nothing_is_read_and_nothing_groups(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"a": "same", "b": "same", "c": "s" * 300_000})
    cataloger.add(tree, hash="none")
    result = cataloger.scan()
    assert (result.state, result.files, result.hashed_files, result.hashed_bytes) == ("done", 3, 0, 0)
    assert hashed(cataloger) == set()
    assert {row.hash_state for row in cataloger.rows()} == {"none"}
    assert cataloger.groups() == []


def test_with_duplicates_only_files_that_share_their_size_are_read(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"a": "same", "b": "same", "c": "more", "alone": "single", "big": "b" * 300_000, "e1": "", "e2": ""})
    cataloger.add(tree, hash="duplicates")
    result = cataloger.settled_scan()
    assert (result.state, result.hashed_files, result.hashed_bytes) == ("done", 3, 12)
    assert hashed(cataloger) == below(tree, ["a", "b", "c"])
    (group,) = cataloger.groups()
    assert group.copies == 2
    assert cataloger.scan().hashed_files == 0
    (tree / "twin").write_bytes(b"b" * 300_000)
    result = cataloger.settled_scan()
    assert (result.hashed_files, result.hashed_bytes) == (2, 600_000 + 2 * EDGES)
    assert [group.size for group in cataloger.groups()] == [300_000, 4]
    assert cataloger.catalog.duplicates(min_size=0).total_groups == 3


def test_with_duplicates_a_twin_in_another_root_is_found(cataloger: Cataloger, tmp_path: Path) -> None:
    one = build(tmp_path / "one", {"a": "same", "only": "alone here", "big": "b" * 300_000})
    two = build(tmp_path / "two", {"b": "same", "x": "nothing like it", "big": "b" * 300_000})
    first = cataloger.add(one, hash="duplicates")
    assert cataloger.settled_scan(first).hashed_files == 0
    second = cataloger.add(two, hash="duplicates")
    result = cataloger.settled_scan(second)
    assert (result.state, result.hashed_files) == ("done", 4)
    assert hashed(cataloger) == below(one, ["a", "big"]) | below(two, ["b", "big"])
    assert [group.copies for group in cataloger.groups()] == [2, 2]


def test_a_root_with_all_hashes_reads_its_large_files_though_another_has_duplicates_only(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    one = build(tmp_path / "one", {"a": "first"})
    two = build(tmp_path / "two", {"large": "b" * 300_000, "small": "123"})
    cataloger.scan(cataloger.add(one, hash="duplicates"))
    cataloger.scan(cataloger.add(two))
    assert hashed(cataloger) == below(two, ["large", "small"])


def test_another_setting_counts_from_the_next_scan(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"a": "same", "b": "same", "large": "b" * 300_000})
    path = os.fsencode(tree)
    cataloger.add(tree, hash="none")
    cataloger.settled_scan()
    cataloger.catalog.put_root(RootSpec(1, path, hash="duplicates"))
    assert cataloger.scan().hashed_files == 2
    cataloger.catalog.put_root(RootSpec(1, path))
    assert cataloger.scan().hashed_files == 1
    cataloger.catalog.put_root(RootSpec(1, path, hash="none"))
    assert cataloger.scan().hashed_files == 0
    assert len(hashed(cataloger)) == 3, "what is known is kept"


@pytest.mark.parametrize("hash_scope", ["all", "duplicates"])
def test_another_algorithm_reads_everything_again(cataloger: Cataloger, tree: Path, hash_scope: HashScope) -> None:
    build(tree, {"a": "same", "b": "same", "large": "b" * 300_000, "large2": "b" * 300_000})
    cataloger.add(tree, hash=hash_scope)
    assert cataloger.settled_scan().hashed_files == 4
    blake3 = cataloger.hashes()
    cataloger.catalog.put_root(RootSpec(1, os.fsencode(tree), hash=hash_scope, algorithm="sha256"))
    assert cataloger.scan().hashed_files == 4
    for row in cataloger.rows():
        assert row.algorithm == "sha256"
        with open(row.path, "rb") as file:
            assert row.hash == hashlib.sha256(file.read()).digest() != blake3[row.path]
    assert [(group.copies, group.algorithm) for group in cataloger.groups()] == [(2, "sha256")] * 2
    cataloger.catalog.put_root(RootSpec(1, os.fsencode(tree), hash=hash_scope))
    assert cataloger.scan().hashed_files == 4
    assert cataloger.hashes() == blake3


def test_excluded_names_are_left_out_counted_and_forgotten(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"a.tmp": "1", "keep": "2", "build/out.o": "3", "src/build/x": "4", "logs/l": "5", "src/logs": "6"})
    cataloger.add(tree)
    assert cataloger.scan().files == 6
    cataloger.catalog.put_root(RootSpec(1, os.fsencode(tree), exclude=["*.tmp", "/build", "logs/"]))
    result = cataloger.scan()
    assert (result.state, result.files, result.excluded, result.removed) == ("done", 3, 3, 3)
    assert cataloger.paths() == below(tree, ["keep", "src/build/x", "src/logs"])
    assert cataloger.catalog.status().files == 3
    cataloger.catalog.put_root(RootSpec(1, os.fsencode(tree)))
    assert cataloger.scan().added == 3


def test_a_pattern_that_makes_no_sense_is_refused_by_name(cataloger: Cataloger, tree: Path) -> None:
    with pytest.raises(EngineError) as refused:
        cataloger.add(tree, exclude=["[z"])
    assert refused.value.kind == "invalid_argument"
    assert "[z" in refused.value.message
    with pytest.raises(EngineError):
        cataloger.add(tree, algorithm="md5")


def test_hidden_names_are_in_unless_they_are_skipped(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {".hidden": "1", ".git/config": "2", "a/.b/c": "3", "a/d": "4"})
    cataloger.add(tree)
    assert cataloger.scan().files == 4
    cataloger.catalog.put_root(RootSpec(1, os.fsencode(tree), skip_hidden=True))
    result = cataloger.scan()
    assert (result.files, result.excluded, result.removed) == (1, 3, 3)
    assert cataloger.paths() == below(tree, ["a/d"])


@pytest.mark.needs("root", "mount", "losetup", "mkfs.ext4", "/dev/loop-control")
def test_other_file_systems_below_a_root_are_in_unless_it_stays_on_one(cataloger: Cataloger, tmp_path: Path) -> None:
    tree = build(tmp_path / "tree", {"here": "1", "disk/": ""})
    with loop_device(make_ext4(tmp_path / "disk.img")) as device, mounted(device, tree / "disk"):
        build(tree / "disk", {"there": "2"})
        one = cataloger.add(tree)
        assert cataloger.scan(one).files == 2
        cataloger.catalog.put_root(RootSpec(one, os.fsencode(tree), one_file_system=True))
        result = cataloger.scan(one)
        assert (result.state, result.files, result.skipped_mounts) == ("done", 1, 1)
        assert cataloger.paths() == below(tree, ["here"])
        cataloger.catalog.put_root(RootSpec(one, os.fsencode(tree)))
        assert cataloger.scan(one).files == 2


@pytest.mark.needs("root", "mount", "/proc")
def test_a_pseudo_file_system_below_a_root_is_skipped_and_counted(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"here": "1", "proc/": ""})
    cataloger.add(tree)
    with mounted("proc", tree / "proc", "-t", "proc"):
        for _ in range(2):
            result = cataloger.scan()
            assert (result.state, result.files, result.skipped_mounts, result.errors) == ("done", 1, 1, 0)
    result = cataloger.scan()
    assert (result.state, result.files, result.skipped_mounts) == ("done", 1, 0)


def large(first: bytes, middle: bytes = b"m", last: bytes = b"l") -> bytes:
    """A megabyte that begins, goes on and ends as told."""
    half = (LARGE - 2) // 2
    return first + b"x" * half + middle + b"y" * (LARGE - half - 3) + last


def test_with_duplicates_large_files_with_unequal_edges_are_not_read_whole(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"a": large(b"a"), "b": large(b"b"), "c": large(b"a", last=b"k")})
    cataloger.add(tree, hash="duplicates")
    result = cataloger.settled_scan()
    assert (result.state, result.hashed_files, result.hashed_bytes) == ("done", 0, 3 * EDGES)
    assert {row.hash_state for row in cataloger.rows()} == {"none"}
    # What is known of them is not read again.
    assert cataloger.scan().hashed_bytes == 0


def test_with_duplicates_a_difference_in_the_middle_is_seen(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"a": large(b"a"), "b": large(b"a", b"n")})
    cataloger.add(tree, hash="duplicates")
    result = cataloger.settled_scan()
    assert (result.hashed_files, result.hashed_bytes) == (2, 2 * (EDGES + LARGE))
    assert cataloger.groups() == []


def test_with_duplicates_a_twin_that_comes_later_is_found(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"a": large(b"a"), "b": large(b"b")})
    cataloger.add(tree, hash="duplicates")
    assert cataloger.settled_scan().hashed_files == 0
    build(tree, {"twin of a": large(b"a")})
    result = cataloger.settled_scan()
    assert (result.hashed_files, result.hashed_bytes) == (2, EDGES + 2 * LARGE)
    assert [names_of(group) for group in cataloger.groups()] == [{b"a", b"twin of a"}]
    build(tree, {"b": large(b"a", b"m")})
    assert cataloger.settled_scan().hashed_files == 1
    assert [names_of(group) for group in cataloger.groups()] == [{b"a", b"b", b"twin of a"}]
    (tree / "twin of a").unlink()
    (tree / "a").unlink()
    cataloger.settled_scan()
    assert cataloger.groups() == []


def test_with_duplicates_a_twin_among_fully_hashed_files_is_found(cataloger: Cataloger, tmp_path: Path) -> None:
    one, two = build(tmp_path / "one", {"a": large(b"a")}), build(
        tmp_path / "two", {"b": large(b"a"), "c": large(b"c")}
    )
    first, second = cataloger.add(one), cataloger.add(two, hash="duplicates")
    cataloger.settled_scan(first)
    assert cataloger.settled_scan(second).hashed_files == 1
    assert [names_of(group) for group in cataloger.groups()] == [{b"a", b"b"}]


def test_with_duplicates_files_that_were_just_written_are_told_apart_too(cataloger: Cataloger, tree: Path) -> None:
    cataloger.add(tree, hash="duplicates")
    build(tree, {"a": large(b"a"), "b": large(b"a"), "c": large(b"c")})
    cataloger.scan()
    assert [names_of(group) for group in cataloger.groups()] == [{b"a", b"b"}]
