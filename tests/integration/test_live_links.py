"""Live folders: what is done by one name of a file shows under the others, whatever else happens to them."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.integration.live_cataloger import LiveCataloger

CATALOGER = LiveCataloger
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: the tests of its watcher")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two folders with one file that is in both."""
    tree = tmp_path / "tree"
    for folder in ("one", "other"):
        (tree / folder).mkdir(parents=True)
    (tree / "one" / "name").write_bytes(b"first")
    os.link(tree / "one" / "name", tree / "other" / "name")
    return tree


def test_writes_by_one_name_and_the_other_in_turn_end_the_same_under_both(cataloger: LiveCataloger, tree: Path) -> None:
    cataloger.follow(tree)
    for turn in range(30):
        for folder in ("one", "other"):
            with (tree / folder / "name").open("ab") as file:
                file.write(b"more")
            os.utime(tree / folder / "name", ns=(0, 1_000_000_000 * turn))
        cataloger.sync()
        seen = (tree / "one" / "name").stat()
        rows = cataloger.rows()
        assert {(row.size, row.modified_ns, row.hash_state) for row in rows} == {
            (seen.st_size, seen.st_mtime_ns, "hashed")
        }
        assert len(rows) == 2
        assert len({row.hash for row in rows}) == 1


def test_a_name_renamed_after_the_other_was_written_with_its_time_set_back_has_a_new_hash(
    cataloger: LiveCataloger, tree: Path
) -> None:
    cataloger.follow(tree)
    (before,) = {row.hash for row in cataloger.rows()}
    seen = (tree / "one" / "name").stat()
    with (tree / "other" / "name").open("r+b") as file:
        file.write(b"other")
    os.utime(tree / "other" / "name", ns=(seen.st_atime_ns, seen.st_mtime_ns))
    (tree / "one" / "name").rename(tree / "one" / "renamed")
    cataloger.sync()
    (after,) = {row.hash for row in cataloger.rows()}
    assert after != before


def test_a_name_that_goes_at_once_after_it_was_linked_leaves_the_other_with_its_count(
    cataloger: LiveCataloger, tree: Path
) -> None:
    cataloger.follow(tree)
    os.link(tree / "one" / "name", tree / "one" / "third")
    (tree / "other" / "name").unlink()
    (tree / "one" / "name").unlink()
    cataloger.sync()
    assert [(row.path, row.links) for row in cataloger.rows()] == [(os.fsencode(tree / "one" / "third"), 1)]


def test_a_file_written_by_two_of_its_names_is_counted_once_under_the_third(
    cataloger: LiveCataloger, tree: Path
) -> None:
    (tree / "third").mkdir()
    os.link(tree / "one" / "name", tree / "third" / "name")
    cataloger.follow(tree)
    for _ in range(10):
        # Each of the two leads to the third name, whose folder hears nothing.
        for folder in ("one", "other"):
            with (tree / folder / "name").open("ab") as file:
                file.write(b"more")
        cataloger.sync()
        size = (tree / "one" / "name").stat().st_size
        assert {row.path: row.bytes for row in cataloger.catalog.usage(depth=1).rows} == {
            os.fsencode(tree): 3 * size, **{os.fsencode(tree / name): size for name in ("one", "other", "third")}
        }  # fmt: skip
        assert [row.bytes for row in cataloger.catalog.summary("ext")] == [3 * size]
