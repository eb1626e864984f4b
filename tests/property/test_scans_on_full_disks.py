"""Scans and live edits while the catalog's disk is full now and then, with cancels and reopenings, against an oracle.

A run is made from its seed alone. `SANCHAY_PROPERTY_EXAMPLES` sets how many seeds are run, `SANCHAY_PROPERTY_FIRST`
where they begin; 200 of them:

    SANCHAY_PROPERTY_EXAMPLES=200 python -m pytest -q tests/property/test_scans_on_full_disks.py
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay_engine import EngineError
from tests.integration.catalogs import Cataloger
from tests.property.agreement import answers, assert_equal, assert_sound, told_bytes
from tests.property.oracle import look
from tests.support import mounts
from tests.support.daemon import PATIENCE_S
from tests.support.edits import Editor
from tests.support.program import until

pytestmark = [
    pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: a small tmpfs"),
    pytest.mark.needs("root", "mount"),
]

FIRST = int(os.environ.get("SANCHAY_PROPERTY_FIRST", "0"))
EXAMPLES = int(os.environ.get("SANCHAY_PROPERTY_EXAMPLES", "4"))
SCANS = 4


class SmallDisk:
    """A disk for the catalog whose room is what a filler file leaves."""

    def __init__(self, point: Path) -> None:
        self.point = point
        self._filler = point / "filler"

    def leave(self, free_bytes: int) -> None:
        """Fills all but so many bytes."""
        self.make_room()
        stats = os.statvfs(self.point)
        # The catalog may have taken some of it between the two calls.
        with self._filler.open("wb") as file, contextlib.suppress(OSError):
            os.posix_fallocate(file.fileno(), 0, max(1, stats.f_bavail * stats.f_bsize - free_bytes))

    def make_room(self) -> None:
        """As much as there is."""
        self._filler.unlink(missing_ok=True)


@pytest.fixture(scope="module")
def disk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SmallDisk]:
    """One for all seeds: each has a folder in it."""
    with mounts.memory(tmp_path_factory.mktemp("small") / "disk", "48m") as point:
        yield SmallDisk(point)


def _plant(chosen: random.Random, editor: Editor, folders: int) -> None:
    """Nested folders with a few small files each."""
    known = [editor.root]
    for number in range(folders):
        folder = os.path.join(chosen.choice(known[-20:]), b"folder with a long name %d" % number)
        os.mkdir(folder)
        if folder.count(b"/") - editor.root.count(b"/") < 12:
            known.append(folder)
        for file in range(chosen.choice([0, 1, 3, 9])):
            with open(os.path.join(folder, b"photo %d of a long series.jpg" % file), "wb") as opened:
                opened.write(b"%d" % chosen.randrange(folders * 2) * 9)


def _scan_on_a_full_disk(chosen: random.Random, cataloger: Cataloger, disk: SmallDisk, editor: Editor) -> None:
    """Starts a scan with little room, and does something to it once the disk is full or it has come so far."""
    free_kib = chosen.choice([0, 16, 40, 100, 200, 400, 800])
    disk.leave(free_kib * 1024)
    what = chosen.choice(["cancel", "reopen", "room", "a little room, then cancel"])
    editor.history.append(f"scan with {free_kib} KiB, {what}")
    try:
        scan = cataloger.catalog.scan(1)
    except EngineError as error:
        if error.kind != "disk_full":
            raise
        return
    most_files = chosen.choice([10, 200, 10**9])

    def is_far() -> bool:
        return cataloger.catalog.disk_full() or scan.progress().files >= most_files or scan.wait(0) is not None

    try:
        until(is_far, every_s=0.002)
        if what == "reopen":
            cataloger.reopen()
        elif what == "room":
            disk.make_room()
        else:
            if what != "cancel":
                disk.leave(chosen.choice([20, 60, 150]) * 1024)
            scan.cancel()
        if what != "reopen":
            assert scan.wait(PATIENCE_S) is not None
    except EngineError as error:
        if error.kind not in ("disk_full", "closed"):
            raise
    disk.make_room()


@pytest.mark.parametrize("seed", range(FIRST, FIRST + EXAMPLES))
def test_full_disks_cancels_and_reopenings_leave_nothing_wrong(seed: int, disk: SmallDisk, tmp_path: Path) -> None:
    chosen = random.Random(seed)
    tree, outside = os.fsencode(tmp_path / "tree"), os.fsencode(tmp_path / "outside")
    os.mkdir(tree)
    os.mkdir(outside)
    editor = Editor(tree, outside, chosen)
    _plant(chosen, editor, chosen.choice([20, 150, 400]))
    disk.make_room()
    home = Path(tempfile.mkdtemp(dir=disk.point))
    cataloger = Cataloger(home, threads=chosen.choice([1, 2, 4]))
    try:
        cataloger.add(tree, hash=chosen.choice(["all", "all", "duplicates"]))
        for _ in range(SCANS):
            _scan_on_a_full_disk(chosen, cataloger, disk, editor)
            assert_sound(cataloger)
            answers(cataloger)
            if chosen.random() < 0.3:
                cataloger.reopen()
                assert_sound(cataloger)
            if chosen.random() < 0.3:
                cataloger.settled_scan()
                assert_equal(cataloger, {1: look(tree)})
            for _ in range(chosen.randint(0, 6)):
                editor.step()
        cataloger.settled_scan()
        now = look(tree)
        assert_equal(cataloger, {1: now})
        assert told_bytes(cataloger) == now.size
        cataloger.reopen()
        assert_equal(cataloger, {1: now})
    except BaseException:
        print(f"seed {seed}:", *editor.history, sep="\n  ")
        raise
    finally:
        disk.make_room()
        cataloger.catalog.close()
        shutil.rmtree(home)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + EXAMPLES))
def test_live_edits_while_the_disk_is_full_are_all_there_once_it_has_room(
    seed: int, disk: SmallDisk, tmp_path: Path
) -> None:
    chosen = random.Random(seed)
    tree, outside = os.fsencode(tmp_path / "tree"), os.fsencode(tmp_path / "outside")
    os.mkdir(tree)
    os.mkdir(outside)
    editor = Editor(tree, outside, chosen, least_files=10)
    _plant(chosen, editor, chosen.choice([5, 40]))
    disk.make_room()
    home = Path(tempfile.mkdtemp(dir=disk.point))
    cataloger = Cataloger(home)
    try:
        cataloger.add(tree)
        cataloger.settled_scan()
        cataloger.catalog.start_live(settle_ms=50, reconcile_s=3600)
        for _ in range(3):
            disk.leave(chosen.choice([0, 0, 30, 100]) * 1024)
            editor.history.append("the disk is full")
            for _ in range(chosen.randint(1, 8)):
                edit = chosen.choice([editor.step, editor.rename_folder, editor.rename_over, editor.create])
                told = edit()
                if told is not None:
                    editor.history.append(f"{edit.__name__} {told}")
            if chosen.random() < 0.7:
                # Something may have had to wait by now, or nothing had to be written.
                until_full_or_quiet(cataloger)
            if chosen.random() < 0.2:
                editor.history.append("reopen")
                cataloger.reopen()
                disk.make_room()
                cataloger.catalog.start_live(settle_ms=50, reconcile_s=3600)
            disk.make_room()
            editor.history.append("room")
            result = cataloger.catalog.sync(1).wait(PATIENCE_S)
            assert result is not None
            assert result.state == "done", result.message
            now = look(tree)
            if cataloger.catalog.hash_debt().files:
                cataloger.catalog.sync(1).wait(PATIENCE_S)
            assert_equal(cataloger, {1: now})
            assert told_bytes(cataloger) == now.size
    except BaseException:
        print(f"seed {seed}:", *editor.history, sep="\n  ")
        raise
    finally:
        disk.make_room()
        cataloger.catalog.close()
        shutil.rmtree(home)


def until_full_or_quiet(cataloger: Cataloger) -> None:
    """Returns once the disk was found full, or nothing waits any more."""

    def is_quiet() -> bool:
        statuses = cataloger.catalog.live_status()  # none before the watching has begun
        return bool(statuses) and all(status.state == "live" and not status.pending for status in statuses)

    until(lambda: cataloger.catalog.disk_full() or is_quiet())
