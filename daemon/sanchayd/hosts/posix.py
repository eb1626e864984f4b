"""Linux and macOS."""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import signal
from collections.abc import Callable
from pathlib import Path

import psutil

_STATUS = Path("/proc/self/status")
_CLEAR_REFS = Path("/proc/self/clear_refs")
_RESET_PEAK = "5"  # see proc(5): sets the peak resident size to the current one


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
    """Starts the peak anew, where the system can."""
    with contextlib.suppress(OSError):
        _CLEAR_REFS.write_text(_RESET_PEAK, "ascii")
