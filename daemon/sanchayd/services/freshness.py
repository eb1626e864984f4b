"""How far an answer can be trusted: from what the catalog says of each root, and which scans run."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sanchayd.engine_port import CatalogPool, CatalogPort
from sanchayd.engine_port.values import RootStatus
from sanchayd.models import Freshness, FreshnessState, Root, RootView

_OF_STATUS = {
    "new": FreshnessState.NEVER_SCANNED,
    "ready": FreshnessState.SCANNED,
    "partial": FreshnessState.PARTIAL,
    "offline": FreshnessState.OFFLINE,
}
_FROM_LEAST = list(FreshnessState)


def of_root(status: RootStatus, *, scanning: bool) -> Freshness:
    """The freshness of one root."""
    if scanning:
        reason = "its first scan is under way" if status.scanned_ns == 0 else "a scan is under way"
        return Freshness(FreshnessState.SCANNING, status.scanned_ns, reason)
    return Freshness(_OF_STATUS[status.state], status.scanned_ns, status.reason)


def overall(of_roots: Iterable[tuple[str, Freshness]]) -> Freshness:
    """The freshness of an answer that draws on several roots: the least of theirs, and the oldest time."""
    known = list(of_roots)
    if not known:
        return Freshness(FreshnessState.NEVER_SCANNED, 0, "there is no root yet")
    least = min((fresh.state for _, fresh in known), key=_FROM_LEAST.index)
    reasons = [f"{name}: {fresh.reason or fresh.state.value}" for name, fresh in known if fresh.state is least]
    reason = "; ".join(reasons) if least is not FreshnessState.SCANNED else ""
    return Freshness(least, min(fresh.as_of_ns for _, fresh in known), reason)


class FreshnessBoard:
    """What the catalog last said of each root, so that a query need not ask for all of them again."""

    def __init__(self, catalog: CatalogPort, pool: CatalogPool) -> None:
        self._catalog = catalog
        self._pool = pool
        self._statuses: dict[int, RootStatus] = {}

    async def refresh(self, root_ids: Iterable[int]) -> None:
        """Asks the catalog anew."""
        for root_id in root_ids:
            self._statuses[root_id] = await self._pool.quick(self._catalog.root_status, root_id)

    def forget(self, root_id: int) -> None:
        """The root is gone."""
        self._statuses.pop(root_id, None)

    def view(self, root: Root, scanning: Collection[int]) -> RootView:
        """The root as it stands; `scanning` has the ids of roots whose scan runs."""
        status = self._statuses.get(root.id) or RootStatus(root.id, "new", 0, "", 0, 0, 0)
        running = root.id in scanning
        return RootView(
            root=root,
            state="scanning" if running else status.state,
            freshness=of_root(status, scanning=running),
            files=status.files,
            directories=status.directories,
            bytes=status.bytes,
        )

    def overall(self, roots: Iterable[Root], scanning: Collection[int]) -> Freshness:
        """The freshness of an answer that draws on these roots."""
        return overall((root.name, self.view(root, scanning).freshness) for root in roots)
