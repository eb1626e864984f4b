"""The daemon put together: what is opened in which order, what runs meanwhile, and how it ends within five seconds."""

from __future__ import annotations

import asyncio
import os
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from sanchay.address import Places
from sanchayd import __version__, config, hosts, log, paths
from sanchayd.config import LIVE_KEYS, Config
from sanchayd.engine_port import CatalogPool, CatalogPort
from sanchayd.errors import DomainError
from sanchayd.models import Job
from sanchayd.reload import ConfigWatch
from sanchayd.rpc import server as rpc
from sanchayd.services.catalog import CatalogService
from sanchayd.services.freshness import FreshnessBoard
from sanchayd.services.jobs import JobService
from sanchayd.services.registry import RootRegistry
from sanchayd.services.roots import RootService
from sanchayd.services.scan_queue import ScanQueue
from sanchayd.services.status import Settings, StatusService
from sanchayd.state import StateStore
from sanchayd.supervisor import Supervisor

LOG_POLL_S = 1.0
# Together under five seconds: calls, scans (see ScanQueue), the catalog.
CALLS_GRACE_S = 0.5
CATALOG_CLOSE_S = 1.5
END_S = 4.7
_log = log.logger("sanchayd.app")

OpenCatalog = Callable[[Config, Places], CatalogPort]


@dataclass(frozen=True)
class Launch:
    """What the daemon was started with."""

    where: Places
    flags: Mapping[str, str]
    environ: Mapping[str, str]
    config: Config
    open_catalog: OpenCatalog
    release_lock: Callable[[], None]


class App:
    """One run of the daemon, whose lock is held already."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._settings = Settings(launch.config)
        self._stop = asyncio.Event()
        self._supervisor = Supervisor.from_environ(launch.environ)

    async def run(self) -> None:
        """Opens, serves until it is told to stop, and closes. Raises DomainError where it cannot start."""
        hosts.on_stop_signal(asyncio.get_running_loop(), self._stop.set)
        where = self._launch.where
        store = StateStore.open(where.state_file)
        try:
            catalog = await asyncio.to_thread(self._launch.open_catalog, self._launch.config, where)
            try:
                await self._serve(store, catalog)
            finally:
                await _within(CATALOG_CLOSE_S, asyncio.to_thread(catalog.close), "the catalog is slow to close")
                log.write_through(catalog.take_log_lines())
        finally:
            await asyncio.to_thread(store.close)

    async def _serve(self, store: StateStore, catalog: CatalogPort) -> None:
        launch, pool = self._launch, CatalogPool()
        catalog.set_log_level(launch.config.log_level)
        board = FreshnessBoard(catalog, pool)

        async def ended(job: Job) -> None:
            await board.refresh([job.root_id])

        registry = RootRegistry(catalog, pool, store, time.time_ns)
        queue = ScanQueue(catalog, pool, store, time.time_ns, launch.config.max_scans, ended)
        jobs = JobService(registry, queue, store, time.time_ns)
        roots = RootService(registry, jobs, queue, board)
        status = StatusService(catalog, pool, roots, queue, self._settings, self._stop.set)
        reads = CatalogService(catalog, pool, registry, queue, board)
        await registry.load()
        await board.refresh(root.id for root in registry.all())

        server = rpc.build(
            rpc.Services(reads, jobs, roots, status),
            paths.write_token(launch.where),
            reflection=launch.config.reflection,
            stopping=self._stop.is_set,
        )
        address = rpc.bind(server, launch.where, launch.config.listen)
        watch = self._watch(queue, catalog, status)
        tasks = [
            asyncio.create_task(_copy_engine_log(catalog)),
            asyncio.create_task(self._supervisor.keep_watch(catalog.writer_answers)),
        ]
        try:
            await self._go_on(jobs, registry, catalog, pool)  # before the first call: a client finds its job going on
            await server.start()
            launch.where.last_error_file.unlink(missing_ok=True)
            _log.info(
                "sanchayd started", version=__version__, pid=os.getpid(), address=address, engine=catalog.version()
            )
            self._supervisor.ready(f"Serving on {address}")
            await self._stop.wait()
            _log.info("sanchayd stops")
        finally:
            self._supervisor.stopping()
            _end_for_certain(launch.release_lock)
            if watch is not None:
                watch.stop()
            for task in tasks:
                task.cancel()
            await queue.stop()
            await server.stop(CALLS_GRACE_S)
            paths.clear_address(launch.where)
            pool.close()

    async def _go_on(self, jobs: JobService, registry: RootRegistry, catalog: CatalogPort, pool: CatalogPool) -> None:
        """What the last run left goes on; a catalog that had to be made anew is filled again."""
        left = await jobs.restore()
        if left:
            _log.info("interrupted scans go on", jobs=left)
        opened = await pool.quick(catalog.status)
        if opened.rebuilt_from is not None and registry.all():
            _log.warning("the catalog was damaged and is rebuilt", moved_to=os.fsdecode(opened.rebuilt_from))
            await jobs.start_scans([], background=True, request_id="rebuild")

    def _watch(self, queue: ScanQueue, catalog: CatalogPort, status: StatusService) -> ConfigWatch | None:
        """Follows edits of config.toml; where the system has no watch left, edits count from the next start."""
        where = self._launch.where
        watch = ConfigWatch((where.config_file, where.dotenv_file), lambda: self._reload(queue, catalog))
        try:
            watch.start()
        except OSError as error:
            status.notices.append(f"Edits of {where.config_file} count from the next start: {error}.")
            return None
        return watch

    def _reload(self, queue: ScanQueue, catalog: CatalogPort) -> None:
        """Takes the new settings that can count now; a bad edit changes nothing and is said in the status."""
        launch, before = self._launch, self._settings.config
        try:
            after = config.load(launch.where, launch.flags, launch.environ)
        except DomainError as error:
            self._settings.error = error.message
            _log.warning("config.toml was not taken", error=error.message)
            return
        self._settings.error = ""
        self._settings.pending = [key for key in after.differing_keys(launch.config) if key not in LIVE_KEYS]
        changed = after.differing_keys(before)
        self._settings.config = after
        log.set_level(after.log_level)
        catalog.set_log_level(after.log_level)
        queue.max_scans = after.max_scans
        queue.pump()
        if changed:
            _log.info("settings changed", keys=changed)


async def _copy_engine_log(catalog: CatalogPort) -> None:
    """The engine keeps its lines for us: one file, one rotation."""
    while True:
        while lines := catalog.take_log_lines():
            log.write_through(lines)
            await asyncio.sleep(0)
        await asyncio.sleep(LOG_POLL_S)


def _end_for_certain(release_lock: Callable[[], None]) -> None:
    """Whatever hangs from here on, the process ends in time; what matters is in state.db by then.

    A thread that waits in the kernel keeps every open file of an ended process, and so the lock: it is let go first.
    """

    def end() -> None:
        _log.warning("sanchayd did not end by itself in time", limit_s=END_S)
        log.close()
        release_lock()
        os._exit(0)

    timer = threading.Timer(END_S, end)
    timer.daemon = True
    timer.start()


async def _within(limit_s: float, work: Awaitable[None], complaint: str) -> None:
    """Waits for the work, but not for ever: a disk that hangs must not hold up the end."""
    try:
        await asyncio.wait_for(asyncio.shield(work), limit_s)
    except asyncio.TimeoutError:
        _log.warning(complaint)
