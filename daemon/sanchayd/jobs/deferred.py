"""What becomes of jobs while state.db has no room: kept in memory, answered from there, and written later."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import delete, update
from sqlalchemy.orm import Session

from sanchayd.jobs import rows
from sanchayd.jobs.job import Job, JobState
from sanchayd.state.tables import JobErrorTable, JobTable


def write_job(session: Session, job: Job) -> None:
    """Replaces the job of that id, and its errors."""
    session.merge(rows.from_job(job, job.id))
    session.execute(delete(JobErrorTable).where(JobErrorTable.job_id == job.id))
    session.add_all(rows.from_job_errors(job))


def write_state(session: Session, job_ids: list[int], state: JobState) -> None:
    """Writes the state of several jobs at once."""
    session.execute(update(JobTable).where(JobTable.id.in_(job_ids)).values(state=state.value))


class Deferred:
    """The newest of each job that could not be written; bounded by the jobs that there are."""

    def __init__(self) -> None:
        self._jobs: dict[int, Job] = {}
        self._states: dict[int, JobState] = {}

    def __bool__(self) -> bool:
        return bool(self._jobs or self._states)

    def put(self, job: Job) -> None:
        """The job as it is now."""
        self.forget(job.id)
        self._jobs[job.id] = job

    def put_state(self, job_id: int, state: JobState) -> None:
        """The state of a job whose row is written already."""
        job = self._jobs.get(job_id)
        if job is not None:
            self._jobs[job_id] = replace(job, state=state)
        else:
            self._states[job_id] = state

    def forget(self, job_id: int) -> None:
        """Something newer was written."""
        self._jobs.pop(job_id, None)
        self._states.pop(job_id, None)

    def current(self, job: Job) -> Job:
        """The job as it is, where its row is older."""
        if job.id in self._jobs:
            return self._jobs[job.id]
        state = self._states.get(job.id)
        return job if state is None else replace(job, state=state)

    def write(self, session: Session) -> None:
        """Writes all of them."""
        for job in self._jobs.values():
            write_job(session, job)
        for job_id, state in self._states.items():
            write_state(session, [job_id], state)

    def clear(self) -> None:
        """They are written."""
        self._jobs.clear()
        self._states.clear()
