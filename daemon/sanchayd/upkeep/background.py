"""A good neighbour: how much background work may read, and when it stands still.

It stands still where a person says so, for a while or until further notice, over restarts as well; and on battery,
where that can be known. What a client waits for is never held.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import Enum

from sanchay.errors import InvalidArgument, SanchayError
from sanchay.sentences import NOTHING, Sentence
from sanchayd import uptime
from sanchayd.config import Config
from sanchayd.engine_port import CatalogPool, EnginePort, LivePort
from sanchayd.jobs.queue import JobQueue
from sanchayd.log import logger
from sanchayd.upkeep.pause import BackgroundPause
from sanchayd.upkeep.store import UpkeepStore
from sanchayd.uptime import Uptime

# A timer stands still while the machine sleeps, so a long pause is looked at now and then.
LOOK_S = 60.0
# How long a pause may be asked for, in seconds: ten years are no slip of the hand.
LONGEST_S = 10 * 365 * 86_400.0
# A wall clock that is kept right goes apart from the uptime by less.
DRIFT_NS = 2_000_000_000
log = logger("sanchayd.background")


class BackgroundState(str, Enum):
    """How background work stands."""

    RUNNING = "running"
    PAUSED = "paused"
    ON_BATTERY = "on_battery"


@dataclass(frozen=True)
class BackgroundView:
    """`until_ns` is when a pause ends by itself; 0: it does not, or there is none. `max_mb_per_s` 0: no limit."""

    state: BackgroundState
    until_ns: int
    max_mb_per_s: float


class BackgroundService:
    """Decides, and tells the engine."""

    def __init__(
        self,
        engine: EnginePort,
        live: LivePort,
        pool: CatalogPool,
        store: UpkeepStore,
        queue: JobQueue,
        config: Config,
        now_ns: Callable[[], int],
        on_battery: Callable[[], bool | None],
        time_up: Uptime | None = None,
    ) -> None:
        self._engine = engine
        self._live = live
        self._pool = pool
        self._store = store
        self._queue = queue
        self._config = config
        self._now_ns = now_ns
        self._on_battery = on_battery
        self._up = time_up or uptime.of_system()
        self._pause = BackgroundPause()
        self._battery = False
        self._told: tuple[float, bool] = (0.0, False)
        self._telling = asyncio.Lock()
        self._changed = asyncio.Event()

    async def load(self) -> None:
        """Takes up the pause that was left. To be called before any work begins."""
        pause = await self._store.background_pause()
        self._pause = replace(pause, boot=self._up.boot, boot_until_s=self._up.now_s() + self._left_s(pause))
        self._battery = self._config.pause_on_battery and self._on_battery() is True
        await self._tell()

    async def pause(self, seconds: float) -> BackgroundView:
        """Holds everything in the background, for so long or (0) until `resume`. Raises invalid_argument."""
        if not 0 <= seconds <= LONGEST_S:
            raise InvalidArgument(f"Nothing can be paused for {seconds:g} seconds.")
        until_ns = self._now_ns() + int(seconds * 1e9) if seconds else 0
        ends_s = self._up.now_s() + seconds
        await self._set(BackgroundPause(True, until_ns, seconds, self._up.boot, ends_s))
        return self.view()

    async def resume(self) -> BackgroundView:
        """Ends a pause."""
        await self._set(BackgroundPause())
        return self.view()

    def view(self) -> BackgroundView:
        """How it stands now."""
        limit = self._config.max_mb_per_s
        if self._is_paused():
            return BackgroundView(BackgroundState.PAUSED, self._until_ns(), limit)
        return BackgroundView(BackgroundState.ON_BATTERY if self._battery else BackgroundState.RUNNING, 0, limit)

    async def apply(self, config: Config) -> None:
        """Takes over new settings."""
        self._config = config
        self._battery = config.pause_on_battery and self._on_battery() is True
        await self._tell()
        self._changed.set()

    async def keep(self) -> None:
        """Ends pauses in time and looks at the power supply, until it is cancelled.

        It sleeps without a timer where no pause runs out and there is no battery; else it wakes once a minute at the
        most, and asks for the power supply only while there is work that could be held.
        """
        while True:
            self._changed.clear()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._changed.wait(), self._next_look_s())
            try:
                await self._look()
            except SanchayError as error:
                log.warning("background work could not be steered", error=error.message)

    async def _look(self) -> None:
        if self._pause.paused and not self._is_paused():
            await self._set(BackgroundPause())
        elif self._pause.paused and self._until_ns() != self._pause.until_ns:
            await self._set(replace(self._pause, until_ns=self._until_ns()))  # the clock was put right, or wrong
        if self._config.pause_on_battery and await self._is_busy():
            self._battery = self._on_battery() is True
        await self._tell()

    def _next_look_s(self) -> float | None:
        looks = [LOOK_S] if self._config.pause_on_battery and self._on_battery() is not None else []
        if self._pause.paused and self._pause.until_ns:
            looks.append(min(max(self._pause.boot_until_s - self._up.now_s(), 0.0), LOOK_S))
        return min(looks, default=None)

    async def _is_busy(self) -> bool:
        """Whether there is work in the background, held or not."""
        if any(active.job.background for active in self._queue.active()):
            return True
        lives = await self._pool.quick(self._live.live_status)
        return any(root.pending or root.state == "reconciling" for root in lives)

    def _reason(self) -> Sentence:
        return Sentence("background-paused") if self._is_paused() else Sentence("background-paused-on-battery")

    def _is_paused(self) -> bool:
        has_ended = self._pause.until_ns > 0 and self._pause.boot_until_s <= self._up.now_s()
        return self._pause.paused and not has_ended

    def _left_s(self, pause: BackgroundPause) -> float:
        """How much of a stored pause is left."""
        if pause.boot and pause.boot == self._up.boot:
            return pause.boot_until_s - self._up.now_s()
        left_s = (pause.until_ns - self._now_ns()) / 1e9
        return min(left_s, pause.seconds) if pause.seconds else left_s

    def _until_ns(self) -> int:
        """The end by the wall clock as it goes now; 0 where there is none."""
        if not self._pause.until_ns:
            return 0
        until_ns = self._now_ns() + int((self._pause.boot_until_s - self._up.now_s()) * 1e9)
        return until_ns if abs(until_ns - self._pause.until_ns) > DRIFT_NS else self._pause.until_ns

    async def _set(self, pause: BackgroundPause) -> None:
        await self._store.set_background_pause(pause)
        if pause != self._pause:
            log.info(
                "background work is paused" if pause.paused else "background work goes on", until_ns=pause.until_ns
            )
        self._pause = pause
        await self._tell()
        self._changed.set()

    async def _tell(self) -> None:
        async with self._telling:  # one after the other: the engine is left with what was decided last
            wanted = (self._config.max_mb_per_s, self._is_paused() or self._battery)
            if wanted != self._told:
                limit, held = wanted
                await self._pool.quick(self._engine.set_background, max_mb_per_s=limit or None, paused=held)
                self._told = wanted
                self._queue.hold_background(self._reason() if held else NOTHING)
