"""Windows: loopback TCP, the profile folder's own access rules, and byte locks."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

assert sys.platform == "win32"  # noqa: S101 - tells the type checker which system's library this module is read with

import ctypes  # noqa: E402
import msvcrt  # noqa: E402
from ctypes import wintypes  # noqa: E402

# A lock on Windows shuts readers out of the locked bytes, and the file holds the pid: so a byte behind it is locked.
LOCK_OFFSET_BYTES = 1 << 20
SYNCHRONIZE, WAIT_TIMEOUT = 0x00100000, 0x102  # winnt.h, winbase.h
HAS_UNIX_SOCKETS = False  # gRPC's Python has none on Windows
SOCKET_PATH_MAX_BYTES = 107
DETACHED: dict[str, bool | int] = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}


def make_own(folder: Path) -> None:
    """Makes the folder, or takes it as it is."""
    folder.mkdir(parents=True, exist_ok=True)


def make_private(folder: Path) -> None:
    """Makes the folder; below a user's profile Windows lets no one else in."""
    folder.mkdir(parents=True, exist_ok=True)


def check_above(_folder: Path) -> None:
    """Nothing to check: a user's profile lies in folders of the system."""


def check_private(_folder: Path) -> None:
    """Nothing to check: the profile's access rules are inherited, and the token is what guards the port."""


def write_private(file: Path, content: str) -> None:
    """Writes a file in one step: a reader sees the old content or the new, never a part."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.write_text(content, encoding="utf-8", errors="surrogatepass")
    temporary.replace(file)


def runtime_folder() -> Path:
    """The user's temporary folder."""
    return Path(tempfile.gettempdir())


def is_locked(lock_file: Path) -> bool:
    """Whether a daemon holds the lock: a port that outlived its daemon is told from a living one.

    Raises OSError where that cannot be known.
    """
    try:
        handle = os.open(lock_file, os.O_RDWR)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        os.lseek(handle, LOCK_OFFSET_BYTES, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
        msvcrt.locking(handle, msvcrt.LK_UNLCK, 1)
    except OSError:
        return True
    finally:
        os.close(handle)
    return False


def is_stopped(_pid: int) -> bool:
    """Windows has no signal that holds a process still."""
    return False


def is_running(pid: int) -> bool:
    """Whether the process has not ended yet."""
    kernel32 = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel32.OpenProcess.restype = wintypes.HANDLE
    handle = wintypes.HANDLE(kernel32.OpenProcess(SYNCHRONIZE, False, pid))
    if handle.value is None:
        return False
    try:
        return bool(kernel32.WaitForSingleObject(handle, 0) == WAIT_TIMEOUT)
    finally:
        kernel32.CloseHandle(handle)


def has_open(_pid: int, _file: Path) -> bool:
    """Not known here: no process is ended by its number alone."""
    return False
