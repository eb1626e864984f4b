"""The client of `sanchayd`, blocking (`Client`) and asyncio (`AsyncClient`): the same calls, the same arguments.

Every call carries the token and a deadline, returns the daemon's message (see `sanchay/v1/*.pyi`), and raises a
`sanchay.errors.SanchayError` by its reason. Sizes are bytes, times are Unix nanoseconds. Paths go in as str, bytes or
PathLike and travel as exact bytes; a root is named by its name, its id or its path. A client is made for one daemon:
after that daemon has ended, make a new one.

The calls themselves are in `sanchay.calls`, a file for each noun; `AsyncClient` is imported where it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from sanchay._call import CALL_TIMEOUT_S
from sanchay._link import Link
from sanchay.address import Places, places
from sanchay.calls.blocking.catalog import CatalogCalls
from sanchay.calls.blocking.change import ChangeCalls
from sanchay.calls.blocking.daemon import DaemonCalls
from sanchay.calls.blocking.dedupe import DedupeCalls
from sanchay.calls.blocking.event import EventCalls
from sanchay.calls.blocking.have import HaveCalls
from sanchay.calls.blocking.job import JobCalls
from sanchay.calls.blocking.report import ReportCalls
from sanchay.calls.blocking.root import RootCalls
from sanchay.calls.blocking.schedule import ScheduleCalls
from sanchay.calls.blocking.verify import VerifyCalls
from sanchay.calls.blocking.view import ViewCalls

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

    from sanchay._async_client import AsyncClient

__all__ = ["AsyncClient", "Client"]


def __getattr__(name: str) -> object:
    if name != "AsyncClient":
        raise AttributeError(f"module 'sanchay.client' has no attribute {name!r}")
    from sanchay._async_client import AsyncClient

    return AsyncClient


@final
class Client(
    CatalogCalls,
    ChangeCalls,
    DaemonCalls,
    DedupeCalls,
    EventCalls,
    HaveCalls,
    JobCalls,
    ReportCalls,
    RootCalls,
    ScheduleCalls,
    VerifyCalls,
    ViewCalls,
):
    """A blocking client; safe to share between threads. Use it as a context manager, or close it.

    `where` is the daemon's home (see `sanchay.address.places`); `timeout_s` is the deadline of each plain call; `tell`
    hears a line for a person when an answer takes more than a second. Raises DaemonUnavailable at once where no daemon
    runs.
    """

    def __init__(
        self,
        where: Places | None = None,
        *,
        timeout_s: float = CALL_TIMEOUT_S,
        tell: Callable[[str], None] | None = None,
    ) -> None:
        self._link = Link(where or places(), timeout_s, tell)

    def close(self) -> None:
        """Ends every call of this client."""
        self._link.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
