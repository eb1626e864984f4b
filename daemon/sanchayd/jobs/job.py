"""A piece of long work: its state, how far it is and how it ended. Frozen; times are Unix nanoseconds, sizes bytes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from sanchay.sentences import NOTHING, Sentence
from sanchayd.engine_port.values import RawBytes


class JobState(str, Enum):
    """Where a job stands."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    PARTIAL = "partial"
    FAILED = "failed"
    CANCELLED = "cancelled"
    INTERRUPTED = "interrupted"

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to the job. An interrupted one goes on at the next start."""
        return self in {JobState.DONE, JobState.PARTIAL, JobState.FAILED, JobState.CANCELLED}


@dataclass(frozen=True)
class JobProgress:
    """A snapshot. `done` of `total` are counted in `unit`; what is None is not known."""

    phase: str = "queued"
    files: int = 0
    directories: int = 0
    bytes: int = 0
    hashed_files: int = 0
    hashed_bytes: int = 0
    errors: int = 0
    files_per_s: float = 0.0
    bytes_per_s: float = 0.0
    current: RawBytes = b""
    percent: float | None = None
    seconds_left: float | None = None
    unit: str = "files"
    done: int = 0
    total: int | None = None
    waits_for: Sentence = NOTHING  # why it stands still though it may run; for people


@dataclass(frozen=True)
class JobResult:
    """What every kind of job can say of itself when it has ended; each kind adds its own counts."""

    errors: int = 0
    duration_s: float = 0.0
    peak_rss_bytes: int = 0

    def progress(self) -> JobProgress:
        """The counters of a job that has ended."""
        return JobProgress(phase="done", errors=self.errors, seconds_left=0.0)


@dataclass(frozen=True)
class JobError:
    """One thing that could not be read."""

    path: bytes
    kind: str
    message: str


@dataclass(frozen=True)
class JobRoot:
    """A root that a job works in. It keeps its name, for a root may be gone before its jobs are."""

    id: int
    name: str


@dataclass(frozen=True)
class Job:
    """Work of one kind in some roots, from its asking to its end. `arguments` is what else the kind was asked for."""

    id: int
    kind: str
    roots: tuple[JobRoot, ...]
    state: JobState
    background: bool
    created_ns: int
    arguments: Mapping[str, Any] = field(default_factory=dict)
    started_ns: int = 0
    ended_ns: int = 0
    progress: JobProgress = field(default_factory=JobProgress)
    result: JobResult | None = None
    message: Sentence = NOTHING
    errors: tuple[JobError, ...] = ()
    request_id: str = ""

    @property
    def root_ids(self) -> tuple[int, ...]:
        """The roots that it works in."""
        return tuple(root.id for root in self.roots)

    @property
    def root_names(self) -> str:
        """Their names, for people."""
        return ", ".join(root.name for root in self.roots)

    def does_the_same(self, other: Job) -> bool:
        """Whether one of the two is enough."""
        return (self.kind, self.root_ids, self.arguments) == (other.kind, other.root_ids, other.arguments)
