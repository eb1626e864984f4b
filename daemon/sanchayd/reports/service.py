"""Makes the reports of runs, and reads them again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from sanchay import names
from sanchay.errors import LIST_RUNS, NotAbsolute, RunNotFound, SanchayError
from sanchay.sentences import NOTHING, Sentence
from sanchayd.config import Config
from sanchayd.engine_port import CatalogPool, QuestionsPort
from sanchayd.engine_port.values import FileRow
from sanchayd.reports import diff as report_diff
from sanchayd.reports import file as report_file
from sanchayd.reports import hook as report_hook
from sanchayd.reports.report import Report, ReportCounts, ReportRow
from sanchayd.schedules.schedule import Run, Schedule
from sanchayd.schedules.store import ScheduleStore

PAGE_ROWS = 10_000
# Each holds its rows in memory while it is made.
REPORTS_AT_ONCE = 1


@dataclass(frozen=True)
class Made:
    """A report that was made; `complaints` are what did not work beside it."""

    report: Report
    counts: ReportCounts
    file: bytes = b""
    complaints: tuple[Sentence, ...] = ()


class ReportService:
    """Use cases on reports."""

    def __init__(
        self, catalog: QuestionsPort, pool: CatalogPool, store: ScheduleStore, config: Callable[[], Config]
    ) -> None:
        self._catalog = catalog
        self._pool = pool
        self._store = store
        self._config = config
        self._turns = asyncio.Semaphore(REPORTS_AT_ONCE)

    async def check(self, expression: str, to_folder: bytes) -> None:
        """Raises invalid_query for a bad expression, and permission for a folder that is not allowed."""
        await self._pool.ask(self._catalog.find, expression, sort="", limit=1, token="")
        if to_folder:
            if not os.path.isabs(to_folder):
                raise NotAbsolute(f"{names.shown(to_folder)} is not absolute.", path=to_folder)
            report_file.allowed_folder(to_folder, self._config().report_folders)

    async def can_ask(self, expression: str) -> bool:
        """Whether the catalog knows the roots and folders that the expression names."""
        try:
            await self._pool.ask(self._catalog.roots_of_expression, expression)
        except SanchayError:
            return False
        return True

    async def make(self, schedule: Schedule, run: Run, unseen_root_ids: Collection[int]) -> Made:
        """Asks the catalog and compares with the previous report of the same query. Raises what the catalog does."""
        async with self._turns:
            rows, truncated = await self._rows(schedule.expression, self._config().report_rows)
            previous = await self._store.newest_report(schedule.id, before_run=run.id)
            earlier = await self._store.report(previous.id) if previous is not None else None
            if earlier is not None and earlier.expression != schedule.expression:
                previous = earlier = None  # of another question: what it alone has is not gone
            was_cut = previous is not None and previous.counts is not None and previous.counts.truncated
            report = await asyncio.to_thread(
                report_diff.compare,
                rows,
                earlier.rows if earlier is not None else None,
                truncated=truncated,
                previous_truncated=was_cut,
                unseen_root_ids=unseen_root_ids,
            )
        report = replace(report, expression=schedule.expression)
        counts = ReportCounts(
            rows=len(report.rows),
            bytes=sum(row.size for row in report.rows),
            new=len(report.new),
            grown=len(report.grown),
            gone=len(report.gone),
            truncated=truncated,
            previous_run=previous.id if previous is not None else 0,
        )
        made = Made(report, counts)
        if not schedule.to_folder:
            return made
        try:
            file = await asyncio.to_thread(
                report_file.write,
                schedule.to_folder,
                self._config().report_folders,
                schedule.name,
                run.started_ns,
                run.id,
                report,
            )
        except SanchayError as error:
            return replace(made, complaints=(Sentence.plain(error.message),))
        return replace(made, file=file)

    async def tell(self, schedule: Schedule, run: Run) -> Sentence:
        """Calls the command of config.toml for a run that is over; why that failed, or nothing."""
        command = self._config().report_hook
        if not command:
            return NOTHING
        variables = {
            "SANCHAY_SCHEDULE": schedule.name,
            "SANCHAY_RUN": str(run.id),
            "SANCHAY_FILE": os.fsdecode(run.file),
            "SANCHAY_STATE": run.state.value,
        }
        return await report_hook.call(command, variables)

    async def newest(self, schedule: Schedule) -> Run | None:
        """The newest run that made a report."""
        return await self._store.newest_report(schedule.id)

    async def read(self, schedule: Schedule, run_id: int) -> tuple[Run, Report]:
        """A run's report; the newest for 0. Raises run_not_found."""
        run = await self._store.run(run_id) if run_id else await self._store.newest_report(schedule.id)
        report = await self._store.report(run.id) if run is not None and run.schedule_id == schedule.id else None
        if run is None or report is None:
            which = f"no report of run {run_id}" if run_id else "no report yet"
            raise RunNotFound(f"{schedule.name} has {which}.", details={"advice": LIST_RUNS, "schedule": schedule.name})
        return run, report

    async def _rows(self, expression: str, most: int) -> tuple[list[ReportRow], bool]:
        """The rows, largest first, and whether there are more than `most`."""
        rows: list[ReportRow] = []
        token = ""
        while True:
            limit = min(PAGE_ROWS, most + 1 - len(rows))
            page = await self._pool.ask(self._catalog.find, expression, sort="-size", limit=limit, token=token)
            rows += map(_to_row, page.rows)
            token = page.next_token
            if not token or len(rows) > most:
                return rows[:most], len(rows) > most


def _to_row(row: FileRow) -> ReportRow:
    return ReportRow(
        path=row.path,
        size=row.size,
        allocated=row.allocated,
        modified_ns=row.modified_ns,
        type=row.type,
        hash=row.hash.hex(),
        root_id=row.root_id,
    )
