"""A file with several names is read once for each state of its inode, not once for each name."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.integration.catalogs import Cataloger
from tests.integration.live_cataloger import LiveCataloger

CATALOGER = LiveCataloger
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: cp -al, and what a process has read")

FILES = 12
#: One is read while it is listed, the other after it.
SIZES = (120_000, 3_000_000)
CONTENT_BYTES = FILES // 2 * sum(SIZES)
#: What the catalog itself reads beside that, at most.
CATALOG_BYTES = CONTENT_BYTES // 3


def _read_bytes() -> int:
    """The bytes that this process has read by system calls."""
    line = Path("/proc/self/io").read_text(encoding="ascii").split("\n", 1)[0]
    return int(line.removeprefix("rchar: "))


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A folder with files that are all different."""
    tree = tmp_path / "tree"
    for number in range(FILES):
        file = tree / "0" / f"{number % 3}" / f"file {number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(number.to_bytes(2, "big") * (SIZES[number % 2] // 2))
    return tree


def _snapshots(tree: Path, numbers: range) -> None:
    for number in numbers:
        subprocess.run(["cp", "-al", tree / "0", tree / str(number)], check=True)


def _change_modes(tree: Path) -> None:
    subprocess.run(["chmod", "-R", "go-w,u+x", tree / "1"], check=True)


STEPS: dict[str, Callable[[Path], None]] = {
    "ten snapshots": lambda tree: _snapshots(tree, range(1, 11)),
    "chmod -R of one": _change_modes,
    "rm -r of one": lambda tree: shutil.rmtree(tree / "2"),
}


def _assert_one_file_each(cataloger: Cataloger, tree: Path) -> None:
    rows = cataloger.rows("-ext:none-such")
    names = [path for path in tree.rglob("*") if path.is_file()]
    assert {os.fsdecode(row.path) for row in rows} == {str(path) for path in names}
    assert {row.hash_state for row in rows} == {"hashed"}
    assert len({(row.inode, row.hash) for row in rows}) == len({row.hash for row in rows}) == FILES


@pytest.mark.parametrize("scope", ["all", "duplicates"])
def test_scans_of_snapshots_read_each_inode_once(tree: Path, tmp_path: Path, scope: str) -> None:
    cataloger = Cataloger(tmp_path / "other home")
    try:
        cataloger.add(tree, hash=scope)
        cataloger.scan()
        for step, edit in STEPS.items():
            edit(tree)
            before = _read_bytes()
            result = cataloger.scan()
            assert result.hashed_files <= FILES, step
            assert result.hashed_bytes <= CONTENT_BYTES + FILES * 32_768, step
            assert _read_bytes() - before <= CONTENT_BYTES + CATALOG_BYTES, step
            _assert_one_file_each(cataloger, tree)
        assert cataloger.scan().hashed_files == 0
    finally:
        cataloger.catalog.close()


def test_a_live_root_reads_each_inode_once_after_each_change_of_all(cataloger: LiveCataloger, tree: Path) -> None:
    _snapshots(tree, range(1, 4))
    cataloger.follow(tree)
    steps: dict[str, Callable[[Path], None]] = {**STEPS, "ten snapshots": lambda tree: _snapshots(tree, range(4, 5))}
    for step, edit in steps.items():
        before = _read_bytes()
        edit(tree)
        cataloger.sync()
        assert _read_bytes() - before <= CONTENT_BYTES + CATALOG_BYTES, step
        _assert_one_file_each(cataloger, tree)


def test_names_of_other_content_are_not_taken_for_one_that_was_read(tree: Path, tmp_path: Path) -> None:
    cataloger = Cataloger(tmp_path / "other home")
    try:
        _snapshots(tree, range(1, 3))
        cataloger.add(tree)
        cataloger.scan()
        name = Path("0") / "file 0"
        (tree / "1" / name).unlink()
        (tree / "1" / name).write_bytes(b"another")
        seen = (tree / "2" / name).stat()
        with (tree / "2" / name).open("r+b") as file:
            file.write(b"same size")
        os.utime(tree / "2" / name, ns=(seen.st_atime_ns, seen.st_mtime_ns))
        old = cataloger.hashes()[os.fsencode(tree / "0" / name)]
        cataloger.scan()
        new = [cataloger.hashes()[os.fsencode(tree / str(number) / name)] for number in range(3)]
        assert new[0] == new[2] != new[1]
        assert old not in new
    finally:
        cataloger.catalog.close()


def test_du_counts_the_blocks_of_an_inode_once_in_each_folder_as_the_program_does(tree: Path, tmp_path: Path) -> None:
    cataloger = Cataloger(tmp_path / "other home")
    try:
        _snapshots(tree, range(1, 4))
        (tree / "3" / "own").mkdir()
        (tree / "3" / "own" / "file").write_bytes(b"own" * 10_000)
        (tree / "alone").write_bytes(b"alone" * 5_000)
        cataloger.add(tree, hash="none")
        cataloger.scan()
        edits: list[Callable[[], object]] = [
            lambda: None,
            lambda: shutil.rmtree(tree / "1"),
            lambda: os.link(tree / "alone", tree / "3" / "a"),
        ]
        for edit in edits:
            edit()
            cataloger.scan()
            rows = cataloger.catalog.usage(os.fsencode(tree), depth=9, limit=1000).rows
            for row in rows:
                named = [path.stat() for path in Path(os.fsdecode(row.path)).rglob("*") if path.is_file()]
                once = {seen.st_ino: seen for seen in named}.values()
                assert row.allocated == sum(seen.st_blocks * 512 for seen in once), row.path
                assert row.bytes == sum(seen.st_size for seen in named), row.path
                assert row.linked_bytes == row.bytes - sum(seen.st_size for seen in once), row.path
            (top,) = cataloger.catalog.usage(os.fsencode(tree), depth=0, limit=1).rows
            assert (top.allocated, top.linked_bytes) == (rows[0].allocated, rows[0].linked_bytes)
    finally:
        cataloger.catalog.close()
