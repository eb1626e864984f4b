"""state.db, read and written on one separate thread: SQLite's waits for the disk never hold the event loop."""

from __future__ import annotations

import asyncio
import contextlib
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError, SQLAlchemyError
from sqlalchemy.orm import Session

from sanchay.errors import DiskFull, InputOutputError, SanchayError
from sanchayd.state.database import open_database, to_error

Value = TypeVar("Value")
ROOM_RETRY_S = 2.0


class Waiter(Protocol):
    """What could not be written on a full disk, and waits in memory; false where there is nothing."""

    def __bool__(self) -> bool: ...

    def write(self, session: Session) -> None:
        """Writes all of it."""
        ...

    def clear(self) -> None:
        """It is written."""
        ...


class StateStore:
    """The one way to state.db. Raises SanchayError alone. A full disk ends nothing: see `disk_full`."""

    def __init__(self, engine: Engine, file: Path) -> None:
        self._engine = engine
        self.file = file
        self._thread = ThreadPoolExecutor(1, "state")
        self._waiters: list[Waiter] = []
        self._waiting: asyncio.Future[None] | None = None
        self.disk_full = False  # what is asked for cannot be kept just now; what becomes of jobs waits in memory

    @classmethod
    def open(cls, file: Path) -> StateStore:
        """Opens or makes the file; see `open_database` for the errors."""
        return cls(open_database(file), file)

    def close(self) -> None:
        """Waits for the last write, and writes what waited for room where there is some by now."""
        self._thread.shutdown(wait=True)
        for waiter in filter(None, self._waiters):
            with contextlib.suppress(SQLAlchemyError), Session(self._engine) as session, session.begin():
                waiter.write(session)
        self._engine.dispose()

    def write_with_room(self, waiter: Waiter) -> None:
        """From now on the waiter is asked to write as soon as a full disk has room."""
        self._waiters.append(waiter)

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
            failed = to_error(error.orig, self.file)
            if isinstance(failed, DiskFull | InputOutputError):
                self._engine.dispose()  # whatever state the connection was left in, the next write begins with another
            if isinstance(failed, DiskFull):
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
            for waiter in self._waiters:
                waiter.write(session)

        while self.disk_full:
            await asyncio.sleep(ROOM_RETRY_S)
            with contextlib.suppress(SanchayError):
                await self.run(work)
                for waiter in self._waiters:
                    waiter.clear()
                self.disk_full = False
