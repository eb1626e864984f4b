"""Hostile cases of rows that double, mix or stay: names listed twice, one inode on two volumes, made up extensions."""

from __future__ import annotations

import os
import random
import sqlite3
import string
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pyarrow
import pytest

import sanchay_engine
from tests.integration.catalogs import ONLY_POSIX, Cataloger
from tests.integration.live_cataloger import LiveCataloger
from tests.support import mounts
from tests.support.trees import build
from tests.support.twice_listed_files import FILES

CATALOGER = LiveCataloger
pytestmark = ONLY_POSIX


@pytest.mark.needs("root", "mount", "/dev/fuse")
def test_a_name_that_is_listed_twice_is_one_file(cataloger: LiveCataloger, tmp_path: Path) -> None:
    with mounts.twice_listed(tmp_path / "point") as point:
        paths = sorted(os.fsencode(point) + name.encode() for name in FILES)
        root_id = cataloger.add(point, watch="poll", poll_s=1)
        for _ in range(2):
            result = cataloger.scan(root_id)
            assert (result.state, result.files, result.directories) == ("done", 3, 2), result.message
            check_once(cataloger, paths)
        cataloger.catalog.start_live(settle_ms=50)
        cataloger.wait(lambda: cataloger.live(root_id).state == "polled")
        assert cataloger.sync(root_id).state == "done"
        check_once(cataloger, paths)
        walked = pyarrow.table(sanchay_engine.walk([os.fsencode(point)]))
        assert sorted(walked["path"].to_pylist()) == paths
        (group,) = sanchay_engine.find_duplicates([os.fsencode(point)])
        assert sorted(path.path for path in group.paths) == [paths[1], paths[2]]
        cataloger.catalog.close()


def check_once(cataloger: Cataloger, paths: list[bytes]) -> None:
    assert sorted(row.path for row in cataloger.rows()) == paths
    (group,) = cataloger.groups()
    assert (group.copies, group.total_paths) == (2, 2)
    assert sum(row.files for row in cataloger.catalog.summary("ext")) == 3
    assert (cataloger.catalog.status().files, cataloger.catalog.status().directories) == (3, 2)


@contextmanager
def two_disks(tmp_path: Path) -> Iterator[tuple[Path, Path]]:
    """Two volumes in memory: both give their first files the same inodes."""
    with mounts.memory(tmp_path / "disk0", "4m") as first, mounts.memory(tmp_path / "disk1", "4m") as second:
        yield first, second


@pytest.mark.needs("root", "mount")
def test_copies_with_one_inode_number_on_two_volumes_are_exported_as_duplicates(
    cataloger: LiveCataloger, tmp_path: Path
) -> None:
    with two_disks(tmp_path) as disks:
        for disk in disks:
            (disk / "copy.txt").write_bytes(b"same" * 100)
            os.link(disk / "copy.txt", disk / "link.dat")
            cataloger.scan(cataloger.add(disk))
        assert len({row.inode for row in cataloger.rows()}) == 1, "the test needs one inode on two volumes"
        names = [b"%s/%s" % (os.fsencode(disk), name) for disk in disks for name in (b"copy.txt", b"link.dat")]
        assert exported(cataloger, "") == [sorted(names)]
        assert exported(cataloger, "ext:txt") == [sorted([names[0], names[2]])]
        one_volume = f'under:"{disks[0]}"'
        assert exported(cataloger, one_volume) == [], "two names of one file are no duplicates"
        cataloger.catalog.close()


def exported(cataloger: Cataloger, expression: str) -> list[list[bytes]]:
    text = b"".join(cataloger.catalog.export(expression, "fdupes"))
    return [sorted(group.splitlines()) for group in text.split(b"\n\n") if group]


@pytest.mark.needs("root", "mount")
def test_a_copy_that_comes_with_the_inode_number_of_its_twin_is_told(cataloger: LiveCataloger, tmp_path: Path) -> None:
    with two_disks(tmp_path) as (first, second):
        (first / "file").write_bytes(b"same" * 100)
        cataloger.follow(first)
        root_id = cataloger.follow(second)
        (second / "copy").write_bytes(b"same" * 100)
        assert os.stat(first / "file").st_ino == os.stat(second / "copy").st_ino
        cataloger.sync(root_id)
        cataloger.wait(lambda: bool(cataloger.events("duplicate")))
        (told,) = cataloger.events("duplicate")
        assert (told.path, told.other_path) == (os.fsencode(second / "copy"), os.fsencode(first / "file"))
        cataloger.catalog.close()


def stored(cataloger: Cataloger, question: str) -> int:
    """A number from the catalog's file, which is closed for that: no two SQLites may have it open."""
    cataloger.catalog.close()
    with closing(sqlite3.connect(cataloger.home / "catalog.db")) as catalog:
        (number,) = catalog.execute(question).fetchone()
    cataloger.reopen()
    return int(number)


def test_extensions_that_no_file_has_any_more_leave_no_row(cataloger: LiveCataloger, tree: Path) -> None:
    chosen = random.Random(4)
    build(tree, {"kept.txt": "kept", "other.JPG": "other"})
    os.symlink("nowhere", tree / "link.lnk")
    root_id = cataloger.add(tree)
    for _ in range(3):
        made_up = [tree / f"f.{''.join(chosen.choices(string.ascii_lowercase, k=8))}" for _ in range(100)]
        for path in made_up:
            path.write_bytes(b"temporary")
        assert cataloger.scan(root_id).files == 102
        for path in made_up:
            path.unlink()
        assert cataloger.scan(root_id).files == 2
        assert stored(cataloger, "SELECT count(*) FROM rollup WHERE files = 0") == 0
    cataloger.reopen()
    assert stored(cataloger, "SELECT count(*) FROM extension") == 3
    # Their ids serve others, and mean nothing else by it.
    new = {f"new{number}.n{number}": f"{number}" for number in range(50)}
    build(tree, new)
    cataloger.scan(root_id)
    cataloger.reopen()
    assert stored(cataloger, "SELECT max(id) FROM extension") < 400
    extensions = {os.path.basename(row.path).decode(): row.extension for row in cataloger.rows()}
    assert extensions == {"kept.txt": "txt", "other.JPG": "jpg", **{name: name.split(".")[1] for name in new}}
    assert cataloger.paths("ext:n7") == {os.fsencode(tree / "new7.n7")}
    assert cataloger.paths("ext:jpg") == {os.fsencode(tree / "other.JPG")}
