"""Which events make which notice: one of a kind at a time, crowds in one, and none of what this person just did.

Nothing here shows anything or knows the time: events, states and moments (seconds of any steady clock) come in,
notices go out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from sanchay import names, paths, units
from sanchay.v1 import event_pb2, job_pb2, schedule_pb2
from sanchay_tray.icon.menu import ACTING, event_line, job_name
from sanchay_tray.model import State
from sanchay_tray.notices.notice import Kind, Notice
from sanchay_tray.words import count, mark, say

#: Copies that arrive are told once none has come for so long; damaged files, which one check may find many of, sooner.
COPIES_REST_S = 60.0
DAMAGE_REST_S = 2.0
#: A run that has ended is told with its figures, or after so long without them.
FIGURES_WAIT_S = 10.0

IsOwn = Callable[[str], bool]


@dataclass(frozen=True)
class _Crowd:
    """Events that are told as one, once they come to rest."""

    number: int
    size_bytes: int
    last: event_pb2.Event
    due_s: float


class Rules:
    """Makes notices of events. `is_own` says what this person has just done in the window."""

    def __init__(self, is_own: IsOwn, *, copies_rest_s: float = COPIES_REST_S) -> None:
        self._is_own = is_own
        self._rest_s = {"duplicate": copies_rest_s, "damage": DAMAGE_REST_S}
        self._crowds: dict[str, _Crowd] = {}
        self._runs: dict[str, tuple[event_pb2.ScheduleRun, float]] = {}

    @property
    def next_s(self) -> float | None:
        """When `due` has something to say at the latest; None: not without a further event."""
        moments = [crowd.due_s for crowd in self._crowds.values()] + [due_s for _, due_s in self._runs.values()]
        return min(moments, default=None)

    def hear(self, event: event_pb2.Event, state: State, now_s: float) -> list[Notice]:
        """An event that is news."""
        if event.kind in self._rest_s:
            # What a clean-up or its undoing puts back has not arrived.
            if not any(job.kind in ACTING for job in state.jobs):
                self._gather(event, now_s)
            return []
        if event.kind == "schedule":
            if event.schedule_run.state != "running":
                self._runs[event.schedule_run.schedule] = (event.schedule_run, now_s + FIGURES_WAIT_S)
            return []
        made = _of_root(event) or _of_disk(event) or _of_job(event)
        return [] if made is None or self._is_own(_subject(event)) else [made]

    def due(self, state: State, now_s: float) -> list[Notice]:
        """What has come to rest by now, and runs whose figures are known."""
        made = []
        for kind, crowd in list(self._crowds.items()):
            if crowd.due_s <= now_s:
                del self._crowds[kind]
                made.append(_of_copies(crowd) if kind == "duplicate" else _of_damage(crowd))
        schedules = {each.name: each for each in state.status.schedules} if state.status is not None else {}
        for name, (run, due_s) in list(self._runs.items()):
            known = schedules.get(name)
            if due_s <= now_s or (known is not None and known.last_run.id == run.run_id and known.last_run.ended_ns):
                del self._runs[name]
                figures = known.last_run if known is not None and known.last_run.id == run.run_id else None
                if not self._is_own(f"schedule {name}"):
                    made.append(_of_run(run, figures))
        return made

    def _gather(self, event: event_pb2.Event, now_s: float) -> None:
        due_s = now_s + self._rest_s[event.kind]
        before = self._crowds.get(event.kind)
        number, size_bytes = (before.number, before.size_bytes) if before is not None else (0, 0)
        self._crowds[event.kind] = _Crowd(number + 1, size_bytes + event.size, event, due_s)


def _subject(event: event_pb2.Event) -> str:
    return f"job {event.job.id}" if event.kind == "job" else f"root {event.root_id}"


def _of_copies(crowd: _Crowd) -> Notice:
    name = paths.shown(crowd.last.path)
    other = paths.shown(crowd.last.other_path)
    body = say("{name} is a copy of {other}", name=name, other=other)
    if crowd.number > 1:
        body = say("{size} in all. The last: {what}", size=units.size(crowd.size_bytes), what=body)
    title = count("{n} copy arrived", "{n} copies arrived", crowd.number)
    return Notice(Kind.COPIES, "copies", title, body, "copies")


def _of_damage(crowd: _Crowd) -> Notice:
    title = count("{n} damaged file was found", "{n} damaged files were found", crowd.number)
    name = paths.shown(crowd.last.path)
    if crowd.last.HasField("other_path"):
        body = say("{name}: a healthy copy is {other}", name=name, other=paths.shown(crowd.last.other_path))
    else:
        body = say("{name}: no healthy copy is known", name=name)
    return Notice(Kind.DAMAGE, "damage", title, body, "health", is_urgent=True)


def _of_root(event: event_pb2.Event) -> Notice | None:
    if event.kind not in ("root_offline", "root_online"):
        return None
    body = names.safe_text(event.message)
    return Notice(Kind.ROOTS, f"root {event.root_id}", event_line(event), body, "folders", event.root)


def _of_disk(event: event_pb2.Event) -> Notice | None:
    if event.kind != "forecast":
        return None
    folder = paths.shown(event.path)
    return Notice(Kind.DISK, f"disk {folder}", event_line(event), names.safe_text(event.message), "overview")


def _of_job(event: event_pb2.Event) -> Notice | None:
    job = event.job
    if event.kind != "job":
        return None
    if job.kind == "dedupe" and job.HasField("dedupe") and job.state in ("done", "partial"):
        return _of_clean_up(job)
    if job.state != "failed":
        return None
    key = f"job {job.kind} {','.join(map(str, sorted(job.root_ids)))}"
    return Notice(Kind.JOBS, key, event_line(event), names.safe_text(job.message), "jobs", str(job.id))


def _of_clean_up(job: job_pb2.Job) -> Notice | None:
    done = job.dedupe
    if not done.acted:
        return None
    title = count(
        "Clean-up done: {n} file, {size}",
        "Clean-up done: {n} files, {size}",
        done.acted,
        size=units.size(done.freed_bytes),
    )
    left = done.skipped + done.failed
    body = count("{n} file was left", "{n} files were left", left) if left else job_name(job)
    return Notice(Kind.CLEANUPS, "cleanup", title, body, "health", f"run:{done.run}", undo=f"undo:{done.run}")


_RUN_TITLES = {
    "done": mark("{name}: done"),
    "partial": mark("{name}: done in part"),
    "failed": mark("{name}: failed"),
}


def _of_run(run: event_pb2.ScheduleRun, figures: schedule_pb2.Run | None) -> Notice:
    name = names.safe_text(run.schedule)
    title = say(_RUN_TITLES.get(run.state, mark("{name}: ended early")), name=name)
    body = ""
    if figures is not None and figures.HasField("counts"):
        counts = figures.counts
        body = count("{n} file", "{n} files", counts.rows)
        if counts.previous_run:
            body = say(
                "{files}: {new} new, {grown} grown, {gone} gone",
                files=body,
                new=counts.new,
                grown=counts.grown,
                gone=counts.gone,
            )
    elif figures is not None:
        body = names.safe_text(figures.message)
    return Notice(Kind.REPORTS, f"schedule {run.schedule}", title, body, "schedules", run.schedule)


def failure(what: str, why: str) -> Notice:
    """An answer to a click in the menu that came to nothing."""
    return Notice(Kind.ANSWER, "answer", what, names.safe_text(why))


def without_window(notice: Notice) -> Notice:
    """The notice where no window is installed: nothing to click on."""
    return replace(notice, page="", select="", undo="")
