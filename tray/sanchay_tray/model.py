"""What icon and window know, as a pure function of what they are told: `told(state, news) -> state`.

No display, no wire, no clock: values in, values out. The daemon's own messages stand in the state as they came, and are
never changed. What a person should attend to (`causes`) is derived from the state, so that it stays until its cause is
gone, and not until someone looked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sanchay.v1 import common_pb2, daemon_pb2, event_pb2, job_pb2, root_pb2


#: Events that are kept for "What happened".
HAPPENED_KEPT = 500
#: States of a job that has not ended.
ACTIVE = frozenset({"queued", "running", "paused"})
#: The same, and those that a daemon broke off as it ended: its next start goes on with them, or says how they ended.
UNENDED = ACTIVE | {"interrupted"}
#: Events that a person is told of, later too; the others are progress and files that come and go.
TOLD = frozenset(
    {"duplicate", "damage", "root_offline", "root_online", "degraded", "recovered", "schedule", "forecast"}
)


class Link(Enum):
    """How icon and window stand to the daemon."""

    CONNECTING = "connecting"
    UP = "up"
    ABSENT = "absent"  # none runs
    STARTING = "starting"
    ENDING = "ending"
    SILENT = "silent"  # it holds its lock and does not answer
    HELD = "held"  # a signal holds its process still
    REFUSED = "refused"  # another person's, a newer version, or it could not start: `why` says which


class Look(Enum):
    """What the icon shows."""

    WELL = "well"
    WORKING = "working"
    PAUSED = "paused"
    ATTENTION = "attention"
    ABSENT = "absent"


class Kind(Enum):
    """Kinds of causes for attention, the worst first."""

    CATALOG = "catalog"  # damaged, rebuilt, or its disk is full
    DAMAGE = "damage"  # files that rotted
    ROOT_SETTINGS = "root_settings"
    ROOT_OFFLINE = "root_offline"
    CONFIG = "config"
    JOB_FAILED = "job_failed"
    SCHEDULE_FAILED = "schedule_failed"


@dataclass(frozen=True)
class Cause:
    """Why something needs attention. `subject` names the root, job or schedule; `why` is the daemon's sentence, and
    `words` has it for other languages."""

    kind: Kind
    subject: str = ""
    why: str = ""
    count: int = 0
    words: common_pb2.Words | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Copies:
    """What could be free, in the whole catalog. Bytes are those that a clean-up would give back."""

    groups: int
    redundant_files: int
    freed_bytes: int


@dataclass(frozen=True)
class State:
    """All that icon and window know. `status` is the last that the daemon said, kept while it is away."""

    link: Link = Link.CONNECTING
    why: str = ""  # a sentence of the link, for people
    status: daemon_pb2.GetStatusResponse | None = None
    jobs: tuple[job_pb2.Job, ...] = ()  # those that have not ended, oldest first
    failed: tuple[job_pb2.Job, ...] = ()  # those that failed, and no later one of their kind and roots has gone well
    copies: Copies | None = None
    happened: tuple[event_pb2.Event, ...] = field(default=())  # newest first

    @property
    def roots(self) -> tuple[root_pb2.Root, ...]:
        """The roots as they were last known."""
        return tuple(self.status.roots) if self.status is not None else ()

    @property
    def is_paused(self) -> bool:
        """Whether background work waits: for a person, or for the mains."""
        return self.status is not None and self.status.background.state in ("paused", "on_battery")

    @property
    def running(self) -> job_pb2.Job | None:
        """The job that is under way, where one is: the one that runs before those that wait."""
        return min(self.jobs, key=lambda job: (job.state != "running", job.id), default=None)


# ---- What can be told ----


@dataclass(frozen=True)
class Reached:
    """The daemon answers: its status, and its latest jobs, newest first."""

    status: daemon_pb2.GetStatusResponse
    jobs: tuple[job_pb2.Job, ...]


@dataclass(frozen=True)
class Lost:
    """The daemon does not answer, or not yet."""

    link: Link
    why: str = ""


@dataclass(frozen=True)
class Counted:
    """What could be free was asked again."""

    copies: Copies


@dataclass(frozen=True)
class Happened:
    """An event of the daemon's. `remembered`: it is of the time before, and news to no one."""

    event: event_pb2.Event
    remembered: bool = False


News = Reached | Lost | Counted | Happened


def told(state: State, news: News) -> State:
    """The state after the news."""
    if isinstance(news, Reached):
        active = tuple(sorted((job for job in news.jobs if job.state in ACTIVE), key=lambda job: job.id))
        return replace(
            state, link=Link.UP, why="", status=news.status, jobs=active, failed=_still_failed(reversed(news.jobs))
        )
    if isinstance(news, Lost):
        # Jobs of a daemon that is gone do not run; what it knew of the folders stays, and is said to be old.
        return replace(state, link=news.link, why=news.why, jobs=())
    if isinstance(news, Counted):
        return replace(state, copies=news.copies)
    event = news.event
    if event.kind == "job":
        state = _with_job(state, event.job)
    if event.kind in TOLD or (event.kind == "job" and event.job.state not in ACTIVE and not event.job.background):
        state = replace(state, happened=(event, *state.happened)[:HAPPENED_KEPT])
    return state


def _with_job(state: State, job: job_pb2.Job) -> State:
    others = tuple(each for each in state.jobs if each.id != job.id)
    if job.state in ACTIVE:
        return replace(state, jobs=tuple(sorted((*others, job), key=lambda each: each.id)))
    return replace(state, jobs=others, failed=_still_failed((*state.failed, job)))


def _still_failed(jobs: Iterable[job_pb2.Job]) -> tuple[job_pb2.Job, ...]:
    """The failed ones of `jobs`, oldest first, that no later job of the same kind and roots has made good."""
    failed: dict[tuple[object, ...], job_pb2.Job] = {}
    for job in jobs:
        about = (job.kind, *sorted(job.root_ids))
        if job.state == "failed":
            failed[about] = job
        elif job.state in ("done", "partial"):
            failed.pop(about, None)
    return tuple(failed.values())


# ---- What follows from it ----


def causes(state: State) -> tuple[Cause, ...]:
    """What needs attention, the worst first. Nothing where the daemon is away: that it is away is the one thing."""
    status = state.status
    if status is None or state.link is not Link.UP:
        return ()
    found = []
    if status.catalog.state not in ("", "ok"):
        found.append(
            Cause(Kind.CATALOG, status.catalog.state, status.catalog.message, words=status.catalog.message_words)
        )
    if status.damaged_files:
        found.append(Cause(Kind.DAMAGE, count=status.damaged_files))
    for root in status.roots:
        if root.unreadable_settings:
            found.append(Cause(Kind.ROOT_SETTINGS, root.name, ", ".join(root.unreadable_settings)))
        elif root.state == "offline":
            fresh = root.freshness
            found.append(Cause(Kind.ROOT_OFFLINE, root.name, fresh.reason, words=fresh.reason_words))
    if status.config_error:
        found.append(Cause(Kind.CONFIG, why=status.config_error, words=status.config_error_words))
    found += [Cause(Kind.JOB_FAILED, str(job.id), job.message, words=job.message_words) for job in state.failed]
    for schedule in status.schedules:
        run = schedule.last_run
        if schedule.enabled and run.state == "failed":
            found.append(Cause(Kind.SCHEDULE_FAILED, schedule.name, run.message, words=run.message_words))
    return tuple(found)


def look(state: State) -> Look:
    """What the icon shows: the daemon's absence before all else, then what needs attention, then what goes on."""
    if state.link in (Link.CONNECTING, Link.STARTING):
        return Look.WORKING if state.status is not None else Look.ABSENT
    if state.link is not Link.UP:
        return Look.ABSENT
    if causes(state):
        return Look.ATTENTION
    if any(job.state == "running" and not job.background for job in state.jobs):
        return Look.WORKING
    return Look.PAUSED if state.is_paused else Look.WELL


def needs_status(event: event_pb2.Event) -> bool:
    """Whether the daemon's status is to be asked again after the event."""
    if event.kind == "job":
        return event.job.state not in ACTIVE
    return event.kind in (
        "status",
        "dropped",
        "root_offline",
        "root_online",
        "degraded",
        "recovered",
        "schedule",
        "damage",
    )


def needs_copies(event: event_pb2.Event) -> bool:
    """Whether what could be free is to be counted again after the event."""
    if event.kind == "job":
        return event.job.state not in ACTIVE
    return event.kind in ("duplicate", "removed", "dropped", "reconciled", "root_offline", "root_online")
