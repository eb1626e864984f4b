"""File systems of a test's own, mounted and unmounted; all of it needs root."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.daemon import PATIENCE_S, REPOSITORY, environment
from tests.support.program import until

#: What serves files to sshfs.
SFTP_SERVER = "/usr/lib/openssh/sftp-server"


def run(*command: str | Path) -> str:
    """Runs a program to its end and gives what it printed; a failure shows what it said."""
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{command}: {done.stderr}"
    return done.stdout.strip()


@contextmanager
def mounted(what: str | Path, where: Path, *options: str, used_to_the_end: bool = False) -> Iterator[Path]:
    """Mounts `what` at `where` for a while; whether a daemon may still have files open in it at the end is said."""
    where.mkdir(parents=True, exist_ok=True)
    run("mount", *options, what, where)
    try:
        yield where
    finally:
        if used_to_the_end:
            unmount(where)
        elif is_mounted(where):
            run("umount", where)


def unmount(where: Path) -> None:
    """Takes a mount away, even one in use; nothing where there is none."""
    if is_mounted(where):
        run("umount", "-l", where)


def is_mounted(where: Path) -> bool:
    """Whether something is mounted there, a folder of the same file system too."""
    with open("/proc/self/mountinfo", encoding="utf-8") as table:
        points = [line.split(" ")[4].replace("\\040", " ") for line in table]
    return str(where) in points


@contextmanager
def bound(source: Path, where: Path) -> Iterator[Path]:
    """Mounts a folder at another one for a while."""
    with mounted(source, where, "--bind"):
        yield where


# ---- File systems in memory and in files ----


@contextmanager
def memory(point: Path, size: str) -> Iterator[Path]:
    """A tmpfs of `size`, such as 3m."""
    with mounted("tmpfs", point, "-t", "tmpfs", "-o", f"size={size}", used_to_the_end=True):
        yield point


def resize(point: Path, size: str) -> None:
    """Makes room on a tmpfs."""
    run("mount", "-o", f"remount,size={size}", point)


def make_disk(image: Path, kind: str, megabytes: int) -> Path:
    """A file system of a kind in a file."""
    with image.open("wb") as file:
        file.truncate(megabytes << 20)
    run(f"mkfs.{kind}", "-q", "-F" if kind == "ext4" else "-f", image)
    return image


def make_ext4(image: Path, megabytes: int = 16) -> Path:
    """An ext4 file system in a file."""
    return make_disk(image, "ext4", megabytes)


@contextmanager
def loop_device(image: Path) -> Iterator[str]:
    """A loop device of an image."""
    device = run("losetup", "--find", "--show", image)
    try:
        yield device
    finally:
        run("losetup", "--detach", device)


@contextmanager
def disk(image: Path, point: Path, *, mib: int = 8) -> Iterator[Path]:
    """An ext4 disk in a file, mounted; `mount_disk` and `unmount` take it away and bring it back."""
    with mounted(make_ext4(image, mib), point, "-o", "loop", used_to_the_end=True):
        yield point


def mount_disk(image: Path, point: Path) -> None:
    """Mounts a disk that is a file."""
    run("mount", "-o", "loop", image, point)


def flip_a_bit(image: Path, point: Path, content: bytes) -> None:
    """Flips a bit of a file with this content in the image of a mounted disk, as rot does: no stamp moves."""
    run("umount", point)
    disk_bytes = bytearray(image.read_bytes())
    disk_bytes[disk_bytes.index(content[4096:8192]) + 100] ^= 0x10
    image.write_bytes(disk_bytes)
    mount_disk(image, point)


# ---- What shows the files of a folder a second time ----


@contextmanager
def overlay(lower: Path, upper: Path, point: Path) -> Iterator[Path]:
    """An overlay of two folders, with its work folder beside the upper one."""
    work = upper.with_name(upper.name + "-work")
    for folder in (lower, upper, work, point):
        folder.mkdir(exist_ok=True)
    options = f"lowerdir={lower},upperdir={upper},workdir={work}"
    with mounted("overlay", point, "-t", "overlay", "-o", options):
        yield point


@contextmanager
def merged(point: Path, branch: Path) -> Iterator[Path]:
    """The real mergerfs."""
    point.mkdir()
    run("mergerfs", str(branch), point)
    try:
        yield point
    finally:
        run("umount", "-l", point)


@contextmanager
def shared(point: Path, folder: Path, host: str) -> Iterator[Callable[[], None]]:
    """The real sshfs, with a server of this machine that says it is `host`; a call of what is given makes it hang."""
    point.mkdir()
    to_server, to_client = socket.socketpair()
    with to_server, to_client:
        server = subprocess.Popen([SFTP_SERVER], stdin=to_server.fileno(), stdout=to_server.fileno())
        client = subprocess.Popen(
            ["sshfs", "-f", "-o", "passive", f"{host}:{folder}", point],
            stdin=to_client.fileno(),
            stdout=to_client.fileno(),
        )
    try:
        until(lambda: client.poll() is not None or point.is_mount())
        assert client.poll() is None, "sshfs has not come up"
        yield lambda: server.send_signal(signal.SIGSTOP)
    finally:
        for process in (client, server):  # their end breaks off whatever hangs
            process.kill()
            process.wait(PATIENCE_S)
        unmount(point)


# ---- File systems that are programs of the tests ----


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
def hanging(point: Path, folder: Path, switch: Path) -> Iterator[Path]:
    """The file system of `hanging_files`, which shows `folder` and fails as the file `switch` says."""
    with _served("hanging_files", point, str(folder), str(switch)):
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
