"""Schedules as clients ask for them, and what makes their runs happen: never two of one at a time, none lost."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from datetime import tzinfo

from sanchay import guess, names
from sanchay.errors import (
    InputOutputError,
    InvalidArgument,
    RunNotFound,
    SanchayError,
    ScheduleNameTaken,
    ScheduleNotFound,
    ShuttingDown,
)
from sanchayd.config import Config
from sanchayd.events.event import Event, EventKind, ScheduleRun
from sanchayd.events.hub import EventHub
from sanchayd.events.topic import Topic
from sanchayd.log import logger
from sanchayd.reports.report import Report
from sanchayd.reports.service import ReportService
from sanchayd.roots.registry import RootRegistry
from sanchayd.schedules import cron, due
from sanchayd.schedules.alarm import Alarm
from sanchayd.schedules.runs import RunService, budget_of
from sanchayd.schedules.schedule import Action, Run, RunState, Schedule
from sanchayd.schedules.store import ScheduleStore
from sanchayd.schedules.timing import next_ns

NAME_MAX_CHARACTERS = 100
EVERY_MAX_S = 10 * 366 * 86_400
HISTORY_LIMIT = 20
HISTORY_MAX = 1000
STOP_PATIENCE_S = 1.0
log = logger("sanchayd.schedules")


@dataclass(frozen=True)
class Draft:
    """A schedule as it is asked for: `cron` or `every_s`; `roots` are words for roots."""

    name: str
    cron: str = ""
    every_s: int = 0
    action: str = ""
    roots: tuple[bytes, ...] = ()
    expression: str = ""
    to_folder: bytes = b""


@dataclass(frozen=True)
class ScheduleView:
    """A schedule as it stands: `next_ns` is 0 where none is to come, and never past: what is due is due now."""

    schedule: Schedule
    next_ns: int
    last: Run | None
    root_names: tuple[str, ...]


@dataclass(eq=False)
class _Active:
    """A run under way."""

    run: Run
    topic: Topic[Run] = field(default_factory=Topic)
    task: asyncio.Task[None] | None = None


class ScheduleService:
    """Use cases on schedules. Everything happens in the event loop; `now_ns` and `zone` are asked at each look."""

    def __init__(
        self,
        store: ScheduleStore,
        registry: RootRegistry,
        runs: RunService,
        reports: ReportService,
        hub: EventHub,
        now_ns: Callable[[], int],
        zone: Callable[[], tzinfo],
        config: Callable[[], Config],
    ) -> None:
        self._store = store
        self._registry = registry
        self._runs = runs
        self._reports = reports
        self._hub = hub
        self._now_ns = now_ns
        self._zone = zone
        self._config = config
        self._alarm = Alarm(self.look)
        self._schedules: dict[int, Schedule] = {}
        self._last: dict[int, Run] = {}
        self._active: dict[int, _Active] = {}
        self._gone: dict[int, str] = {}  # names of roots that were removed before this daemon was started
        self._tasks: set[asyncio.Task[None]] = set()
        self._adding = asyncio.Lock()
        self._stopping = False

    async def start(self) -> None:
        """Takes up the rows of state.db; a run that the last daemon left happens again."""
        await self._store.interrupt_runs(self._now_ns())
        self._schedules = {schedule.id: schedule for schedule in await self._store.schedules()}
        self._last = await self._store.last_runs()
        asked = {root_id for schedule in self._schedules.values() for root_id in schedule.root_ids}
        self._gone = await self._store.names_of_roots(each for each in asked if self._registry.get(each) is None)
        for schedule in list(self._schedules.values()):
            last = self._last.get(schedule.id)
            if schedule.enabled and last is not None and last.state is RunState.INTERRUPTED:
                self._begin(schedule, "again")
        self.look()

    async def stop(self) -> None:
        """Ends what runs within a second or two; it is interrupted, and happens again at the next start."""
        self._stopping = True
        self._alarm.stop()
        tasks = [*(active.task for active in self._active.values() if active.task), *self._tasks]
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks, timeout=STOP_PATIENCE_S)
        with contextlib.suppress(SanchayError):
            await self._store.interrupt_runs(self._now_ns())
        for active in self._active.values():
            active.topic.close()

    def look(self) -> None:
        """Begins what is due and sets the alarm for the rest. Called as often as anybody likes."""
        if self._stopping:
            return
        now_ns, zone = self._now_ns(), self._zone()
        for schedule in list(self._schedules.values()):
            if not schedule.enabled:
                self._alarm.set(schedule.id, None)
                continue
            outlook = due.look(schedule.timing, schedule.covered_ns, now_ns, zone)
            changed = replace(schedule, covered_ns=outlook.covered_ns)
            if outlook.is_due and schedule.id not in self._active:
                self._schedules[schedule.id] = changed
                self._begin(changed, "time")
            elif changed != schedule:  # what falls into the time of a run is dropped, and a clock was put back
                self._schedules[schedule.id] = changed
                self._spawn(self._store.update(changed))
            if outlook.next_ns is not None:
                self._alarm.set(schedule.id, outlook.next_ns)

    async def add(self, draft: Draft) -> ScheduleView:
        """A new schedule, enabled.

        Raises schedule_name_taken, root_not_found, invalid_query, and invalid_argument with the field and position of
        a bad cron expression.
        """
        name = _checked_name(draft.name)
        if bool(draft.cron) == bool(draft.every_s):
            raise InvalidArgument("A schedule needs a cron expression or an interval.")
        if draft.cron:
            cron.parse(draft.cron)
        elif not 1 <= draft.every_s <= EVERY_MAX_S:
            raise InvalidArgument("An interval is between one second and ten years.")
        action = _action_of(draft.action)
        roots = [await self._registry.resolve(word) for word in draft.roots]
        if action is Action.REPORT:
            await self._check_report(draft)
        elif action is Action.CHECK and (draft.roots or draft.expression):
            raise InvalidArgument("A check looks at the whole catalog: name no roots for it.")
        elif draft.to_folder:
            raise InvalidArgument("Only reports are written to a folder.")
        if action is Action.VERIFY:
            budget_of(draft.expression)
        async with self._adding:
            if any(other.name == name for other in self._schedules.values()):
                raise ScheduleNameTaken(
                    f"Another schedule is called {names.quoted(name)}; choose another name.",
                )
            now_ns = self._now_ns()
            schedule = await self._store.add(
                Schedule(
                    id=0,
                    name=name,
                    cron=draft.cron,
                    every_s=draft.every_s,
                    anchor_ns=now_ns,
                    action=action,
                    root_ids=tuple(dict.fromkeys(root.id for root in roots)),
                    expression=draft.expression,
                    to_folder=draft.to_folder,
                    covered_ns=now_ns,
                    created_ns=now_ns,
                )
            )
            self._schedules[schedule.id] = schedule
        self.look()
        log.info("a schedule was added", schedule=name, cron=draft.cron, every_s=draft.every_s, action=action.value)
        return self._view(schedule)

    def list_schedules(self) -> list[ScheduleView]:
        """Every schedule."""
        return [self._view(schedule) for schedule in self._schedules.values()]

    def get(self, name: str) -> ScheduleView:
        """One schedule. Raises schedule_not_found."""
        return self._view(self.named(name))

    def named(self, name: str) -> Schedule:
        """The schedule of that name. Raises schedule_not_found."""
        found = next((each for each in self._schedules.values() if each.name == name), None)
        if found is None:
            known = sorted(each.name for each in self._schedules.values())
            there = f"the schedules are: {', '.join(map(names.shown_text, known))}" if known else "there is none yet"
            raise ScheduleNotFound(
                f"No schedule is called {names.quoted(name)}; {there}." f"{guess.did_you_mean(name, known)}",
            )
        return found

    async def run(self, name: str) -> tuple[Run, bool]:
        """Runs it now, enabled or not; the run that is under way already is joined (then True)."""
        schedule = self.named(name)
        joined = schedule.id in self._active
        active = self._active.get(schedule.id) or self._begin(schedule, "manual")
        while not active.run.id:  # its row is being written
            with active.topic.subscribe() as changes:
                async for _ in changes:
                    break
            if active.run.ended:
                raise InputOutputError(f"{name} could not be run: {active.run.message}")
        return active.run, joined

    async def follow(self, run_id: int) -> AsyncGenerator[Run, None]:
        """The run at once, then at each step until it has ended. Raises run_not_found, shutting_down."""
        active = next((each for each in self._active.values() if each.run.id == run_id), None)
        if active is None:
            run = await self._store.run(run_id)
            if run is None:
                raise RunNotFound(f"There is no run {run_id}.")
            yield run
            return
        with active.topic.subscribe() as changes:
            run = active.run
            yield run
            async for run in changes:
                yield run
        if not run.ended:
            raise ShuttingDown("sanchayd is stopping; the run happens again at its next start.")

    async def set_enabled(self, name: str, enabled: bool) -> ScheduleView:
        """Lets it run, or not. What was missed while it was not enabled is not made up for."""
        schedule = self.named(name)
        if schedule.enabled != enabled:
            covered_ns = self._now_ns() if enabled else schedule.covered_ns
            schedule = replace(schedule, enabled=enabled, covered_ns=covered_ns)
            self._schedules[schedule.id] = schedule
            await self._store.update(schedule)
            self.look()
        return self._view(schedule)

    async def remove(self, name: str) -> ScheduleView:
        """Forgets it with its runs and reports; a run under way is ended. As it was."""
        schedule = self.named(name)
        view = self._view(schedule)
        del self._schedules[schedule.id]
        self._alarm.set(schedule.id, None)
        active = self._active.get(schedule.id)
        if active is not None and active.task is not None:
            active.task.cancel()
            await asyncio.wait([active.task])
        await self._store.remove(schedule.id)
        self._last.pop(schedule.id, None)
        return view

    async def history(self, name: str, limit: int) -> list[Run]:
        """Runs, newest first; the one under way among them."""
        schedule = self.named(name)
        runs = await self._store.runs(schedule.id, min(limit or HISTORY_LIMIT, HISTORY_MAX))
        active = self._active.get(schedule.id)
        return [active.run if active is not None and active.run.id == run.id else run for run in runs]

    async def that_cannot_ask(self) -> set[str]:
        """The names of schedules whose reports name a root or a folder that the catalog has not."""
        reports = [schedule for schedule in self._schedules.values() if schedule.action is Action.REPORT]
        return {schedule.name for schedule in reports if not await self._reports.can_ask(schedule.expression)}

    async def naming(self, root_id: int, *, before: Collection[str]) -> list[str]:
        """The names of schedules that a root was taken from. `before`: those that could not ask before it went."""
        lost = await self.that_cannot_ask() - set(before)
        return [each.name for each in self._schedules.values() if root_id in each.root_ids or each.name in lost]

    async def _check_report(self, draft: Draft) -> None:
        if draft.roots:
            raise InvalidArgument("A report names its roots in the expression, as root:NAME.")
        await self._reports.check(draft.expression, draft.to_folder)

    def _view(self, schedule: Schedule) -> ScheduleView:
        coming = next_ns(schedule.timing, max(schedule.covered_ns, 0), self._zone()) if schedule.enabled else None
        coming = max(coming, self._now_ns()) if coming else 0
        root_names = tuple(self._root_name(root_id) for root_id in schedule.root_ids)
        active = self._active.get(schedule.id)
        last = active.run if active is not None and active.run.id else self._last.get(schedule.id)
        return ScheduleView(schedule, coming, last, root_names)

    def _root_name(self, root_id: int) -> str:
        """The root's name, also of one that was removed, as long as a job of it is remembered."""
        root = self._registry.get(root_id)
        if root is not None:
            return root.name
        return f"{self._registry.gone(root_id) or self._gone.get(root_id) or f'#{root_id}'} (gone)"

    def _begin(self, schedule: Schedule, cause: str) -> _Active:
        run = Run(0, schedule.id, cause, RunState.RUNNING, self._now_ns())
        active = _Active(run)
        self._active[schedule.id] = active
        # By the clock it is no one's call: the log must not name the one in which the alarm happened to be set.
        context = contextvars.copy_context() if cause == "manual" else contextvars.Context()
        active.task = context.run(asyncio.ensure_future, self._run(schedule, active))
        return active

    async def _run(self, schedule: Schedule, active: _Active) -> None:
        """A run from its row to its end. Whatever goes wrong is the run's message."""
        report: Report | None = None
        try:
            active.run = await self._store.begin_run(active.run, schedule)
            self._tell(schedule, active, first=True)

            def step(run: Run) -> None:
                active.run = run
                active.topic.publish(run)

            background = active.run.cause != "manual"
            ended, report = await self._runs.work(schedule, active.run, background=background, tell=step)
        except asyncio.CancelledError:
            if not self._stopping:  # its schedule was removed
                ended_ns, why = self._now_ns(), "The schedule was removed."
                active.run = replace(active.run, state=RunState.CANCELLED, ended_ns=ended_ns, message=why)
                self._end(schedule, active)
            raise
        except SanchayError as error:
            if self._stopping:
                return
            ended = replace(active.run, state=RunState.FAILED, message=error.message)
        except Exception as error:
            log.exception("a run failed", schedule=schedule.name)
            ended = replace(active.run, state=RunState.FAILED, message=f"It failed inside sanchayd: {error}")
        await self._finish(schedule, active, replace(ended, ended_ns=self._now_ns()), report)

    async def _finish(self, schedule: Schedule, active: _Active, ended: Run, report: Report | None) -> None:
        """Stored first, then told: who hears of the end finds it written."""
        try:
            await self._store.end_run(ended, report, self._config().schedule_runs)
            if schedule.action is Action.REPORT and (complaint := await self._reports.tell(schedule, ended)):
                state = RunState.PARTIAL if ended.state is RunState.DONE else ended.state
                ended = replace(ended, state=state, message=f"{ended.message} {complaint}".strip())
                await self._store.end_run(ended, None, self._config().schedule_runs)
        except SanchayError as error:
            log.exception("a run could not be stored", schedule=schedule.name, error=error.message)
            ended = replace(ended, state=RunState.FAILED, message=error.message)
        active.run = ended
        self._end(schedule, active)

    def _end(self, schedule: Schedule, active: _Active) -> None:
        self._last[schedule.id] = active.run
        self._active.pop(schedule.id, None)
        self._tell(schedule, active)
        active.topic.close()
        current = self._schedules.get(schedule.id)
        if current is not None:
            self._spawn(self._store.update(current))
        self.look()

    def _tell(self, schedule: Schedule, active: _Active, *, first: bool = False) -> None:
        run = active.run
        active.topic.publish(run)
        about = ScheduleRun(schedule.name, run.id, run.state.value)
        self._hub.publish([Event(EventKind.SCHEDULE, self._now_ns(), run=about, message="" if first else run.message)])
        log.info("a run begins" if first else "a run ended", schedule=schedule.name, run=run.id, state=run.state.value)

    def _spawn(self, work: Awaitable[None]) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work on a schedule failed", error=str(error))


def _checked_name(name: str) -> str:
    chosen = name.strip()
    if not chosen or len(chosen) > NAME_MAX_CHARACTERS or not chosen.isprintable():
        raise InvalidArgument(
            f"{names.quoted(name)} is not a valid name for a schedule: it needs 1 to {NAME_MAX_CHARACTERS} characters "
            "that can be shown.",
        )
    return chosen


def _action_of(word: str) -> Action:
    found = next((each for each in Action if each.value == word), None)
    if found is None:
        raise InvalidArgument(
            f"{names.quoted(word)} is not a valid action; the actions are scan, report, check and verify."
            f"{guess.did_you_mean(word, [each.value for each in Action])}",
        )
    return found
