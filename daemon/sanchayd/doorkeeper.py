"""Keeps the living daemon reachable: a socket, a token or a lock that was removed is made again.

Without it a daemon whose run folder was cleaned away would go on unseen, and could be neither asked nor stopped.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import grpc

from sanchay.address import Places
from sanchay.errors import SanchayError
from sanchayd import paths
from sanchayd.lock import InstanceLock
from sanchayd.log import logger

LOOK_S = 2.0
_log = logger("sanchayd.doorkeeper")

Sleep = Callable[[float], Awaitable[None]]


class Doorkeeper:
    """Opens the door, and looks every two seconds whether it is there: three looks at file names.

    `make_server` builds and binds a server that answers for the same services; a server that has begun cannot listen
    anywhere else, so a lost door takes another one.
    """

    def __init__(
        self,
        where: Places,
        lock: InstanceLock,
        token: str,
        make_server: Callable[[], tuple[grpc.aio.Server, str]],
        *,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._where = where
        self._lock = lock
        self._token = token
        self._make_server = make_server
        self._sleep = sleep
        self._server, self.address = make_server()
        self._old: list[grpc.aio.Server] = []  # they go on with the calls that they have
        self._said = ""

    async def open(self) -> None:
        """The first call is taken from here on."""
        await self._server.start()

    async def keep(self) -> None:
        """Goes on until it is cancelled."""
        while True:
            await self._sleep(LOOK_S)
            try:
                await self.look()
                self._said = ""
            except (SanchayError, OSError) as error:
                if str(error) != self._said:
                    self._said = str(error)
                    _log.error("the daemon cannot be reached, and that could not be mended", error=self._said)

    async def look(self) -> None:
        """Makes again what is missing. Raises SanchayError or OSError where that fails."""
        if not self._lock.is_in_place():
            paths.prepare(self._where)
            self._lock.take_again()
            _log.warning("the lock's file was removed and is made again", path=str(self._where.lock_file))
        missing = paths.missing(self._where)
        if missing is None:
            return
        _log.warning("what clients reach the daemon by was removed and is made again", path=str(missing))
        paths.prepare(self._where)
        paths.put_token(self._where, self._token)
        server, self.address = self._make_server()
        await server.start()
        # It is not stopped: gRPC would remove the socket by its path, and that is the new one's.
        self._old.append(self._server)
        self._server = server

    async def close(self, grace_s: float) -> None:
        """Ends every call."""
        await asyncio.gather(*(server.stop(grace_s) for server in [*self._old, self._server]))
