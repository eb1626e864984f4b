"""Roots and jobs, read and written on one thread of its own: SQLite's waits for the disk never hold the event loop."""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, delete, select, update
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from sanchayd.models import BackgroundPause, Job, JobState, Root
from sanchayd.state import rows
from sanchayd.state.database import open_database, to_domain
from sanchayd.state.tables import BackgroundPauseTable, JobErrorTable, JobTable, RootTable

Value = TypeVar("Value")
KEPT_JOBS = 1000


class StateStore:
    """The one way to state.db. Raises DomainError alone."""

    def __init__(self, engine: Engine, file: Path) -> None:
        self._engine = engine
        self._file = file
        self._thread = ThreadPoolExecutor(1, "state")

    @classmethod
    def open(cls, file: Path) -> StateStore:
        """Opens or makes the file; see `open_database` for the errors."""
        return cls(open_database(file), file)

    def close(self) -> None:
        """Waits for the last write."""
        self._thread.shutdown(wait=True)
        self._engine.dispose()

    async def roots(self) -> list[Root]:
        """Every root, in the order in which they were added."""
        return await self.run(lambda s: [rows.to_root(row) for row in s.scalars(select(RootTable).order_by("id"))])

    async def add_root(self, root: Root) -> Root:
        """The root with its new id."""

        def work(session: Session) -> Root:
            row = rows.from_root(root)
            session.add(row)
            session.flush()
            return rows.to_root(row)

        return await self.run(work)

    async def update_root(self, root: Root) -> None:
        """Replaces the root of that id."""
        await self.run(lambda s: s.merge(rows.from_root(root, root.id)))

    async def remove_root(self, root_id: int) -> None:
        """Forgets the root; its jobs stay."""
        await self.run(lambda s: s.execute(delete(RootTable).where(RootTable.id == root_id)))

    async def add_job(self, job: Job) -> Job:
        """The job with its new id."""

        def work(session: Session) -> Job:
            row = rows.from_job(job)
            session.add(row)
            session.flush()
            _forget_old_jobs(session, row.id)
            return rows.to_job(row)

        return await self.run(work)

    async def update_job(self, job: Job) -> None:
        """Replaces the job of that id, and its errors once it has any."""

        def work(session: Session) -> None:
            session.merge(rows.from_job(job, job.id))
            session.execute(delete(JobErrorTable).where(JobErrorTable.job_id == job.id))
            session.add_all(rows.from_job_errors(job))

        await self.run(work)

    async def set_job_states(self, job_ids: Sequence[int], state: JobState) -> None:
        """Writes the state of several jobs at once."""
        await self.run(lambda s: s.execute(update(JobTable).where(JobTable.id.in_(job_ids)).values(state=state.value)))

    async def job(self, job_id: int) -> Job | None:
        """One job with its errors."""

        def work(session: Session) -> Job | None:
            row = session.get(JobTable, job_id)
            if row is None:
                return None
            errors = select(JobErrorTable).where(JobErrorTable.job_id == job_id).order_by(JobErrorTable.position)
            return rows.to_job(row, session.scalars(errors).all())

        return await self.run(work)

    async def jobs(self, *, before_id: int | None, limit: int) -> list[Job]:
        """Jobs, newest first, without their errors."""
        query = select(JobTable).order_by(JobTable.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(JobTable.id < before_id)
        return await self.run(lambda s: [rows.to_job(row) for row in s.scalars(query)])

    async def unended_jobs(self) -> list[Job]:
        """Jobs that a daemon left when it ended, oldest first."""
        open_states = [state.value for state in JobState if not state.ended]
        query = select(JobTable).where(JobTable.state.in_(open_states)).order_by(JobTable.id)
        return await self.run(lambda s: [rows.to_job(row) for row in s.scalars(query)])

    async def background_pause(self) -> BackgroundPause:
        """The pause that was last asked for."""

        def work(session: Session) -> BackgroundPause:
            row = session.get(BackgroundPauseTable, 1)
            if row is None:
                return BackgroundPause()
            return BackgroundPause(row.paused, row.until_ns, row.seconds, row.boot, row.boot_until_s)

        return await self.run(work)

    async def set_background_pause(self, pause: BackgroundPause) -> None:
        """Remembers it over restarts."""
        await self.run(lambda s: s.merge(BackgroundPauseTable(id=1, **asdict(pause))))

    async def run(self, work: Callable[[Session], Value]) -> Value:
        """The work's value, done in one transaction on the thread of state.db."""

        def call() -> Value:
            with Session(self._engine, expire_on_commit=False) as session, session.begin():
                return work(session)

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, call)
        except DBAPIError as error:
            if isinstance(error.orig, sqlite3.Error):
                raise to_domain(error.orig, self._file) from error
            raise


def _forget_old_jobs(session: Session, newest_id: int) -> None:
    """Keeps the table bounded: ended jobs far behind the newest go, and their errors with them."""
    ended = [state.value for state in JobState if state.ended]
    session.execute(delete(JobTable).where(JobTable.id <= newest_id - KEPT_JOBS, JobTable.state.in_(ended)))
