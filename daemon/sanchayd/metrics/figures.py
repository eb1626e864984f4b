"""What is counted and measured. No figure bears a path or a name of a person's: they are for graphs, not for lists."""

from __future__ import annotations

import asyncio
import time
from collections import Counter as Tally

import prometheus_client as prometheus
from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, Info

from sanchayd import __version__, hosts
from sanchayd.dedupe.acts import ActedResult, DedupeResult
from sanchayd.engine_port import CatalogPool, EnginePort, LivePort
from sanchayd.engine_port.values import CatalogStatus, HashDebt, LiveStatus
from sanchayd.jobs.job import Job, JobState
from sanchayd.jobs.queue import JobQueue
from sanchayd.jobs.scan import SCAN, ScanResult

LAG_EVERY_S = 1.0
# Counting what is to be hashed passes over the whole catalog: once for so long is enough for a graph.
DEBT_KEPT_S = 60.0
RPC_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
LAG_BUCKETS_S = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0)
CONTENT_TYPE = prometheus.CONTENT_TYPE_LATEST


class Metrics:
    """Counters that grow as things happen, and gauges that are read when they are asked for."""

    def __init__(self, engine: EnginePort, live: LivePort, pool: CatalogPool, queue: JobQueue) -> None:
        prometheus.disable_created_metrics()  # type: ignore[no-untyped-call]
        self._engine = engine
        self._live = live
        self._pool = pool
        self._queue = queue
        self._rendering = asyncio.Lock()
        self._debt = HashDebt(0, 0)
        self._debt_of = (-1, float("-inf"))  # transactions then, and when
        self._registry = CollectorRegistry()
        self._counters()
        self._gauges()
        self._live_gauges()

    def _counters(self) -> None:
        to = self._registry
        Info("sanchay_build", "Versions of the daemon and its engine.", registry=to).info(
            {"version": __version__, "engine": self._engine.version()}
        )
        started = Gauge("sanchay_start_time_seconds", "When the daemon started, Unix time.", registry=to)
        started.set(time.time())
        self._scans = Counter("sanchay_scans", "Scans that ended.", ["state"], registry=to)
        self._scanned = Counter("sanchay_scanned_files", "Files that ended scans have seen.", registry=to)
        self._hashed = Counter("sanchay_hashed_bytes", "Bytes that ended scans have read and hashed.", registry=to)
        self._unread = Counter("sanchay_scan_errors", "Files and folders that could not be read.", registry=to)
        self._acted = Counter("sanchay_acted_files", "Files that ended runs changed.", ["kind"], registry=to)
        self._left = Counter("sanchay_left_files", "Files that ended runs left as they are.", ["kind"], registry=to)
        self._freed = Counter("sanchay_freed_bytes", "Bytes that ended runs freed.", registry=to)
        for state in (JobState.DONE, JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED):
            self._scans.labels(state.value)
        self._calls = Counter("sanchay_rpc", "Calls that ended, streams too.", ["method", "outcome"], registry=to)
        self._call_s = Histogram(
            "sanchay_rpc_duration_seconds",
            "How long calls took, but for streams.",
            ["method"],
            buckets=RPC_BUCKETS_S,
            registry=to,
        )
        self._lag_s = Histogram(
            "sanchay_event_loop_lag_seconds",
            "How much later than due the event loop went on.",
            buckets=LAG_BUCKETS_S,
            registry=to,
        )

    def _gauges(self) -> None:
        to = self._registry
        self._up = Gauge("sanchay_catalog_up", "1 where the catalog answers.", registry=to)
        self._held = {
            "files": Gauge("sanchay_catalog_files", "Files in the catalog.", registry=to),
            "directories": Gauge("sanchay_catalog_directories", "Folders in the catalog.", registry=to),
            "bytes": Gauge("sanchay_catalog_bytes", "Apparent bytes of the files in the catalog.", registry=to),
            "db_bytes": Gauge("sanchay_catalog_file_bytes", "The catalog's file and its WAL.", registry=to),
            "wal_bytes": Gauge("sanchay_catalog_wal_bytes", "The catalog's WAL alone.", registry=to),
        }
        self._index_ready = Gauge("sanchay_name_index_ready", "1 where every name is in the name index.", registry=to)
        self._jobs = Gauge("sanchay_jobs", "Jobs that have not ended.", ["state"], registry=to)
        self._files_per_s = Gauge("sanchay_scan_files_per_second", "Of the scans that run.", registry=to)
        self._bytes_per_s = Gauge("sanchay_scan_bytes_per_second", "Hashed by the scans that run.", registry=to)
        self._debt_files = Gauge("sanchay_hash_debt_files", "Files that are still to be hashed.", registry=to)
        self._debt_bytes = Gauge("sanchay_hash_debt_bytes", "Their apparent bytes.", registry=to)
        self._queues = Gauge("sanchay_queue_depth", "What waits, by queue.", ["queue"], registry=to)
        self._transactions = Gauge("sanchay_writer_transactions", "Since the catalog was opened.", registry=to)
        self._rss = Gauge("sanchay_resident_memory_bytes", "Memory that the daemon holds.", registry=to)
        self._readers = Gauge("sanchay_readers", "Connections that read the catalog at this moment.", registry=to)
        self._called_off = Gauge(
            "sanchay_questions_called_off", "Questions that ended early, for no one waited.", registry=to
        )
        self._threads = Gauge("sanchay_threads", "Threads of the daemon.", registry=to)

    def _live_gauges(self) -> None:
        to = self._registry
        self._roots = Gauge("sanchay_roots", "Roots, by how they are kept up to date.", ["state"], registry=to)
        self._watched = Gauge("sanchay_watched_folders", "Folders that are watched.", registry=to)
        self._events = Gauge("sanchay_live_events", "Changes that the watching saw since the start.", registry=to)
        self._overflows = Gauge("sanchay_live_overflows", "Times that changes came too fast to be seen.", registry=to)

    def job_ended(self, job: Job) -> None:
        """A job has ended; scans are counted."""
        if job.kind == SCAN:
            self._scans.labels(job.state.value).inc()
        if isinstance(job.result, ScanResult):
            self._scanned.inc(job.result.files)
            self._hashed.inc(job.result.hashed_bytes)
            self._unread.inc(job.result.errors)
        elif isinstance(job.result, ActedResult):
            self._acted.labels(job.kind).inc(job.result.acted_files)
            self._left.labels(job.kind).inc(job.result.errors)
            self._freed.inc(job.result.freed_bytes if isinstance(job.result, DedupeResult) else 0)

    def call_ended(self, method: str, seconds: float, outcome: str, *, streaming: bool) -> None:
        """A call has ended; `method` is one of ours, and `outcome` ok or the kind of the error."""
        self._calls.labels(method, outcome).inc()
        if not streaming:
            self._call_s.labels(method).observe(seconds)

    async def keep_time(self) -> None:
        """Measures, until it is cancelled, how late the event loop is."""
        loop = asyncio.get_running_loop()
        while True:
            due_s = loop.time() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self._lag_s.observe(max(loop.time() - due_s, 0.0))

    async def render(self) -> bytes:
        """The page, as of now."""
        async with self._rendering:
            try:
                self._take_catalog(await self._pool.quick(self._engine.status))
                self._take_live(list(await self._pool.quick(self._live.live_status)))
                await self._take_load()
                self._up.set(1)
            except Exception:  # noqa: BLE001 - a catalog that fails is what the graph is to show
                self._up.set(0)
            self._take_jobs()
            self._rss.set(hosts.rss_bytes())
            self._threads.set(hosts.thread_count())
            return prometheus.generate_latest(self._registry)

    def _take_catalog(self, status: CatalogStatus) -> None:
        for key, gauge in self._held.items():
            gauge.set(getattr(status, key))
        self._index_ready.set(status.name_index == "ready")

    def _take_live(self, roots: list[LiveStatus]) -> None:
        self._roots.clear()
        for state, count in Tally(root.state for root in roots).items():
            self._roots.labels(state).set(count)
        self._watched.set(sum(root.watched_folders for root in roots))
        self._events.set(sum(root.events for root in roots))
        self._overflows.set(sum(root.overflows for root in roots))
        self._queues.labels("live").set(sum(root.pending for root in roots))

    async def _take_load(self) -> None:
        load = self._engine.load()
        self._queues.labels("writer").set(load.writer_queue)
        self._queues.labels("content_keys").set(load.staged_keys)
        self._readers.set(load.readers)
        self._called_off.set(load.called_off)
        self._queues.labels("questions").set(self._pool.waiting())
        self._transactions.set(load.transactions)
        transactions, at_s = self._debt_of
        if load.transactions != transactions and time.monotonic() - at_s >= DEBT_KEPT_S:
            self._debt_of = (load.transactions, time.monotonic())
            self._debt = await self._pool.ask(self._engine.hash_debt)
        self._debt_files.set(self._debt.files)
        self._debt_bytes.set(self._debt.bytes)

    def _take_jobs(self) -> None:
        jobs = [active.snapshot() for active in self._queue.active()]
        counts = Tally(job.state for job in jobs)
        for state in (JobState.QUEUED, JobState.RUNNING, JobState.PAUSED):
            self._jobs.labels(state.value).set(counts[state])
        running = [job.progress for job in jobs if job.state is JobState.RUNNING and job.kind == SCAN]
        self._files_per_s.set(sum(progress.files_per_s for progress in running))
        self._bytes_per_s.set(sum(progress.bytes_per_s for progress in running))
