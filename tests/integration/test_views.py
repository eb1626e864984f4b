"""Views of a catalog that changes under them: positions stay, and no row says what is no longer so."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from sanchay_engine import GroupView, HitView
from tests.integration.catalogs import Cataloger
from tests.support.daemon import PATIENCE_S


def make(folder: Path, groups: int) -> None:
    folder.mkdir()
    for number in range(groups):
        for copy in ("a", "b"):
            (folder / f"{number:02d}{copy}.jpg").write_bytes(b"%02d" % number * (groups - number))


def test_groups_that_are_gone_leave_their_places(cataloger: Cataloger, tmp_path: Path) -> None:
    make(tmp_path / "t", 10)
    cataloger.add(tmp_path / "t")
    cataloger.settled_scan()
    view = GroupView(cataloger.catalog)
    before = view.read(0, 20)
    assert not view.has_moved_on()
    (tmp_path / "t" / "03a.jpg").unlink()
    (tmp_path / "t" / "05b.jpg").write_bytes(b"another content")
    (tmp_path / "t" / "new").write_bytes(b"00" * 10)
    cataloger.settled_scan()
    assert view.has_moved_on()
    after = view.read(0, 20)
    assert [row is None for row in after] == [number in {3, 5} for number in range(10)]
    assert after[0] is not None
    assert after[0].copies == 3
    assert [row.hash for row in after if row] == [
        row.hash for at, row in enumerate(before) if row is not None and at not in {3, 5}
    ]
    assert view.position(path=os.fsencode(tmp_path / "t" / "new")) == 0
    assert before[3] is not None
    assert view.position(hash_bytes=before[3].hash) is None
    assert not GroupView(cataloger.catalog).has_moved_on()


def test_another_file_does_not_stand_in_for_a_hit_that_is_gone(cataloger: Cataloger, tmp_path: Path) -> None:
    make(tmp_path / "t", 5)
    cataloger.add(tmp_path / "t")
    cataloger.settled_scan()
    view = HitView(cataloger.catalog, "0 type:image", sort="-name")
    (tmp_path / "t" / "02a.jpg").unlink()
    (tmp_path / "t" / "stranger").write_bytes(b"02" * 3)
    (tmp_path / "t" / "04a.jpg").write_bytes(b"longer than it was")
    cataloger.settled_scan()
    rows = view.read(0, 100)
    assert [None if row is None else os.path.basename(row.path) for row in rows] == [
        None if (number, copy) == (2, "a") else b"%02d%s.jpg" % (number, copy.encode())
        for number in (4, 3, 2, 1, 0)
        for copy in ("b", "a")
    ]
    assert rows[1] is not None
    assert rows[1].size == 18, "what is known now"
    assert view.position(os.fsencode(tmp_path / "t" / "stranger")) is None
    assert view.position(os.fsencode(tmp_path / "t" / "04a.jpg")) == 1


def test_what_changes_no_order_is_no_change(cataloger: Cataloger, tmp_path: Path) -> None:
    make(tmp_path / "t", 5)
    cataloger.add(tmp_path / "t")
    cataloger.settled_scan()
    catalog, count = cataloger.catalog, cataloger.catalog.change_count()
    view = GroupView(catalog)
    assert catalog.wait_name_index(PATIENCE_S)
    catalog.snapshot_usage()
    catalog.prune_changes(0)
    assert catalog.check().complete
    cataloger.scan()
    assert not view.has_moved_on()
    assert catalog.wait_change(count, 0.0) == count


def test_a_change_is_told_to_who_waits(cataloger: Cataloger, tmp_path: Path) -> None:
    make(tmp_path / "t", 1)
    cataloger.add(tmp_path / "t")
    known, told = cataloger.catalog.change_count(), threading.Event()

    def wait() -> None:
        if cataloger.catalog.wait_change(known, PATIENCE_S) != known:
            told.set()

    waiter = threading.Thread(target=wait)
    waiter.start()
    cataloger.scan()
    assert told.wait(PATIENCE_S)
    waiter.join()
