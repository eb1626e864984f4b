"""Trees of files for tests."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def build(root: Path, files: Mapping[str, bytes | str]) -> Path:
    """Makes `root` with these files; a name that ends in `/` is an empty folder. The root itself is returned."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        if name.endswith("/"):
            path.mkdir(parents=True, exist_ok=True)
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode("utf-8") if isinstance(content, str) else content)
    return root


def build_raw(root: Path, names: Mapping[bytes, bytes]) -> Path:
    """Makes files whose names are any bytes."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in names.items():
        with open(os.path.join(os.fsencode(root), name), "wb") as file:
            file.write(content)
    return root


def many(root: Path, count: int, *, per_folder: int = 500, size_bytes: int = 64) -> Path:
    """Makes `count` small files of different content, `per_folder` in each folder."""
    for number in range(count):
        folder = root / f"d{number // per_folder:05d}"
        if number % per_folder == 0:
            folder.mkdir(parents=True)
        (folder / f"f{number:07d}.txt").write_bytes(f"{number}".encode().ljust(size_bytes, b"."))
    return root
