"""Makes the trees that the benches measure: the same seed gives the same names, sizes and contents everywhere.

Three kinds, each after a complaint of real users: many small files (a photo library's sidecars, a source tree), a few
large ones (film, disk images), and names without contents (millions of log files whose metadata alone is wanted).
Nothing here is random beyond its seed. As a program it makes one tree:

    python large_trees.py small PATH --files 500000
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Where every unique file takes its bytes from. A stamp at its beginning makes each file's content its own.
POOL_BYTES = 64 * 1024 * 1024
STAMP_BYTES = 16
#: Modification times are spread over five years before a fixed day, so that ages and "modified:" terms have something
#: to tell apart, and so that no file looks as if it had just been written.
NEWEST_MTIME_S = 1_750_000_000
MTIME_SPAN_S = 5 * 365 * 86_400

# Sizes are log-normal, as in people's folders; with the cut at the top these two give a mean of 10.8 kB.
_SMALL_MU = 8.653
_SMALL_SIGMA = 1.15
_LARGEST_SMALL_BYTES = 120 * 1024
_COPIED_SHARE = 1 / 4
_COPIED_ORIGINALS_SHARE = 1 / 60

_STEMS = ("invoice", "holiday", "module", "draft", "notes", "scan", "render", "report", "sample", "backup")
_EXTENSIONS = ("jpg", "txt", "py", "log", "json", "png", "pdf", "csv", "md", "mp3", "zip", "c", "html", "xml", "bin")


@dataclass(frozen=True)
class TreeTotals:
    """What a tree holds: regular files, folders below its top, apparent bytes, and how many files are copies."""

    files: int
    directories: int
    size_bytes: int
    copies: int


def make_small_tree(top: Path, files: int, seed: int = 1) -> TreeTotals:
    """Makes `files` small files (10.8 kB on average) in about one folder for fifty, a quarter of them copies.

    The copies are of few originals, some sixteen of each, for what lies about in many places does so often.
    """
    rng = random.Random(seed)
    pool = rng.randbytes(POOL_BYTES)
    folders = _make_folders(top, max(1, files // 52))
    copied_every = round(1 / _COPIED_ORIGINALS_SHARE)
    originals: list[bytes] = []
    size_bytes = copies = 0
    for index, folder_fd in _spread(folders, files):
        if originals and rng.random() < _COPIED_SHARE:
            content = rng.choice(originals)
            copies += 1
        else:
            content = _unique_content(pool, rng, index, _small_size(rng))
            if index % copied_every == 0:
                originals.append(content)
        _write_file(folder_fd, _name(rng, index), content, _mtime(rng))
        size_bytes += len(content)
    return TreeTotals(files, len(folders), size_bytes, copies)


def make_large_tree(top: Path, size_bytes: int, seed: int = 2, file_bytes: int = 100 * 1024 * 1024) -> TreeTotals:
    """Makes about `size_bytes` of files of `file_bytes` each in one folder for ten; every seventh is a copy."""
    rng = random.Random(seed)
    pool = rng.randbytes(POOL_BYTES)
    files = max(1, size_bytes // file_bytes)
    folders = _make_folders(top, max(1, files // 10))
    copies = 0
    stamp = 0
    for index, folder_fd in _spread(folders, files):
        if index % 7 == 6:
            copies += 1
        else:
            stamp = index
        fd = os.open(_name(rng, index), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644, dir_fd=folder_fd)
        with os.fdopen(fd, "wb", buffering=0) as file:
            written = file.write(stamp.to_bytes(STAMP_BYTES, "little"))
            while written < file_bytes:
                written += file.write(pool[: min(POOL_BYTES, file_bytes - written)])
    return TreeTotals(files, len(folders), files * file_bytes, copies)


def make_metadata_tree(top: Path, files: int, seed: int = 3) -> TreeTotals:
    """Makes `files` files that have a size but no blocks, in one folder for a thousand: for walks that read nothing."""
    rng = random.Random(seed)
    folders = _make_folders(top, max(1, files // 1000))
    size_bytes = 0
    for index, folder_fd in _spread(folders, files):
        size = _small_size(rng)
        fd = os.open(_name(rng, index), os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644, dir_fd=folder_fd)
        os.ftruncate(fd, size)
        os.close(fd)
        size_bytes += size
    return TreeTotals(files, len(folders), size_bytes, 0)


def _make_folders(top: Path, wanted: int) -> list[Path]:
    """Makes about `wanted` folders three deep below `top`, and gives all of them."""
    side = max(1, round(wanted ** (1 / 3)))
    folders = [
        top / f"area-{first:02}" / f"set-{second:02}" / f"{third:03}"
        for first in range(side)
        for second in range(side)
        for third in range(max(1, wanted // (side * side)))
    ]
    for folder in folders:
        folder.mkdir(parents=True, exist_ok=True)
    parents = {parent for folder in folders for parent in (folder.parent, folder.parent.parent)}
    return sorted(parents) + folders


def _spread(folders: list[Path], files: int) -> Iterator[tuple[int, int]]:
    """Gives each file's number with an open handle of its folder, in runs, so that a handle is opened once."""
    for position, folder in enumerate(folders):
        first, last = (files * position // len(folders), files * (position + 1) // len(folders))
        fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            for index in range(first, last):
                yield index, fd
        finally:
            os.close(fd)


def _small_size(rng: random.Random) -> int:
    size = int(rng.lognormvariate(_SMALL_MU, _SMALL_SIGMA))
    return min(_LARGEST_SMALL_BYTES, max(STAMP_BYTES, size))


def _unique_content(pool: bytes, rng: random.Random, index: int, size_bytes: int) -> bytes:
    start = rng.randrange(POOL_BYTES - size_bytes)
    return index.to_bytes(STAMP_BYTES, "little") + pool[start : start + size_bytes - STAMP_BYTES]


def _name(rng: random.Random, index: int) -> str:
    return f"{rng.choice(_STEMS)}-{index:07}.{rng.choice(_EXTENSIONS)}"


def _mtime(rng: random.Random) -> int:
    return NEWEST_MTIME_S - rng.randrange(MTIME_SPAN_S)


def _write_file(folder_fd: int, name: str, content: bytes, mtime_s: int) -> None:
    fd = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644, dir_fd=folder_fd)
    try:
        os.write(fd, content)
        os.utime(fd, (mtime_s, mtime_s))
    finally:
        os.close(fd)


def main() -> None:
    """Makes one tree, as its arguments say."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("kind", choices=("small", "large", "metadata"))
    parser.add_argument("top", type=Path)
    parser.add_argument("--files", type=int, default=500_000, help="files of a small or metadata tree")
    parser.add_argument("--gigabytes", type=float, default=7.0, help="size of a large tree")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    began = time.perf_counter()
    if options.kind == "small":
        totals = make_small_tree(options.top, options.files, options.seed)
    elif options.kind == "large":
        totals = make_large_tree(options.top, int(options.gigabytes * 1e9), options.seed)
    else:
        totals = make_metadata_tree(options.top, options.files, options.seed)
    print(f"{options.top}: {totals} in {time.perf_counter() - began:.1f} s")


if __name__ == "__main__":
    main()
