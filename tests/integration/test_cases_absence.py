"""Hostile cases of absence: what cannot be seen is not gone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.catalogs import Cataloger, below
from tests.integration.mounts import loop_device, make_ext4, mounted
from tests.support.daemon import PATIENCE_S
from tests.support.trees import build

needs_mounts = pytest.mark.needs("root", "mount", "losetup", "mkfs.ext4", "/dev/loop-control")

FILES = {"film": "one film", "copy": "one film", "season/1": "other", "season/big": "b" * 200_000}

UNPRIVILEGED = """
import json, os, sys
from sanchay_engine import Catalog, RootSpec
home, tree = (os.fsencode(path) for path in sys.argv[1:])
catalog = Catalog.open(home + b"/catalog.db", own_folders=[home])
catalog.put_root(RootSpec(1, tree))
result = catalog.scan(1).wait()
rows = {os.fsdecode(row.path): row.hash.hex() for row in catalog.find("", limit=1000).rows}
errors = [[os.fsdecode(error.path), error.kind] for error in result.error_list]
root = catalog.root_status(1)
groups = [group.copies for group in catalog.duplicates().groups]
print(json.dumps([result.state, result.errors, result.removed, rows, errors, root.state, root.reason, groups]))
catalog.close()
"""


def scan_as_nobody(
    home: Path, tree: Path
) -> tuple[str, int, int, dict[str, str], list[list[str]], str, str, list[int]]:
    """Scans in a process of a user who is not root, for root may read everything."""
    command: list[str | Path] = [
        "setpriv",
        "--reuid",
        "65534",
        "--clear-groups",
        sys.executable,
        "-c",
        UNPRIVILEGED,
        home,
        tree,
    ]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment, timeout=PATIENCE_S)
    assert done.returncode == 0, done.stderr
    found: tuple[str, int, int, dict[str, str], list[list[str]], str, str, list[int]] = tuple(json.loads(done.stdout))
    return found


def open_to_nobody(folder: Path) -> None:
    """pytest's folders are private to their owner; nobody must pass through them."""
    for above in folder.parents:
        if above.stat().st_uid == os.geteuid() and above != Path("/"):
            above.chmod(above.stat().st_mode | 0o011)


@pytest.mark.needs("root", "setpriv")
def test_a_folder_that_may_not_be_read_keeps_its_rows_and_the_scan_is_partial(tmp_path: Path) -> None:
    tree = build(tmp_path / "tree", FILES)
    home = tmp_path / "home"
    home.mkdir()
    for path in (home, tree, tree / "season", *tree.rglob("*")):
        os.chown(path, 65534, 65534)
    open_to_nobody(tree)
    state, errors, removed, before, _, root_state, _, groups = scan_as_nobody(home, tree)
    assert (state, errors, removed, len(before), root_state, groups) == ("done", 0, 0, 4, "ready", [2])
    os.chown(tree / "season", 0, 0)
    os.chmod(tree / "season", 0o700)
    for _ in range(2):
        state, errors, removed, rows, listed, root_state, reason, groups = scan_as_nobody(home, tree)
        assert (state, errors, removed, rows, root_state) == ("partial", 1, 0, before, "partial")
        assert listed == [[str(tree / "season"), "permission"]]
        assert reason
        assert groups == [2]
    os.chmod(tree / "season", 0o755)
    state, errors, removed, rows, _, root_state, _, _ = scan_as_nobody(home, tree)
    assert (state, errors, removed, rows, root_state) == ("done", 0, 0, before, "ready")


@pytest.mark.needs("root", "setpriv")
def test_a_file_that_may_not_be_read_is_an_error_and_has_no_hash(tmp_path: Path) -> None:
    tree = build(tmp_path / "tree", FILES)
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 65534, 65534)
    os.chmod(tree / "film", 0o600)
    os.chmod(tree / "season" / "big", 0o600)
    open_to_nobody(tree)
    state, errors, _, rows, listed, root_state, _, groups = scan_as_nobody(home, tree)
    assert (state, errors, len(rows), root_state, groups) == ("partial", 2, 4, "partial", [])
    assert sorted(listed) == [[str(tree / "film"), "permission"], [str(tree / "season" / "big"), "permission"]]
    assert [path for path, value in rows.items() if not value] == [path for path, _ in listed] or len(listed) == 2
    os.chmod(tree / "film", 0o644)
    os.chmod(tree / "season" / "big", 0o644)
    state, errors, _, rows, _, _, _, groups = scan_as_nobody(home, tree)
    assert (state, errors, all(rows.values()), groups) == ("done", 0, True, [2])


@needs_mounts
def test_a_disk_that_is_mounted_again_on_another_device_is_neither_read_again_nor_lost(
    cataloger: Cataloger, tmp_path: Path
) -> None:
    image = make_ext4(tmp_path / "disk.img")
    point = tmp_path / "disk"
    with loop_device(image) as device, mounted(device, point):
        build(point, FILES)
        os.sync()
        cataloger.add(point)
        first = cataloger.settled_scan()
        number = os.stat(point).st_dev
        before = cataloger.hashes()
    with ExitStack() as stack:
        # Something takes the first number meanwhile.
        spare = make_ext4(tmp_path / "spare.img")
        stack.enter_context(loop_device(spare))
        device = stack.enter_context(loop_device(image))
        stack.enter_context(mounted(device, point))
        assert os.stat(point).st_dev != number
        result = cataloger.scan()
        assert (result.state, result.added, result.changed, result.removed, result.hashed_files) == ("done", 0, 0, 0, 0)
        assert result.files == first.files == 4
        assert cataloger.hashes() == before


@needs_mounts
def test_an_empty_mount_point_or_another_disk_is_an_offline_root(cataloger: Cataloger, tmp_path: Path) -> None:
    image, other = make_ext4(tmp_path / "disk.img"), make_ext4(tmp_path / "other.img")
    point = tmp_path / "disk"
    with loop_device(image) as device, mounted(device, point):
        build(point, FILES)
        cataloger.add(point)
        cataloger.settled_scan()
        before = cataloger.hashes()
    assert os.listdir(point) == []
    with ExitStack() as stack:
        for there in ("nothing", "another disk"):
            if there == "another disk":
                device = stack.enter_context(loop_device(other))
                stack.enter_context(mounted(device, point))
                build(point, {"stranger": "else"})
            result = cataloger.scan()
            assert (result.state, result.removed, result.added) == ("offline", 0, 0), there
            status = cataloger.catalog.root_status(1)
            assert (status.state, status.files) == ("offline", 4)
            assert str(point) in status.reason
            assert cataloger.hashes() == before
            (group,) = cataloger.groups()
            assert group.copies == 2
    with loop_device(image) as device, mounted(device, point):
        result = cataloger.scan()
        assert (result.state, result.added, result.removed, result.hashed_files) == ("done", 0, 0, 0)
        assert cataloger.catalog.root_status(1).state == "ready"
        assert cataloger.hashes() == before


@needs_mounts
def test_a_disk_below_a_root_that_is_not_mounted_keeps_its_rows(cataloger: Cataloger, tmp_path: Path) -> None:
    tree = build(tmp_path / "tree", {"here": "content", "disk/": ""})
    image = make_ext4(tmp_path / "disk.img")
    cataloger.add(tree)
    with loop_device(image) as device, mounted(device, tree / "disk"):
        build(tree / "disk", FILES)
        assert cataloger.settled_scan().files == 5
        before = cataloger.hashes()
    (tree / "new").write_bytes(b"new")
    result = cataloger.scan()
    assert (result.state, result.errors, result.removed, result.added) == ("partial", 1, 0, 1)
    assert result.error_list[0].path == os.fsencode(tree / "disk")
    assert {path: value for path, value in cataloger.hashes().items() if path in before} == before
    with loop_device(image) as device, mounted(device, tree / "disk"):
        result = cataloger.settled_scan()
        assert (result.state, result.removed, result.added) == ("done", 0, 0)
        assert result.hashed_files <= 1


def test_a_root_that_is_gone_is_offline_and_one_that_is_emptied_is_empty(cataloger: Cataloger, tree: Path) -> None:
    build(tree, FILES)
    cataloger.add(tree)
    cataloger.settled_scan()
    os.rename(tree, tree.parent / "away")
    result = cataloger.scan()
    assert (result.state, result.removed) == ("offline", 0)
    assert cataloger.catalog.root_status(1).state == "offline"
    assert len(cataloger.paths()) == 4
    os.rename(tree.parent / "away", tree)
    result = cataloger.scan()
    assert (result.state, result.hashed_files) == ("done", 0)
    for path in sorted(tree.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    result = cataloger.scan()
    assert (result.state, result.removed, cataloger.paths()) == ("done", 4, set())


@needs_mounts
def test_one_root_offline_does_not_trouble_the_scan_of_another(cataloger: Cataloger, tmp_path: Path) -> None:
    image = make_ext4(tmp_path / "disk.img")
    point = tmp_path / "disk"
    other = build(tmp_path / "other", {"alone": "123", "season-twin": "a" * 300})
    with loop_device(image) as device, mounted(device, point):
        build(point, {"season/x": "b" * 300, "flat": "c" * 300})
        disk = cataloger.add(point, hash="duplicates")
        cataloger.settled_scan(disk)
    build(other, {"another": "d" * 300})
    rest = cataloger.add(other, hash="duplicates")
    result = cataloger.scan(rest)
    assert (result.state, result.errors, result.unstable) == ("done", 0, 0)
    assert len(cataloger.paths()) == 5
    assert below(other, ["alone", "another", "season-twin"]) <= cataloger.paths()
