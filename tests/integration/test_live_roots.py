"""Live folders: how roots are kept up, come and go, and what a sync promises."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

import pytest

from sanchay_engine import EngineError
from tests.integration.live_cataloger import LiveCataloger
from tests.support.daemon import PATIENCE_S

CATALOGER = LiveCataloger
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: the tests of its watcher")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    tree = tmp_path / "tree"
    tree.mkdir()
    (tree / "file").write_bytes(b"file")
    return tree


def test_what_happened_while_nobody_watched_shows_after_the_start(cataloger: LiveCataloger, tree: Path) -> None:
    cataloger.follow(tree)
    cataloger.catalog.close()
    (tree / "file").unlink()
    (tree / "other").write_bytes(b"other")
    cataloger.reopen()
    cataloger.catalog.start_live(settle_ms=50)
    cataloger.wait(lambda: cataloger.paths() == {os.fsencode(tree / "other")})


def test_a_root_that_is_polled_says_why_and_is_compared(cataloger: LiveCataloger, tree: Path) -> None:
    root_id = cataloger.follow(tree, watch="poll", poll_s=1)
    status = cataloger.live(root_id)
    assert (status.mode, status.chosen_because, status.watched_folders) == ("poll", "asked for", 0)
    (tree / "new").write_bytes(b"new")
    cataloger.wait(lambda: len(cataloger.paths()) == 2)


def test_a_root_that_is_switched_off_stays_as_it_was_scanned(cataloger: LiveCataloger, tree: Path) -> None:
    root_id = cataloger.add(tree, watch="off")
    cataloger.scan(root_id)
    cataloger.catalog.start_live()
    cataloger.wait(lambda: cataloger.live(root_id).state == "stopped")
    (tree / "new").write_bytes(b"new")
    assert len(cataloger.paths()) == 1
    assert cataloger.sync(root_id).state == "done"
    assert len(cataloger.paths()) == 2


def test_a_sync_leaves_no_cookie_and_sees_all_that_was_written_before(cataloger: LiveCataloger, tree: Path) -> None:
    cataloger.follow(tree)
    for number in range(50):
        (tree / f"written-{number}").write_bytes(b"%d" % number)
        assert cataloger.sync().state == "done"
        (row,) = cataloger.rows(f"name:written-{number}")
        assert row.hash_state == "hashed"
    assert not [name for name in os.listdir(tree) if "sanchay-sync" in name]
    assert not cataloger.rows("sanchay-sync")


def test_a_cookie_that_a_killed_daemon_left_is_no_file_and_is_swept(cataloger: LiveCataloger, tree: Path) -> None:
    left = tree / ".sanchay-sync-0123456789abcdef"
    left.write_bytes(b"")
    hours_ago = time.time() - 3600
    os.utime(left, (hours_ago, hours_ago))
    cataloger.follow(tree)
    assert not left.exists()
    assert cataloger.paths() == {os.fsencode(tree / "file")}


def test_a_sync_works_before_anything_is_live(cataloger: LiveCataloger, tree: Path) -> None:
    root_id = cataloger.add(tree)
    assert cataloger.catalog.live_status() == []
    assert cataloger.sync(root_id).state == "done"
    assert len(cataloger.paths()) == 1
    with pytest.raises(EngineError, match="root"):
        cataloger.catalog.sync(99)


def test_a_root_that_goes_away_keeps_its_rows_and_comes_back_by_itself(
    cataloger: LiveCataloger, tree: Path, tmp_path: Path
) -> None:
    root_id = cataloger.follow(tree)
    os.rename(tree, tmp_path / "away")
    cataloger.wait(lambda: cataloger.live(root_id).state == "offline")
    assert cataloger.catalog.root_status(root_id).state == "offline"
    assert len(cataloger.paths()) == 1
    assert cataloger.sync(root_id).state == "offline"
    (tmp_path / "away" / "new").write_bytes(b"new")
    os.rename(tmp_path / "away", tree)
    cataloger.wait(lambda: cataloger.live(root_id).state == "live" and len(cataloger.paths()) == 2)
    assert [event.root_id for event in cataloger.events("root_offline")] == [root_id]
    assert [event.root_id for event in cataloger.events("root_online")] == [root_id]
    (tree / "later").write_bytes(b"later")
    cataloger.wait(lambda: len(cataloger.paths()) == 3)


def test_a_root_added_or_removed_later_is_followed_or_let_go(
    cataloger: LiveCataloger, tree: Path, tmp_path: Path
) -> None:
    cataloger.follow(tree)
    second = tmp_path / "second"
    second.mkdir()
    root_id = cataloger.follow(second)
    (second / "new").write_bytes(b"new")
    cataloger.wait(lambda: len(cataloger.paths()) == 2)
    cataloger.catalog.remove_root(root_id)
    assert cataloger.paths() == {os.fsencode(tree / "file")}
    (second / "newer").write_bytes(b"newer")
    cataloger.sync(1)
    assert cataloger.paths() == {os.fsencode(tree / "file")}
    cataloger.wait(lambda: [status.root_id for status in cataloger.catalog.live_status()] == [1])


def test_a_root_inside_another_is_kept_up_with_it(cataloger: LiveCataloger, tree: Path) -> None:
    (tree / "inner").mkdir()
    outer = cataloger.follow(tree)
    inner = cataloger.follow(tree / "inner")
    (tree / "inner" / "new").write_bytes(b"new")
    assert cataloger.sync(inner).state == "done"
    assert {(os.path.basename(row.path), row.root_id) for row in cataloger.rows()} == {
        (b"file", outer),
        (b"new", inner),
    }


def test_changes_while_a_scan_runs_are_in_the_catalog_after_it(cataloger: LiveCataloger, tree: Path) -> None:
    for number in range(300):
        folder = tree / str(number % 30)
        folder.mkdir(exist_ok=True)
        (folder / str(number)).write_bytes(b"%d" % number)
    cataloger.follow(tree)
    for number in range(20):
        scan = cataloger.catalog.scan(1)
        (tree / str(number) / "while scanning").write_bytes(b"%d" % number)
        os.rename(tree / str(number), tree / f"renamed-{number}")
        assert scan.wait(PATIENCE_S) is not None
    cataloger.sync()
    seen = {os.fsencode(Path(folder) / name) for folder, _, names in os.walk(tree) for name in names}
    assert cataloger.paths() == seen
    assert {row.hash_state for row in cataloger.rows()} == {"hashed"}
