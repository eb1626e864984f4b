"""Folders under edit, and whether the catalog says of them what the disk does."""

from __future__ import annotations

import contextlib
import hashlib
import os
import random
import shutil
import threading
from pathlib import Path

from sanchay.client import Client
from tests.property.oracle import look
from tests.support.daemon import PATIENCE_S
from tests.support.edits import Editor

OUTSIDE_MOST = 200
LEAST_FILES = 200


class Edited:
    """A root whose files are edited at random on a thread of its own, `per_s` times a second, until it is stopped."""

    def __init__(self, name: str, folder: Path, outside: Path, seed: int, per_s: float) -> None:
        self.name = name
        self.folder = folder
        self._outside = outside
        self._editor = Editor(os.fsencode(folder), os.fsencode(outside), random.Random(seed), LEAST_FILES)
        self._pause_s = 1 / per_s
        self._stop = threading.Event()
        self._hold = threading.Lock()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.edits = 0
        self.failure: BaseException | None = None

    def start(self) -> None:
        """Begins."""
        self._outside.mkdir(parents=True, exist_ok=True)
        self._thread.start()

    def stop(self) -> None:
        """Ends after the edit under way."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join(PATIENCE_S)

    def still(self) -> threading.Lock:
        """A lock; nothing is edited while it is held."""
        return self._hold

    def history(self) -> list[str]:
        """The last edits."""
        return self._editor.history[-200:]

    def _run(self) -> None:
        while not self._stop.wait(self._pause_s):
            with self._hold:
                try:
                    self._editor.step()
                except Exception as error:
                    self.failure = error
                    return
                self.edits += 1
                del self._editor.history[:-200]
                if len(os.listdir(self._outside)) > OUTSIDE_MOST:
                    shutil.rmtree(self._outside)
                    self._outside.mkdir()


def on_disk(folder: Path) -> dict[bytes, tuple[int, bytes]]:
    """Size and SHA-256 of every file below the folder, empty ones without a hash."""
    return {
        path: (file.size, hashlib.sha256(file.content).digest() if file.size else b"")
        for path, file in look(os.fsencode(folder)).files.items()
    }


def in_catalog(client: Client, name: str) -> dict[bytes, tuple[int, bytes]]:
    """The same, as the catalog has it."""
    return {
        row.path.raw: (row.size, row.hash if row.size else b"") for row in client.iter_find(f"root:{name} size:>=0")
    }


def differences(client: Client, name: str, folder: Path) -> list[str]:
    """Where the two differ, in words; nothing where they agree."""
    disk, catalog = on_disk(folder), in_catalog(client, name)
    found = [f"only on the disk: {path!r}" for path in sorted(disk.keys() - catalog.keys())]
    found += [f"only in the catalog: {path!r}" for path in sorted(catalog.keys() - disk.keys())]
    found += [
        f"{path!r}: {disk[path][0]} bytes {disk[path][1].hex()[:8]} on the disk, {catalog[path][0]} bytes "
        f"{catalog[path][1].hex()[:8]} in the catalog"
        for path in sorted(disk.keys() & catalog.keys())
        if disk[path] != catalog[path]
    ]
    return found


def fill(point: Path) -> Path:
    """Takes every byte that a file system has left; the file that does."""
    ballast = point / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 4096, 1):
            with contextlib.suppress(OSError):
                while file.write(b"\0" * size):
                    pass
    return ballast
