"""Case 4: bytes that several copies occupy together come back once, and only when the last of them goes."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay_engine import find_duplicates
from tests.integration.catalogs import Cataloger
from tests.support.mounts import loop_device, make_disk, mounted, run
from tests.support.program import until

pytestmark = pytest.mark.needs("root", "mount", "losetup", "mkfs.btrfs", "mkfs.xfs", "/dev/loop-control")

SIZE = 1 << 20


@pytest.fixture(params=["btrfs", "xfs"])
def tree(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Path]:
    """A folder on a file system that knows reflinks; xfs takes no less than 300 MB."""
    image = make_disk(tmp_path / "image", request.param, megabytes=320)
    with loop_device(image) as device, mounted(device, tmp_path / "volume") as volume:
        folder = volume / "tree"
        folder.mkdir()
        yield folder


def fill(path: Path, seed: int) -> Path:
    """A file of its own bytes, written to the disk."""
    path.write_bytes(random.Random(seed).randbytes(SIZE))
    run("sync", "-f", path)
    return path


def clone(source: Path, to: Path) -> Path:
    """A reflink."""
    run("cp", "--reflink=always", source, to)
    return to


def copy(source: Path, to: Path) -> Path:
    """A copy with bytes of its own."""
    run("cp", "--reflink=never", source, to)
    run("sync", "-f", to)
    return to


def freed(cataloger: Cataloger, under: bytes | None = None) -> list[tuple[int, int, int]]:
    """(copies, reclaimable, freed) of every group, smallest first; the totals are their sums."""
    page = cataloger.catalog.duplicates(under=under)
    assert page.total_freed_bytes == sum(group.freed_bytes for group in page.groups)
    return sorted((group.copies, group.reclaimable_bytes, group.freed_bytes) for group in page.groups)


def freed_without_a_catalog(tree: Path) -> list[int]:
    """What the one-call function says of the same files."""
    return [group.freed_bytes for group in find_duplicates([os.fsencode(tree)])]


def test_a_reflinked_pair_is_equal_and_frees_nothing(tree: Path, cataloger: Cataloger) -> None:
    clone(fill(tree / "first", 1), tree / "clone")
    cataloger.add(tree)
    cataloger.scan()
    assert freed(cataloger) == [(2, SIZE, 0)]
    # Asked for a part of the catalog the figures are made again, copy by copy.
    assert freed(cataloger, under=os.fsencode(tree)) == [(2, SIZE, 0)]
    assert freed_without_a_catalog(tree) == [0]


def test_a_reflinked_pair_and_a_real_copy_free_one_size(tree: Path, cataloger: Cataloger) -> None:
    copy(clone(fill(tree / "first", 1), tree / "clone"), tree / "real")
    cataloger.add(tree)
    cataloger.scan()
    assert freed(cataloger) == freed(cataloger, under=os.fsencode(tree)) == [(3, 2 * SIZE, SIZE)]
    assert freed_without_a_catalog(tree) == [SIZE]


def test_real_copies_are_freed_as_elsewhere(tree: Path, cataloger: Cataloger) -> None:
    copy(fill(tree / "first", 1), tree / "second")
    cataloger.add(tree)
    cataloger.scan()
    assert freed(cataloger) == [(2, SIZE, SIZE)]
    assert freed_without_a_catalog(tree) == [SIZE]


def test_copies_that_come_and_go_are_asked_for_again(tree: Path, cataloger: Cataloger) -> None:
    first, real = fill(tree / "first", 1), tree / "real"
    copy(first, real)
    cataloger.add(tree)
    cataloger.settled_scan()
    clone(first, tree / "clone")
    cataloger.settled_scan()
    assert freed(cataloger) == [(3, 2 * SIZE, SIZE)]
    real.unlink()
    cataloger.scan()
    assert freed(cataloger) == [(2, SIZE, 0)]
    # Equal bytes written in the place of the clone: nothing is shared any more.
    (tree / "clone").unlink()
    copy(first, tree / "clone")
    until(lambda: freed_without_a_catalog(tree) == [SIZE])  # xfs lets go of an unlinked file's extents after a while
    cataloger.scan()
    assert freed(cataloger) == [(2, SIZE, SIZE)]


def test_a_copy_that_shares_in_part_frees_what_is_its_own(
    tree: Path, cataloger: Cataloger, request: pytest.FixtureRequest
) -> None:
    first = fill(tree / "first", 1)
    twin = clone(first, tree / "clone")
    with open(twin, "r+b") as file:
        file.write(first.read_bytes()[: SIZE // 4])
    run("sync", "-f", twin)
    cataloger.add(tree)
    cataloger.scan()
    # btrfs keeps the first file's extent whole as long as a part of it is in use: without the first nothing comes back.
    least = 0 if request.node.callspec.params["tree"] == "btrfs" else SIZE // 4
    assert freed(cataloger) == [(2, SIZE, least)]


def test_copies_in_a_subvolume_and_its_snapshot_give_back_what_both_hold(tmp_path: Path, cataloger: Cataloger) -> None:
    image = make_disk(tmp_path / "image", "btrfs", megabytes=320)
    with loop_device(image) as device, mounted(device, tmp_path / "volume") as volume:
        run("btrfs", "subvolume", "create", volume / "now")
        copy(fill(volume / "now" / "first", 1), volume / "now" / "second")
        run("btrfs", "subvolume", "snapshot", "-r", volume / "now", volume / "then")
        for root in (cataloger.add(volume / "now"), cataloger.add(volume / "then")):
            cataloger.settled_scan(root)
        assert freed(cataloger) == [(4, 3 * SIZE, SIZE)]
        assert freed_without_a_catalog(volume) == [SIZE]


def test_what_a_deleted_snapshot_held_is_freed_after_the_next_scan(tmp_path: Path, cataloger: Cataloger) -> None:
    image = make_disk(tmp_path / "image", "btrfs", megabytes=320)
    with loop_device(image) as device, mounted(device, tmp_path / "volume") as volume:
        run("btrfs", "subvolume", "create", volume / "now")
        copy(fill(volume / "now" / "first", 1), volume / "now" / "second")
        run("btrfs", "subvolume", "snapshot", "-r", volume / "now", volume / "then")
        cataloger.add(volume / "now")
        cataloger.settled_scan()
        assert freed(cataloger) == [(2, SIZE, 0)]
        run("btrfs", "subvolume", "delete", "-c", volume / "then")
        run("btrfs", "subvolume", "sync", volume)
        cataloger.scan()
        assert freed(cataloger) == [(2, SIZE, SIZE)]


def test_a_copy_whose_clone_went_shares_no_more(tree: Path, cataloger: Cataloger) -> None:
    copy(clone(fill(tree / "first", 1), tree / "clone"), tree / "real")
    clone(tree / "real", tree / "clone-of-real")
    cataloger.add(tree)
    cataloger.settled_scan()
    assert freed(cataloger) == [(4, 3 * SIZE, SIZE)]
    (tree / "clone").unlink()
    run("sync", "-f", tree)
    until(lambda: freed_without_a_catalog(tree) == [SIZE])
    cataloger.scan()
    assert freed(cataloger) == [(3, 2 * SIZE, SIZE)]


def test_what_is_compressed_is_not_said_to_free_its_length(tmp_path: Path, cataloger: Cataloger) -> None:
    image = make_disk(tmp_path / "image", "btrfs", megabytes=320)
    with loop_device(image) as device, mounted(device, tmp_path / "volume", "-o", "compress-force=zstd") as volume:
        for name in ("one", "two"):
            (volume / name).write_bytes(b"the same again " * (SIZE // 15))
            run("sync", "-f", volume / name)
        cataloger.add(volume)
        cataloger.settled_scan()
        ((copies, reclaimable, least),) = freed(cataloger)
        assert (copies, reclaimable) == (2, SIZE // 15 * 15)
        assert 0 < least <= SIZE // 16


def test_the_answer_outlives_a_restart(tree: Path, cataloger: Cataloger) -> None:
    clone(fill(tree / "first", 1), tree / "clone")
    cataloger.add(tree)
    cataloger.settled_scan()
    cataloger.reopen()
    assert freed(cataloger) == [(2, SIZE, 0)]
    cataloger.scan()
    assert freed(cataloger) == [(2, SIZE, 0)]
