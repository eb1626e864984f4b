"""A piece of long work: its state, how far it is and how it ended. Frozen; times are Unix nanoseconds, sizes bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum

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
    """A snapshot; `percent` and `seconds_left` are None where they are not known."""

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


@dataclass(frozen=True)
class JobResult:
    """What a scan found and did; see job.proto for the meaning of each count."""

    files: int = 0
    directories: int = 0
    bytes: int = 0
    hashed_files: int = 0
    hashed_bytes: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    errors: int = 0
    duration_s: float = 0.0
    files_per_s: float = 0.0
    peak_rss_bytes: int = 0
    unstable: int = 0
    special: int = 0
    symlinks: int = 0
    excluded: int = 0
    skipped_mounts: int = 0
    expected_unreadable: int = 0

    def progress(self) -> JobProgress:
        """The counters of a scan that has ended."""
        return JobProgress(
            phase="done",
            files=self.files,
            directories=self.directories,
            bytes=self.bytes,
            hashed_files=self.hashed_files,
            hashed_bytes=self.hashed_bytes,
            errors=self.errors,
            files_per_s=self.files_per_s,
            bytes_per_s=self.hashed_bytes / self.duration_s if self.duration_s else 0.0,
            seconds_left=0.0,
        )


@dataclass(frozen=True)
class JobError:
    """One thing that could not be read."""

    path: bytes
    kind: str
    message: str


@dataclass(frozen=True)
class Job:
    """A scan of one root, from its asking to its end."""

    id: int
    root_id: int
    root_name: str
    state: JobState
    background: bool
    created_ns: int
    started_ns: int = 0
    ended_ns: int = 0
    progress: JobProgress = field(default_factory=JobProgress)
    result: JobResult | None = None
    message: str = ""
    errors: tuple[JobError, ...] = ()
    request_id: str = ""
    kind: str = "scan"
