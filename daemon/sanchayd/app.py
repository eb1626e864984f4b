"""The daemon put together: what is opened in which order, what runs then, and how it ends within five seconds."""

from __future__ import annotations

import asyncio
import contextlib
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sanchay.address import Places
from sanchay.errors import SanchayError
from sanchay.owner import Phase
from sanchay.sentences import Sentence
from sanchayd import __version__, hosts, log, paths
from sanchayd.catalog.board import FreshnessBoard
from sanchayd.catalog.changes import ChangeService
from sanchayd.catalog.service import CatalogService
from sanchayd.config import Config
from sanchayd.dedupe.acts import DedupeKind, UndoKind
from sanchayd.dedupe.service import DedupeService
from sanchayd.doorkeeper import Doorkeeper
from sanchayd.engine_port import CatalogPool
from sanchayd.engine_port.port import CatalogPort
from sanchayd.events.hub import EventHub
from sanchayd.events.news import StatusNews
from sanchayd.events.service import EventService, JobNews
from sanchayd.have.kind import HaveKind
from sanchayd.have.service import HaveService
from sanchayd.jobs.job import Job
from sanchayd.jobs.queue import JobQueue
from sanchayd.jobs.scan import ScanKind
from sanchayd.jobs.scans import ScanService
from sanchayd.jobs.service import JobService
from sanchayd.jobs.store import JobStore
from sanchayd.live import LiveService
from sanchayd.lock import InstanceLock
from sanchayd.metrics.address import resolve as resolve_metrics_address
from sanchayd.metrics.endpoint import Endpoint
from sanchayd.reload import ConfigReload
from sanchayd.reports.service import ReportService
from sanchayd.roots.look import RootLooks
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import WatchMode
from sanchayd.roots.service import RootService
from sanchayd.roots.store import RootStore
from sanchayd.rpc import server as rpc
from sanchayd.schedules.runs import RunService
from sanchayd.schedules.service import ScheduleService
from sanchayd.schedules.store import ScheduleStore
from sanchayd.schedules.zone import local_zone
from sanchayd.service_notify import ServiceNotify
from sanchayd.settings import Settings
from sanchayd.shutdown import CALLS_GRACE_S, CATALOG_CLOSE_S, end_for_certain, within
from sanchayd.state import StateStore
from sanchayd.upkeep.background import BackgroundService
from sanchayd.upkeep.checks import CheckService
from sanchayd.upkeep.housekeeping import Housekeeping
from sanchayd.upkeep.standing import look_at
from sanchayd.upkeep.status import StatusService
from sanchayd.upkeep.store import UpkeepStore
from sanchayd.verify.kind import VerifyKind
from sanchayd.verify.repair import RepairKind
from sanchayd.verify.service import VerifyService
from sanchayd.views.service import ViewService

if TYPE_CHECKING:
    import grpc

    from sanchayd.metrics.figures import Metrics

LOG_WAIT_S = 3600.0
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
    lock: InstanceLock


class App:
    """One run of the daemon, whose lock is held already."""

    def __init__(self, launch: Launch) -> None:
        self._launch = launch
        self._settings = Settings(launch.config)
        self._stop = asyncio.Event()
        self._notify = ServiceNotify.from_environ(launch.environ)

    async def run(self) -> None:
        """Opens, serves until it is told to stop, and closes. Raises SanchayError where it cannot start."""
        hosts.on_stop_signal(asyncio.get_running_loop(), self._stop.set)
        where = self._launch.where
        store = StateStore.open(where.state_file)
        try:
            catalog = await asyncio.to_thread(self._launch.open_catalog, self._launch.config, where)
            try:
                await self._serve(store, catalog)
            finally:
                await within(CATALOG_CLOSE_S, asyncio.to_thread(catalog.close), "the catalog is slow to close")
                log.write_through(catalog.take_log_lines())
        finally:
            await asyncio.to_thread(store.close)

    async def _serve(self, store: StateStore, catalog: CatalogPort) -> None:
        launch, pool = self._launch, CatalogPool()
        catalog.set_log_level(launch.config.log_level)
        board = FreshnessBoard(catalog, catalog, catalog, pool)

        async def ended(job: Job) -> None:
            await board.refresh(job.root_ids)
            if metrics is not None:
                metrics.job_ended(job)

        registry = RootRegistry(catalog, pool, RootStore(store), time.time_ns, WatchMode(launch.config.watch))
        have = HaveKind(catalog)
        kinds = (
            ScanKind(catalog, registry.check_settings, launch.config.max_scans),
            DedupeKind(catalog),
            UndoKind(catalog),
            VerifyKind(catalog),
            RepairKind(catalog),
            have,
        )
        job_store = JobStore(store, kinds)
        queue = JobQueue(kinds, pool, job_store, time.time_ns, ended)
        metrics = self._metrics(catalog, pool, queue)
        jobs = JobService(registry, queue, job_store, time.time_ns)
        scans = ScanService(registry, jobs, queue)
        verify = VerifyService(catalog, pool, registry, jobs)
        roots = RootService(registry, jobs, scans, queue, board)
        kept = UpkeepStore(store)
        background = BackgroundService(
            catalog, catalog, pool, kept, queue, launch.config, time.time_ns, hosts.on_battery
        )
        status = StatusService(catalog, pool, roots, queue, self._settings, self._stop.set, background, store, verify)
        reads = CatalogService(catalog, pool, registry, queue, board)
        views = ViewService(catalog, catalog, pool, registry, queue, board)
        changes = ChangeService(catalog, pool, registry, queue, board)
        dedupe = DedupeService(catalog, pool, registry, jobs, queue, board)
        hub = EventHub()
        live = LiveService(catalog, pool, registry, queue, board, hub)
        schedules, reports = self._schedules(
            ScheduleStore(store), registry, jobs, scans, verify, reads, hub, catalog, pool, status.checks
        )
        news = StatusNews(hub, look_at(status, roots, schedules, dedupe, verify))
        await background.load()
        await registry.load()
        await board.refresh(root.id for root in registry.all())

        reload = ConfigReload(launch.where, launch.flags, launch.environ, self._settings)
        services = rpc.Services(
            reads,
            changes,
            EventService(registry, hub, news),
            live,
            HaveService(have, pool, registry, jobs, queue, board),
            jobs,
            scans,
            roots,
            RootLooks(catalog, catalog, pool, registry, board),
            status,
            reload,
            background,
            schedules,
            reports,
            dedupe,
            verify,
            views,
        )
        token = paths.write_token(launch.where)

        def call_ended(method: str, seconds: float, outcome: str, *, streaming: bool) -> None:
            news.call_ended(method)
            if metrics is not None:
                metrics.call_ended(method, seconds, outcome, streaming=streaming)

        def make_server() -> tuple[grpc.aio.Server, str]:
            server = rpc.build(
                services,
                token,
                reflection=launch.config.reflection,
                stopping=self._stop.is_set,
                observe=call_ended,
            )
            return server, rpc.bind(server, launch.where, launch.config.listen)

        door = Doorkeeper(launch.where, launch.lock, token, make_server)
        self._tell_of_edits(catalog, queue, live, background, news)
        if why := reload.start():
            status.note(why)
        endpoint: Endpoint | None = None
        housekeeping = Housekeeping(
            catalog, pool, queue, changes, status.checks, hub, lambda: self._settings.config.changes_keep_days
        )
        tasks: list[asyncio.Task[None]] = [
            asyncio.create_task(background.keep()),
            asyncio.create_task(JobNews(queue, hub).run()),
            asyncio.create_task(news.run()),
            asyncio.create_task(housekeeping.run()),
            asyncio.create_task(self._notify.keep_watch(catalog.writer_answers)),
        ]
        _copy_engine_log(catalog)
        try:
            await self._go_on(
                jobs, scans, registry, store, catalog, pool, status
            )  # before the first call: a client finds its job going on
            await schedules.start()
            await door.open()
            launch.lock.note(Phase.SERVING)
            launch.where.last_error_file.unlink(missing_ok=True)
            _log.info(
                "sanchayd started", version=__version__, pid=os.getpid(), address=door.address, engine=catalog.version()
            )
            tasks.append(asyncio.create_task(self._keep_up(live, status)))
            tasks.append(asyncio.create_task(door.keep()))
            endpoint = await self._serve_metrics(metrics, tasks, status)
            self._notify.ready(f"Serving on {door.address}")
            await self._stop.wait()
            _log.info("sanchayd stops")
        finally:
            self._notify.stopping()
            launch.lock.note(Phase.ENDING)
            end_for_certain(launch.lock.release)
            reload.stop()
            live.stop()
            await schedules.stop()
            hub.close()
            views.stop()
            if endpoint is not None:
                endpoint.stop()
            for task in tasks:
                task.cancel()
            await queue.stop()
            await door.close(CALLS_GRACE_S)
            paths.clear_address(launch.where)
            pool.close()

    def _schedules(
        self,
        store: ScheduleStore,
        registry: RootRegistry,
        jobs: JobService,
        scans: ScanService,
        verify: VerifyService,
        reads: CatalogService,
        hub: EventHub,
        catalog: CatalogPort,
        pool: CatalogPool,
        checks: CheckService,
    ) -> tuple[ScheduleService, ReportService]:
        """What happens by the clock."""

        def config() -> Config:
            return self._settings.config

        reports = ReportService(catalog, pool, store, config)
        runs = RunService(registry, jobs, scans, verify, reads, reports, checks)
        return ScheduleService(store, registry, runs, reports, hub, time.time_ns, local_zone, config), reports

    async def _go_on(
        self,
        jobs: JobService,
        scans: ScanService,
        registry: RootRegistry,
        store: StateStore,
        catalog: CatalogPort,
        pool: CatalogPool,
        status: StatusService,
    ) -> None:
        """What the last run left goes on; a catalog that had to be rebuilt is filled again."""
        left = await jobs.restore()
        if left:
            _log.info("interrupted jobs go on", jobs=left)
        opened = await pool.quick(catalog.status)
        if opened.rebuilt_from is not None and registry.claimed():
            _log.warning("the catalog was damaged and is rebuilt", moved_to=os.fsdecode(opened.rebuilt_from))
            await scans.start_all([], background=True, request_id="rebuild")
        known = await UpkeepStore(store).known_catalog()
        if opened.catalog_id == known:
            return
        new = await registry.never_scanned()
        if known and new and opened.rebuilt_from is None:
            _log.warning("the catalog is another one than before and is filled again", roots=len(new))
            status.note(Sentence("other-catalog", path=os.fsdecode(opened.path)))
            for root in new:
                await scans.start(root, background=True, request_id="refill", notices=[])
        with contextlib.suppress(SanchayError):  # a full disk: it is known at the next start
            await UpkeepStore(store).set_known_catalog(opened.catalog_id)

    def _metrics(self, catalog: CatalogPort, pool: CatalogPool, queue: JobQueue) -> Metrics | None:
        """The figures, where they are to be collected."""
        if not self._launch.config.metrics_listen:
            return None
        from sanchayd.metrics.figures import Metrics

        return Metrics(catalog, catalog, pool, queue)

    async def _serve_metrics(
        self, metrics: Metrics | None, tasks: list[asyncio.Task[None]], status: StatusService
    ) -> Endpoint | None:
        """Listens for those who collect the figures. An address that is taken is said, and stops nothing else."""
        address = resolve_metrics_address(self._launch.config.metrics_listen, self._launch.where)
        if metrics is None or address is None:
            return None
        from sanchayd.metrics.figures import CONTENT_TYPE

        endpoint = Endpoint(address, CONTENT_TYPE, metrics.render)
        try:
            await endpoint.start()
        except OSError as error:
            _log.error("metrics cannot be served", address=str(address), error=str(error))
            status.note(Sentence("metrics-not-served", address=str(address), why=str(error)))
            return None
        tasks.append(asyncio.create_task(metrics.keep_time()))
        _log.info("metrics are served", address=str(address))
        return endpoint

    async def _keep_up(self, live: LiveService, status: StatusService) -> None:
        """Begins the watching, which a dead share may hold up: nothing waits for it."""
        try:
            await live.start(self._settings.config)
        except SanchayError as error:
            _log.error("the watching could not begin", error=error.message)
            status.note(Sentence("nothing-is-watched", why=error.message))

    def _tell_of_edits(
        self,
        catalog: CatalogPort,
        queue: JobQueue,
        live: LiveService,
        background: BackgroundService,
        news: StatusNews,
    ) -> None:
        """Who goes by settings that may change while the daemon runs."""

        async def levels(config: Config) -> None:
            log.set_level(config.log_level)
            catalog.set_log_level(config.log_level)

        async def stir(_config: Config) -> None:
            news.stir()

        for listener in (levels, queue.apply, live.apply, background.apply, stir):
            self._settings.tell(listener)


def _copy_engine_log(catalog: CatalogPort) -> None:
    """The engine keeps its lines for us: one file, one rotation. The thread sleeps until there is a line."""

    def copy() -> None:
        while True:
            log.write_through(catalog.take_log_lines(LOG_WAIT_S))

    threading.Thread(target=copy, name="engine-log", daemon=True).start()
