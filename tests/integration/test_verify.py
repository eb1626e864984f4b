"""Rot as disks have it: a bit flipped in an image, a file system that answers other bytes, reads that fail."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

import sanchay_engine
from sanchay_engine import VerifyResult
from tests.integration.catalogs import Cataloger
from tests.support import mounts
from tests.support.daemon import PATIENCE_S

mount = pytest.mark.needs("root", "mount")
fuse = pytest.mark.needs("root", "/dev/fuse", "fusermount3")
PHOTO = os.urandom(300_000)


def verify(cataloger: Cataloger, key: int = 1) -> VerifyResult:
    verification = sanchay_engine.Verification.start(cataloger.catalog, root_ids=[], key=key, background=True)
    result = verification.wait(PATIENCE_S)
    assert result is not None, "the verification did not end"
    return result


@mount
def test_a_bit_that_flips_in_the_image_of_an_unmounted_disk_is_found_and_the_copy_elsewhere_named(
    cataloger: Cataloger, tmp_path: Path, tree: Path
) -> None:
    (tree / "copy.jpg").write_bytes(PHOTO)
    image, point = tmp_path / "image", tmp_path / "disk"
    with mounts.disk(image, point):
        (point / "photo.jpg").write_bytes(PHOTO)
        (point / "other.jpg").write_bytes(b"other" * 1000)
        cataloger.add(point)
        cataloger.add(tree)
        cataloger.settled_scan(1)
        cataloger.scan(2)
        assert (verify(cataloger).checked, verify(cataloger, 2).damaged_files) == (3, 0)
        before = os.stat(point / "photo.jpg")
        mounts.flip_a_bit(image, point, PHOTO)
        after = os.stat(point / "photo.jpg")
        assert (after.st_ino, after.st_size, after.st_mtime_ns, after.st_ctime_ns) == (
            before.st_ino,
            before.st_size,
            before.st_mtime_ns,
            before.st_ctime_ns,
        )
        found = verify(cataloger, 3)
        assert (found.state, found.checked, found.damaged_files, found.suspect_files) == ("done", 3, 1, 0)
        assert found.damaged[0].path == os.fsencode(point / "photo.jpg")
        assert found.damaged[0].twins == [os.fsencode(tree / "copy.jpg")]
        (finding,) = sanchay_engine.findings(cataloger.catalog)
        assert finding.hash == cataloger.row(tree / "copy.jpg").hash.hex() != finding.found_hash
        cataloger.reopen()
        assert [each.id for each in sanchay_engine.findings(cataloger.catalog)] == [finding.id]
        cataloger.catalog.close()


@fuse
def test_only_other_bytes_in_two_readings_are_damage_and_what_fails_is_unreadable(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    pytest.importorskip("mfusepy")
    switch = tmp_path / "switch"
    with mounts.failing(tmp_path / "share", switch) as share:
        cataloger.add(share)
        assert cataloger.scan().state == "done"
        faults = {"rotten": "folder0/file0", "wavering": "folder1/file1", "torn": "folder2/file2"}
        switch.write_text("".join(f"{word} /{path}\n" for word, path in faults.items()), "utf-8")
        found = verify(cataloger)
        assert [file.path for file in found.damaged] == [os.fsencode(share / faults["rotten"])]
        assert {error.path for error in found.unreadable} == {
            os.fsencode(share / faults[word]) for word in ("wavering", "torn")
        }
        assert {error.kind for error in found.unreadable} == {"io"}
        assert (found.state, found.checked, found.errors, found.changed) == ("partial", 10, 2, 0)
        switch.unlink()
        healed = verify(cataloger, 2)
        assert (healed.state, healed.checked, healed.damaged_files) == ("done", 12, 0)


def is_cached(path: Path) -> bool:
    """Whether anything of a file is in the page cache. A read that does not wait would have the kernel read ahead."""
    return int(mounts.run("fincore", "--noheadings", "--bytes", "--output", "RES", path)) > 0


@mount
def test_what_others_have_in_the_page_cache_stays_and_nothing_is_put_into_it(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    with mounts.disk(tmp_path / "image", tmp_path / "disk", mib=64) as disk:
        for name in ("used", "left"):
            (disk / name).write_bytes(PHOTO * 20)
        cataloger.add(disk)
        cataloger.settled_scan()
        with (disk / "left").open("rb") as left:
            os.fsync(left.fileno())
            os.posix_fadvise(left.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        assert (is_cached(disk / "used"), is_cached(disk / "left")) == (True, False)
        found = verify(cataloger)
        assert (found.checked, found.cached, found.damaged_files) == (2, 0, 0)
        assert (is_cached(disk / "used"), is_cached(disk / "left")) == (True, False)
        cataloger.catalog.close()


@mount
def test_a_file_system_in_memory_is_read_however_it_can_be(cataloger: Cataloger, tmp_path: Path) -> None:
    with mounts.memory(tmp_path / "memory", "4m") as memory:
        (memory / "a").write_bytes(PHOTO)
        cataloger.add(memory)
        cataloger.settled_scan()
        found = verify(cataloger)
        assert (found.state, found.checked, found.damaged_files) == ("done", 1, 0)
        cataloger.catalog.close()
