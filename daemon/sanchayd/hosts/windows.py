"""Windows."""

from __future__ import annotations

import asyncio
import errno
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import psutil

assert sys.platform == "win32"  # noqa: S101 - tells the type checker which system's library this module is read with

import msvcrt  # noqa: E402

from sanchay.hosts.windows import LOCK_OFFSET_BYTES  # noqa: E402

_HANDLES = 16_384  # Windows bounds handles by memory only; this is what connections are counted against


def raise_open_files_limit() -> None:
    """Nothing to do: there is no such limit."""


def open_files_limit() -> int:
    """How many files and connections this process is to have open."""
    return _HANDLES


def out_of_files() -> bool:
    """Whether this process can open no further file now."""
    try:
        os.close(os.open(os.devnull, os.O_RDONLY))
    except OSError as error:
        return error.errno in {errno.EMFILE, errno.ENFILE}
    return False


def restrict_new_files() -> None:
    """Nothing to do: files inherit the access rules of the user's profile."""


def lock_exclusive(handle: int) -> bool:
    """Takes the lock of an open file for as long as this process lives; False where another holds it."""
    os.lseek(handle, LOCK_OFFSET_BYTES, os.SEEK_SET)
    try:
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError:
        return False
    finally:
        os.lseek(handle, 0, os.SEEK_SET)
    return True


def is_claimed(_file: Path) -> bool:
    """Not known here: the lock beside the catalog is what counts."""
    return False


def claim_file(_file: Path) -> None:
    """Nothing to do: the lock beside the catalog is what counts."""


def end_claims() -> None:
    """Nothing to give up."""


def on_stop_signal(loop: asyncio.AbstractEventLoop, stop: Callable[[], None]) -> None:
    """Calls `stop` in the loop on Ctrl-C and Ctrl-Break; the loop has no signal handlers of its own here."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        loop.call_soon_threadsafe(stop)

    for number in (signal.SIGINT, signal.SIGBREAK, signal.SIGTERM):
        signal.signal(number, handle)


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
    """The most it holds, sampled: Windows' own peak cannot be reset."""
    return rss_bytes()


def reset_peak_rss() -> None:
    """Nothing to reset: the peak is sampled."""
