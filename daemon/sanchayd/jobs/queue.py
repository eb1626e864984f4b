"""Runs jobs of every kind: a bounded number of each at once, those that a client waits for first."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from sanchay import names
from sanchay.errors import Busy, SanchayError
from sanchay.sentences import NOTHING, Sentence
from sanchayd import hosts
from sanchayd.config import Config
from sanchayd.engine_port import CatalogPool, in_own_thread
from sanchayd.engine_port.values import RawBytes
from sanchayd.events.topic import Topic
from sanchayd.jobs.job import Job, JobProgress, JobResult, JobState
from sanchayd.jobs.kind import JobKind, Outcome, Work
from sanchayd.jobs.scan import SCAN
from sanchayd.jobs.store import JobStore
from sanchayd.log import logger

TICK_S = 0.2
STOP_PATIENCE_S = 2.5
CANCEL_PATIENCE_S = 2.0
log = logger("sanchayd.jobs")


@dataclass
class Hold:
    """Why work in the background stands still; empty where it does not."""

    reason: Sentence = NOTHING


@dataclass(eq=False)
class ActiveJob:
    """A job that has not ended. `work` is None until its kind has begun it."""

    job: Job
    hold: Hold = field(default_factory=Hold)
    work: Work | None = None
    starting: bool = False
    cancel_wanted: bool = False
    left_behind: bool = False  # it has ended for all who ask; its thread waits for a read that hangs
    peak_rss_bytes: int = 0
    topic: Topic[Job] = field(default_factory=Topic)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def holds_slot(self) -> bool:
        """Whether it counts among those of its kind that run."""
        return self.job.state is JobState.RUNNING

    def snapshot(self) -> Job:
        """The job with its counters of this moment."""
        if self.work is not None and not self.ended.is_set():
            progress = self.work.progress()
            self.job = replace(self.job, progress=progress, message=self._why_it_stands(progress))
        return self.job

    def _why_it_stands(self, progress: JobProgress) -> Sentence:
        if self.job.state is not JobState.RUNNING:
            return NOTHING
        return progress.waits_for or (self.hold.reason if self.job.background else NOTHING)


class JobQueue:
    """The jobs that have not ended. Used from the event loop alone; only waiting for their work takes a thread."""

    def __init__(
        self,
        kinds: Iterable[JobKind],
        pool: CatalogPool,
        store: JobStore,
        now_ns: Callable[[], int],
        on_end: Callable[[Job], Awaitable[None]],
    ) -> None:
        self._kinds = {kind.name: kind for kind in kinds}
        self._pool = pool
        self._store = store
        self._now_ns = now_ns
        self._hold = Hold()
        self._on_end = on_end
        self._active: dict[int, ActiveJob] = {}
        self._left_behind: dict[int, tuple[Job, RawBytes]] = {}  # by root: what a cancelled job still reads
        self._tasks: set[asyncio.Task[Any]] = set()
        self._ticker: asyncio.Task[None] | None = None
        self._stopping = False
        self.changes: Topic[Job] = Topic()  # of every job: what becomes of it, and how far it has come

    async def apply(self, config: Config) -> None:
        """Takes over new settings."""
        for kind in self._kinds.values():
            kind.apply(config)
        self.pump()

    def hold_background(self, reason: Sentence) -> None:
        """Why work that no one waits for stands still; empty where it does not."""
        self._hold.reason = reason

    def active(self) -> list[ActiveJob]:
        """Jobs that have not ended, oldest first."""
        return [active for active in self._active.values() if not active.job.state.ended]

    def get(self, job_id: int) -> ActiveJob | None:
        """The job, until its end is stored: a later question finds it in state.db."""
        return self._active.get(job_id)

    def like(self, job: Job) -> ActiveJob | None:
        """The one that does the same, where it waits or runs."""
        return next((active for active in self.active() if active.job.does_the_same(job)), None)

    def of_root(self, root_id: int) -> list[ActiveJob]:
        """What waits or runs in a root."""
        return [active for active in self.active() if root_id in active.job.root_ids]

    def knows(self, job: Job) -> bool:
        """Whether the job is of a kind that there is; a newer program may have left others."""
        return job.kind in self._kinds

    def why_it_ended(self, job: Job) -> Sentence:
        """Why the job does not go on at the start after the daemon that it was left by; empty: it does."""
        return self._kinds[job.kind].why_it_ended(job)

    def check_free(self, root_id: int) -> None:
        """Raises busy where a cancelled job in the root still waits for a read that hangs."""
        left_behind = self._left_behind.get(root_id)
        if left_behind is not None:
            job, path = left_behind
            waits = f"still waits for {names.shown(path)}, whose disk or share does not answer"
            raise Busy(
                f"A cancelled {job.kind} of this root {waits if path else 'has not ended yet'}. Try again when it has, "
                "or restart the daemon.",
                path=path or None,
            )

    def scanning_root_ids(self) -> set[int]:
        """Roots whose scan is under way."""
        return {
            root_id
            for active in self._active.values()
            if active.work is not None and active.job.kind == SCAN
            for root_id in active.job.root_ids
        }

    def add(self, job: Job) -> ActiveJob:
        """Takes a job that is stored already, queued or paused, and runs it when its turn comes."""
        active = ActiveJob(job, self._hold)
        self._active[job.id] = active
        self.changes.publish(job)
        self.pump()
        return active

    def pump(self) -> None:
        """Starts what may start: a job that a client waits for is not held up by those in the background."""
        if self._stopping:
            return
        queued = [active for active in self._active.values() if active.job.state is JobState.QUEUED]
        for active in sorted(queued, key=lambda active: (active.job.background, active.job.id)):
            kind = self._kinds[active.job.kind]
            holders = (other for other in self._active.values() if other.holds_slot)
            running = [other for other in holders if self._kinds[other.job.kind].lane == kind.lane]
            rivals = running if active.job.background else [other for other in running if not other.job.background]
            if len(rivals) < kind.most_at_once:
                self._run(active)

    def foreground(self, active: ActiveJob) -> None:
        """A client waits for it now."""
        if active.job.background:
            self._set(active, replace(active.job, background=False, message=NOTHING))
            if active.work is not None:
                active.work.foreground()
            self.pump()

    def pause(self, active: ActiveJob) -> None:
        """Holds it still; another may run then."""
        if active.job.state is not JobState.PAUSED:
            if active.work is not None:
                active.work.pause()
            self._set(active, replace(active.snapshot(), state=JobState.PAUSED, message=NOTHING))
            self.pump()

    def resume(self, active: ActiveJob) -> None:
        """Goes on when its turn comes."""
        if active.job.state is JobState.PAUSED:
            self._set(active, replace(active.job, state=JobState.QUEUED))
            self.pump()

    async def cancel(self, active: ActiveJob) -> None:
        """Ends it. One that a read holds up is left behind after a while, and has ended for all who ask."""
        active.cancel_wanted = True
        if active.work is not None:
            active.work.cancel()
        elif not active.starting:
            await self._end(active, replace(active.job, state=JobState.CANCELLED, ended_ns=self._now_ns()))
        try:
            await asyncio.wait_for(active.ended.wait(), CANCEL_PATIENCE_S)
        except asyncio.TimeoutError:
            await self._leave_behind(active)

    async def _leave_behind(self, active: ActiveJob) -> None:
        """The job is cancelled now; whatever its thread brings later is in the catalog, and no news."""
        if active.work is None or active.left_behind or self._stopping:
            return  # the engine starts it or its end is being written just now
        job = active.snapshot()
        active.left_behind = True
        self._left_behind.update((root_id, (job, job.progress.current)) for root_id in job.root_ids)
        at = os.fsdecode(job.progress.current)
        log.warning("a cancelled job is left behind: a read hangs", kind=job.kind, job_id=job.id, path=at)
        message = Sentence("read-left-behind", path=at)
        await self._end(active, replace(job, state=JobState.CANCELLED, ended_ns=self._now_ns(), message=message))

    def _came_back(self, active: ActiveJob) -> None:
        for root_id in active.job.root_ids:
            self._left_behind.pop(root_id, None)
        log.info("the read that a cancelled job waited for came back", kind=active.job.kind, job_id=active.job.id)

    async def stop(self) -> None:
        """Leaves what runs to the next start: interrupted, or paused where it was."""
        self._stopping = True
        await asyncio.sleep(0)  # what was changed just now is on its way to state.db before what follows
        running = [active for active in self.active() if active.work is not None or active.starting]
        for active in running:
            if active.work is not None:
                active.work.cancel()
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(asyncio.gather(*(active.ended.wait() for active in running)), STOP_PATIENCE_S)
        left = [active for active in self.active() if active.job.state is not JobState.PAUSED]
        await self._store.set_states([active.job.id for active in left], JobState.INTERRUPTED)
        for active in self.active():
            active.topic.close()
        for task in [*self._tasks, *([self._ticker] if self._ticker else [])]:
            task.cancel()

    def _set(self, active: ActiveJob, job: Job) -> None:
        """The job changed: those who follow hear of it, and state.db in its time."""
        active.job = job
        self._tell(active, job)
        self._spawn(self._store.update(job))

    def _tell(self, active: ActiveJob, job: Job) -> None:
        active.topic.publish(job)
        self.changes.publish(job)

    def _spawn(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work on a job failed", error=str(error))

    def _run(self, active: ActiveJob) -> None:
        started_ns = active.job.started_ns or self._now_ns()
        self._set(active, replace(active.job, state=JobState.RUNNING, started_ns=started_ns))
        if active.work is not None:
            active.work.resume()
        elif not active.starting:
            active.starting = True
            self._spawn(self._work(active))
        if self._ticker is None or self._ticker.done():
            self._ticker = asyncio.ensure_future(self._tick())

    async def _work(self, active: ActiveJob) -> None:
        """One job, from its start to its end."""
        self._new_peak(active)
        job = active.job
        log.info(
            "a job starts",
            kind=job.kind,
            job_id=job.id,
            root=job.root_names,
            background=job.background,
            request_id=job.request_id,
        )
        try:
            work = await self._pool.ask(self._kinds[job.kind].begin, job)
            self._take(active, work)
            outcome = await in_own_thread(work.wait, f"{job.kind}-{job.id}")
        except SanchayError as error:
            if active.left_behind:
                self._came_back(active)
                return
            active.work, active.starting = None, False
            if self._stopping:
                active.ended.set()
                return
            await self._end(active, self._failed(active, Sentence.plain(error.message)))
            return
        if active.left_behind:
            self._came_back(active)
            return
        if self._stopping and outcome.state is JobState.CANCELLED and not active.cancel_wanted:
            active.work = None
            active.ended.set()
            return
        await self._end(active, self._ended(active, outcome))

    def _take(self, active: ActiveJob, work: Work) -> None:
        """What was asked for while the work was begun counts now."""
        active.work, active.starting = work, False
        if active.cancel_wanted or self._stopping:
            work.cancel()
        elif active.job.state is JobState.PAUSED:
            work.pause()
        if not active.job.background:
            work.foreground()

    def _ended(self, active: ActiveJob, outcome: Outcome) -> Job:
        """The job with what its work found."""
        active.peak_rss_bytes = max(active.peak_rss_bytes, hosts.peak_rss_bytes())
        result = replace(outcome.result, peak_rss_bytes=active.peak_rss_bytes)
        percent = 100.0 if outcome.state in {JobState.DONE, JobState.PARTIAL} else None
        return replace(
            active.job,
            state=outcome.state,
            ended_ns=self._now_ns(),
            message=outcome.message,
            progress=replace(result.progress(), percent=percent),
            result=result,
            errors=outcome.errors,
        )

    def _failed(self, active: ActiveJob, message: Sentence) -> Job:
        return replace(active.job, state=JobState.FAILED, ended_ns=self._now_ns(), message=message)

    async def _end(self, active: ActiveJob, job: Job) -> None:
        """Stored first, then told: who hears of the end finds it written."""
        active.work = None
        active.job = job
        try:
            await self._on_end(job)
            await self._store.update(job)
        finally:
            self._active.pop(job.id, None)
            active.ended.set()
            self._tell(active, job)
            active.topic.close()
            self.pump()
        _log_end(job)

    def _new_peak(self, active: ActiveJob) -> None:
        """Starts the measure of memory again for this job, without losing what the others have reached."""
        peak = hosts.peak_rss_bytes()
        for other in self._active.values():
            if other is not active:
                other.peak_rss_bytes = max(other.peak_rss_bytes, peak)
        hosts.reset_peak_rss()
        active.peak_rss_bytes = hosts.rss_bytes()

    async def _tick(self) -> None:
        """Looks at the counters of what runs, and tells those who follow."""
        while any(active.holds_slot for active in self._active.values()):
            await asyncio.sleep(TICK_S)
            peak = hosts.peak_rss_bytes()
            for active in self.active():
                if active.holds_slot:
                    active.peak_rss_bytes = max(active.peak_rss_bytes, peak)
                    before = active.job
                    if active.snapshot() != before:
                        self._tell(active, active.job)


def _log_end(job: Job) -> None:
    result = job.result or JobResult()
    progress = result.progress()
    log.info(
        "a job ended",
        kind=job.kind,
        job_id=job.id,
        root=job.root_names,
        state=job.state.value,
        message=job.message,
        duration_s=round(result.duration_s, 3),
        files=progress.files,
        files_per_s=round(progress.files_per_s, 1),
        hashed_bytes=progress.hashed_bytes,
        bytes_per_s=round(progress.bytes_per_s, 1),
        errors=result.errors,
        peak_rss_bytes=result.peak_rss_bytes,
        request_id=job.request_id,
    )
