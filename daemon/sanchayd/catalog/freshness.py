"""How far an answer can be trusted: what the catalog holds of a root, how it is kept up to date, what scans run."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from sanchayd.engine_port import CatalogPool, CatalogPort
from sanchayd.engine_port.values import RootStatus
from sanchayd.models import Freshness, FreshnessState, LiveStatus, Root, RootView

# An answer may go by what the engine said of its watching so long ago: many questions in a row cost one look.
LOOK_S = 0.25

NOT_CLAIMED = (
    "the catalog has rows of it, but it is not among the roots of state.db, which was lost or replaced; nothing keeps "
    "it up to date. Add its folder again, or remove it"
)
_OF_STATUS = {
    "new": FreshnessState.NEVER_SCANNED,
    "ready": FreshnessState.SCANNED,
    "partial": FreshnessState.PARTIAL,
    "offline": FreshnessState.OFFLINE,
}
# A degraded root is looked at now and then: its reason says what is amiss.
_OF_LIVE = {
    "live": FreshnessState.LIVE,
    "reconciling": FreshnessState.RECONCILING,
    "polled": FreshnessState.POLLED,
    "degraded": FreshnessState.POLLED,
    "offline": FreshnessState.OFFLINE,
}
_FROM_LEAST = list(FreshnessState)


def _rank(fresh: Freshness) -> int:
    """From the least fresh. What can never be read takes little: a root that is away is of more weight."""
    state = fresh.state if fresh.rest is None else FreshnessState.RECONCILING
    return 2 * _FROM_LEAST.index(state) + (fresh.rest is not None)


def of_root(status: RootStatus, live: LiveStatus, *, scanning: bool, now_ns: int, disk_full: bool = False) -> Freshness:
    """The freshness of one root. A scan of one that is watched takes nothing from it: it was whole before."""
    state = _OF_LIVE.get(live.state)
    if state is None and live.mode != "off":  # its watching is about to begin
        state = FreshnessState.RECONCILING
    as_of_ns = max(status.scanned_ns, live.as_of_ns)
    if status.scanned_ns == 0 and scanning:
        return Freshness(FreshnessState.SCANNING, 0, "its first scan is under way")
    if status.state == "new":
        return Freshness(FreshnessState.NEVER_SCANNED, 0, status.reason)
    if "offline" in (live.state, status.state):  # whoever noticed first
        return Freshness(FreshnessState.OFFLINE, as_of_ns, live.reason or status.reason)
    if scanning and state is not FreshnessState.LIVE:
        return Freshness(FreshnessState.SCANNING, as_of_ns, "a scan is under way")
    if state in (None, FreshnessState.LIVE, FreshnessState.POLLED) and status.state == "partial":
        rest = None if status.holds else state or FreshnessState.SCANNED
        return Freshness(FreshnessState.PARTIAL, as_of_ns, status.reason or live.reason, rest)
    if disk_full and state is not None:
        return Freshness(FreshnessState.RECONCILING, as_of_ns, "the disk of the catalog is full; changes wait for room")
    if state is FreshnessState.LIVE:
        return Freshness(state, now_ns, live.reason)
    if state is not None:
        return Freshness(state, as_of_ns, live.reason)
    return Freshness(_OF_STATUS[status.state], status.scanned_ns, status.reason)


def overall(of_roots: Iterable[tuple[str, Freshness]]) -> Freshness:
    """The freshness of an answer that draws on several roots: the least of theirs, and the oldest time."""
    known = list(of_roots)
    if not known:
        return Freshness(FreshnessState.NEVER_SCANNED, 0, "there is no root yet")
    least_fresh = min((fresh for _, fresh in known), key=_rank)
    least = least_fresh.state
    reasons = [f"{name}: {fresh.reason}" if fresh.reason else name for name, fresh in known if fresh.state is least]
    if least in (FreshnessState.SCANNED, FreshnessState.LIVE):
        # Whole, but for files whose content is not known.
        reasons = [f"{name}: {fresh.reason}" for name, fresh in known if fresh.state is least and fresh.reason]
    rest = None
    if least_fresh.rest is not None:
        rest = min((fresh.rest or fresh.state for _, fresh in known), key=_FROM_LEAST.index)
    return Freshness(least, min(fresh.as_of_ns for _, fresh in known), "; ".join(reasons), rest)


class FreshnessBoard:
    """What was last said of each root, so that a query need not ask for all of them again."""

    def __init__(
        self,
        catalog: CatalogPort,
        pool: CatalogPool,
        now_ns: Callable[[], int] = time.time_ns,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._catalog = catalog
        self._pool = pool
        self._now_ns = now_ns
        self._clock_s = clock_s
        self._statuses: dict[int, RootStatus] = {}
        self._lives: dict[int, LiveStatus] = {}
        self._disk_full = False
        self._stale: set[int] = set()
        self._looked_s = -LOOK_S
        self._questions = itertools.count(1)
        self._answered: dict[int, int] = {}  # by root, 0: how all are kept up; the question of the newest answer

    async def refresh(self, root_ids: Iterable[int]) -> None:
        """Asks the catalog anew."""
        for root_id in root_ids:
            self._stale.discard(root_id)
            question = next(self._questions)
            status = await self._pool.quick(self._catalog.root_status, root_id)
            if self._is_newest(root_id, question):
                self._statuses[root_id] = status
        await self._look()

    def mark(self, root_id: int) -> None:
        """Something has become of the root: the next look asks the catalog for it."""
        self._stale.add(root_id)
        self._looked_s = self._clock_s() - LOOK_S

    async def look(self) -> None:
        """Brings the board up to date, where the last look is not of this very moment."""
        if self._clock_s() - self._looked_s >= LOOK_S:
            await self.refresh([root_id for root_id in self._stale if root_id in self._statuses])

    async def _look(self) -> None:
        self._looked_s = self._clock_s()
        question = next(self._questions)
        lives = await self._pool.quick(self._catalog.live_status)
        if self._is_newest(0, question):
            self._lives = {live.root_id: live for live in lives}
            self._disk_full = self._catalog.disk_full()

    def _is_newest(self, root_id: int, question: int) -> bool:
        """Whether no later question was answered before: an answer that was long on its way counts no more."""
        if question < self._answered.get(root_id, 0):
            return False
        self._answered[root_id] = question
        return True

    def forget(self, root_id: int) -> None:
        """The root is gone."""
        self._statuses.pop(root_id, None)
        self._stale.discard(root_id)
        self._answered[root_id] = next(self._questions)

    def view(self, root: Root, scanning: Collection[int]) -> RootView:
        """The root as it stands; `scanning` has the ids of roots whose scan runs."""
        status = self._statuses.get(root.id) or RootStatus(root.id, "new", 0, "", 0, 0, 0)
        live = self._lives.get(root.id) or LiveStatus(root.id)
        running = root.id in scanning
        fresh = of_root(status, live, scanning=running, now_ns=self._now_ns(), disk_full=self._disk_full)
        if not root.claimed and not running:
            fresh = replace(fresh, reason=NOT_CLAIMED)
        return RootView(
            root=root,
            state="scanning" if running else _state(status, live),
            freshness=fresh,
            files=status.files,
            directories=status.directories,
            bytes=status.bytes,
            live=live,
        )

    def overall(self, roots: Iterable[Root], scanning: Collection[int]) -> Freshness:
        """The freshness of an answer that draws on these roots."""
        return overall((root.name, self.view(root, scanning).freshness) for root in roots)


def _state(status: RootStatus, live: LiveStatus) -> str:
    """Whether the root is there: a scan or the watching may notice first that it is not."""
    return "offline" if live.state == "offline" and status.state != "new" else status.state
