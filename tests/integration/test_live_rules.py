"""Live folders: rules of a root that change while it is followed, and comparisons that do not come to their end."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from sanchay_engine import RootSpec
from tests.integration.catalogs import below
from tests.integration.live_cataloger import LiveCataloger

CATALOGER = LiveCataloger
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: the tests of its watcher")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    (tree / "left out").mkdir(parents=True)
    (tree / "file").write_bytes(b"file")
    (tree / "left out" / "old").write_bytes(b"old")
    return tree


def test_an_exclude_that_is_added_counts_for_the_next_event(cataloger: LiveCataloger, tree: Path) -> None:
    root_id = cataloger.follow(tree)
    cataloger.catalog.put_root(RootSpec(root_id, os.fsencode(tree), exclude=["left out"]))
    (tree / "left out" / "new").write_bytes(b"new")
    (tree / "kept").write_bytes(b"kept")
    cataloger.wait(lambda: os.fsencode(tree / "kept") in cataloger.paths())
    assert os.fsencode(tree / "left out" / "new") not in cataloger.paths()
    assert cataloger.sync(root_id).state == "done"
    assert cataloger.paths() == below(tree, ["file", "kept"])


def test_an_exclude_that_is_lifted_counts_for_the_next_event(cataloger: LiveCataloger, tree: Path) -> None:
    root_id = cataloger.follow(tree, exclude=["left out"])
    assert cataloger.paths() == below(tree, ["file"])
    cataloger.catalog.put_root(RootSpec(root_id, os.fsencode(tree)))
    assert cataloger.sync(root_id).state == "done"
    assert cataloger.paths() == below(tree, ["file", "left out/old"])
    (tree / "left out" / "new").write_bytes(b"new")
    cataloger.wait(lambda: os.fsencode(tree / "left out" / "new") in cataloger.paths())


def test_hidden_names_that_are_skipped_from_now_on_count_for_the_next_event(
    cataloger: LiveCataloger, tree: Path
) -> None:
    root_id = cataloger.follow(tree)
    cataloger.catalog.put_root(RootSpec(root_id, os.fsencode(tree), skip_hidden=True))
    (tree / ".hidden").write_bytes(b"hidden")
    (tree / "kept").write_bytes(b"kept")
    cataloger.wait(lambda: os.fsencode(tree / "kept") in cataloger.paths())
    assert os.fsencode(tree / ".hidden") not in cataloger.paths()
    assert cataloger.sync(root_id).state == "done"
    assert os.fsencode(tree / ".hidden") not in cataloger.paths()


def test_a_sync_whose_root_goes_away_is_not_done(cataloger: LiveCataloger, tree: Path, tmp_path: Path) -> None:
    root_id = cataloger.follow(tree)
    for number in range(50):
        (tree / f"written-{number}").write_bytes(b"%d" % number)
    os.rename(tree, tmp_path / "away")
    assert cataloger.sync(root_id).state == "offline"
    assert os.fsencode(tree / "file") in cataloger.paths()
