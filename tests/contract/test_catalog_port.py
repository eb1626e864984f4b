"""What the daemon counts on from a catalog: the same assertions over the engine and over the fake in its place.

A test of the daemon over the fake says something of the daemon over the engine only as far as this file goes.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sanchay.errors import (
    CatalogClosed,
    InvalidArgument,
    InvalidQuery,
    NotAbsolute,
    NotAFolder,
    NotFound,
    OwnFolder,
    SanchayError,
    UnknownPath,
)
from sanchayd.engine_port import values
from sanchayd.engine_port.port import CatalogPort
from sanchayd.engine_port.values import LiveStatus
from sanchayd.roots.root import HashAlgorithm, Root, RootSettings, WatchMode
from tests.support import trees
from tests.support.daemon import PATIENCE_S, engine_missing
from tests.support.fake_catalog import FakeCatalog
from tests.support.program import until

T = TypeVar("T")
FILES = {
    "photos/one.jpg": b"\xff\xd8\xff" + b"photo" * 1000,
    "photos/two.jpg": b"\xff\xd8\xff" + b"photo" * 1000,
    "docs/letter.txt": b"Dear Sir",
    "docs/copy of letter.txt": b"Dear Sir",
    "docs/other.txt": b"Dear Madam",
}
BYTES = sum(map(len, FILES.values()))
PHOTO_BYTES = len(FILES["photos/one.jpg"])


@pytest.fixture(params=["fake", "engine"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CatalogPort]:
    """An empty catalog of either kind, whose own folder is `home`."""
    home = tmp_path / "home"
    home.mkdir()
    catalog: CatalogPort
    if request.param == "fake":
        catalog = FakeCatalog([os.fsencode(home)])
    else:
        if engine_missing():
            pytest.skip("the engine is not built")
        from sanchayd.engine_port.native import NativeCatalog

        catalog = NativeCatalog.open(
            os.fsencode(home / "catalog.db"), own_folders=[os.fsencode(home)], threads=2, cache_mb=8
        )
    yield catalog
    catalog.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return trees.build(tmp_path / "tree", FILES)


def a_root(path: Path, number: int = 1, **settings: Any) -> Root:
    return Root(number, path.name, os.fsencode(path), RootSettings(**settings), created_ns=1)


def scan(port: CatalogPort, root_id: int = 1) -> values.ScanResult:
    return port.scan(root_id, background=False, request_id="r").wait()


@pytest.fixture
def scanned(port: CatalogPort, tree: Path) -> CatalogPort:
    """The catalog with the tree in it, whose hashes are settled."""
    time.sleep(0.08)  # or what was just written is read again
    port.put_root(a_root(tree))
    assert scan(port).state == "done"
    return port


def refusal(ask: Callable[[], object]) -> SanchayError:
    with pytest.raises(SanchayError) as caught:
        ask()
    return caught.value


def elsewhere(ask: Callable[[], T]) -> T:
    """Asks from another thread than the event loop's, as the daemon does."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result(PATIENCE_S)


def names(rows: Sequence[values.FileRow]) -> list[str]:
    return sorted(os.path.basename(os.fsdecode(row.path)) for row in rows)


def find(port: CatalogPort, expression: str = "", **options: Any) -> values.FindPage:
    return port.find(expression, **{"sort": "", "limit": 100, "token": "", **options})


def duplicates(port: CatalogPort, **options: Any) -> values.DuplicatePage:
    filters: dict[str, Any] = {"under": None, "min_size": 1, "extensions": [], "types": [], "sort": "reclaimable"}
    return port.duplicates(**{**filters, "limit": 100, "token": "", "paths_limit": 100, **options})


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


# ---- Questions ----


def test_a_word_finds_names(scanned: CatalogPort, tree: Path) -> None:
    page = find(scanned, "letter")
    assert names(page.rows) == ["copy of letter.txt", "letter.txt"]
    assert (page.total, page.total_at_least, page.next_token) == (2, 2, "")
    assert page.total_bytes in {16, None}  # None: not counted
    assert list(page.root_ids) == [1]


def test_a_row_says_what_its_file_is(scanned: CatalogPort, tree: Path) -> None:
    (row,) = find(scanned, "other").rows
    info = (tree / "docs/other.txt").stat()
    assert row.path == os.fsencode(tree / "docs/other.txt")
    assert (row.size, row.allocated, row.modified_ns) == (info.st_size, info.st_blocks * 512, info.st_mtime_ns)
    assert (row.links, row.owner, row.inode, row.root_id) == (1, info.st_uid, info.st_ino, 1)
    assert (row.extension, row.hash_state) == ("txt", "hashed")
    assert row.algorithm in {each.value for each in HashAlgorithm}
    assert len(row.hash) == 32


def test_equal_contents_have_equal_hashes(scanned: CatalogPort) -> None:
    hashes = {os.path.basename(row.path): row.hash for row in find(scanned).rows}
    assert hashes[b"letter.txt"] == hashes[b"copy of letter.txt"] != hashes[b"other.txt"]


def test_pages_go_on_where_the_last_ended(scanned: CatalogPort) -> None:
    seen: list[values.FileRow] = []
    token = ""
    for expected in (2, 2, 1):
        page = find(scanned, "", limit=2, token=token)
        assert (len(page.rows), page.total_at_least) == (expected, 5)
        seen += page.rows
        token = page.next_token
    assert token == ""
    assert len({row.path for row in seen}) == 5


def test_a_term_that_says_nothing_is_refused_with_its_place(scanned: CatalogPort) -> None:
    error = refusal(lambda: find(scanned, "size:>x"))
    assert (type(error), error.term, error.position) == (InvalidQuery, "size:>x", 0)
    assert "x" in error.message


def test_an_empty_catalog_finds_nothing(port: CatalogPort) -> None:
    page = find(port, "x")
    assert (list(page.rows), page.total, page.total_bytes, page.next_token) == ([], 0, 0, "")
    assert (list(duplicates(port).groups), duplicates(port).total_groups) == ([], 0)
    assert list(port.summary("ext", root_ids=[])) == []
    assert list(port.roots_of_expression("x")) == []
    status = port.status()
    assert (status.files, status.bytes, status.damage, status.rebuilt_from) == (0, 0, "", None)


def test_duplicates_are_groups_with_the_most_to_win_first(scanned: CatalogPort) -> None:
    page = duplicates(scanned)
    assert [group.size for group in page.groups] == [PHOTO_BYTES, 8]
    assert (page.total_groups, page.total_redundant_files) == (2, 2)
    assert (page.total_reclaimable_bytes, page.next_token) == (PHOTO_BYTES + 8, "")
    photos = page.groups[0]
    assert (photos.copies, photos.perhaps, photos.reclaimable_bytes, photos.total_paths) == (2, 0, PHOTO_BYTES, 2)
    assert sorted(os.path.basename(path.path) for path in photos.paths) == [b"one.jpg", b"two.jpg"]
    assert sorted(path.copy for path in photos.paths) == [1, 2]
    assert {path.root_id for path in photos.paths} == {1}


def test_two_links_of_one_file_are_one_copy(port: CatalogPort, tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "linked", {"a": b"the same", "b": b"the same"})
    os.link(tree / "a", tree / "c")
    port.put_root(a_root(tree))
    scan(port)
    (group,) = duplicates(port).groups
    assert (group.copies, group.total_paths, group.reclaimable_bytes) == (2, 3, 8)
    by_name = {os.path.basename(path.path): path.copy for path in group.paths}
    assert by_name[b"a"] == by_name[b"c"] != by_name[b"b"]


def test_duplicates_can_be_asked_for_by_size_place_and_page(scanned: CatalogPort, tree: Path) -> None:
    assert [group.size for group in duplicates(scanned, min_size=100).groups] == [PHOTO_BYTES]
    assert [group.size for group in duplicates(scanned, under=os.fsencode(tree / "docs")).groups] == [8]
    first = duplicates(scanned, limit=1)
    assert ([group.size for group in first.groups], first.total_groups) == ([PHOTO_BYTES], 2)
    rest = duplicates(scanned, limit=1, token=first.next_token)
    assert ([group.size for group in rest.groups], rest.next_token) == ([8], "")
    (short,) = duplicates(scanned, min_size=100, paths_limit=1).groups
    assert (len(short.paths), short.total_paths) == (1, 2)
    assert len(duplicates(scanned, min_size=100, max_bytes=1).groups[0].paths) == 1  # too large by itself


def test_all_files_of_a_whole_scan_are_compared(scanned: CatalogPort) -> None:
    left = scanned.not_compared()
    assert (left.files, left.bytes, left.unreadable, left.unstable, left.other_algorithm) == (0, 0, 0, 0, 0)


def test_a_summary_counts_by_extension_the_largest_first(scanned: CatalogPort, tmp_path: Path) -> None:
    rows = [(row.key, row.files, row.bytes) for row in scanned.summary("ext", root_ids=[])]
    assert rows == [("jpg", 2, 2 * PHOTO_BYTES), ("txt", 3, 26)]
    assert list(scanned.summary("ext", root_ids=[99])) == []


def test_usage_begins_at_the_roots(scanned: CatalogPort, tree: Path) -> None:
    rows = scanned.usage(None, depth=0, limit=10).rows
    assert [row.path for row in rows] == [os.fsencode(tree)]
    assert (rows[0].depth, rows[0].above_roots) == (0, False)
    assert len(scanned.usage(None, depth=3, limit=1).rows) == 1


@pytest.mark.parametrize(
    ("ask", "rows"),
    [(find, 5), (lambda port, **page: port.usage(None, depth=0, limit=9, **page), 2), (duplicates, 2)],
)
def test_a_page_without_room_has_one_row_and_the_next_goes_on(
    scanned: CatalogPort, tmp_path: Path, ask: Callable[..., Any], rows: int
) -> None:
    scanned.put_root(a_root(trees.build(tmp_path / "second", {}), 2))
    scan(scanned, 2)
    token = ""
    for number in range(rows):
        page = ask(scanned, token=token, max_bytes=1)
        token = page.next_token
        assert (len(getattr(page, "groups", None) or page.rows), token == "") == (1, number == rows - 1)


def test_a_place_is_one_of_the_catalogs_or_unknown(scanned: CatalogPort, tree: Path, tmp_path: Path) -> None:
    for path in (tree, tree / "docs", tmp_path):
        place = scanned.place(os.fsencode(path))
        assert (place.path, list(place.root_ids)) == (os.fsencode(path), [1])
    error = refusal(lambda: scanned.place(b"/nowhere at all"))
    assert isinstance(error, UnknownPath)
    assert "/nowhere at all" in error.message


def test_an_export_is_read_until_it_ends_or_given_up(scanned: CatalogPort) -> None:
    export = scanned.export("", "csv")
    pieces = list(iter(export.read, None))
    assert pieces
    assert all(isinstance(piece, bytes) for piece in pieces)
    assert export.rows > 0
    assert export.left_out == 0
    export.close()
    given_up = scanned.export("", "csv")
    given_up.close()


# ---- Changes and growth ----


def test_a_feed_goes_on_from_its_cursor(scanned: CatalogPort) -> None:
    page = scanned.changes(cursor="", since_ns=None, under=None, limit=100)
    assert page.complete
    assert page.truncated is False
    again = scanned.changes(cursor=page.cursor, since_ns=None, under=None, limit=100)
    assert (list(again.rows), again.complete) == ([], True)
    error = refusal(lambda: scanned.changes(cursor="no cursor", since_ns=None, under=None, limit=1))
    assert isinstance(error, InvalidArgument)


def test_growth_without_a_past_is_none(scanned: CatalogPort) -> None:
    page = scanned.growth(None, days=7, limit=10, now_ns=time.time_ns())
    assert (list(page.rows), page.days) == ([], 0)
    assert scanned.snapshot_usage(time.time_ns()) >= 0
    assert scanned.prune_changes(1, now_ns=time.time_ns()) == 0


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
    assert min(load.writer_queue, load.staged_keys, load.transactions) >= 0


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
