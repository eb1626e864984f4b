"""Hostile cases of folders in folders, thousands of levels deep: nothing goes down them by calling itself."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.integration.live_cataloger import LiveCataloger

CATALOGER = LiveCataloger
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: paths of any length by handles")

LEVELS = int(os.environ.get("SANCHAY_TEST_LEVELS", "3000"))


@pytest.fixture
def deep(tmp_path: Path) -> Iterator[Path]:
    """A folder for a deep tree, which Python itself could not take away."""
    folder = tmp_path / "deep"
    folder.mkdir()
    yield folder
    subprocess.run(["rm", "-rf", str(folder)], check=True)


def at_the_bottom(folder: Path, work: Callable[[int], None], *, make: bool = False) -> bytes:
    """Goes down the tree `d/d/d...` in `folder` and works there; the path of the lowest folder."""
    handle = os.open(folder, os.O_RDONLY)
    for _ in range(LEVELS):
        if make:
            os.mkdir(b"d", dir_fd=handle)
        below = os.open(b"d", os.O_RDONLY, dir_fd=handle)
        os.close(handle)
        handle = below
    try:
        work(handle)
    finally:
        os.close(handle)
    return os.fsencode(folder) + b"/d" * LEVELS


def write(name: str, content: bytes) -> Callable[[int], None]:
    def work(handle: int) -> None:
        file = os.open(name, os.O_WRONLY | os.O_CREAT, dir_fd=handle)
        os.write(file, content)
        os.close(file)

    return work


def test_a_tree_of_thousands_of_levels_is_scanned_and_followed(cataloger: LiveCataloger, deep: Path) -> None:
    bottom = at_the_bottom(deep, write("first", b"same"), make=True)
    root_id = cataloger.follow(deep)
    assert cataloger.live(root_id).state == "live", cataloger.live(root_id).reason
    assert cataloger.paths() == {bottom + b"/first"}
    assert cataloger.paths("path:**/first") == {bottom + b"/first"}
    totals = cataloger.catalog.usage(depth=LEVELS + 1, limit=LEVELS + 1).rows
    assert [(row.files, row.directories) for row in totals] == [(1, levels) for levels in range(LEVELS + 1, 0, -1)]

    at_the_bottom(deep, write("second", b"same"))
    cataloger.sync(root_id)
    assert cataloger.paths() == {bottom + b"/first", bottom + b"/second"}
    assert len(cataloger.groups()) == 1

    (deep / "other").mkdir()
    (deep / "d").rename(deep / "other" / "d")
    cataloger.sync(root_id)
    moved = os.fsencode(deep) + b"/other" + bottom[len(os.fsencode(deep)) :]
    assert cataloger.paths() == {moved + b"/first", moved + b"/second"}

    at_the_bottom(deep / "other", lambda handle: os.unlink("first", dir_fd=handle))
    cataloger.sync(root_id)
    assert cataloger.paths() == {moved + b"/second"}

    subprocess.run(["rm", "-rf", str(deep / "other")], check=True)
    cataloger.sync(root_id)
    assert cataloger.paths() == set()
    assert cataloger.catalog.status().directories == 1


def test_a_tree_of_thousands_of_levels_comes_in_at_once_and_goes_with_its_root(
    cataloger: LiveCataloger, deep: Path
) -> None:
    (deep / "root").mkdir()
    (deep / "beside").mkdir()
    root_id = cataloger.follow(deep / "root")
    at_the_bottom(deep / "beside", write("file", b"file"), make=True)
    (deep / "beside").rename(deep / "root" / "in")
    cataloger.sync(root_id)
    assert cataloger.catalog.status().directories == LEVELS + 2
    assert {row.size for row in cataloger.rows()} == {4}
    cataloger.catalog.remove_root(root_id)
    assert (cataloger.catalog.status().directories, cataloger.paths()) == (0, set())
