"""What a run found, and what is new since the one before. Frozen; times are Unix nanoseconds, sizes bytes."""

from __future__ import annotations

from dataclasses import dataclass


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
    """The rows of a run, largest first, and what differs from the previous run's. `expression` is what it asked."""

    rows: tuple[ReportRow, ...] = ()
    new: tuple[ReportRow, ...] = ()
    grown: tuple[ReportRow, ...] = ()
    gone: tuple[ReportRow, ...] = ()
    expression: str | None = None
