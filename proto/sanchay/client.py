"""The client of `sanchayd`, blocking (`Client`) and asyncio (`AsyncClient`): the same calls, the same arguments.

Every call carries the token and a deadline, returns the daemon's message (see `sanchay/v1/*.pyi`), and raises a
`sanchay.errors.SanchayError` by its reason. Sizes are bytes, times are Unix nanoseconds. Paths go in as str, bytes or
PathLike and travel as exact bytes; a root is named by its name, its id or its path. A client is made for one daemon:
after that daemon has ended, make a new one.

The calls themselves are in `sanchay.calls`, a file for each noun.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from sanchay._call import CALL_TIMEOUT_S
from sanchay._link import AsyncLink, Link
from sanchay.address import Places, places
from sanchay.calls.catalog import AsyncCatalogCalls, CatalogCalls
from sanchay.calls.change import AsyncChangeCalls, ChangeCalls
from sanchay.calls.daemon import AsyncDaemonCalls, DaemonCalls
from sanchay.calls.event import AsyncEventCalls, EventCalls
from sanchay.calls.job import AsyncJobCalls, JobCalls
from sanchay.calls.report import AsyncReportCalls, ReportCalls
from sanchay.calls.root import AsyncRootCalls, RootCalls
from sanchay.calls.schedule import AsyncScheduleCalls, ScheduleCalls

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

__all__ = ["AsyncClient", "Client"]


@final
class Client(CatalogCalls, ChangeCalls, DaemonCalls, EventCalls, JobCalls, ReportCalls, RootCalls, ScheduleCalls):
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


@final
class AsyncClient(
    AsyncCatalogCalls,
    AsyncChangeCalls,
    AsyncDaemonCalls,
    AsyncEventCalls,
    AsyncJobCalls,
    AsyncReportCalls,
    AsyncRootCalls,
    AsyncScheduleCalls,
):
    """The asyncio client: make and use it inside one running event loop. Otherwise as `Client`."""

    def __init__(self, where: Places | None = None, *, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._link = AsyncLink(where or places(), timeout_s)

    async def close(self) -> None:
        """Ends every call of this client."""
        await self._link.close()

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()
