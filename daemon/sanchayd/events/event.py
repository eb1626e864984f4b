"""What can happen, as values: kinds of events, an event, and which of them a listener wants."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from sanchay import names
from sanchay.errors import InvalidArgument
from sanchay.sentences import NOTHING, Sentence
from sanchayd.engine_port.values import RawBytes
from sanchayd.jobs.job import Job


class EventKind(str, Enum):
    """What can happen."""

    ADDED = "added"
    CHANGED = "changed"
    REMOVED = "removed"
    MOVED = "moved"
    DUPLICATE = "duplicate"
    DAMAGE = "damage"
    ROOT_OFFLINE = "root_offline"
    ROOT_ONLINE = "root_online"
    DEGRADED = "degraded"
    RECOVERED = "recovered"
    RECONCILED = "reconciled"
    JOB = "job"
    SCHEDULE = "schedule"
    FORECAST = "forecast"
    STATUS = "status"
    DROPPED = "dropped"


class StatusTopic(str, Enum):
    """What of the daemon's status may change."""

    ROOTS = "roots"
    SETTINGS = "settings"
    PAUSE = "pause"
    PLANS = "plans"
    SCHEDULES = "schedules"
    DAMAGE = "damage"
    NOTICES = "notices"
    CATALOG = "catalog"


FILE_KINDS = frozenset({EventKind.ADDED, EventKind.CHANGED, EventKind.REMOVED, EventKind.MOVED})
ROOT_KINDS = frozenset(
    {
        EventKind.ROOT_OFFLINE,
        EventKind.ROOT_ONLINE,
        EventKind.DEGRADED,
        EventKind.RECOVERED,
        EventKind.RECONCILED,
    }
)
_GROUPS = {"file": FILE_KINDS, "root": ROOT_KINDS}


@dataclass(frozen=True)
class ScheduleRun:
    """A run of a schedule that begins or has ended."""

    schedule: str
    run_id: int
    state: str


@dataclass(frozen=True)
class Event:
    """Something that happened; `kind` says which of the fields have a value. Times are Unix nanoseconds.

    `other_path` is where a moved file was, or the twin of a duplicate or a damaged file; `dropped` is how many events
    were lost here; `topics` is what of the status has changed.
    """

    kind: EventKind
    at_ns: int
    root_id: int = 0
    root: str = ""
    path: RawBytes = b""
    other_path: RawBytes = b""
    bytes_delta: int = 0
    size: int = 0
    message: Sentence = NOTHING
    job: Job | None = None
    run: ScheduleRun | None = None
    dropped: int = 0
    full_on_ns: int = 0
    topics: tuple[StatusTopic, ...] = ()

    @property
    def weight_bytes(self) -> int:
        """About how much room it takes in a message."""
        return 200 + 2 * (len(self.path) + len(self.other_path)) + len(self.message) + (400 if self.job else 0)


@dataclass(frozen=True)
class Wanted:
    """Which events a subscriber asked for; empty is all."""

    kinds: frozenset[EventKind] = frozenset()
    root_ids: frozenset[int] = frozenset()

    def fits(self, event: Event) -> bool:
        """Whether the event is one of them. That something was lost concerns everybody."""
        if event.kind is EventKind.DROPPED:
            return True
        return (not self.kinds or event.kind in self.kinds) and (not self.root_ids or event.root_id in self.root_ids)


def kinds_of(words: Iterable[str]) -> frozenset[EventKind]:
    """The kinds that the words name; `file` and `root` name several. Raises invalid_argument."""
    kinds: set[EventKind] = set()
    for word in words:
        if word in _GROUPS:
            kinds |= _GROUPS[word]
        elif word in EventKind._value2member_map_:
            kinds.add(EventKind(word))
        else:
            known = ", ".join([*_GROUPS, *(kind.value for kind in EventKind)])
            raise InvalidArgument(f"{names.quoted(word)} is not a kind of event; the kinds are {known}.")
    return frozenset(kinds)
