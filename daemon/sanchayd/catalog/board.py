"""The board of freshness: what was last said of each root, so that an answer knows how far it can be trusted."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Collection, Iterable
from dataclasses import replace

from sanchay.sentences import Sentence
from sanchayd.catalog.freshness import Freshness, of_root, overall
from sanchayd.engine_port import CatalogPool, EnginePort, LivePort, ScanningPort
from sanchayd.engine_port.values import LiveStatus, RootStatus
from sanchayd.roots.root import Root
from sanchayd.roots.view import RootView

# An answer may go by what the engine said of its watching so long ago: many questions in a row cost one look.
LOOK_S = 0.25

NOT_CLAIMED = Sentence("root-not-claimed")


class FreshnessBoard:
    """What was last said of each root, so that a query need not ask for all of them again."""

    def __init__(
        self,
        scanning: ScanningPort,
        live: LivePort,
        engine: EnginePort,
        pool: CatalogPool,
        now_ns: Callable[[], int] = time.time_ns,
        clock_s: Callable[[], float] = time.monotonic,
    ) -> None:
        self._scanning = scanning
        self._live = live
        self._engine = engine
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
        """Asks the catalog again."""
        for root_id in root_ids:
            self._stale.discard(root_id)
            question = next(self._questions)
            status = await self._pool.quick(self._scanning.root_status, root_id)
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
        lives = await self._pool.quick(self._live.live_status)
        if self._is_newest(0, question):
            self._lives = {live.root_id: live for live in lives}
            self._disk_full = self._engine.disk_full()

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
        if root.unreadable is not None:  # as the engine says of one whose settings it cannot read itself
            state = "partial" if status.state == "ready" else status.state
            status = replace(status, state=state, reason=root.left_alone(), holds=True)
        fresh = of_root(status, live, scanning=running, now_ns=self._now_ns(), disk_full=self._disk_full)
        if not root.claimed and root.unreadable is None and not running:
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
