"""Names of any bytes, and trashes that were emptied by hand, in a whole round: planned, run, taken back."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay.client import Client
from tests.support import trees
from tests.support.clearing import ACTIONS, Clearing, said
from tests.support.daemon import DaemonProcess

NAMES = [b"\xff", b"new\nline", b"x" * 255, "ö".encode() * 127, b"-rf", b"%41.trashinfo", b" ", b"caf\xe9 \x01.jpg"]


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    """A client of a daemon whose trash is beside the tree."""
    env = {"XDG_DATA_HOME": str(tmp_path / "data")}
    with DaemonProcess(tmp_path / "home", env=env) as daemon, daemon.client() as client:
        yield client


def named(tmp_path: Path) -> Clearing:
    """Two files of each name, each pair with its own content."""
    for half in ("a", "b"):
        trees.build_raw(tmp_path / "tree" / half, {name: b"content of " + name for name in NAMES})
    return Clearing(tmp_path / "tree", tmp_path / "data" / "Trash")


@pytest.mark.parametrize("action", ACTIONS)
def test_files_of_any_name_go_and_come_back(tmp_path: Path, client: Client, action: str) -> None:
    clearing = named(tmp_path)
    clearing.make_plan(client, action)
    assert {os.path.basename(path) for path in clearing.going} == set(NAMES)
    clearing.goes_on(client)
    clearing.comes_back(client)


def test_what_was_emptied_from_the_trash_is_made_again_of_its_twins(tmp_path: Path, client: Client) -> None:
    clearing = named(tmp_path)
    clearing.make_plan(client, "trash")
    clearing.goes_on(client)
    shutil.rmtree(tmp_path / "data" / "Trash")
    gone_twin = next(iter(clearing.going.values()))
    content = Path(os.fsdecode(gone_twin)).read_bytes()
    os.unlink(gone_twin)
    (undone,) = clearing.undo(client)
    assert (undone.undo.restored, undone.undo.skipped) == (len(NAMES) - 1, 1), said(client, undone)
    (error,) = client.get_job(undone.id).job.errors
    assert error.kind == "no-twin"
    Path(os.fsdecode(gone_twin)).write_bytes(content)
    os.utime(gone_twin, ns=(0, clearing.before[gone_twin].modified_ns))
    (undone,) = clearing.undo(client)
    assert (undone.undo.restored, undone.undo.skipped) == (1, 0), said(client, undone)
    assert set(clearing.before) <= {path for path in clearing.before if os.path.exists(path)}
