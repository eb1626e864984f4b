"""Whether the catalog's rows agree with one another: asked by clients and schedules, and by the daemon once a week."""

from __future__ import annotations

import asyncio

from sanchayd.engine_port import EnginePort
from sanchayd.engine_port.pool import in_own_thread
from sanchayd.engine_port.values import CatalogCheck
from sanchayd.log import logger

#: Where no one has asked for so long, the daemon looks by itself.
CHECK_EVERY_NS = 7 * 86_400 * 10**9
log = logger("sanchayd.checks")


class CheckService:
    """One check at a time: another waits for its turn. A caller that goes away ends it, unless it mends."""

    def __init__(self, catalog: EnginePort) -> None:
        self._catalog = catalog
        self._turn = asyncio.Lock()

    async def check(self, *, repair: bool, background: bool) -> CatalogCheck:
        """Compares all rows, at idle priority; `background` work stands still through a pause."""
        async with self._turn:
            return await in_own_thread(
                lambda: self._catalog.check(repair=repair, background=background), "catalog-check"
            )

    async def check_if_due(self, now_ns: int) -> CatalogCheck | None:
        """Compares and mends where the last whole check is a week old; None where it is not."""
        checked_ns = await in_own_thread(self._catalog.checked_ns, "catalog-check")
        if 0 <= now_ns - checked_ns < CHECK_EVERY_NS:
            return None
        found = await self.check(repair=True, background=True)
        if found.faults:
            log.warning("the catalog was mended", faults=words(found))
        return found


def words(found: CatalogCheck) -> str:
    """What disagreed, in a few words; empty where all agrees."""
    return ", ".join(f"{fault.count:,} {fault.kind.replace('_', ' ')}" for fault in found.faults)
