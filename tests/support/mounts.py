"""File systems of a test's own, mounted and unmounted; all of it needs root."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.daemon import PATIENCE_S, REPOSITORY, environment
from tests.support.program import until


@contextmanager
def memory(point: Path, size: str) -> Iterator[Path]:
    """A tmpfs of `size`, such as 3m."""
    point.mkdir(parents=True, exist_ok=True)
    _run("mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", point)
    try:
        yield point
    finally:
        unmount(point)


def resize(point: Path, size: str) -> None:
    """Makes room on a tmpfs."""
    _run("mount", "-o", f"remount,size={size}", point)


@contextmanager
def disk(image: Path, point: Path, *, mib: int = 8) -> Iterator[Path]:
    """An ext4 disk in a file, mounted; `mount_disk` and `unmount` take it away and bring it back."""
    point.mkdir(parents=True, exist_ok=True)
    with image.open("wb") as file:
        file.truncate(mib << 20)
    _run("mkfs.ext4", "-q", "-F", image)
    mount_disk(image, point)
    try:
        yield point
    finally:
        unmount(point)


def mount_disk(image: Path, point: Path) -> None:
    """Mounts a disk that is a file."""
    _run("mount", "-o", "loop", image, point)


def unmount(point: Path) -> None:
    """Takes a mount away, even one in use; nothing where there is none."""
    if point.is_mount():
        _run("umount", "-l", point)


@contextmanager
def hostile(point: Path) -> Iterator[Path]:
    """The file system of `hostile_files`: it ends, and whatever hangs in it, when this does."""
    with _served("hostile_files", point):
        yield point


@contextmanager
def failing(point: Path, switch: Path) -> Iterator[Path]:
    """The file system of `failing_files`, which fails while the file `switch` is there."""
    with _served("failing_files", point, str(switch)):
        yield point


@contextmanager
def passing(point: Path, folder: Path) -> Iterator[Path]:
    """The file system of `passing_files`, which shows `folder`."""
    with _served("passing_files", point, str(folder)):
        yield point


@contextmanager
def twice_listed(point: Path) -> Iterator[Path]:
    """The file system of `twice_listed_files`."""
    with _served("twice_listed_files", point):
        yield point


@contextmanager
def _served(module: str, point: Path, *arguments: str) -> Iterator[None]:
    point.mkdir(parents=True, exist_ok=True)
    server = subprocess.Popen(
        [sys.executable, "-m", f"tests.support.{module}", str(point), *arguments],
        env=environment(point),
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        until(lambda: server.poll() is not None or point.is_mount())
        assert server.poll() is None, f"the file system of {module} has not come up"
        yield
    finally:
        server.kill()  # its end breaks off every read that hangs
        server.wait(PATIENCE_S)
        subprocess.run(["umount", "-l", str(point)], check=False, capture_output=True)


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
