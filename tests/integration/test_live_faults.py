"""Live folders, where the catalog itself cannot be written for a while."""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from pathlib import Path

import pytest

from tests.integration.live_cataloger import LiveCataloger
from tests.live.folders import fill
from tests.support import mounts
from tests.support.mounts import bound

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


def test_a_folder_that_is_mounted_over_a_live_root_and_taken_off_is_seen_at_once(
    cataloger: LiveCataloger, tree: Path, tmp_path: Path
) -> None:
    source, empty = tmp_path / "source", tmp_path / "empty"
    for folder in (source, empty):
        folder.mkdir()
    (source / "film").write_bytes(b"film")
    with bound(source, empty):
        root_id = cataloger.follow(empty)
    cataloger.wait(lambda: cataloger.live(root_id).state == "offline")
    assert cataloger.paths() == {os.fsencode(empty / "film")}
    with bound(source, empty):
        cataloger.wait(lambda: cataloger.live(root_id).state == "live")
        (source / "new").write_bytes(b"new")
        cataloger.wait(lambda: len(cataloger.paths()) == 2)
    cataloger.wait(lambda: cataloger.live(root_id).state == "offline")


def test_a_live_root_whose_folder_above_is_replaced_is_not_live(cataloger: LiveCataloger, tmp_path: Path) -> None:
    root = tmp_path / "above" / "way" / "root"
    root.mkdir(parents=True)
    (root / "film").write_bytes(b"film")
    root_id = cataloger.follow(root)
    (tmp_path / "above").rename(tmp_path / "former")
    root.mkdir(parents=True)
    cataloger.wait(lambda: cataloger.live(root_id).state == "offline")
    assert cataloger.catalog.root_status(root_id).state == "offline"
    assert cataloger.paths() == {os.fsencode(root / "film")}
    shutil.rmtree(tmp_path / "above")
    (tmp_path / "former").rename(tmp_path / "above")
    cataloger.wait(lambda: cataloger.live(root_id).state == "live")
    (root / "new").write_bytes(b"new")
    cataloger.wait(lambda: len(cataloger.paths()) == 2)


def test_a_disk_that_comes_and_goes_below_a_live_root_is_watched_and_then_offline(
    cataloger: LiveCataloger, tree: Path, tmp_path: Path
) -> None:
    point = tree / "disk"
    root_id = cataloger.follow(tree)
    with mounts.disk(tmp_path / "disk.img", point):
        (point / "film").write_bytes(b"film")
        cataloger.wait(lambda: os.fsencode(point / "film") in cataloger.paths())
        (point / "season").mkdir()
        (point / "season" / "1").write_bytes(b"one")
        cataloger.wait(lambda: os.fsencode(point / "season" / "1") in cataloger.paths())
        cataloger.sync(root_id)
        before = cataloger.hashes()
    point.rmdir()
    cataloger.wait(lambda: cataloger.catalog.root_status(root_id).state == "partial")
    assert cataloger.hashes() == before
    assert str(point) in cataloger.catalog.root_status(root_id).reason
    assert cataloger.sync(root_id).state == "partial"
    mounts.mount_disk(tmp_path / "disk.img", made(point))
    try:
        assert cataloger.sync(root_id).state == "done"
        assert cataloger.catalog.root_status(root_id).state == "ready"
        assert cataloger.hashes() == before
        (point / "new").write_bytes(b"new")
        cataloger.wait(lambda: os.fsencode(point / "new") in cataloger.paths())
    finally:
        mounts.unmount(point)


@pytest.mark.needs("/dev/fuse", "fusermount3")
def test_what_cannot_be_watched_below_a_live_root_is_polled_and_named(
    cataloger: LiveCataloger, tree: Path, tmp_path: Path
) -> None:
    pytest.importorskip("mfusepy")
    root_id = cataloger.follow(tree, poll_s=1)
    assert cataloger.live(root_id).polled_parts == []
    switch = tmp_path / "switch"
    with mounts.failing(tree / "share", switch) as share:
        cataloger.wait(lambda: len(cataloger.paths()) == 12)
        cataloger.wait(lambda: cataloger.live(root_id).state == "polled")
        (part,) = cataloger.live(root_id).polled_parts
        assert (part.path, part.file_system.startswith("fuse")) == (os.fsencode(share), True)
        assert str(share) in cataloger.live(root_id).reason
        (tree / "here").write_bytes(b"here")
        cataloger.wait(lambda: len(cataloger.paths()) == 13)
        switch.write_text("ghost /folder0/none\nhide /folder9\n")
    cataloger.wait(lambda: cataloger.live(root_id).polled_parts == [])
    assert len(cataloger.paths()) == 13, "it is out of reach, not gone"


@pytest.mark.needs("/dev/fuse", "fusermount3")
def test_a_share_that_hangs_holds_up_no_other_root(cataloger: LiveCataloger, tree: Path, tmp_path: Path) -> None:
    pytest.importorskip("mfusepy")
    switch = tmp_path / "switch"
    with mounts.failing(tmp_path / "share", switch) as share:
        hanging = cataloger.follow(share, poll_s=1)
        watched = cataloger.follow(tree)
        cataloger.catalog.close()
        switch.write_text("hang /\n")
        try:
            cataloger.reopen()
            cataloger.settings["patience_ms"] = 1000
            cataloger.catalog.start_live(**cataloger.settings)
            cataloger.wait(lambda: cataloger.live(watched).state == "live")
            (tree / "new").write_bytes(b"new")
            assert cataloger.sync(watched).state == "done"
            assert os.fsencode(tree / "new") in cataloger.paths()
            cataloger.wait(lambda: cataloger.live(hanging).state == "degraded")
            assert cataloger.live(hanging).reason == f"{share} does not answer"
        finally:
            switch.unlink()
        cataloger.wait(lambda: cataloger.live(hanging).state == "polled")
        switch.write_text("hang /folder0\n")
        try:
            cataloger.wait(lambda: cataloger.live(hanging).state == "reconciling")
            second = cataloger.follow(made(tmp_path / "second"))
            (tmp_path / "second" / "new").write_bytes(b"new")
            assert cataloger.sync(second).state == "done"
        finally:
            switch.unlink()
        cataloger.wait(lambda: cataloger.live(hanging).state == "polled")


def made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def open_below(folder: Path) -> bool:
    """Whether this process, in which the engine runs, has anything below a folder open."""
    for number in os.listdir("/proc/self/fd"):
        with contextlib.suppress(OSError):  # closed by then
            if os.readlink(f"/proc/self/fd/{number}").startswith(str(folder)):
                return True
    return False
