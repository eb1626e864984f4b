"""Live folders, where the catalog itself cannot be written for a while."""

from __future__ import annotations

import contextlib
import os
import sys
from pathlib import Path

import pytest

from tests.integration.live import LiveCataloger
from tests.live.folders import fill
from tests.support import mounts

CATALOGER = LiveCataloger
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


def test_a_pause_holds_what_is_read_and_a_sync_waits_for_none(cataloger: LiveCataloger, tree: Path) -> None:
    root_id = cataloger.follow(tree)
    cataloger.catalog.set_background(max_mb_per_s=None, paused=True)
    (tree / "small").write_bytes(b"small")
    with (tree / "large").open("wb") as file:
        file.truncate(32 << 20)
    cataloger.wait(lambda: len(cataloger.paths()) == 2)  # looked at, which reads nothing
    cataloger.wait(lambda: cataloger.live(root_id).state == "degraded")
    assert cataloger.live(root_id).reason == "paused"
    assert not any(cataloger.hashes().values())
    assert cataloger.sync(root_id).state == "done"
    assert all(cataloger.hashes().values())
    (tree / "other").write_bytes(b"other")
    cataloger.wait(lambda: len(cataloger.paths()) == 3)
    cataloger.catalog.set_background(max_mb_per_s=None, paused=False)
    cataloger.wait(lambda: all(cataloger.hashes().values()))


def test_a_pause_leaves_nothing_open_that_would_keep_a_drive_from_being_unplugged(
    cataloger: LiveCataloger, tree: Path
) -> None:
    cataloger.follow(tree)
    cataloger.catalog.set_background(max_mb_per_s=1.0, paused=False)
    with (tree / "large").open("wb") as file:
        file.truncate(128 << 20)
    cataloger.wait(lambda: open_below(tree))
    cataloger.catalog.set_background(max_mb_per_s=None, paused=True)
    cataloger.wait(lambda: cataloger.live().state == "degraded" and not open_below(tree))
    assert not any(cataloger.hashes().values())
    cataloger.catalog.set_background(max_mb_per_s=None, paused=False)
    cataloger.wait(lambda: all(cataloger.hashes().values()))


def test_a_catalog_is_closed_in_the_middle_of_a_pause(cataloger: LiveCataloger, tree: Path) -> None:
    cataloger.follow(tree)
    cataloger.catalog.set_background(max_mb_per_s=None, paused=True)
    (tree / "file").write_bytes(b"file")
    cataloger.wait(lambda: len(cataloger.paths()) == 1 and cataloger.live().pending > 0)
    cataloger.catalog.close()


def open_below(folder: Path) -> bool:
    """Whether this process, in which the engine runs, has anything below a folder open."""
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed meanwhile
            if os.readlink(f"/proc/self/fd/{number}").startswith(str(folder)):
                return True
    return False
