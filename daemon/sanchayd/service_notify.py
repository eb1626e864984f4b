"""Tells the service manager how the daemon fares, by systemd's notify protocol; without a manager it says nothing.

The protocol is a datagram of `KEY=value` lines to the socket that `NOTIFY_SOCKET` names. With a watchdog
(`WATCHDOG_USEC`) a sign of life goes out three times within its limit, and only while both the event loop and the
catalog's writer do their work: a daemon that hangs is ended and started again by the manager.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

from sanchayd.log import logger

SIGNS_IN_LIMIT = 3
SEND_LIMIT_S = 0.5
log = logger("sanchayd.service_notify")


class ServiceNotify:
    """The line to the service manager. A message that cannot be sent is dropped: the manager may be going down."""

    def __init__(self, address: str = "", watchdog_s: float = 0.0) -> None:
        self._address = address
        self.watchdog_s = watchdog_s

    @classmethod
    def from_environ(cls, environ: Mapping[str, str]) -> ServiceNotify:
        """The manager that started this process; a watchdog that is meant for another process does not count."""
        address = environ.get("NOTIFY_SOCKET", "")
        if not address.startswith(("/", "@")) or not hasattr(socket, "AF_UNIX"):
            return cls()
        limit_us = environ.get("WATCHDOG_USEC", "")
        is_ours = environ.get("WATCHDOG_PID", "") in {"", str(os.getpid())}
        watchdog_s = int(limit_us) / 1e6 if limit_us.isdecimal() and is_ours else 0.0
        return cls(address, watchdog_s)

    def ready(self, status: str) -> None:
        """The daemon answers."""
        self._send("READY=1", f"STATUS={status}")

    def stopping(self) -> None:
        """The daemon ends by itself."""
        self._send("STOPPING=1", "STATUS=Stopping; scans under way go on at the next start.")

    async def keep_watch(self, writer_answers: Callable[[float], bool]) -> None:
        """Sends signs of life for as long as all is well; returns at once where no watchdog waits for them.

        `writer_answers` blocks for at most the seconds that it is given. It runs on a separate thread, so that
        long questions of clients cannot be taken for a hanging writer.
        """
        if not self.watchdog_s:
            return
        pause_s = self.watchdog_s / SIGNS_IN_LIMIT
        thread = ThreadPoolExecutor(1, "watchdog")
        try:
            while True:
                if await asyncio.get_running_loop().run_in_executor(thread, writer_answers, pause_s):
                    self._send("WATCHDOG=1")
                else:
                    log.error("the catalog's writer does not answer; no sign of life is sent", limit_s=pause_s)
                await asyncio.sleep(pause_s)
        finally:
            thread.shutdown(wait=False, cancel_futures=True)

    def _send(self, *lines: str) -> None:
        if not self._address:
            return
        # An address that begins with @ is in Linux's abstract namespace, written with a zero byte.
        name = "\0" + self._address[1:] if self._address.startswith("@") else self._address
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
                line.settimeout(SEND_LIMIT_S)
                line.sendto("\n".join(lines).encode(), name)
        except OSError as error:
            log.warning("the service manager was not reached", address=self._address, error=str(error))
