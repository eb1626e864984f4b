"""Roots and jobs, read and written on one thread of its own: SQLite's waits for the disk never hold the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Engine, delete, select, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from sanchayd.errors import DomainError, ErrorKind
from sanchayd.jobs.job import Job, JobState
from sanchayd.roots.root import Root
from sanchayd.state import rows
from sanchayd.state.database import open_database, to_domain
from sanchayd.state.deferred import Deferred, write_job, write_state
from sanchayd.state.tables import BackgroundPauseTable, JobErrorTable, JobTable, KnownCatalogTable, RootTable
from sanchayd.upkeep.pause import BackgroundPause

Value = TypeVar("Value")
KEPT_JOBS = 1000
ROOM_RETRY_S = 2.0


class StateStore:
    """The one way to state.db. Raises DomainError alone. A full disk ends nothing: see `disk_full`."""

    def __init__(self, engine: Engine, file: Path) -> None:
        self._engine = engine
        self.file = file
        self._thread = ThreadPoolExecutor(1, "state")
        self._deferred = Deferred()
        self._waiting: asyncio.Future[None] | None = None
        self.disk_full = False  # what is asked for cannot be kept just now; what becomes of jobs waits in memory

    @classmethod
    def open(cls, file: Path) -> StateStore:
        """Opens or makes the file; see `open_database` for the errors."""
        return cls(open_database(file), file)

    def close(self) -> None:
        """Waits for the last write, and writes what waited for room where there is some by now."""
        self._thread.shutdown(wait=True)
        if self._deferred:
            with contextlib.suppress(SQLAlchemyError), Session(self._engine) as session, session.begin():
                self._deferred.write(session)
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
        """Replaces the job of that id, and its errors. Where the disk is full it waits in memory for room."""
        try:
            await self.run(lambda s: write_job(s, job))
        except DomainError as error:
            self._defer_or_raise(error)
            self._deferred.put(job)
        else:
            self._deferred.forget(job.id)

    async def set_job_states(self, job_ids: Sequence[int], state: JobState) -> None:
        """Writes the state of several jobs at once; see `update_job`."""
        try:
            await self.run(lambda s: write_state(s, list(job_ids), state))
        except DomainError as error:
            self._defer_or_raise(error)
            for job_id in job_ids:
                self._deferred.put_state(job_id, state)
        else:
            for job_id in job_ids:
                self._deferred.forget(job_id)

    def _defer_or_raise(self, error: DomainError) -> None:
        if error.kind is not ErrorKind.DISK_FULL:
            raise error

    async def job(self, job_id: int) -> Job | None:
        """One job with its errors."""

        def work(session: Session) -> Job | None:
            row = session.get(JobTable, job_id)
            if row is None:
                return None
            errors = select(JobErrorTable).where(JobErrorTable.job_id == job_id).order_by(JobErrorTable.position)
            return rows.to_job(row, session.scalars(errors).all())

        job = await self.run(work)
        return job and self._deferred.current(job)

    async def jobs(self, *, before_id: int | None, limit: int) -> list[Job]:
        """Jobs, newest first, without their errors."""
        query = select(JobTable).order_by(JobTable.id.desc()).limit(limit)
        if before_id is not None:
            query = query.where(JobTable.id < before_id)
        found = await self.run(lambda s: [rows.to_job(row) for row in s.scalars(query)])
        return [self._deferred.current(job) for job in found]

    async def unended_jobs(self) -> list[Job]:
        """Jobs that a daemon left when it ended, oldest first."""
        open_states = [state.value for state in JobState if not state.ended]
        query = select(JobTable).where(JobTable.state.in_(open_states)).order_by(JobTable.id)
        return await self.run(lambda s: [rows.to_job(row) for row in s.scalars(query)])

    async def known_catalog(self) -> str:
        """The id of the catalog that the roots were kept in when the daemon ran last; empty where that is not known."""

        def work(session: Session) -> str:
            row = session.get(KnownCatalogTable, 1)
            return row.catalog_id if row is not None else ""

        return await self.run(work)

    async def set_known_catalog(self, catalog_id: str) -> None:
        """Remembers it."""
        await self.run(lambda s: s.merge(KnownCatalogTable(id=1, catalog_id=catalog_id)))

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
            value = await asyncio.get_running_loop().run_in_executor(self._thread, call)
        except DBAPIError as error:
            if not isinstance(error.orig, sqlite3.Error):
                raise
            failed = to_domain(error.orig, self.file)
            if failed.kind in {ErrorKind.DISK_FULL, ErrorKind.IO}:
                self._engine.dispose()  # whatever state the connection was left in, the next write begins with another
            if failed.kind is ErrorKind.DISK_FULL:
                self._wait_for_room()
            raise failed from error
        return value

    def _wait_for_room(self) -> None:
        self.disk_full = True
        if self._waiting is None or self._waiting.done():
            self._waiting = asyncio.ensure_future(self._retry())

    async def _retry(self) -> None:
        """Until there is room: then what waits is written, and be it nothing, something to see whether that works."""

        def work(session: Session) -> None:
            session.execute(text("PRAGMA user_version = 0"))
            self._deferred.write(session)

        while self.disk_full:
            await asyncio.sleep(ROOM_RETRY_S)
            with contextlib.suppress(DomainError):
                await self.run(work)
                self._deferred.clear()
                self.disk_full = False


def _forget_old_jobs(session: Session, newest_id: int) -> None:
    """Keeps the table bounded: ended jobs far behind the newest go, and their errors with them."""
    ended = [state.value for state in JobState if state.ended]
    session.execute(delete(JobTable).where(JobTable.id <= newest_id - KEPT_JOBS, JobTable.state.in_(ended)))
