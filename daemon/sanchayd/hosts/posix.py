"""Linux and macOS."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import os
import resource
import signal
import struct
from collections.abc import Callable
from pathlib import Path

import psutil

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
CLAIM_OFFSET = 1 << 62
_CLAIM = struct.Struct("hhqqi4x")  # struct flock of 64-bit Linux: type, whence, start, length, pid
_RESET_PEAK = "5"  # see proc(5): sets the peak resident size to the current one
# A login's usual limit is 1,024; macOS takes none above 10,240 from a process whose hard limit is "any".
_OPEN_FILES_WANTED = (65_536, 10_240, 4_096)


def raise_open_files_limit() -> None:
    """Lets this process open as many files and connections as it may need, where the hard limit allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for wanted in _OPEN_FILES_WANTED:
        bounded = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
        if soft == resource.RLIM_INFINITY or soft >= bounded:
            return
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (bounded, hard))
            return


def open_files_limit() -> int:
    """How many files and connections this process can have open."""
    soft = resource.getrlimit(resource.RLIMIT_NOFILE)[0]
    return _OPEN_FILES_WANTED[0] if soft == resource.RLIM_INFINITY else soft


def out_of_files() -> bool:
    """Whether this process, or the system, can open no further file now."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    except OSError as error:
        return error.errno in {errno.EMFILE, errno.ENFILE}
    return False


def restrict_new_files() -> None:
    """From here on every file of this process is made for its owner alone."""
    os.umask(0o077)


def lock_exclusive(handle: int) -> bool:
    """Takes the lock of an open file for as long as this process lives; False where another holds it."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


_claims: list[int] = []  # descriptors that stay open to the end


def is_claimed(file: Path) -> bool:
    """Whether another process has claimed the file, by whatever name. To be asked while nothing here has it open."""
    command = getattr(fcntl, "F_OFD_GETLK", None)
    if command is None:
        return False
    try:
        handle = os.open(file, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except OSError:
        return False
    try:
        found = fcntl.fcntl(handle, command, _CLAIM.pack(fcntl.F_WRLCK, os.SEEK_SET, CLAIM_OFFSET, 1, 0))
        return bool(_CLAIM.unpack(found)[0] != fcntl.F_UNLCK)
    except OSError:
        return False
    finally:
        os.close(handle)


def claim_file(file: Path) -> None:
    """Claims the file for as long as this process lives, where the system has such locks (Linux).

    A byte is locked that no database reaches, on a descriptor that is never closed: closing it would take from SQLite,
    which has the file open in this process, the locks that it holds on it.
    """
    command = getattr(fcntl, "F_OFD_SETLK", None)
    if command is not None:
        with contextlib.suppress(OSError):
            handle = os.open(file, os.O_RDWR | os.O_CLOEXEC)
            fcntl.fcntl(handle, command, _CLAIM.pack(fcntl.F_WRLCK, os.SEEK_SET, CLAIM_OFFSET, 1, 0))
            _claims.append(handle)


def end_claims() -> None:
    """Gives up what was claimed: a thread that hangs in the kernel keeps an ended process with its descriptors."""
    for handle in _claims:
        with contextlib.suppress(OSError):
            unlock = _CLAIM.pack(fcntl.F_UNLCK, os.SEEK_SET, CLAIM_OFFSET, 1, 0)
            fcntl.fcntl(handle, getattr(fcntl, "F_OFD_SETLK"), unlock)  # noqa: B009 - Linux alone has it


def on_stop_signal(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Calls `stop` in the loop on SIGTERM, SIGINT and SIGHUP (a terminal that closes)."""
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        loop.add_signal_handler(number, stop)


def rss_bytes() -> int:
    """The memory that this process holds now."""
    return int(psutil.Process().memory_info().rss)


def on_battery() -> bool | None:
    """Whether the machine runs on its battery; None where it has none, or that cannot be known."""
    try:
        battery = psutil.sensors_battery()
    except (AttributeError, OSError, RuntimeError):
        return None
    return None if battery is None or battery.power_plugged is None else not battery.power_plugged


def thread_count() -> int:
    """Threads of this process, the engine's as well."""
    return int(psutil.Process().num_threads())


def peak_rss_bytes() -> int:
    """The most it has held since the last reset; where the system cannot say, what it holds now."""
    try:
        for line in _STATUS.read_text("ascii").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    return rss_bytes()


def reset_peak_rss() -> None:
    """Starts the peak again, where the system can."""
    with contextlib.suppress(OSError):
        _CLEAR_REFS.write_text(_RESET_PEAK, "ascii")
