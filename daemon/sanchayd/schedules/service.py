"""Schedules as clients ask for them, and what makes their runs happen: never two of one at a time, none lost."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
from collections.abc import AsyncGenerator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import tzinfo
from typing import Any

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
from sanchay.sentences import NOTHING, Sentence
from sanchayd.config import Config
from sanchayd.events.event import Event, EventKind, ScheduleRun
from sanchayd.events.hub import EventHub
from sanchayd.events.topic import Topic
from sanchayd.log import logger
from sanchayd.reports.report import Report
from sanchayd.reports.service import ReportService
from sanchayd.roots.registry import RootRegistry
from sanchayd.schedules import due
from sanchayd.schedules.alarm import Alarm
from sanchayd.schedules.draft import Changes, Draft, action_of, check_action, check_timing, checked_name
from sanchayd.schedules.runs import RunService
from sanchayd.schedules.schedule import Action, Run, RunState, Schedule
from sanchayd.schedules.store import ScheduleStore
from sanchayd.schedules.timing import timing_of

HISTORY_LIMIT = 20
HISTORY_MAX = 1000
PREVIEW_COUNT = 5
PREVIEW_MAX = 100
STOP_PATIENCE_S = 1.0
log = logger("sanchayd.schedules")


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
        self._changing = asyncio.Lock()
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
        check_timing(draft.cron, draft.every_s)
        now_ns = self._now_ns()
        schedule = Schedule(
            id=0,
            name=checked_name(draft.name),
            cron=draft.cron,
            every_s=draft.every_s,
            anchor_ns=now_ns,
            action=action_of(draft.action),
            root_ids=await self._root_ids(draft.roots),
            expression=draft.expression,
            to_folder=draft.to_folder,
            covered_ns=now_ns,
            created_ns=now_ns,
        )
        await self._check(schedule)
        async with self._changing:
            self._check_name(schedule)
            schedule = await self._store.add(schedule)
            self._schedules[schedule.id] = schedule
        self.look()
        log.info(
            "a schedule was added", schedule=schedule.name, cron=draft.cron, every_s=draft.every_s, action=draft.action
        )
        return self._view(schedule)

    async def update(self, name: str, changes: Changes) -> ScheduleView:
        """Changes what is set; runs and reports stay, and a run under way goes on as it was begun.

        Where its time changes, or it is enabled, what was missed is not made up for. Another action drops what it does
        not take: the expression, a scan's roots, a report's folder. Raises what `add` does, and schedule_not_found.
        """
        before = self.named(name)
        fields = await self._changed_fields(before, changes)
        if not fields:
            return self._view(before)
        after = replace(before, **fields)
        if {"action", "root_ids", "expression", "to_folder"} & fields.keys():
            await self._check(after)
        async with self._changing:
            current = self._schedules.get(before.id)
            if current is None:
                raise ScheduleNotFound(f"{names.quoted(name)} was removed.")
            self._check_name(after)
            await self._store.update(replace(current, **fields))
            if (current := self._schedules.get(before.id)) is not None:
                self._schedules[before.id] = after = replace(current, **fields)
        self.look()
        log.info("a schedule was changed", schedule=after.name, fields=sorted(fields))
        return self._view(after)

    async def _changed_fields(self, before: Schedule, changes: Changes) -> dict[str, Any]:
        """The values that are other than before, of the fields that are to change."""
        action = before.action if changes.action is None else action_of(changes.action)
        wanted: dict[str, Any] = {"action": action}
        if action is not before.action:
            keeps_roots = {action, before.action} == {Action.SCAN, Action.VERIFY}
            wanted |= {"expression": "", "to_folder": b"", "root_ids": before.root_ids if keeps_roots else ()}
        if changes.name is not None:
            wanted["name"] = checked_name(changes.name)
        if changes.cron or changes.every_s:
            wanted |= {"cron": changes.cron or "", "every_s": changes.every_s or 0}
            check_timing(wanted["cron"], wanted["every_s"])
        elif changes.cron is not None or changes.every_s is not None:
            check_timing("", 0)
        if changes.roots is not None:
            wanted["root_ids"] = await self._root_ids(changes.roots)
        given = {"expression": changes.expression, "to_folder": changes.to_folder, "enabled": changes.enabled}
        wanted |= {key: value for key, value in given.items() if value is not None}
        fields = {key: value for key, value in wanted.items() if value != getattr(before, key)}
        if {"cron", "every_s"} & fields.keys():
            fields["anchor_ns"] = self._now_ns()
        if "anchor_ns" in fields or fields.get("enabled"):
            fields["covered_ns"] = self._now_ns()
        return fields

    def preview(self, name: str, cron_text: str, every_s: int, count: int) -> list[int]:
        """The next times of a schedule, or of one that would be added now; fewer where there are no more.

        Raises schedule_not_found, and invalid_argument with the field and position of a bad cron expression.
        """
        now_ns = self._now_ns()
        if name and (cron_text or every_s):
            raise InvalidArgument("Name a schedule, or a cron expression or an interval.")
        if name:
            schedule = self.named(name)
            timing, covered_ns = schedule.timing, schedule.covered_ns if schedule.enabled else now_ns
        else:
            check_timing(cron_text, every_s)
            timing, covered_ns = timing_of(cron_text, every_s, now_ns), now_ns
        return due.times(timing, covered_ns, now_ns, self._zone(), min(count or PREVIEW_COUNT, PREVIEW_MAX))

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
        return await self.update(name, Changes(enabled=enabled))

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

    async def _root_ids(self, words: Sequence[bytes]) -> tuple[int, ...]:
        roots = [await self._registry.resolve(word) for word in words]
        return tuple(dict.fromkeys(root.id for root in roots))

    async def _check(self, schedule: Schedule) -> None:
        check_action(schedule)
        if schedule.action is Action.REPORT:
            await self._reports.check(schedule.expression, schedule.to_folder)

    def _check_name(self, schedule: Schedule) -> None:
        if any(other.name == schedule.name and other.id != schedule.id for other in self._schedules.values()):
            raise ScheduleNameTaken(
                f"Another schedule is called {names.quoted(schedule.name)}; choose another name.",
            )

    def _view(self, schedule: Schedule) -> ScheduleView:
        times = due.times(schedule.timing, schedule.covered_ns, self._now_ns(), self._zone(), 1)
        coming = times[0] if times and schedule.enabled else 0
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
                ended_ns, why = self._now_ns(), Sentence("schedule-removed")
                active.run = replace(active.run, state=RunState.CANCELLED, ended_ns=ended_ns, message=why)
                self._end(schedule, active)
            raise
        except SanchayError as error:
            if self._stopping:
                return
            ended = replace(active.run, state=RunState.FAILED, message=Sentence.plain(error.message))
        except Exception as error:
            log.exception("a run failed", schedule=schedule.name)
            ended = replace(active.run, state=RunState.FAILED, message=Sentence("failed-inside", why=str(error)))
        await self._finish(schedule, active, replace(ended, ended_ns=self._now_ns()), report)

    async def _finish(self, schedule: Schedule, active: _Active, ended: Run, report: Report | None) -> None:
        """Stored first, then told: who hears of the end finds it written."""
        try:
            await self._store.end_run(ended, report, self._config().schedule_runs)
            if schedule.action is Action.REPORT and (complaint := await self._reports.tell(schedule, ended)):
                state = RunState.PARTIAL if ended.state is RunState.DONE else ended.state
                ended = replace(ended, state=state, message=Sentence.together("in-a-row", [ended.message, complaint]))
                await self._store.end_run(ended, None, self._config().schedule_runs)
        except SanchayError as error:
            log.exception("a run could not be stored", schedule=schedule.name, error=error.message)
            ended = replace(ended, state=RunState.FAILED, message=Sentence.plain(error.message))
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
        self._hub.publish(
            [Event(EventKind.SCHEDULE, self._now_ns(), run=about, message=NOTHING if first else run.message)]
        )
        log.info("a run begins" if first else "a run ended", schedule=schedule.name, run=run.id, state=run.state.value)

    def _spawn(self, work: Awaitable[None]) -> None:
        task: asyncio.Task[None] = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("work on a schedule failed", error=str(error))
