"""The daemon's use cases over a catalog in memory, and daemons as processes."""

from __future__ import annotations

import asyncio
import itertools
import os
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from sanchay.address import places
from sanchayd.catalog.board import FreshnessBoard
from sanchayd.catalog.changes import ChangeService
from sanchayd.catalog.service import CatalogService
from sanchayd.config import Config, load
from sanchayd.dedupe.acts import DedupeKind, UndoKind
from sanchayd.dedupe.service import DedupeService
from sanchayd.engine_port import CatalogPool
from sanchayd.engine_port.port import CatalogPort
from sanchayd.events.hub import EventHub
from sanchayd.events.news import Standing, StatusNews
from sanchayd.events.service import EventService
from sanchayd.jobs.job import Job
from sanchayd.jobs.kind import JobKind
from sanchayd.jobs.queue import JobQueue
from sanchayd.jobs.scan import ScanKind
from sanchayd.jobs.scans import ScanService
from sanchayd.jobs.service import JobService
from sanchayd.jobs.store import JobStore
from sanchayd.live import LiveService
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.service import RootService
from sanchayd.roots.store import RootStore
from sanchayd.settings import Settings
from sanchayd.state import StateStore
from sanchayd.upkeep.background import BackgroundService
from sanchayd.upkeep.status import StatusService
from sanchayd.upkeep.store import UpkeepStore
from sanchayd.verify.kind import VerifyKind
from sanchayd.verify.repair import RepairKind
from sanchayd.verify.service import VerifyService
from sanchayd.views.service import ViewService
from sanchayd.views.store import ViewStore
from tests.support.daemon import PATIENCE_S, DaemonProcess, engine_missing
from tests.support.fake_catalog import FakeCatalog

#: The clock of what depends on the day.
NOW_NS = 20_000 * 86_400 * 10**9


@dataclass
class Core:
    """Every service, over one catalog and one state.db."""

    catalog: Any  # the catalog in memory, but in `play_with_engine`
    pool: CatalogPool
    store: StateStore
    job_store: JobStore
    registry: RootRegistry
    queue: JobQueue
    jobs: JobService
    scans: ScanService
    roots: RootService
    reads: CatalogService
    dedupe: DedupeService
    verify: VerifyService
    changes: ChangeService
    status: StatusService
    board: FreshnessBoard
    hub: EventHub
    live: LiveService
    events: EventService
    views: ViewService
    stops: list[bool]


async def until(condition: Callable[[], object]) -> None:
    """Returns once the condition holds; what is waited for has no event of its own."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come to pass"
        await asyncio.sleep(0.005)


def make_config(home: Path, **changes: str) -> Config:
    """The settings of an empty home, with some flags."""
    return load(places(home), changes, {})


async def open_core(
    home: Path,
    catalog: CatalogPort,
    *,
    max_scans: int = 2,
    other_kinds: Sequence[JobKind] = (),
    clock_s: Callable[[], float] = time.monotonic,
) -> Core:
    """The services as `app` puts them together. The clock counts calls."""
    clock = itertools.count(1).__next__
    pool = CatalogPool()
    store = StateStore.open(home / "state.db")
    board = FreshnessBoard(catalog, catalog, catalog, pool, clock_s=clock_s)

    async def ended(job: Job) -> None:
        await board.refresh(job.root_ids)

    registry = RootRegistry(catalog, pool, RootStore(store), clock)
    kinds: list[JobKind] = [ScanKind(catalog, registry.check_settings, max_scans)]
    kinds += [DedupeKind(catalog), UndoKind(catalog), VerifyKind(catalog), RepairKind(catalog), *other_kinds]
    job_store = JobStore(store, kinds)
    queue = JobQueue(kinds, pool, job_store, clock, ended)
    jobs = JobService(registry, queue, job_store, clock)
    scans = ScanService(registry, jobs, queue)
    roots = RootService(registry, jobs, scans, queue, board)
    stops: list[bool] = []
    settings = Settings(make_config(home))
    kept = UpkeepStore(store)
    background = BackgroundService(catalog, catalog, pool, kept, queue, settings.config, time.time_ns, lambda: None)
    verify = VerifyService(catalog, pool, registry, jobs)
    status = StatusService(catalog, pool, roots, queue, settings, lambda: stops.append(True), background, store, verify)
    reads = CatalogService(catalog, pool, registry, queue, board)
    dedupe = DedupeService(catalog, pool, registry, jobs, queue, board)
    changes = ChangeService(catalog, pool, registry, queue, board, now_ns=lambda: NOW_NS, space=lambda _: (2000, 500))
    hub = EventHub()
    live = LiveService(catalog, pool, registry, queue, board, hub)

    async def standing(_all_of_it: bool) -> Standing:
        return await status.standing()

    news = StatusNews(hub, standing)
    events = EventService(registry, hub, news)
    views = ViewService(catalog, catalog, pool, registry, queue, board, ViewStore(clock_s))
    await registry.load()
    return Core(
        catalog=catalog,
        pool=pool,
        store=store,
        job_store=job_store,
        registry=registry,
        queue=queue,
        jobs=jobs,
        scans=scans,
        roots=roots,
        reads=reads,
        dedupe=dedupe,
        verify=verify,
        changes=changes,
        status=status,
        board=board,
        hub=hub,
        live=live,
        events=events,
        views=views,
        stops=stops,
    )


Scenario = Callable[[Core], Awaitable[Any]]


@pytest.fixture
def catalog() -> FakeCatalog:
    """A catalog that knows nothing."""
    return FakeCatalog()


def player(home: Path, catalog: CatalogPort) -> Callable[..., Any]:
    """Runs scenarios, each over fresh services; state.db stays for the next one."""
    home.mkdir()

    def run(scenario: Scenario, **options: Any) -> Any:
        async def scene() -> Any:
            core = await open_core(home, catalog, **options)
            try:
                return await scenario(core)
            finally:
                core.live.stop()
                core.views.stop()
                await core.queue.stop()
                core.store.close()
                if isinstance(catalog, FakeCatalog):
                    catalog.gate.set()
                    catalog.acts_gate.set()

        return asyncio.run(scene())

    return run


@pytest.fixture
def play(tmp_path: Path, catalog: FakeCatalog) -> Callable[..., Any]:
    """Runs a scenario over the catalog in memory."""
    return player(tmp_path / "home", catalog)


@pytest.fixture
def play_with_engine(tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Runs a scenario over the engine, for what is in the answers."""
    if engine_missing():
        pytest.skip("the engine is not built")
    from sanchayd.engine_port.native import NativeCatalog

    file = os.fsencode(tmp_path / "catalog.db")
    catalog = NativeCatalog.open(file, own_folders=[], threads=2, cache_mb=8)
    yield player(tmp_path / "home", catalog)
    catalog.close()


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    """A daemon as a process, over the catalog in memory."""
    with DaemonProcess(tmp_path / "home", fake=True) as process:
        yield process
