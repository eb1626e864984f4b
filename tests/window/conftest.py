"""A daemon with a small tree, for every page's tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import trees
from tests.support.daemon import DaemonProcess, engine_missing

pytestmark = pytest.mark.skipif(engine_missing(), reason="needs the engine")

FILES = {
    "Pictures/beach.jpg": b"beach" * 4000,
    "Pictures/copy of beach.jpg": b"beach" * 4000,
    "Backup/beach.jpg": b"beach" * 4000,
    "Documents/letter.txt": b"Dear reader",
    "Documents/letter (copy).txt": b"Dear reader",
    "Music/song.mp3": b"la" * 9000,
    "src/main.py": b"print('hello')\n",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A small tree with two groups of copies."""
    return trees.build(tmp_path / "tree", FILES)


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A running daemon that knows no folder yet."""
    with DaemonProcess(tmp_path / "home") as process:
        yield process


@pytest.fixture
def scanned(daemon: DaemonProcess, tree: Path) -> DaemonProcess:
    """The daemon once it has scanned the tree as the root `tree`."""
    with daemon.client() as client:
        client.add_root(tree, no_scan=True)
        for job in client.start_scan([str(tree)]).jobs:
            for _ in client.follow_job(job.id):
                pass
    return daemon
