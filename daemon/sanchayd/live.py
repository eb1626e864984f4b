"""Keeps the roots up to date while the daemon runs, and tells of what the engine notices."""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass

from sanchay.errors import Busy, Cancelled, CatalogClosed, InputOutputError, RootOffline, SanchayError
from sanchay.sentences import Sentence
from sanchayd.catalog.board import FreshnessBoard
from sanchayd.catalog.freshness import Freshness
from sanchayd.config import Config
from sanchayd.engine_port import CatalogPool, LivePort, in_own_thread
from sanchayd.engine_port.values import EventBatch
from sanchayd.events.event import ROOT_KINDS, Event, EventKind
from sanchayd.events.hub import EventHub
from sanchayd.jobs.queue import JobQueue
from sanchayd.log import logger
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import WatchMode
from sanchayd.roots.view import RootView

# The thread sleeps in the engine; this is no polling, but the longest that one call may take.
NEXT_EVENTS_S = 3600.0
EVENTS_AT_ONCE = 1000
# From one batch to the next, where the last was not full: a thread that wakes for each of many changes costs more CPU
# than they do. What comes after a rest is handed on at once.
BATCH_EVERY_S = 0.05
RETRY_S = 5.0
SYNCS_AT_ONCE = 64
log = logger("sanchayd.live")


@dataclass(frozen=True)
class Synced:
    """How a sync ended: `state` is done or partial, and `message` says why it is partial."""

    state: str
    message: Sentence
    freshness: Freshness
    view: RootView


class LiveService:
    """Starts the watching, hands on its events, and waits for it where it is asked to."""

    def __init__(
        self,
        catalog: LivePort,
        pool: CatalogPool,
        registry: RootRegistry,
        queue: JobQueue,
        board: FreshnessBoard,
        hub: EventHub,
    ) -> None:
        self._catalog = catalog
        self._pool = pool
        self._registry = registry
        self._queue = queue
        self._board = board
        self._hub = hub
        self._stopped = threading.Event()
        self._syncs = 0
        self._told: tuple[int, int] = (0, 0)

    async def start(self, config: Config) -> None:
        """Begins to keep every root up to date; each is reconciled in the background, and no answer waits for that."""
        self._told = _told_by(config)
        settle_ms, reconcile_s = self._told
        await self._pool.ask(self._catalog.start_live, settle_ms=settle_ms, reconcile_s=reconcile_s)
        await self._board.refresh([])
        loop = asyncio.get_running_loop()
        threading.Thread(target=self._listen, args=(loop,), name="live-events", daemon=True).start()
        log.info("roots are kept up to date", roots=len(self._registry.all()), settle_ms=settle_ms)

    async def apply(self, config: Config) -> None:
        """Takes over new settings."""
        if self._told != _told_by(config):
            self._told = _told_by(config)
            settle_ms, reconcile_s = self._told
            await self._pool.ask(self._catalog.set_live, settle_ms=settle_ms, reconcile_s=reconcile_s)
        await self._registry.set_default_watch(WatchMode(config.watch))
        await self._board.refresh([])

    def stop(self) -> None:
        """Hands on no more; the thread ends with the catalog."""
        self._stopped.set()

    async def sync(self, word: bytes) -> Synced:
        """Returns once all that was written below the root before this call is in the catalog, settled and hashed.

        Raises root_not_found, root_offline, config_invalid, busy, and whatever the engine fails with.
        """
        root = await self._registry.resolve(word)
        root.check_settings()
        if self._syncs >= SYNCS_AT_ONCE:
            raise Busy(f"{self._syncs} syncs are under way; try again when one has ended.")
        self._syncs += 1
        try:
            handle = await self._pool.obtain(lambda: self._catalog.sync(root.id), lambda handle: handle.cancel())
            try:
                result = await in_own_thread(handle.wait, f"sync-{root.id}")
            except asyncio.CancelledError:
                handle.cancel()
                raise
        finally:
            self._syncs -= 1
        await self._board.refresh([root.id])
        view = self._board.view(root, self._queue.scanning_root_ids())
        if result.state in {"done", "partial"}:
            return Synced(result.state, Sentence.of_engine(result.message), view.freshness, view)
        error = {"offline": RootOffline, "cancelled": Cancelled}.get(result.state, InputOutputError)
        reason = result.message or f"it ended as {result.state}"
        raise error(f"{root.name} could not be brought up to date: {reason}", path=root.path)

    def _listen(self, loop: asyncio.AbstractEventLoop) -> None:
        """The thread that waits for the engine. It asks for more only when the loop has taken the last batch."""
        taken = threading.Event()
        while not self._stopped.is_set():
            try:
                batch = self._catalog.next_events(NEXT_EVENTS_S, EVENTS_AT_ONCE)
            except CatalogClosed:
                return
            except SanchayError as error:
                log.exception("the engine's events could not be read", error=error.message)
                self._stopped.wait(RETRY_S)
                continue
            taken.clear()
            next_s = time.monotonic() + (BATCH_EVERY_S if len(batch.events) < EVENTS_AT_ONCE else 0.0)
            with contextlib.suppress(RuntimeError):  # the loop has closed, and the daemon is ending
                loop.call_soon_threadsafe(self._take, batch, taken)
                while not (taken.wait(1.0) or self._stopped.is_set()):
                    pass
            self._stopped.wait(max(0.0, next_s - time.monotonic()))

    def _take(self, batch: EventBatch, taken: threading.Event) -> None:
        taken.set()
        events = []
        if batch.dropped:
            message = Sentence("more-than-is-kept", events_count=batch.dropped)
            events.append(Event(EventKind.DROPPED, time.time_ns(), dropped=batch.dropped, message=message))
        for each in batch.events:
            root = self._registry.get(each.root_id)
            if root is None:
                continue  # it went in between
            event = Event(
                kind=EventKind(each.kind),
                at_ns=each.at_ns,
                root_id=each.root_id,
                root=root.name,
                path=each.path or root.path,
                other_path=each.other_path or b"",
                bytes_delta=each.bytes_delta,
                size=each.size,
                message=Sentence.of_engine(each.message),
            )
            events.append(event)
            if event.kind in ROOT_KINDS:
                self._board.mark(root.id)
        if events:
            self._hub.publish(events)


def _told_by(config: Config) -> tuple[int, int]:
    """Settle time in milliseconds, and seconds from one reconcile to the next."""
    return config.settle_ms, config.reconcile_minutes * 60
