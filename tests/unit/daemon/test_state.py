"""state.db: what was stored comes back, migrations and tables agree, a newer or broken file is left as it is."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy.exc
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, event

from sanchay.errors import DiskFull, ForeignDatabase, InputOutputError, NewerDatabase, SanchayError
from sanchay.sentences import Sentence
from sanchayd.jobs.job import Job, JobError, JobRoot, JobState
from sanchayd.jobs.scan import ScanKind, ScanResult
from sanchayd.jobs.store import JobStore
from sanchayd.roots.root import HashAlgorithm, HashScope, Root, RootSettings, WatchMode
from sanchayd.roots.store import RootStore
from sanchayd.state import StateStore, database, recognise
from sanchayd.state.tables import Base
from tests.support.fake_catalog import FakeCatalog
from tests.unit.daemon.conftest import until

FIRST_STEP = Path(__file__).parent / "state-0001.sql"
ROOT = Root(
    0,
    "films",
    b"/mnt/\xff",
    RootSettings(HashScope.NONE, HashAlgorithm.SHA256, ("a", "é"), True, True, WatchMode.POLL, 9),
    7,
)


class Stores:
    """state.db, and what is kept in it by noun."""

    def __init__(self, file: Path, engine: Engine | None = None) -> None:
        self.state = StateStore(engine or database.open_database(file), file)
        scans = ScanKind(FakeCatalog(), lambda _: None, 1)
        self.roots, self.jobs = RootStore(self.state), JobStore(self.state, (scans,))


def use(file: Path, work: Callable[[Stores], Awaitable[Any]], engine: Engine | None = None) -> Any:
    async def scene() -> Any:
        store = Stores(file, engine)
        try:
            return await work(store)
        finally:
            store.state.close()

    return asyncio.run(scene())


def test_roots_and_jobs_come_back_as_they_were(tmp_path: Path) -> None:
    file = tmp_path / "a %b" / "state.db"
    file.parent.mkdir()
    errors = (JobError(b"/\xfe", "io", "it broke"), JobError(b"/b", "permission", "no"))

    async def write(store: Stores) -> Job:
        root = await store.roots.add(ROOT)
        in_roots = (JobRoot(root.id, root.name), JobRoot(77, "gone"))
        job = await store.jobs.add(Job(0, "scan", in_roots, JobState.QUEUED, True, 5, {"deep": [1]}, request_id="r"))
        ended = Job(
            job.id,
            "scan",
            in_roots,
            JobState.PARTIAL,
            True,
            5,
            {"deep": [1]},
            6,
            7,
            result=ScanResult(files=2**40),
            message=Sentence("read-left-behind", path="/a"),
            errors=errors,
        )
        await store.jobs.update(ended)
        await store.jobs.update(ended)
        return ended

    async def read(store: Stores) -> None:
        (root,) = await store.roots.all()
        assert (root.name, root.path, root.settings) == (ROOT.name, ROOT.path, ROOT.settings)
        job = await store.jobs.job(1)
        assert job is not None
        assert (job.state, job.result, job.errors) == (JobState.PARTIAL, ended.result, errors)
        assert job.progress.files == 2**40
        assert (job.message, job.message.code, job.message.values) == (
            ended.message,
            "read-left-behind",
            {"path": "/a"},
        )
        assert await store.jobs.job(2) is None
        assert await store.jobs.unended() == []

    ended = use(file, write)
    use(file, read)


def migrated(file: Path) -> Engine:
    """A database that went through every step."""
    engine = database.make_engine(file)
    database.migrate(engine)
    return engine


def shape(file: Path) -> dict[str, Any]:
    """Everything that SQLite knows of the tables and indexes, but for the order of their columns."""

    def rows(connection: sqlite3.Connection, pragma: str, name: str) -> list[tuple[Any, ...]]:
        return sorted((row[1:] for row in connection.execute(f"PRAGMA {pragma}({name})")), key=repr)

    shapes: dict[str, Any] = {}
    with closing(sqlite3.connect(file)) as connection:
        for kind, name, sql in connection.execute("SELECT type, name, sql FROM sqlite_master").fetchall():
            shapes[name] = kind
            if kind == "table":
                keys = [row[1:] for row in rows(connection, "foreign_key_list", name)]
                unique = [
                    (index[1:], rows(connection, "index_info", index[0]))
                    for index in rows(connection, "index_list", name)
                ]
                shapes[name] = (rows(connection, "table_info", name), keys, sorted(unique), "AUTOINCREMENT" in sql)
    return shapes


def test_an_empty_file_gets_at_once_what_all_migrations_would_make(tmp_path: Path) -> None:
    migrated(tmp_path / "migrated.db").dispose()
    database.open_database(tmp_path / "made.db").dispose()
    assert shape(tmp_path / "made.db") == shape(tmp_path / "migrated.db")


def test_a_kill_while_the_first_tables_are_made_leaves_an_empty_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "state.db"
    with monkeypatch.context() as patched:
        patched.setattr(database, "REVISIONS", (*database.REVISIONS, object()))  # the last statement fails
        with pytest.raises(sqlalchemy.exc.DBAPIError):  # of which kind, each Python says otherwise
            database.open_database(file)
    assert shape(file) == {}
    database.open_database(file).dispose()
    assert database.revision(file) == database.REVISIONS[-1]


def test_the_migrations_make_the_tables_that_the_code_knows(tmp_path: Path) -> None:
    engine = migrated(tmp_path / "state.db")
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert context.get_current_revision() == database.REVISIONS[-1]
    engine.dispose()


def test_a_newer_file_is_refused_and_not_a_byte_of_it_changes(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    database.open_database(file).dispose()
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    before = file.read_bytes()
    with pytest.raises(NewerDatabase, match="start the newer Sanchay"):
        database.open_database(file)
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["state.db"]


def test_a_write_that_a_kill_cut_short_is_taken_back(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    database.open_database(file).dispose()
    code = (
        "import os, sqlite3, sys\nc = sqlite3.connect(sys.argv[1])\nc.execute('PRAGMA cache_size = 1')\n"
        "c.executemany(\"INSERT INTO job_error VALUES (?, 1, x'00', 'k', ?)\", ((n, 'm' * 900) for n in range(2000)))\n"
        "os._exit(9)\n"
    )
    assert subprocess.run([sys.executable, "-c", code, str(file)], check=False).returncode == 9
    assert file.with_name("state.db-journal").stat().st_size > 0
    assert use(file, lambda store: store.jobs.jobs(before_id=None, limit=1)) == []
    assert not file.with_name("state.db-journal").exists()


def test_an_older_file_is_copied_before_it_is_migrated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "state.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.execute("CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL)")
        connection.execute("INSERT INTO alembic_version VALUES ('0000')")
        connection.execute(f"PRAGMA application_id = {recognise.APPLICATION_ID}")
    monkeypatch.setattr(database, "REVISIONS", ("0000", "0001"))
    monkeypatch.setattr(database, "migrate", lambda _: None)
    database.open_database(file).dispose()
    assert (tmp_path / "state.db.0000.bak").exists()


def test_roots_of_the_first_step_are_watched_as_their_file_systems_allow(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(FIRST_STEP.read_text("utf-8"))
        old = "INSERT INTO job VALUES (9, 'scan', 1, 'films', 'failed', 0, 1, 2, 3, 'the disk is gone', NULL, 'r')"
        connection.execute(old)
    (root,) = use(file, lambda store: store.roots.all())
    assert (root.name, root.path, root.settings.exclude) == ("films", b"/mnt/films", ("*.tmp",))
    assert (root.settings.watch, root.settings.poll_s) == (WatchMode.AUTO, 300)
    assert (tmp_path / "state.db.0001.bak").exists()
    job = use(file, lambda store: store.jobs.job(9))
    assert (job.message, job.message.code) == ("the disk is gone", "")  # English, as it was stored


def test_a_file_that_is_no_database_is_left_and_said(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    file.write_bytes(b"not a database, but a person's notes " * 100)
    with pytest.raises(ForeignDatabase, match="move it away"):
        database.open_database(file)
    assert file.read_bytes().startswith(b"not a database")


@pytest.mark.parametrize(
    "script",
    [
        "CREATE TABLE customer (id)",
        "PRAGMA journal_mode = WAL; CREATE TABLE root (id); CREATE TABLE job (id)",
        "PRAGMA application_id = 7; CREATE TABLE alembic_version (v); CREATE TABLE root (id); CREATE TABLE job (id)",
        f"PRAGMA application_id = {recognise.CATALOG_ID}; CREATE TABLE meta (key)",
    ],
)
def test_another_programs_database_is_refused_and_nothing_is_written_to_it_or_beside_it(
    tmp_path: Path, script: str
) -> None:
    file = tmp_path / "state.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(script)
    before = file.read_bytes()
    with pytest.raises(SanchayError, match="left untouched") as caught:
        database.open_database(file)
    assert (type(caught.value), caught.value.path) == (ForeignDatabase, bytes(file))
    assert file.read_bytes() == before
    assert [path.name for path in tmp_path.iterdir()] == ["state.db"]


def test_a_file_from_before_the_number_is_adopted_and_gets_it(tmp_path: Path) -> None:
    file = tmp_path / "state.db"
    with closing(sqlite3.connect(file)) as connection, connection:
        connection.executescript(FIRST_STEP.read_text("utf-8"))
    database.open_database(file).dispose()
    assert recognise.recognise(file) == recognise.APPLICATION_ID


@pytest.mark.parametrize("name", [b"what?mode=ro", b"a%20b", b"\xff\xfe", b"c#d;e"])
def test_a_home_of_any_name_has_its_own_database(tmp_path: Path, name: bytes) -> None:
    folder = Path(os.fsdecode(os.path.join(bytes(tmp_path), name)))
    folder.mkdir()
    use(folder / "state.db", lambda store: store.roots.add(ROOT))
    assert [path.name for path in folder.iterdir()] == ["state.db"]
    assert [path.name for path in tmp_path.iterdir()] == [folder.name]
    assert len(use(folder / "state.db", lambda store: store.roots.all())) == 1


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("database or disk is full", DiskFull),
        ("attempt to write a readonly database", InputOutputError),  # there is no such file any more
        ("disk I/O error", InputOutputError),
    ],
)
def test_what_sqlite_says_becomes_a_kind(text: str, kind: type[SanchayError]) -> None:
    assert type(database.to_error(sqlite3.OperationalError(text), Path("/s"))) is kind


def test_a_name_that_is_taken_behind_our_back_is_an_error_of_the_domain(tmp_path: Path) -> None:
    async def work(store: Stores) -> None:
        await store.roots.add(ROOT)
        with pytest.raises(SanchayError, match="UNIQUE"):
            await store.roots.add(ROOT)

    use(tmp_path / "state.db", work)


def test_old_jobs_are_forgotten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanchayd.jobs.store.KEPT_JOBS", 3)

    async def work(store: Stores) -> None:
        for state in (JobState.PAUSED, JobState.DONE, JobState.DONE, JobState.DONE, JobState.DONE, JobState.DONE):
            await store.jobs.add(Job(0, "scan", (JobRoot(1, "a"),), state, False, 1))
        left = await store.jobs.jobs(before_id=None, limit=10)
        assert [job.id for job in left] == [6, 5, 4, 1]

    use(tmp_path / "state.db", work)


def test_a_full_disk_fails_no_job_and_is_over_when_there_is_room(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sanchayd.state.store.ROOM_RETRY_S", 0.01)
    file = tmp_path / "state.db"
    engine = database.open_database(file)
    is_full = False

    @event.listens_for(engine, "connect")
    def _limit(connection: sqlite3.Connection, _record: Any) -> None:
        if is_full:
            connection.execute("PRAGMA max_page_count = 1")  # no page more than it has

    async def work(store: Stores) -> None:
        nonlocal is_full
        job = await store.jobs.add(Job(0, "scan", (JobRoot(1, "a"),), JobState.RUNNING, False, 1))
        is_full = True
        engine.dispose()
        ended = replace(job, state=JobState.DONE, message=Sentence.plain("m" * 100_000))
        await store.jobs.update(ended)
        assert store.state.disk_full
        assert (await store.jobs.job(job.id), await store.jobs.jobs(before_id=None, limit=9)) == (ended, [ended])
        with pytest.raises(DiskFull, match="Make room"):
            await store.roots.add(replace(ROOT, name="n" * 100_000))
        is_full = False
        await until(lambda: not store.state.disk_full)
        assert (await store.roots.add(ROOT)).id == 1

    use(file, work, engine)
    (job,) = use(file, lambda store: store.jobs.jobs(before_id=None, limit=9))
    assert (job.state, len(job.message)) == (JobState.DONE, 100_000)
