"""The asyncio client; see `sanchay.client`."""

from __future__ import annotations

from typing import TYPE_CHECKING, final

from sanchay._call import CALL_TIMEOUT_S
from sanchay._link import AsyncLink
from sanchay.address import Places, places
from sanchay.calls.aio.catalog import AsyncCatalogCalls
from sanchay.calls.aio.change import AsyncChangeCalls
from sanchay.calls.aio.daemon import AsyncDaemonCalls
from sanchay.calls.aio.dedupe import AsyncDedupeCalls
from sanchay.calls.aio.event import AsyncEventCalls
from sanchay.calls.aio.have import AsyncHaveCalls
from sanchay.calls.aio.job import AsyncJobCalls
from sanchay.calls.aio.report import AsyncReportCalls
from sanchay.calls.aio.root import AsyncRootCalls
from sanchay.calls.aio.schedule import AsyncScheduleCalls
from sanchay.calls.aio.verify import AsyncVerifyCalls
from sanchay.calls.aio.view import AsyncViewCalls

if TYPE_CHECKING:
    from types import TracebackType


@final
class AsyncClient(
    AsyncCatalogCalls,
    AsyncChangeCalls,
    AsyncDaemonCalls,
    AsyncDedupeCalls,
    AsyncEventCalls,
    AsyncHaveCalls,
    AsyncJobCalls,
    AsyncReportCalls,
    AsyncRootCalls,
    AsyncScheduleCalls,
    AsyncVerifyCalls,
    AsyncViewCalls,
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
