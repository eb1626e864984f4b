"""One run of a schedule, from its begin to its end: the roots are brought up to date, then a report is made of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from sanchay import units
from sanchay.errors import InvalidArgument, SanchayError
from sanchay.sentences import Sentence
from sanchayd.catalog.service import CatalogService
from sanchayd.jobs.job import Job, JobState
from sanchayd.jobs.scans import ScanService
from sanchayd.jobs.service import JobService
from sanchayd.reports.report import Report
from sanchayd.reports.service import ReportService
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import Root
from sanchayd.schedules.schedule import Action, Run, RunState, Schedule
from sanchayd.upkeep import checks
from sanchayd.upkeep.checks import CheckService
from sanchayd.verify.kind import VerifyResult
from sanchayd.verify.service import VerifyService

_NO_ROOT = {
    Action.SCAN: Sentence("no-root-to-scan"),
    Action.VERIFY: Sentence("no-root-to-verify"),
}
_STATES = {
    JobState.DONE: RunState.DONE,
    JobState.PARTIAL: RunState.PARTIAL,
    JobState.CANCELLED: RunState.CANCELLED,
}


@dataclass
class Outcome:
    """What a run has come to so far."""

    states: list[RunState] = field(default_factory=list)
    words: list[Sentence] = field(default_factory=list)
    unseen_root_ids: set[int] = field(default_factory=set)
    report: Report | None = None


class RunService:
    """Does what a schedule asks for."""

    def __init__(
        self,
        registry: RootRegistry,
        jobs: JobService,
        scans: ScanService,
        verify: VerifyService,
        reads: CatalogService,
        reports: ReportService,
        check: CheckService,
    ) -> None:
        self._registry = registry
        self._jobs = jobs
        self._scans = scans
        self._verify = verify
        self._reads = reads
        self._reports = reports
        self._checks = check

    async def work(
        self, schedule: Schedule, run: Run, *, background: bool, tell: Callable[[Run], None]
    ) -> tuple[Run, Report | None]:
        """The run as it ended, without its end's time, and its report. `tell` hears of each step."""
        outcome = Outcome()
        if schedule.action is Action.CHECK:
            tell(replace(run, message=Sentence("checks-catalog")))
            await self._check(outcome)
            return replace(run, state=_worst(outcome.states, report=False), message=_in_a_row(outcome)), None
        roots = await self._roots(schedule, outcome)
        if schedule.action is Action.VERIFY:
            run = await self._verify_files(schedule, roots, run, outcome, background=background, tell=tell)
            return replace(run, state=_worst(outcome.states, report=False), message=_in_a_row(outcome)), None
        run = await self._bring_up_to_date(roots, run, outcome, background=background, tell=tell)
        if schedule.action is Action.REPORT:
            tell(replace(run, message=Sentence("asks-catalog")))
            run = await self._report(schedule, run, outcome)
        elif not roots:
            outcome.states.append(RunState.FAILED)
        state = _worst(outcome.states, report=outcome.report is not None)
        return replace(run, state=state, message=_in_a_row(outcome)), outcome.report

    async def _check(self, outcome: Outcome) -> None:
        """Compares the catalog's rows, and mends those that disagree."""
        try:
            found = await self._checks.check(repair=True, background=True)
        except SanchayError as error:
            outcome.states.append(RunState.FAILED)
            outcome.words.append(Sentence.plain(error.message))
            return
        if not found.complete:
            outcome.states.append(RunState.PARTIAL)
            outcome.words.append(Sentence("check-broken-off"))
        if found.faults:
            outcome.words.append(Sentence("mended", what=checks.words(found)))

    async def _roots(self, schedule: Schedule, outcome: Outcome) -> list[Root]:
        if schedule.action is Action.REPORT:
            return await self._reads.roots_of_expression(schedule.expression)
        if not schedule.root_ids:
            if not self._registry.claimed():
                outcome.words.append(_NO_ROOT[schedule.action])
            return self._registry.claimed()
        found = [self._registry.get(root_id) for root_id in schedule.root_ids]
        roots = [root for root in found if root is not None]
        if len(roots) < len(found):
            outcome.states.append(RunState.PARTIAL)
            outcome.words.append(Sentence("named-root-removed"))
        return roots

    async def _bring_up_to_date(
        self, roots: Sequence[Root], run: Run, outcome: Outcome, *, background: bool, tell: Callable[[Run], None]
    ) -> Run:
        """Scans the roots, all at once as far as the queue goes, and takes down how each ended."""
        for root in roots:
            try:
                job = await self._scans.start(root, background=background, request_id=f"run-{run.id}", notices=[])
            except SanchayError as error:
                self._failed(root, Sentence.plain(error.message), outcome)
                continue
            run = replace(run, job_ids=(*run.job_ids, job.id))
        for job_id in run.job_ids:
            last = None
            async for last in self._jobs.follow(job_id):
                tell(replace(run, message=_scanning(last)))
            if last is not None:
                self._ended(last, outcome)
        return run

    async def _verify_files(
        self,
        schedule: Schedule,
        roots: Sequence[Root],
        run: Run,
        outcome: Outcome,
        *,
        background: bool,
        tell: Callable[[Run], None],
    ) -> Run:
        """Verifies the roots within the schedule's budget. Damage makes a run partial: someone should look at it."""
        if not roots:
            outcome.states.append(RunState.FAILED)
            return run
        budget = budget_of(schedule.expression)
        try:
            started = await self._verify.start_of(
                roots if schedule.root_ids else (),
                budget_bytes=budget.bytes,
                budget_s=budget.seconds,
                background=background,
                request_id=f"run-{run.id}",
            )
        except SanchayError as error:
            outcome.states.append(RunState.FAILED)
            outcome.words.append(Sentence.plain(error.message))
            return run
        run = replace(run, job_ids=(started.id,))
        last = started
        async for last in self._jobs.follow(started.id):
            tell(replace(run, message=_verifying(last)))
        self._ended(last, outcome)
        if isinstance(last.result, VerifyResult) and last.result.damaged_files:
            outcome.states.append(RunState.PARTIAL)
            outcome.words.append(Sentence("files-damaged", files_count=last.result.damaged_files))
        return run

    def _ended(self, job: Job, outcome: Outcome) -> None:
        outcome.states.append(_STATES.get(job.state, RunState.FAILED))
        if job.state is not JobState.DONE:
            outcome.words.append(_ended(job.root_names, _why(job)))
            outcome.unseen_root_ids.update(job.root_ids)

    def _failed(self, root: Root, message: Sentence, outcome: Outcome) -> None:
        outcome.states.append(RunState.FAILED)
        outcome.words.append(Sentence("of-root", root=root.name, reason=message))
        outcome.unseen_root_ids.add(root.id)

    async def _report(self, schedule: Schedule, run: Run, outcome: Outcome) -> Run:
        made = await self._reports.make(schedule, run, outcome.unseen_root_ids)
        outcome.report = made.report
        counts = made.counts
        if counts.truncated:
            outcome.words.append(Sentence("only-largest-kept", rows_count=counts.rows))
        if made.complaints:
            outcome.states.append(RunState.PARTIAL)
        outcome.words.extend(made.complaints)
        return replace(run, counts=counts, file=made.file)


def budget_of(text: str) -> units.Budget:
    """The budget of a verification; empty: no bound. Raises invalid_argument."""
    try:
        return units.parse_budget(text) if text else units.Budget()
    except ValueError as error:
        raise InvalidArgument(f"{error}.") from error


def _worst(states: Sequence[RunState], *, report: bool) -> RunState:
    """Of several; a report that could be made from what is known is partial at the worst."""
    worst = next((each for each in (RunState.FAILED, RunState.CANCELLED, RunState.PARTIAL) if each in states), None)
    if worst is None:
        return RunState.DONE
    return RunState.PARTIAL if report else worst


def _in_a_row(outcome: Outcome) -> Sentence:
    return Sentence.together("in-a-row", outcome.words)


def _ended(roots: str, reason: Sentence) -> Sentence:
    if reason.endswith("."):
        return Sentence("of-root", root=roots, reason=reason)
    return Sentence("roots-ended", roots=roots, reason=reason)


def _why(job: Job) -> Sentence:
    """Why a job is not done."""
    if job.message:
        return job.message
    if job.result and job.result.errors:
        return Sentence("not-readable", items_count=job.result.errors)
    return Sentence("ended-as", state=job.state.value)


def _scanning(job: Job) -> Sentence:
    files, percent = job.progress.files, job.progress.percent
    if percent is None:
        return Sentence("scans-roots", roots=job.root_names, files_count=files)
    return Sentence("scans-roots-percent", roots=job.root_names, percent=f"{percent:.0f}", files_count=files)


def _verifying(job: Job) -> Sentence:
    return Sentence("verifies-roots", roots=job.root_names, files_count=job.progress.files)
