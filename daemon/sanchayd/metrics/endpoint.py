"""Serves one page over HTTP, to a bounded number of clients, none of whom can hold anything up."""

from __future__ import annotations

import asyncio
import contextlib
import ipaddress
import os
import stat
from collections.abc import Awaitable, Callable
from pathlib import Path

from sanchayd.log import logger
from sanchayd.metrics.address import MetricsAddress

PAGE = "/metrics"
CLIENTS_AT_ONCE = 256
# Fewer are taken in one turn of the loop, so that one that asks at once has asked before its place could be taken.
BACKLOG = 64
REQUEST_LIMIT_BYTES = 8 << 10
# A client gets so long to ask, and so long again to take the answer.
PATIENCE_S = 5.0
RENDER_LIMIT_S = 30.0
log = logger("sanchayd.metrics")

Render = Callable[[], Awaitable[bytes]]


class Endpoint:
    """The listening end. `render` gives the page again for each request."""

    def __init__(self, address: MetricsAddress, content_type: str, render: Render) -> None:
        self._address = address
        self._content_type = content_type
        self._render = render
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        # Those that have not asked yet or take their answer, oldest first: places that may be held for nothing.
        self._idle: dict[asyncio.StreamWriter, None] = {}
        self._rendering: asyncio.Task[bytes] | None = None

    async def start(self) -> None:
        """Begins to listen. Raises OSError where the address cannot be taken; what is no socket is left as it is."""
        socket = self._address.socket
        if socket is None:
            self._server = await asyncio.start_server(
                self._serve, self._address.host, self._address.port, limit=REQUEST_LIMIT_BYTES, backlog=BACKLOG
            )
            return
        _clear(socket)
        self._server = await asyncio.start_unix_server(self._serve, socket, limit=REQUEST_LIMIT_BYTES, backlog=BACKLOG)
        socket.chmod(0o600)

    def stop(self) -> None:
        """Listens no more, and hangs up on everybody."""
        if self._server is None:
            return
        self._server.close()
        for client in [*self._clients]:
            client.transport.abort()
        if self._address.socket is not None:
            self._address.socket.unlink(missing_ok=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if len(self._clients) >= CLIENTS_AT_ONCE and not self._make_room():
            writer.transport.abort()
            return
        self._clients.add(writer)
        self._idle[writer] = None
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), PATIENCE_S)
            self._idle.pop(writer, None)
            status, body, with_body = await self._answer(head)
            self._idle[writer] = None
            answer = (
                f"HTTP/1.1 {status}\r\nContent-Type: {self._content_type if status == _DONE else 'text/plain'}\r\n"
                f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
            )
            writer.write(answer.encode("ascii") + (body if with_body else b""))
            await asyncio.wait_for(writer.drain(), PATIENCE_S)
            writer.close()
            await asyncio.wait_for(writer.wait_closed(), PATIENCE_S)
        except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # a client that went, or that is too slow
        finally:
            writer.transport.abort()
            self._clients.discard(writer)
            self._idle.pop(writer, None)

    def _make_room(self) -> bool:
        """Hangs up on the one that has been idle for longest: places can be held only by asking, never by silence."""
        oldest = next(iter(self._idle), None)
        if oldest is None:
            return False
        self._idle.pop(oldest)
        self._clients.discard(oldest)
        oldest.transport.abort()
        return True

    async def page(self) -> bytes:
        """The page, made once for all that ask while it is made."""
        if self._rendering is None or self._rendering.done():
            self._rendering = asyncio.ensure_future(self._render())
        return await asyncio.wait_for(asyncio.shield(self._rendering), RENDER_LIMIT_S)

    async def _answer(self, head: bytes) -> tuple[str, bytes, bool]:
        """Status, body, and whether the body is sent."""
        line, *fields = head.decode("latin-1").split("\r\n")
        method, _, rest = line.partition(" ")
        target = rest.partition(" ")[0].partition("?")[0]
        if method not in {"GET", "HEAD"}:
            return "405 Method Not Allowed", b"Only GET is known here.\n", True
        if not self._is_meant_for_us(fields):
            return "403 Forbidden", b"This host name is not the local machine's.\n", True
        if target != PAGE:
            return "404 Not Found", f"The figures are at {PAGE}\n".encode(), method == "GET"
        try:
            body = await self.page()
        except asyncio.TimeoutError:
            return "503 Service Unavailable", b"The catalog did not answer in time.\n", True
        except Exception:
            log.exception("metrics could not be rendered")
            return "500 Internal Server Error", b"sanchayd failed; its log says how.\n", True
        return _DONE, body, method == "GET"

    def _is_meant_for_us(self, fields: list[str]) -> bool:
        """A page in a browser can be made to ask loopback under a name of its own: such names are refused."""
        if self._address.socket is not None:
            return True
        host = next((value.strip() for name, _, value in _pairs(fields) if name.lower() == "host"), "")
        name = host.rpartition(":")[0] if not host.endswith("]") and ":" in host else host
        name = name.strip("[]")
        if name in {"", "localhost"}:
            return True
        try:
            return ipaddress.ip_address(name).is_loopback
        except ValueError:
            return False


_DONE = "200 OK"


def _pairs(fields: list[str]) -> list[tuple[str, str, str]]:
    return [field.partition(":") for field in fields if field]


def _clear(socket: Path) -> None:
    """A socket that a daemon left is in the way; anything else there is someone's."""
    with contextlib.suppress(FileNotFoundError):
        if not stat.S_ISSOCK(socket.lstat().st_mode):
            raise FileExistsError(f"{os.fspath(socket)} is there and is not a socket")
        socket.unlink()
