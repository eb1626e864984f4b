"""Jobs in state.db, and in memory while its disk is full."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from sanchay.errors import DiskFull
from sanchayd.jobs import rows
from sanchayd.jobs.deferred import Deferred, write_job, write_state
from sanchayd.jobs.job import Job, JobState
from sanchayd.jobs.kind import JobKind
from sanchayd.state import StateStore
from sanchayd.state.tables import JobErrorTable, JobTable

KEPT_JOBS = 1000


class JobStore:
    """What was asked for, and what became of it. Raises SanchayError alone."""

    def __init__(self, state: StateStore, kinds: Iterable[JobKind]) -> None:
        self._state = state
        self._kinds = {kind.name: kind for kind in kinds}
        self._deferred = Deferred()
        state.write_with_room(self._deferred)

    async def add(self, job: Job) -> Job:
        """The job with its new id."""

        def work(session: Session) -> Job:
            row = rows.from_job(job)
            session.add(row)
            session.flush()
            _forget_old_jobs(session, row.id)
            return rows.to_job(row, self._kinds)

        return await self._state.run(work)

    async def update(self, job: Job) -> None:
        """Replaces the job of that id, and its errors. Where the disk is full it waits in memory for room."""
        try:
            await self._state.run(lambda s: write_job(s, job))
        except DiskFull:
            self._deferred.put(job)
        else:
            self._deferred.forget(job.id)

    async def set_states(self, job_ids: Sequence[int], state: JobState) -> None:
        """Writes the state of several jobs at once; see `update`."""
        try:
            await self._state.run(lambda s: write_state(s, list(job_ids), state))
        except DiskFull:
            for job_id in job_ids:
                self._deferred.put_state(job_id, state)
        else:
            for job_id in job_ids:
                self._deferred.forget(job_id)

    async def job(self, job_id: int) -> Job | None:
        """One job with its errors."""

        def work(session: Session) -> Job | None:
            row = session.get(JobTable, job_id)
            if row is None:
                return None
            errors = select(JobErrorTable).where(JobErrorTable.job_id == job_id).order_by(JobErrorTable.position)
            return rows.to_job(row, self._kinds, session.scalars(errors).all())

        job = await self._state.run(work)
        return job and self._deferred.current(job)

    async def jobs(self, *, before_id: int | None, limit: int) -> list[Job]:
        """Jobs, newest first, without their errors."""
        query = select(JobTable).order_by(JobTable.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(JobTable.id < before_id)
        found = await self._state.run(lambda s: [rows.to_job(row, self._kinds) for row in s.scalars(query)])
        return [self._deferred.current(job) for job in found]

    async def unended(self) -> list[Job]:
        """Jobs that a daemon left when it ended, oldest first."""
        open_states = [state.value for state in JobState if not state.ended]
        query = select(JobTable).where(JobTable.state.in_(open_states)).order_by(JobTable.id)
        return await self._state.run(lambda s: [rows.to_job(row, self._kinds) for row in s.scalars(query)])


def _forget_old_jobs(session: Session, newest_id: int) -> None:
    """Keeps the table bounded: ended jobs far behind the newest go, and their errors with them."""
    ended = [state.value for state in JobState if state.ended]
    session.execute(delete(JobTable).where(JobTable.id <= newest_id - KEPT_JOBS, JobTable.state.in_(ended)))
