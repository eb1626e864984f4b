"""A home with the real engine, and a tree whose answers are known."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import trees
from tests.support.daemon import DaemonProcess
from tests.support.program import Program

#: They drive a desktop of Linux, by libraries that only Linux has.
collect_ignore = [] if sys.platform == "linux" else ["test_icon.py", "test_notices.py", "test_window_story.py"]

PHOTO = b"\xff\xd8\xff" + b"photo" * 2000
FILES = {
    "photos/one.jpg": PHOTO,
    "photos/two.jpg": PHOTO,
    "backup/one.jpg": PHOTO,
    "photos/other.jpg": b"other" * 2000,
    "docs/letter.txt": b"Dear Sir",
    "docs/copy of letter.txt": b"Dear Sir",
    "docs/.hidden.txt": b"hidden",
    "empty/a.log": b"",
    "empty/b.log": b"",
    "big.bin": b"\x00\x01\x02\x03" * 100_000,
}


def build(root: Path) -> Path:
    """The tree: ten files, a hard link to one of them, a symlink and a FIFO."""
    trees.build(root, FILES)
    os.link(root / "photos/one.jpg", root / "photos/linked.jpg")
    (root / "link").symlink_to("big.bin")
    os.mkfifo(root / "pipe")
    return root


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Program]:
    """sanchayctl in a new home whose daemon runs; it is stopped at the end."""
    with DaemonProcess(tmp_path / "home"), Program(tmp_path / "home") as each:
        yield each


@pytest.fixture
def unstarted(tmp_path: Path) -> Iterator[Program]:
    """sanchayctl in a new home where no daemon runs yet."""
    with Program(tmp_path / "home") as each:
        yield each


@pytest.fixture
def unwatched(tmp_path: Path) -> Iterator[Program]:
    """The same, whose roots change by scans alone: what a scan finds was not noticed before it."""
    env = {"SANCHAY_WATCH": "off"}
    with DaemonProcess(tmp_path / "home", env=env), Program(tmp_path / "home", env=env) as each:
        yield each


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """The tree of this folder's tests."""
    return build(tmp_path / "tree")


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, Path]]:
    """A daemon that has scanned the tree, for tests that only ask."""
    base = tmp_path_factory.mktemp("scanned")
    top = build(base / "tree")
    with DaemonProcess(base / "home"), Program(base / "home") as each:
        each.json("scan", top)
        each.json("root", "sync", top)
        yield each, top
