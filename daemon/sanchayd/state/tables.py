"""The tables as SQLAlchemy sees them. Migrations are the truth of the file; a test holds the two together."""

from __future__ import annotations

from typing import Any

from sqlalchemy import JSON, Float, ForeignKey, Index, LargeBinary, text
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column


class Base(DeclarativeBase):
    """The declarative base."""


class RootTable(Base):
    """A root; ids are never used twice, since the catalog's rows go by them."""

    __tablename__ = "root"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    path: Mapped[bytes] = mapped_column(LargeBinary, unique=True)
    hash: Mapped[str]
    algorithm: Mapped[str]
    exclude: Mapped[list[str]] = mapped_column(JSON)
    one_file_system: Mapped[bool]
    skip_hidden: Mapped[bool]
    watch: Mapped[str] = mapped_column(server_default="auto")
    poll_s: Mapped[int] = mapped_column(server_default="300")
    expect_unreadable: Mapped[bytes] = mapped_column(LargeBinary, server_default=text("x''"))
    claimed: Mapped[bool] = mapped_column(server_default="1")
    created_ns: Mapped[int]


class JobTable(Base):
    """A job. It keeps its roots' names, for a root may be gone before its jobs are."""

    __tablename__ = "job"
    __table_args__ = (Index("job_state", "state"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str]
    roots: Mapped[list[dict[str, Any]]] = mapped_column(JSON)
    arguments: Mapped[dict[str, Any]] = mapped_column(JSON)
    state: Mapped[str]
    background: Mapped[bool]
    created_ns: Mapped[int]
    started_ns: Mapped[int]
    ended_ns: Mapped[int]
    message: Mapped[str]
    result: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    request_id: Mapped[str]
    message_words: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class JobErrorTable(Base):
    """One of a job's first hundred errors, in their order."""

    __tablename__ = "job_error"

    job_id: Mapped[int] = mapped_column(ForeignKey("job.id", ondelete="CASCADE"), primary_key=True)
    position: Mapped[int] = mapped_column(primary_key=True)
    path: Mapped[bytes] = mapped_column(LargeBinary)
    kind: Mapped[str]
    message: Mapped[str]


class ScheduleTable(Base):
    """A schedule: all that is ever known of it. `cron` is empty for an interval."""

    __tablename__ = "schedule"
    __table_args__ = ({"sqlite_autoincrement": True},)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    cron: Mapped[str]
    every_s: Mapped[int]
    anchor_ns: Mapped[int]
    action: Mapped[str]
    root_ids: Mapped[list[int]] = mapped_column(JSON)
    expression: Mapped[str]
    to_folder: Mapped[bytes] = mapped_column(LargeBinary)
    enabled: Mapped[bool]
    covered_ns: Mapped[int]
    created_ns: Mapped[int]


class ScheduleRunTable(Base):
    """A run of a schedule. `counts` is there for runs that made a report."""

    __tablename__ = "schedule_run"
    __table_args__ = (Index("schedule_run_of", "schedule_id", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True)
    schedule_id: Mapped[int] = mapped_column(ForeignKey("schedule.id", ondelete="CASCADE"))
    cause: Mapped[str]
    state: Mapped[str]
    started_ns: Mapped[int]
    ended_ns: Mapped[int]
    message: Mapped[str]
    job_ids: Mapped[list[int]] = mapped_column(JSON)
    counts: Mapped[dict[str, Any] | None] = mapped_column(JSON)
    file: Mapped[bytes] = mapped_column(LargeBinary)
    message_words: Mapped[dict[str, Any] | None] = mapped_column(JSON)


class ReportTable(Base):
    """The rows of a run's report, packed by `state.report_rows`: written and read as one."""

    __tablename__ = "report"

    run_id: Mapped[int] = mapped_column(ForeignKey("schedule_run.id", ondelete="CASCADE"), primary_key=True)
    packed: Mapped[bytes] = mapped_column(LargeBinary)


class KnownCatalogTable(Base):
    """One row: the catalog that the roots were kept in when the daemon ran last."""

    __tablename__ = "known_catalog"

    id: Mapped[int] = mapped_column(primary_key=True)
    catalog_id: Mapped[str]


class BackgroundPauseTable(Base):
    """One row: whether background work stands still."""

    __tablename__ = "background_pause"

    id: Mapped[int] = mapped_column(primary_key=True)
    paused: Mapped[bool]
    until_ns: Mapped[int]
    seconds: Mapped[float] = mapped_column(Float, server_default="0")
    boot: Mapped[str] = mapped_column(server_default="")
    boot_until_s: Mapped[float] = mapped_column(Float, server_default="0")
