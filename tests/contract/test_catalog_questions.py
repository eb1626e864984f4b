"""What the daemon counts on from the answers of a catalog: the same assertions over the engine and over the fake."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from sanchay.errors import (
    InvalidArgument,
    InvalidQuery,
    UnknownPath,
)
from sanchayd.catalog.changes import DAY_NS
from sanchayd.engine_port import values
from sanchayd.engine_port.port import CatalogPort
from sanchayd.rpc.convert import change as convert
from tests.contract.ports import PHOTO_BYTES, a_root, duplicates, find, names, refusal, scan
from tests.support import trees
from tests.support.fake_catalog import FakeCatalog
from tests.support.fake_time import ChangeRow, GrowthRow

FIRST_DAY_NS = 20_000 * DAY_NS
# The largest first, by name where they are as large; and the bytes of each that have a copy.
DOCUMENTS = (("other.txt", 0), ("copy of letter.txt", 8), ("letter.txt", 8))
# The fake hashes nothing, and knows nothing of duplicates and totals.
ENGINE = pytest.mark.parametrize("port", ["engine"], indirect=True)


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
    assert row.extension == "txt"


@ENGINE
def test_equal_contents_have_equal_hashes(scanned: CatalogPort) -> None:
    hashes = {os.path.basename(row.path): row.hash for row in find(scanned).rows}
    (row,) = find(scanned, "other").rows
    assert (row.hash_state, row.algorithm, len(row.hash)) == ("hashed", "blake3", 32)
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
    assert list(port.summary("ext", root_ids=[])) == []
    assert list(port.usage(None, depth=0, limit=9).rows) == []
    assert list(port.roots_of_expression("x")) == []
    status = port.status()
    assert (status.files, status.bytes, status.damage, status.rebuilt_from) == (0, 0, "", None)


@ENGINE
def test_an_empty_catalog_has_no_duplicates(port: CatalogPort) -> None:
    page = duplicates(port)
    assert (list(page.groups), page.total_groups) == ([], 0)


@ENGINE
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


@ENGINE
def test_two_links_of_one_file_are_one_copy(port: CatalogPort, tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "linked", {"a": b"the same", "b": b"the same"})
    os.link(tree / "a", tree / "c")
    port.put_root(a_root(tree))
    scan(port)
    (group,) = duplicates(port).groups
    assert (group.copies, group.total_paths, group.reclaimable_bytes) == (2, 3, 8)
    by_name = {os.path.basename(path.path): path.copy for path in group.paths}
    assert by_name[b"a"] == by_name[b"c"] != by_name[b"b"]


@ENGINE
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


def shared_folders(port: CatalogPort, **options: Any) -> values.SharedFolders:
    filters: dict[str, Any] = {"under": None, "min_size": 1, "extensions": [], "types": [], "limit": 100}
    return port.shared_folders(**{**filters, **options})


@ENGINE
def test_folders_that_share_copies_are_pairs_with_what_could_go(scanned: CatalogPort, tree: Path) -> None:
    (backup := tree / "backup").mkdir()
    for name in ("one.jpg", "two.jpg"):
        (backup / name).write_bytes((tree / "photos" / name).read_bytes())
    (tree / "photos" / "new.jpg").write_bytes(b"not in the backup yet")
    scan(scanned)
    found = shared_folders(scanned)
    assert ([pair.groups for pair in found.pairs], found.total_pairs, found.is_partial) == ([1, 1, 1, 1], 4, False)
    twins = found.pairs[0]
    assert [os.path.basename(side.path) for side in (twins.left, twins.right)] == [b"backup", b"photos"]
    assert [(side.shared_files, side.files, side.bytes) for side in (twins.left, twins.right)] == [
        (2, 2, 2 * PHOTO_BYTES),
        (2, 3, 2 * PHOTO_BYTES),
    ]
    assert (twins.left.is_contained, twins.right.is_contained) == (True, False)
    within = {os.path.basename(pair.left.path): pair.left for pair in found.pairs if pair.left.path == pair.right.path}
    assert sorted(within) == [b"backup", b"docs", b"photos"]
    assert (within[b"docs"].shared_files, within[b"docs"].bytes, within[b"docs"].is_contained) == (2, 8, False)
    assert shared_folders(scanned, limit=1).pairs[0].left.path == twins.left.path
    assert len(shared_folders(scanned, max_bytes=1).pairs) == 1
    assert shared_folders(scanned, under=os.fsencode(tree / "docs")).total_pairs == 1
    assert shared_folders(scanned, types=["document"]).total_pairs == 1
    (backup / "below").mkdir()
    (backup / "below" / "else").write_bytes(b"nowhere else")
    scan(scanned)
    assert not shared_folders(scanned).pairs[0].left.is_contained, "what is below it would not be in the other"
    scanned.ignore_copies(hash_bytes=duplicates(scanned).groups[0].hash, path=None)
    assert shared_folders(scanned).total_pairs == 1
    assert shared_folders(scanned, with_ignored=True).total_pairs == 4


@ENGINE
def test_wanted_copies_leave_groups_and_totals_until_one_appears_elsewhere(scanned: CatalogPort, tree: Path) -> None:
    photos = duplicates(scanned).groups[0].hash
    scanned.ignore_copies(hash_bytes=photos, path=None)
    left = duplicates(scanned)
    assert [group.size for group in left.groups] == [8]
    assert (left.total_groups, left.total_redundant_files, left.total_reclaimable_bytes) == (1, 1, 8)
    assert (left.ignored_groups, duplicates(scanned, min_size=9).ignored_groups) == (1, 1)
    assert len((scanned.export("", "fdupes").read() or b"").splitlines()) == 2, "who reads it may delete all but one"
    whole = duplicates(scanned, with_ignored=True)
    assert ([group.size for group in whole.groups], whole.ignored_groups) == ([PHOTO_BYTES, 8], 0)
    (tree / "elsewhere.jpg").write_bytes((tree / "photos/one.jpg").read_bytes())
    scan(scanned)
    appeared = duplicates(scanned)
    assert (appeared.groups[0].hash, appeared.groups[0].copies, appeared.ignored_groups) == (photos, 3, 0)


def test_all_files_of_a_whole_scan_are_compared(scanned: CatalogPort) -> None:
    left = scanned.not_compared()
    assert (left.files, left.bytes, left.unreadable, left.unstable, left.other_algorithm) == (0, 0, 0, 0, 0)


@ENGINE
def test_a_summary_counts_by_extension_the_largest_first(scanned: CatalogPort, tmp_path: Path) -> None:
    rows = [(row.key, row.files, row.bytes) for row in scanned.summary("ext", root_ids=[])]
    assert rows == [("jpg", 2, 2 * PHOTO_BYTES), ("txt", 3, 26)]
    assert list(scanned.summary("ext", root_ids=[99])) == []


@ENGINE
def test_usage_begins_at_the_roots(scanned: CatalogPort, tree: Path) -> None:
    rows = scanned.usage(None, depth=0, limit=10).rows
    assert [row.path for row in rows] == [os.fsencode(tree)]
    assert (rows[0].depth, rows[0].above_roots) == (0, False)
    assert len(scanned.usage(None, depth=3, limit=1).rows) == 1


@ENGINE
def test_usage_with_files_and_types_says_what_each_is_and_one_sum_for_what_is_left_out(
    scanned: CatalogPort, tree: Path
) -> None:
    rows = scanned.usage(os.fsencode(tree), depth=9, limit=99, with_files=True, with_types=True, least_share=0.1).rows
    said = [(os.path.relpath(os.fsdecode(row.path), tree), row.depth, row.file_type, row.copied_bytes) for row in rows]
    assert said == [
        (".", 0, None, 2 * PHOTO_BYTES + 16),
        ("photos", 1, None, 2 * PHOTO_BYTES),
        ("photos/one.jpg", 2, "image", PHOTO_BYTES),
        ("photos/two.jpg", 2, "image", PHOTO_BYTES),
        ("docs", 1, None, 16),
        *[(f"docs/{name}", 2, "document", size) for name, size in DOCUMENTS],
    ]
    assert rows[0].type_bytes == {"image": 2 * PHOTO_BYTES, "document": 26}
    assert [row.left_out for row in rows] == [None] * len(rows)
    _, *photos = scanned.usage(os.fsencode(tree / "photos"), depth=1, limit=9).rows
    assert photos == []
    (top,) = scanned.usage(os.fsencode(tree / "photos"), depth=1, limit=9, with_files=True, least_share=0.9).rows
    left = top.left_out
    assert left is not None
    assert (left.rows, left.files, left.bytes) == (2, 2, 2 * PHOTO_BYTES)


def test_usage_refuses_a_share_that_is_none(port: CatalogPort) -> None:
    assert isinstance(refusal(lambda: port.usage(None, depth=1, limit=1, least_share=1.5)), InvalidArgument)


@pytest.mark.parametrize(
    ("port", "ask", "rows"),
    [
        ("fake", find, 5),
        ("engine", find, 5),
        ("engine", duplicates, 2),
        ("engine", lambda port, **page: port.usage(None, depth=0, limit=9, **page), 2),
    ],
    indirect=["port"],
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


@pytest.fixture
def grown(scanned: CatalogPort, tree: Path) -> CatalogPort:
    """The catalog with a past: three folders grew in three days, and a file moved."""
    folders = ["photos", "docs", "über uns"]
    if isinstance(scanned, FakeCatalog):
        below = [os.fsencode(tree / folder) for folder in folders]
        moved = ChangeRow("moved", below[0] + b"/moved.jpg", below[0] + b"/two.jpg", root_id=1)
        scanned.time.feed = [moved, *(ChangeRow("added", folder + b"/%d" % n) for folder in below for n in range(2))]
        scanned.time.rows = [
            GrowthRow(folder, 10, 2, 10, 3.3, [(1, 5), (4, 15)]) for folder in (os.fsencode(tree), *below)
        ]
        return scanned
    scanned.snapshot_usage(FIRST_DAY_NS)
    (tree / "photos/two.jpg").rename(tree / "photos/moved.jpg")
    for number, folder in enumerate(folders):
        for size in range(1, 3):
            trees.build(tree / folder, {str(size): b"x" * 100 * size * (number + 1)})
    assert scan(scanned).state == "done"
    return scanned


def growth(port: CatalogPort, **options: Any) -> values.GrowthPage:
    return port.growth(None, days=7, now_ns=FIRST_DAY_NS + 3 * DAY_NS, **{"limit": 100, **options})


@pytest.mark.parametrize("max_bytes", [1, 600, 1200, 10_000])
def test_pages_of_a_feed_that_are_small_joined_are_the_whole(grown: CatalogPort, max_bytes: int) -> None:
    whole = grown.changes(cursor="", since_ns=None, under=None, limit=100)
    assert (whole.complete, len(whole.rows) >= 7) == (True, True)
    assert [os.path.basename(row.from_path) for row in whole.rows if row.from_path] == [b"two.jpg"]
    joined: list[bytes] = []
    cursor, complete = "", False
    while not complete:
        page = grown.changes(cursor=cursor, since_ns=None, under=None, limit=100, max_bytes=max_bytes)
        of_page = [convert.from_change(row).SerializeToString() for row in page.rows]
        joined += of_page
        assert len(of_page) >= 1
        assert len(of_page) == 1 or sum(map(len, of_page)) <= max_bytes
        cursor, complete = page.cursor, page.complete
    assert joined == [convert.from_change(row).SerializeToString() for row in whole.rows]
    assert cursor == whole.cursor


@pytest.mark.parametrize(("share", "rows"), [(0.0, {1}), (0.6, {1, 2}), (10.0, {4})])
def test_growth_that_has_room_for_less_is_of_those_that_grew_most(
    grown: CatalogPort, share: float, rows: set[int]
) -> None:
    whole = growth(grown)
    all_rows = [convert.from_folder(row).SerializeToString() for row in whole.rows]
    max_bytes = int(share * sum(map(len, all_rows)))
    page = growth(grown, max_bytes=max_bytes)
    shown = [convert.from_folder(row).SerializeToString() for row in page.rows]
    assert shown == all_rows[: len(shown)]
    assert len(shown) in rows
    assert len(shown) == 1 or sum(map(len, shown)) <= max_bytes
    assert (page.days, page.bytes_per_day) == (whole.days, whole.bytes_per_day)
    assert [row.path for row in growth(grown, limit=2).rows] == [row.path for row in whole.rows[:2]]
