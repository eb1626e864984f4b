"""Time as it passes, whatever the wall clock is set to: since the machine was started, its sleep included."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Uptime:
    """`boot` names this start of the machine, where the system has a name for it: seconds of another say nothing."""

    boot: str
    now_s: Callable[[], float]


def of_system() -> Uptime:
    """This machine's."""
    try:
        boot = _BOOT_ID.read_text("ascii").strip()
    except (OSError, ValueError):
        boot = ""
    return Uptime(boot, _now_s)


def _now_s() -> float:
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    if clock is None and sys.platform == "darwin":
        clock = time.CLOCK_MONOTONIC  # goes on in sleep there, other than time.monotonic
    return time.monotonic() if clock is None else time.clock_gettime(clock)
