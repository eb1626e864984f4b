"""Jobs as clients ask for them: start or join, list, look at, follow, pause, resume and cancel."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from sanchay import names
from sanchay.errors import InvalidArgument, JobNotActive, JobNotFound, ShuttingDown
from sanchayd.jobs.job import Job, JobRoot, JobState
from sanchayd.jobs.queue import ActiveJob, JobQueue
from sanchayd.jobs.store import JobStore
from sanchayd.roots.registry import RootRegistry

DEFAULT_LIMIT = 50
MAX_LIMIT = 500


@dataclass(frozen=True)
class JobPage:
    """Jobs, newest first; an empty token is the last page."""

    jobs: tuple[Job, ...]
    next_token: str


class JobService:
    """Use cases on jobs."""

    def __init__(self, registry: RootRegistry, queue: JobQueue, store: JobStore, now_ns: Callable[[], int]) -> None:
        self._registry = registry
        self._queue = queue
        self._store = store
        self._now_ns = now_ns
        self._starting = asyncio.Lock()

    async def restore(self) -> int:
        """Goes on with what the last daemon left; how many jobs that are. A paused one stays paused."""
        left, count = await self._store.unended(), 0
        for job in left:
            roots_are_there = all(self._registry.get(root_id) is not None for root_id in job.root_ids)
            if not (roots_are_there and self._queue.knows(job)) or self._queue.like(job) is not None:
                await self._store.set_states([job.id], JobState.CANCELLED)
            elif why := self._queue.why_it_ended(job):
                await self._store.update(replace(job, state=JobState.FAILED, ended_ns=self._now_ns(), message=why))
            elif job.state is JobState.PAUSED:
                self._queue.add(job)
                count += 1
            else:
                await self._store.set_states([job.id], JobState.QUEUED)
                self._queue.add(_queued(job))
                count += 1
        return count

    async def start(
        self,
        kind: str,
        roots: Sequence[JobRoot],
        *,
        background: bool,
        request_id: str,
        arguments: Mapping[str, Any] | None = None,
    ) -> Job:
        """Starts a job, or joins the one that waits or runs and does the same."""
        job = Job(
            id=0,
            kind=kind,
            roots=tuple(roots),
            arguments=arguments or {},
            state=JobState.QUEUED,
            background=background,
            created_ns=self._now_ns(),
            request_id=request_id,
        )
        # A caller that goes away while its row is written leaves a job that runs, not a row that nothing comes of.
        active, is_new = await asyncio.shield(self._started(job))
        if is_new:
            return active.job
        if not background:
            self._queue.foreground(active)
        return active.snapshot()

    async def _started(self, job: Job) -> tuple[ActiveJob, bool]:
        """The job, and whether it is a new one. Those who ask together get one: one writes its row."""
        async with self._starting:
            active = self._queue.like(job)
            if active is not None:
                return active, False
            for root_id in job.root_ids:
                self._queue.check_free(root_id)
            return self._queue.add(await self._store.add(job)), True

    async def list_jobs(self, *, active_only: bool, limit: int, token: str) -> JobPage:
        """A page of jobs, newest first."""
        limit = min(limit or DEFAULT_LIMIT, MAX_LIMIT)
        if active_only:
            jobs = sorted((active.snapshot() for active in self._queue.active()), key=lambda job: -job.id)
            return JobPage(tuple(jobs), "")
        if token and not token.isdecimal():
            raise InvalidArgument(f"{names.quoted(token)} is not a valid page token of this listing.")
        stored = await self._store.jobs(before_id=int(token) if token else None, limit=limit + 1)
        page = [self._current(job) for job in stored[:limit]]
        return JobPage(tuple(page), str(page[-1].id) if len(stored) > limit else "")

    async def get(self, job_id: int) -> Job:
        """One job with its errors. Raises job_not_found."""
        active = self._queue.get(job_id)
        if active is not None:
            return active.snapshot()
        job = await self._store.job(job_id)
        if job is None:
            raise JobNotFound(f"There is no job {job_id}.", details={"job_id": str(job_id)})
        return job

    async def follow(self, job_id: int) -> AsyncGenerator[Job, None]:
        """The job at once, then at each change until it has ended. Raises shutting_down where the daemon ends first."""
        active = self._queue.get(job_id)
        if active is None:
            yield await self.get(job_id)
            return
        with active.topic.subscribe(capacity=1) as changes:
            job = active.snapshot()
            yield job
            async for job in changes:
                yield job
        if not job.state.ended:
            then = self._queue.why_it_ended(job) or f"The {job.kind} goes on at its next start."
            raise ShuttingDown(f"sanchayd is stopping. {then}")

    async def cancel(self, job_id: int) -> Job:
        """Ends a job; what it found stays."""
        active = await self._active(job_id)
        await self._queue.cancel(active)
        return active.job

    async def pause(self, job_id: int) -> Job:
        """Holds a job still."""
        active = await self._active(job_id)
        self._queue.pause(active)
        return active.job

    async def resume(self, job_id: int) -> Job:
        """Goes on with a paused job."""
        active = await self._active(job_id)
        self._queue.resume(active)
        return active.job

    async def cancel_of_root(self, root_id: int) -> None:
        """Ends all work in a root that is about to go. Raises busy where a read that hangs holds its rows."""
        for active in self._queue.of_root(root_id):
            await self._queue.cancel(active)
        self._queue.check_free(root_id)

    async def _active(self, job_id: int) -> ActiveJob:
        active = self._queue.get(job_id)
        if active is None or active.job.state.ended:
            job = await self.get(job_id)
            raise JobNotActive(
                f"Job {job_id} has ended already: {job.state.value}.",
                details={"job_id": str(job_id), "state": job.state.value},
            )
        return active

    def _current(self, job: Job) -> Job:
        active = self._queue.get(job.id)
        return active.snapshot() if active is not None else job


def _queued(job: Job) -> Job:
    """The job as it was asked for."""
    return Job(
        id=job.id,
        kind=job.kind,
        roots=job.roots,
        arguments=job.arguments,
        state=JobState.QUEUED,
        background=job.background,
        created_ns=job.created_ns,
        request_id=job.request_id,
    )
