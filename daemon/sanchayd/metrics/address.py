"""Where metrics are served: loopback or a socket, for they need no token and so must not leave the machine."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

from sanchay import hosts
from sanchay.address import Places

SOCKET_NAME = "metrics.sock"
_EXPECTED = "write 127.0.0.1:PORT, [::1]:PORT, unix:/ABSOLUTE/PATH, or socket for one in the run folder"


class MetricsAddress(NamedTuple):
    """A host and a port, or the path of a socket."""

    host: str = ""
    port: int = 0
    socket: Path | None = None

    def __str__(self) -> str:
        if self.socket is not None:
            return f"unix:{self.socket}"
        return f"http://{f'[{self.host}]' if ':' in self.host else self.host}:{self.port}/metrics"


def check(text: str) -> str:
    """The setting as it is. Raises ValueError, in words, where it names no address of this machine alone."""
    if text in {"", "socket"} or text.startswith("unix:"):
        if text and not hosts.HAS_UNIX_SOCKETS:
            raise ValueError("there are no Unix sockets here; write 127.0.0.1:PORT")
        path = text.removeprefix("unix:") if text.startswith("unix:") else "/"
        if not os.path.isabs(path):
            raise ValueError(f"the socket's path is not absolute; {_EXPECTED}")
        if len(os.fsencode(path)) > hosts.SOCKET_PATH_MAX_BYTES:
            raise ValueError(f"a socket's path has {hosts.SOCKET_PATH_MAX_BYTES} bytes at most")
        return text
    host, port = _split(text)
    if not 1 <= port <= 65535:
        raise ValueError(f"{port} is not a valid port; {_EXPECTED}")
    import ipaddress

    if not ipaddress.ip_address(host).is_loopback:
        raise ValueError(
            f"{host} can be reached from other machines, and metrics ask for no password: {_EXPECTED}; to collect them "
            "from elsewhere, put your own proxy in front"
        )
    return text


def resolve(text: str, where: Places) -> MetricsAddress | None:
    """The address of a setting that was checked; None where there is none."""
    if not text:
        return None
    if text == "socket":
        return MetricsAddress(socket=where.run_folder / SOCKET_NAME)
    if text.startswith("unix:"):
        return MetricsAddress(socket=Path(text.removeprefix("unix:")))
    host, port = _split(text)
    return MetricsAddress(host, port)


def _split(text: str) -> tuple[str, int]:
    found = re.fullmatch(r"(?:\[([0-9A-Fa-f:.]+)\]|([^:\[\]]+)):([0-9]{1,5})", text)
    if found is None:
        raise ValueError(_EXPECTED)
    host = found[1] or ("127.0.0.1" if found[2] == "localhost" else found[2])
    import ipaddress

    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise ValueError(f"{host} is not an address in numbers; {_EXPECTED}") from None
    return host, int(found[3])
