"""Schedules, their runs and reports in state.db. Raises SanchayError alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict

from sqlalchemy import delete, func, select, true, update
from sqlalchemy.orm import Session

from sanchay.sentences import Sentence
from sanchayd.reports import rows as report_rows
from sanchayd.reports.report import Report, ReportCounts
from sanchayd.schedules.schedule import Action, Run, RunState, Schedule
from sanchayd.state.store import StateStore
from sanchayd.state.tables import JobTable, ReportTable, ScheduleRunTable, ScheduleTable


class ScheduleStore:
    """The part of state.db that schedules are in, through the one thread that state.db has."""

    def __init__(self, store: StateStore) -> None:
        self._store = store

    async def schedules(self) -> list[Schedule]:
        """Every schedule, in the order in which they were added."""
        query = select(ScheduleTable).order_by(ScheduleTable.id)
        return await self._store.run(lambda s: [_to_schedule(row) for row in s.scalars(query)])

    async def add(self, schedule: Schedule) -> Schedule:
        """The schedule with its new id."""

        def work(session: Session) -> Schedule:
            row = _from_schedule(schedule)
            row.id = None  # type: ignore[assignment]  # the table gives it
            session.add(row)
            session.flush()
            return _to_schedule(row)

        return await self._store.run(work)

    async def update(self, schedule: Schedule) -> None:
        """Replaces the schedule of that id."""
        await self._store.run(lambda s: s.merge(_from_schedule(schedule)))

    async def remove(self, schedule_id: int) -> None:
        """Forgets a schedule with its runs and reports."""
        await self._store.run(lambda s: s.execute(delete(ScheduleTable).where(ScheduleTable.id == schedule_id)))

    async def names_of_roots(self, root_ids: Iterable[int]) -> dict[int, str]:
        """The names that removed roots had, by the newest of their jobs that are kept."""
        roots = func.json_each(JobTable.roots).table_valued("value")
        root_id, name = (func.json_extract(roots.c.value, f"$.{key}") for key in ("id", "name"))
        query = select(root_id, name).select_from(JobTable).join(roots, true())
        rows = query.where(root_id.in_(root_ids)).order_by(JobTable.id)
        return await self._store.run(lambda s: dict(s.execute(rows).all()))

    async def begin_run(self, run: Run, schedule: Schedule) -> Run:
        """The run with its new id. The schedule's row says in the same step that the nominal time is dealt with."""

        def work(session: Session) -> Run:
            row = _from_run(run)
            row.id = None  # type: ignore[assignment]  # the table gives it
            session.add(row)
            session.execute(
                update(ScheduleTable).where(ScheduleTable.id == schedule.id).values(covered_ns=schedule.covered_ns)
            )
            session.flush()
            return _to_run(row)

        return await self._store.run(work)

    async def end_run(self, run: Run, report: Report | None, kept_runs: int) -> None:
        """Stores how a run ended, and its report; runs beyond the newest `kept_runs` go."""

        def work(session: Session) -> None:
            if session.get(ScheduleRunTable, run.id) is None:
                return  # its schedule was removed in between
            session.merge(_from_run(run))
            session.flush()
            if report is not None:
                session.merge(ReportTable(run_id=run.id, packed=report_rows.pack(report)))
            of_schedule = ScheduleRunTable.schedule_id == run.schedule_id
            newest = (
                select(ScheduleRunTable.id).where(of_schedule).order_by(ScheduleRunTable.id.desc()).limit(kept_runs)
            )
            session.execute(delete(ScheduleRunTable).where(of_schedule, ScheduleRunTable.id.not_in(newest)))

        await self._store.run(work)

    async def interrupt_runs(self, now_ns: int) -> None:
        """What a daemon left under way is said to be interrupted."""
        left = update(ScheduleRunTable).where(ScheduleRunTable.state == RunState.RUNNING.value)
        said = Sentence("daemon-ended-in-run")
        values = {
            "state": RunState.INTERRUPTED.value,
            "ended_ns": now_ns,
            "message": str(said),
            "message_words": said.document(),
        }
        await self._store.run(lambda s: s.execute(left.values(**values)))

    async def last_runs(self) -> dict[int, Run]:
        """The newest run of each schedule, by the schedule's id."""
        newest = select(func.max(ScheduleRunTable.id)).group_by(ScheduleRunTable.schedule_id)
        query = select(ScheduleRunTable).where(ScheduleRunTable.id.in_(newest))
        return await self._store.run(lambda s: {row.schedule_id: _to_run(row) for row in s.scalars(query)})

    async def runs(self, schedule_id: int, limit: int) -> list[Run]:
        """Runs of a schedule, newest first."""
        query = select(ScheduleRunTable).where(ScheduleRunTable.schedule_id == schedule_id)
        query = query.order_by(ScheduleRunTable.id.desc()).limit(limit)
        return await self._store.run(lambda s: [_to_run(row) for row in s.scalars(query)])

    async def run(self, run_id: int) -> Run | None:
        """One run."""

        def work(session: Session) -> Run | None:
            row = session.get(ScheduleRunTable, run_id)
            return None if row is None else _to_run(row)

        return await self._store.run(work)

    async def newest_report(self, schedule_id: int, before_run: int = 0) -> Run | None:
        """The newest run that has a report, before another run where one is named."""
        query = select(ScheduleRunTable).join(ReportTable, ReportTable.run_id == ScheduleRunTable.id)
        query = query.where(ScheduleRunTable.schedule_id == schedule_id)
        if before_run:
            query = query.where(ScheduleRunTable.id < before_run)
        query = query.order_by(ScheduleRunTable.id.desc()).limit(1)

        def work(session: Session) -> Run | None:
            row = session.scalars(query).first()
            return None if row is None else _to_run(row)

        return await self._store.run(work)

    async def report(self, run_id: int) -> Report | None:
        """The rows of a run's report."""

        def work(session: Session) -> Report | None:
            row = session.get(ReportTable, run_id)
            return None if row is None else report_rows.unpack(row.packed)

        return await self._store.run(work)


def _to_schedule(row: ScheduleTable) -> Schedule:
    return Schedule(
        id=row.id,
        name=row.name,
        cron=row.cron,
        every_s=row.every_s,
        anchor_ns=row.anchor_ns,
        action=Action(row.action),
        root_ids=tuple(row.root_ids),
        expression=row.expression,
        to_folder=row.to_folder,
        enabled=row.enabled,
        covered_ns=row.covered_ns,
        created_ns=row.created_ns,
    )


def _from_schedule(schedule: Schedule) -> ScheduleTable:
    return ScheduleTable(
        id=schedule.id,
        name=schedule.name,
        cron=schedule.cron,
        every_s=schedule.every_s,
        anchor_ns=schedule.anchor_ns,
        action=schedule.action.value,
        root_ids=list(schedule.root_ids),
        expression=schedule.expression,
        to_folder=schedule.to_folder,
        enabled=schedule.enabled,
        covered_ns=schedule.covered_ns,
        created_ns=schedule.created_ns,
    )


def _to_run(row: ScheduleRunTable) -> Run:
    return Run(
        id=row.id,
        schedule_id=row.schedule_id,
        cause=row.cause,
        state=RunState(row.state),
        started_ns=row.started_ns,
        ended_ns=row.ended_ns,
        message=Sentence.of_document(row.message, row.message_words),
        job_ids=tuple(row.job_ids),
        counts=ReportCounts(**row.counts) if row.counts is not None else None,
        file=row.file,
    )


def _from_run(run: Run) -> ScheduleRunTable:
    job_ids: Sequence[int] = run.job_ids
    return ScheduleRunTable(
        id=run.id,
        schedule_id=run.schedule_id,
        cause=run.cause,
        state=run.state.value,
        started_ns=run.started_ns,
        ended_ns=run.ended_ns,
        message=str(run.message),
        message_words=run.message.document(),
        job_ids=list(job_ids),
        counts=asdict(run.counts) if run.counts is not None else None,
        file=run.file,
    )
