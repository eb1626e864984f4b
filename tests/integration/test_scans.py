"""A scan's life: its progress, and what is left of it when it is held, cancelled or interrupted."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path

import pytest

from sanchay_engine import EngineError, Progress, Scan
from tests.integration.catalogs import Cataloger, below
from tests.support.daemon import PATIENCE_S
from tests.support.trees import build, many

#: Holes are read as zeros: hashing takes its time, the disk nothing.
LARGE_BYTES = 32 << 20
LARGE_FILES = 24
SLOW_MB_PER_S = 80
#: What is read in one piece, by each of so many threads.
PIECE_BYTES, THREADS = 1 << 20, 2


@pytest.fixture
def large(cataloger: Cataloger, tree: Path) -> Cataloger:
    """A root of files that take a second or more to hash."""
    for number in range(LARGE_FILES):
        with open(tree / f"{number}.bin", "wb") as file:
            file.truncate(LARGE_BYTES + number)
    time.sleep(0.1)
    cataloger.add(tree, algorithm="sha256")
    return cataloger


def slowly(cataloger: Cataloger) -> Scan:
    """A scan that lasts so long that no machine ends it before it is looked at; `at_full_speed` lets it go."""
    cataloger.catalog.set_background(max_mb_per_s=SLOW_MB_PER_S, paused=False)
    return cataloger.catalog.scan(1, background=True)


def at_full_speed(cataloger: Cataloger) -> None:
    """Lifts the limit of `slowly`."""
    cataloger.catalog.set_background(max_mb_per_s=None, paused=False)


def wait_for(scan: Scan, phase: str, least_bytes: int = 0) -> Progress:
    """The first snapshot in a phase with so many bytes hashed."""
    until = time.monotonic() + PATIENCE_S
    while time.monotonic() < until:
        progress = scan.progress()
        if progress.phase == phase and progress.hashed_bytes >= least_bytes:
            return progress
        assert progress.phase != "done", f"the scan ended before it was {phase}"
        time.sleep(0.002)
    raise AssertionError(f"the scan was never {phase}")


def test_progress_is_unknown_at_first_and_then_honest(large: Cataloger) -> None:
    scan = large.catalog.scan(1)
    first = scan.progress()
    assert first.phase in ("queued", "listing", "hashing")
    if first.phase != "hashing":
        assert (first.percent, first.seconds_left) == (None, None)
    seen = []
    while not scan.done():
        progress = scan.progress()
        if progress.percent is not None:
            seen.append(progress.percent)
            assert 0 <= progress.percent <= 100
        time.sleep(0.01)
    assert seen, "the listed total makes a percentage possible"
    assert seen == sorted(seen)
    result = scan.wait()
    assert result is not None
    assert (result.hashed_files, result.hashed_bytes) == (LARGE_FILES, sum(LARGE_BYTES + n for n in range(LARGE_FILES)))
    assert scan.progress().phase == "done"
    assert result.duration_s > 0
    assert result.files_per_s > 0


def test_a_held_scan_reads_nothing_until_it_goes_on(large: Cataloger) -> None:
    scan = slowly(large)
    wait_for(scan, "hashing", 1)
    scan.pause()
    held = scan.progress()
    assert held.paused
    at_full_speed(large)  # nothing but the hold keeps it now
    time.sleep(0.5)
    after = scan.progress()
    # What is being read when the hold comes is read on for a moment: a piece by each thread.
    assert after.hashed_bytes - held.hashed_bytes <= THREADS * PIECE_BYTES
    assert after.hashed_bytes < LARGE_FILES * LARGE_BYTES
    assert scan.wait(0.05) is None
    assert not scan.done()
    scan.resume()
    assert not scan.progress().paused
    result = scan.wait(PATIENCE_S)
    assert result is not None
    assert (result.state, result.hashed_files) == ("done", LARGE_FILES)


def test_a_held_scan_can_be_cancelled(large: Cataloger) -> None:
    scan = slowly(large)
    wait_for(scan, "hashing", 1)
    scan.pause()
    scan.cancel()
    result = scan.wait(PATIENCE_S)
    assert result is not None
    assert result.state == "cancelled"


@pytest.mark.parametrize("reopened", [False, True])
def test_after_a_cancelled_scan_only_the_rest_is_hashed(large: Cataloger, reopened: bool) -> None:
    scan = slowly(large)
    wait_for(scan, "hashing", 4 * LARGE_BYTES)
    scan.cancel()
    result = scan.wait(PATIENCE_S)
    assert result is not None
    assert result.state == "cancelled"
    assert large.catalog.root_status(1).state == "new"
    before = {path for path, value in large.hashes().items() if value}
    assert 0 < len(before) < LARGE_FILES
    if reopened:
        large.reopen()
    rest = large.scan()
    assert (rest.state, rest.removed, rest.added) == ("done", 0, 0)
    assert rest.hashed_files == LARGE_FILES - len(before)
    assert all(large.hashes().values())
    assert large.scan().hashed_files == 0


def test_a_scan_that_a_closing_catalog_ends_goes_on_where_it_was(large: Cataloger) -> None:
    scan = slowly(large)
    wait_for(scan, "hashing", 4 * LARGE_BYTES)
    large.reopen()
    result = scan.wait(PATIENCE_S)
    assert result is not None
    assert result.state == "cancelled"
    assert 0 < large.scan().hashed_files < LARGE_FILES


def test_a_listing_that_is_cancelled_deletes_nothing(cataloger: Cataloger, tree: Path) -> None:
    many(tree, 5_000)
    cataloger.add(tree)
    cataloger.settled_scan()
    scan = cataloger.catalog.scan(1)
    scan.cancel()
    result = scan.wait(PATIENCE_S)
    assert result is not None
    assert result.state in ("cancelled", "done")
    assert result.removed == 0
    assert cataloger.catalog.find("").total == 5_000
    assert cataloger.catalog.root_status(1).state == "ready"
    result = cataloger.scan()
    assert (result.hashed_files, result.added) == (0, 0)


def test_scans_of_roots_inside_one_another_take_turns(cataloger: Cataloger, tree: Path) -> None:
    many(tree / "inner", 2_000)
    build(tree, {"outer": "content"})
    outer, inner = cataloger.add(tree), cataloger.add(tree / "inner")
    scans = [cataloger.catalog.scan(root, background=root == inner) for root in (outer, inner, outer, inner)]
    scans[1].foreground()
    results = [scan.wait(PATIENCE_S) for scan in scans]
    assert [result.state for result in results if result] == ["done"] * 4
    assert sum(result.added for result in results if result) == 2_001
    assert cataloger.catalog.status().files == 2_001


def test_a_scan_that_waits_its_turn_can_be_cancelled(large: Cataloger) -> None:
    first, second = slowly(large), large.catalog.scan(1)
    assert second.progress().phase == "queued"
    second.cancel()
    result = second.wait(PATIENCE_S)
    assert result is not None
    assert result.state == "cancelled"
    first.cancel()
    assert first.wait(PATIENCE_S) is not None


def test_clients_ask_while_a_scan_writes(cataloger: Cataloger, tree: Path) -> None:
    many(tree, 10_000)
    cataloger.add(tree)
    failures: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            while not stop.is_set():
                status = cataloger.catalog.status()
                assert 0 <= status.files <= 10_000
                page = cataloger.catalog.find("size:>1", sort="-size", limit=10)
                assert page.total is None or page.total <= 10_000
                cataloger.catalog.duplicates(limit=3)
                cataloger.catalog.summary("ext")
                cataloger.catalog.usage(depth=2, limit=20)
        except BaseException as error:
            failures.append(error)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        assert cataloger.scan().files == 10_000
    finally:
        stop.set()
        for asker in askers:
            asker.join()
    assert failures == []


def test_a_root_removed_while_it_is_scanned_is_gone(large: Cataloger) -> None:
    scan = slowly(large)
    wait_for(scan, "hashing", 1)
    large.catalog.remove_root(1)
    result = scan.wait(PATIENCE_S)
    assert result is not None
    assert result.state == "cancelled"
    assert large.catalog.status().files == 0
    with pytest.raises(EngineError) as unknown:
        large.catalog.scan(1)
    assert unknown.value.kind == "unknown_root"


def test_a_first_scan_of_a_folder_that_is_not_there_fails_with_its_path(cataloger: Cataloger, tree: Path) -> None:
    cataloger.add(tree / "missing")
    with pytest.raises(EngineError) as failed:
        cataloger.scan()
    assert failed.value.kind == "not_found"
    assert failed.value.path == os.fsencode(tree / "missing")


def test_a_closed_catalog_says_so(cataloger: Cataloger, tree: Path) -> None:
    cataloger.add(tree)
    cataloger.scan()
    cataloger.catalog.close()
    for ask in (cataloger.catalog.status, lambda: cataloger.catalog.find(""), lambda: cataloger.catalog.scan(1)):
        with pytest.raises(EngineError) as closed:
            ask()
        assert closed.value.kind == "closed"
    cataloger.catalog.close()


def test_rows_outlive_the_process_that_wrote_them(cataloger: Cataloger, tree: Path) -> None:
    build(tree, {"a": "same", "b": "same", "c/d": "other"})
    cataloger.add(tree)
    cataloger.settled_scan()
    before = cataloger.hashes()
    cataloger.reopen()
    assert cataloger.hashes() == before
    assert cataloger.paths() == below(tree, ["a", "b", "c/d"])
    assert cataloger.scan().hashed_files == 0
