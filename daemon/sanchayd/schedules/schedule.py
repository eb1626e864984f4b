"""A schedule and its runs. Frozen; times are Unix nanoseconds, sizes bytes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sanchay.sentences import NOTHING, Sentence
from sanchayd.reports.report import ReportCounts
from sanchayd.schedules.timing import Timing, timing_of


class Action(str, Enum):
    """What a schedule does."""

    SCAN = "scan"
    REPORT = "report"
    CHECK = "check"
    VERIFY = "verify"


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
    """A schedule. `cron` is empty for an interval of `every_s`, `root_ids` for every root, `to_folder` for no file.
    `expression` is the query of a report, and the budget of a verification."""

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
class Run:
    """A run of a schedule; `cause` is time, manual or again (after an interruption)."""

    id: int
    schedule_id: int
    cause: str
    state: RunState
    started_ns: int
    ended_ns: int = 0
    message: Sentence = NOTHING
    job_ids: tuple[int, ...] = ()
    counts: ReportCounts | None = None
    file: bytes = b""

    @property
    def ended(self) -> bool:
        """Whether it is over."""
        return self.state is not RunState.RUNNING
