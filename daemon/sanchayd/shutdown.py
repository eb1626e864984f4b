"""How the daemon ends in time, whatever hangs."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Awaitable, Callable

from sanchayd import hosts, log

# Together under five seconds: calls, scans (see JobQueue), the catalog.
CALLS_GRACE_S = 0.5
CATALOG_CLOSE_S = 1.5
END_S = 4.7
_log = log.logger("sanchayd.app")


def end_for_certain(release_lock: Callable[[], None]) -> None:
    """Whatever hangs from here on, the process ends in time; what matters is in state.db by then.

    A thread that waits in the kernel keeps every open file of an ended process, and so its locks: they go first.
    """

    def end() -> None:
        _log.warning("sanchayd did not end by itself in time", limit_s=END_S)
        log.close()
        hosts.end_claims()
        release_lock()
        os._exit(0)

    timer = threading.Timer(END_S, end)
    timer.daemon = True
    timer.start()


async def within(limit_s: float, work: Awaitable[None], complaint: str) -> None:
    """Waits for the work, but not for ever: a disk that hangs must not hold up the end."""
    try:
        await asyncio.wait_for(asyncio.shield(work), limit_s)
    except asyncio.TimeoutError:
        _log.warning(complaint)
