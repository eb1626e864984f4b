"""Files of terabytes of holes: nothing waits for them, and what was done of them is not done again."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.integration.catalogs import Cataloger, names_of
from tests.integration.live_cataloger import LiveCataloger

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: holes of terabytes")

HOLES_BYTES = 8 << 40


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """Two pairs of twins and two files of holes of one size, which come first in the folder."""
    tree = tmp_path / "tree"
    tree.mkdir()
    for name in ("0 holes", "1 holes"):
        (tree / name).touch()
        os.truncate(tree / name, HOLES_BYTES)
    for name in ("small", "small too"):
        (tree / name).write_bytes(b"small")
    for name in ("large", "large too"):
        (tree / name).write_bytes(b"large" * 100_000)
    return tree


def _groups(cataloger: Cataloger) -> list[set[bytes]]:
    return sorted((names_of(group) for group in cataloger.groups()), key=min)


def _states_of_holes(cataloger: Cataloger) -> set[str]:
    states = [row.hash_state for row in cataloger.rows() if row.path.endswith(b"holes")]
    assert len(states) == 2
    return set(states)


TWINS = [{b"large", b"large too"}, {b"small", b"small too"}]


@pytest.mark.parametrize("scope", ["all", "duplicates"])
def test_duplicates_of_others_show_while_holes_are_hashed_and_another_scan_does_not_wait(
    tmp_path: Path, tree: Path, scope: str
) -> None:
    cataloger = LiveCataloger(tmp_path / "home")
    try:
        root = cataloger.add(tree, hash=scope)
        first = cataloger.catalog.scan(root)
        cataloger.wait(lambda: _groups(cataloger) == TWINS)
        assert first.progress().phase == "hashing"
        second = cataloger.catalog.scan(root)
        result = first.wait(60)
        assert result is not None, "it gives way to the one that waits"
        assert result.state == "done"
        # What was racy at the first look is read again, and merged before the holes.
        cataloger.wait(lambda: second.progress().phase == "hashing" and _groups(cataloger) == TWINS)
        second.cancel()
        assert _states_of_holes(cataloger) <= {"none", "pending"}
    finally:
        cataloger.catalog.close()


def test_a_live_root_with_holes_is_live_and_large_files_are_hashed_as_they_come(tmp_path: Path, tree: Path) -> None:
    cataloger = LiveCataloger(tmp_path / "home")
    try:
        root = cataloger.add(tree)
        cataloger.catalog.start_live(**cataloger.settings)
        cataloger.scan(root)
        assert _groups(cataloger) == TWINS
        assert cataloger.sync().state == "done"
        for number in range(3):
            for name in (f"later {number}", f"later too {number}"):
                (tree / name).write_bytes(b"%d" % number * (9 << 20))
            assert cataloger.sync().state == "done"
            assert {f"later {number}".encode(), f"later too {number}".encode()} in _groups(cataloger)
        assert _states_of_holes(cataloger) == {"pending"}
    finally:
        cataloger.catalog.close()
