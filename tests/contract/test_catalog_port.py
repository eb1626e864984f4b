"""What the daemon counts on from a catalog: the same assertions over the engine and over the fake in its place.

A test of the daemon over the fake says something of the daemon over the engine only as far as this file goes.
"""

from __future__ import annotations

import os
import shutil
import threading
from pathlib import Path

import pytest

from sanchay.errors import (
    CatalogClosed,
    NotAbsolute,
    NotAFolder,
    NotFound,
    OwnFolder,
    SanchayError,
)
from sanchayd.engine_port.port import CatalogPort
from sanchayd.engine_port.values import LiveStatus
from sanchayd.roots.root import WatchMode
from tests.contract.ports import BYTES, FILES, a_root, elsewhere, find, names, refusal, scan
from tests.support import trees
from tests.support.daemon import PATIENCE_S
from tests.support.program import until

# ---- Roots ----


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        (b"tree", NotAbsolute),
        (b"%s/absent", NotFound),
        (b"%s/tree/docs/letter.txt", NotAFolder),
        (b"%s/home", OwnFolder),
        (b"%s/home/deep", OwnFolder),
    ],
)
def test_what_can_be_no_root_is_refused(
    port: CatalogPort, tree: Path, tmp_path: Path, path: bytes, kind: type[SanchayError]
) -> None:
    (tmp_path / "home" / "deep").mkdir()
    path = path % os.fsencode(tmp_path) if b"%" in path else path
    error = refusal(lambda: port.check_root(path))
    assert (type(error), error.path) == (kind, path)


def test_a_root_is_called_by_its_resolved_path(port: CatalogPort, tree: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(tree)
    for path in (tree, tmp_path / "link"):
        check = port.check_root(os.fsencode(path))
        assert (check.path, check.network) == (os.path.realpath(os.fsencode(tree)), False)
        assert check.file_system


def test_a_new_root_is_new_until_its_first_scan(port: CatalogPort, tree: Path) -> None:
    port.put_root(a_root(tree))
    before = port.root_status(1)
    assert (before.root_id, before.state, before.scanned_ns, before.files, before.bytes) == (1, "new", 0, 0, 0)
    result = scan(port)
    assert (result.state, result.files, result.bytes, result.errors) == ("done", 5, BYTES, 0)
    assert (list(result.error_list), result.message) == ([], "")
    after = port.root_status(1)
    assert (after.root_id, after.state, after.files, after.bytes) == (1, "ready", 5, BYTES)
    assert after.scanned_ns > 0
    assert after.holds is False


def test_a_root_whose_folder_is_away_is_offline_and_keeps_its_rows(scanned: CatalogPort, tree: Path) -> None:
    tree.rename(tree.with_name("away"))
    result = scan(scanned)
    assert (result.state, bool(result.message)) == ("offline", True)
    assert (scanned.root_status(1).state, scanned.root_status(1).files) == ("offline", 5)
    assert find(scanned).total_at_least == 5
    tree.with_name("away").rename(tree)
    assert (scan(scanned).state, scanned.root_status(1).state) == ("done", "ready")


def test_a_root_that_never_was_there_cannot_be_scanned(port: CatalogPort, tmp_path: Path) -> None:
    port.put_root(a_root(tmp_path / "never"))
    error = refusal(lambda: scan(port))
    assert (type(error), error.path) == (NotFound, os.fsencode(tmp_path / "never"))


def test_a_removed_root_takes_its_rows_along(scanned: CatalogPort, tree: Path, tmp_path: Path) -> None:
    scanned.put_root(a_root(trees.build(tmp_path / "second", {"kept.txt": b"kept"}), 2))
    scan(scanned, 2)
    assert scanned.status().files == 6
    scanned.remove_root(1)
    assert names(find(scanned).rows) == ["kept.txt"]
    assert (scanned.status().files, scanned.status().bytes) == (1, 4)


def test_settings_of_a_root_can_be_put_again(scanned: CatalogPort, tree: Path) -> None:
    scanned.put_root(a_root(tree, skip_hidden=True))
    assert scan(scanned).state == "done"
    assert scanned.root_status(1).files == 5


def test_a_folder_can_be_accepted_for_a_root(scanned: CatalogPort, tree: Path) -> None:
    scanned.accept_root(1)
    assert scan(scanned).files == 5


def test_roots_that_nobody_told_of_are_none(port: CatalogPort) -> None:
    assert list(port.stored_roots()) == []
    port.match_roots([])


def test_a_relative_pattern_is_kept_as_it_is(port: CatalogPort, tree: Path) -> None:
    assert list(port.exclude_patterns(os.fsencode(tree), ["*.iso", "docs/*"])) == ["*.iso", "docs/*"]


# ---- Scans ----


def test_a_scan_tells_of_its_progress_and_can_be_held(port: CatalogPort, tree: Path) -> None:
    port.put_root(a_root(tree))
    under_way = port.scan(1, background=True, request_id="r")
    under_way.pause()
    under_way.resume()
    under_way.foreground()
    assert under_way.wait().state == "done"
    progress = under_way.progress()
    assert progress.paused is False
    assert progress.waiting_for_disk is False
    assert isinstance(progress.current, bytes)
    assert progress.errors == 0


def test_a_held_scan_is_said_to_be_paused_and_ends_when_it_is_cancelled(port: CatalogPort, tmp_path: Path) -> None:
    port.put_root(a_root(trees.many(tmp_path / "many", 3000, per_folder=100)))
    port.set_background(max_mb_per_s=None, paused=True)  # so that it cannot end before it is cancelled
    under_way = port.scan(1, background=True, request_id="r")
    under_way.pause()
    assert under_way.progress().paused is True
    under_way.cancel()
    result = under_way.wait()
    assert result.state == "cancelled"


def test_a_sync_brings_a_root_up_to_date(scanned: CatalogPort, tree: Path) -> None:
    (tree / "new.txt").write_bytes(b"new")
    assert scanned.sync(1).wait().state == "done"
    assert names(find(scanned, "new").rows) == ["new.txt"]


def test_a_scan_sees_what_came_and_went(scanned: CatalogPort, tree: Path) -> None:
    (tree / "docs/other.txt").unlink()
    (tree / "docs/later.txt").write_bytes(b"later")
    assert scan(scanned).files == 5
    assert names(find(scanned).rows) == ["copy of letter.txt", "later.txt", "letter.txt", "one.jpg", "two.jpg"]


# ---- Live ----


def status_of(port: CatalogPort, root_id: int = 1) -> LiveStatus:
    none_yet = LiveStatus(root_id, state="")
    return next((each for each in elsewhere(port.live_status) if each.root_id == root_id), none_yet)


@pytest.mark.parametrize(
    ("watch", "mode", "state"),
    [(WatchMode.POLL, "poll", "polled"), (WatchMode.OFF, "off", "stopped")],
)
def test_a_root_is_watched_as_was_asked(port: CatalogPort, tree: Path, watch: WatchMode, mode: str, state: str) -> None:
    port.put_root(a_root(tree, watch=watch))
    scan(port)
    port.start_live(settle_ms=10, reconcile_s=3600)
    until(lambda: status_of(port).state == state)
    assert status_of(port).mode == mode
    assert bool(status_of(port).chosen_because) == (watch is WatchMode.POLL)
    port.set_live(settle_ms=20, reconcile_s=7200)
    port.remove_root(1)
    until(lambda: not elsewhere(port.live_status))


def test_nothing_happens_for_as_long_as_it_is_waited_for(port: CatalogPort) -> None:
    port.start_live(settle_ms=10, reconcile_s=3600)
    batch = elsewhere(lambda: port.next_events(0.01, 10))
    assert (list(batch.events), batch.dropped) == ([], 0)


def test_whoever_waits_for_events_is_told_of_the_end(port: CatalogPort) -> None:
    port.start_live(settle_ms=10, reconcile_s=3600)
    told: list[SanchayError] = []
    waits = threading.Event()

    def listen() -> None:
        waits.set()
        told.append(refusal(lambda: port.next_events(PATIENCE_S, 10)))

    thread = threading.Thread(target=listen)
    thread.start()
    assert waits.wait(PATIENCE_S)
    port.close()
    thread.join(PATIENCE_S)
    assert [type(error) for error in told] == [CatalogClosed]


# ---- The engine behind it ----


def test_a_catalog_says_how_it_is(scanned: CatalogPort, tree: Path) -> None:
    status = scanned.status()
    assert (status.files, status.bytes) == (5, BYTES)
    assert status.db_bytes > 0
    assert (status.damage, status.rebuilt_from, status.notice) == ("", None, "")
    assert scanned.version()
    assert scanned.disk_full() is False
    assert scanned.writer_answers(PATIENCE_S) is True
    load = scanned.load()
    assert min(load.writer_queue, load.staged_keys, load.readers, load.called_off, load.transactions) >= 0


def test_a_check_of_sound_rows_finds_nothing_and_is_remembered(scanned: CatalogPort) -> None:
    check = scanned.check(repair=False, background=False)
    assert (list(check.faults), check.complete) == ([], True)
    assert not scanned.check(repair=True, background=True).faults
    assert scanned.checked_ns() >= 0


def test_what_waits_to_be_hashed_is_counted(scanned: CatalogPort) -> None:
    debt = scanned.hash_debt()
    assert min(debt.files, debt.bytes) >= 0


def test_background_work_is_held_and_let_go(scanned: CatalogPort) -> None:
    scanned.set_background(max_mb_per_s=1.5, paused=True)
    scanned.set_background(max_mb_per_s=None, paused=False)
    assert scan(scanned).state == "done"


def test_lines_of_the_log_are_asked_for(port: CatalogPort) -> None:
    port.set_log_level("warning")
    assert all(isinstance(line, str) for line in port.take_log_lines())


def test_a_closed_catalog_leaves_every_file_where_it_was(scanned: CatalogPort, tree: Path) -> None:
    scanned.close()
    assert {str(path.relative_to(tree)): path.read_bytes() for path in tree.rglob("*") if path.is_file()} == FILES
    shutil.rmtree(tree)
