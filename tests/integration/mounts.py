"""File systems of a test's own: images on loop devices, mounted and taken away again."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


def run(*command: str | Path) -> str:
    """Runs a program to its end and gives what it printed; a failure shows what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


def make_ext4(image: Path, megabytes: int = 16) -> Path:
    """An ext4 file system in a file."""
    return make_disk(image, "ext4", megabytes)


def make_disk(image: Path, kind: str, megabytes: int) -> Path:
    """A file system of a kind in a file."""
    with open(image, "wb") as file:
        file.truncate(megabytes << 20)
    force = "-F" if kind == "ext4" else "-f"
    run(f"mkfs.{kind}", "-q", force, image)
    return image


@contextmanager
def loop_device(image: Path) -> Iterator[str]:
    """A loop device of an image."""
    device = run("losetup", "--find", "--show", image)
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


def is_mounted(where: Path) -> bool:
    """Whether something is mounted there, a folder of the same file system too."""
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        return any(line.split(" ")[4] == str(where) for line in table)


@contextmanager
def bound(source: Path, where: Path) -> Iterator[Path]:
    """Mounts a folder at another one for a while."""
    with mounted(source, where, "--bind"):
        yield where


@contextmanager
def mounted(what: str | Path, where: Path, *options: str) -> Iterator[Path]:
    """Mounts `what` at `where` for a while."""
    where.mkdir(exist_ok=True)
    run("mount", *options, what, where)
    try:
        yield where
    finally:
        if is_mounted(where):
            run("umount", where)
