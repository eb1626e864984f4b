"""Live folders, where the catalog itself cannot be written for a while."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from tests.integration.live import LiveCataloger
from tests.live.folders import fill
from tests.support import mounts

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: the tests of its watcher"),
    pytest.mark.needs("root", "mount"),
]


def test_what_a_full_disk_kept_out_of_the_catalog_comes_when_there_is_room(tmp_path: Path) -> None:
    tree, home = tmp_path / "tree", tmp_path / "home"
    tree.mkdir()
    (tree / "file").write_bytes(b"file")
    with mounts.memory(home, "16m"):
        cataloger = LiveCataloger(home)
        try:
            root_id = cataloger.follow(tree)
            ballast = fill(home)
            for number in range(3000):
                (tree / f"{number}").write_bytes(b"%d" % number)
            cataloger.wait(lambda: cataloger.live(root_id).state == "degraded")
            assert cataloger.live(root_id).reason == "the disk of the catalog is full: changes wait for room"
            ballast.unlink()
            cataloger.wait(lambda: cataloger.live(root_id).state == "live" and cataloger.live(root_id).pending == 0)
            assert cataloger.paths() == {os.fsencode(path) for path in tree.iterdir()}
        finally:
            cataloger.catalog.close()


def test_a_comparison_that_is_cancelled_is_made_again_and_said(tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    cataloger = LiveCataloger(tmp_path / "home")
    try:
        root_id = cataloger.follow(tree)
        cataloger.reopen()
        for number in range(20):
            with (tree / f"{number}").open("wb") as file:
                file.truncate((4 << 20) + number)
        cataloger.catalog.set_background(max_mb_per_s=0.5, paused=False)
        cataloger.catalog.start_live(settle_ms=50)
        cataloger.wait(lambda: cataloger.live(root_id).state == "reconciling")
        cataloger.catalog.scan(root_id, background=True).cancel()  # the one that runs: nobody scans twice
        cataloger.wait(lambda: len(cataloger.events("degraded")) == 1)
        cataloger.catalog.set_background(max_mb_per_s=None, paused=False)
        cataloger.wait(lambda: cataloger.live(root_id).state == "live" and cataloger.live(root_id).pending == 0)
        assert len(cataloger.events("recovered")) == 1
        assert all(cataloger.hashes().values())
    finally:
        cataloger.catalog.close()
