"""The daemon's values of schedules, their runs and reports. Frozen; times are Unix nanoseconds, sizes bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sanchayd.schedules.timing import Timing, timing_of


class Action(str, Enum):
    """What a schedule does."""

    SCAN = "scan"
    REPORT = "report"
    CHECK = "check"


class RunState(str, Enum):
    """What becomes of a run."""

    RUNNING = "running"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True)
class Schedule:
    """A schedule. `cron` is empty for an interval of `every_s`, `root_ids` for every root, `to_folder` for no file."""

    id: int
    name: str
    cron: str
    every_s: int
    anchor_ns: int
    action: Action
    root_ids: tuple[int, ...] = ()
    expression: str = ""
    to_folder: bytes = b""
    enabled: bool = True
    covered_ns: int = 0
    created_ns: int = 0

    @property
    def timing(self) -> Timing:
        """When it runs."""
        return timing_of(self.cron, self.every_s, self.anchor_ns)


@dataclass(frozen=True)
class ReportCounts:
    """What a report holds: `truncated` where there were more rows than are kept; `previous_run` is 0 for the first."""

    rows: int = 0
    bytes: int = 0
    new: int = 0
    grown: int = 0
    gone: int = 0
    truncated: bool = False
    previous_run: int = 0


@dataclass(frozen=True)
class Run:
    """A run of a schedule; `cause` is time, manual or again (after an interruption)."""

    id: int
    schedule_id: int
    cause: str
    state: RunState
    started_ns: int
    ended_ns: int = 0
    message: str = ""
    job_ids: tuple[int, ...] = ()
    counts: ReportCounts | None = None
    file: bytes = b""

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state is not RunState.RUNNING


@dataclass(frozen=True)
class ReportRow:
    """A file as a report found it; `size_before` is the size at the previous run, for files that grew."""

    path: bytes
    size: int
    allocated: int
    modified_ns: int
    type: str
    hash: str
    root_id: int
    size_before: int | None = None


@dataclass(frozen=True)
class Report:
    """The rows of a run, largest first, and what differs from the previous run's."""

    rows: tuple[ReportRow, ...] = ()
    new: tuple[ReportRow, ...] = ()
    grown: tuple[ReportRow, ...] = ()
    gone: tuple[ReportRow, ...] = ()
