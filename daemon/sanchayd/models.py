"""The daemon's own values: roots, jobs and how fresh an answer is. Frozen; times are Unix nanoseconds, sizes bytes."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TypeAlias

# In a class that counts `bytes`, the name means the count.
RawBytes: TypeAlias = bytes


class HashScope(str, Enum):
    """Which files of a root are hashed."""

    ALL = "all"
    DUPLICATES = "duplicates"
    NONE = "none"


class HashAlgorithm(str, Enum):
    """What they are hashed with."""

    BLAKE3 = "blake3"
    SHA256 = "sha256"


class WatchMode(str, Enum):
    """How changes of a root are noticed; `auto` leaves it to the file system's kind."""

    AUTO = "auto"
    EVENTS = "events"
    POLL = "poll"
    OFF = "off"


POLL_S = 300


@dataclass(frozen=True)
class RootSettings:
    """What a person chose for a root.

    `exclude` are globs against the path below it, `poll_s` counts with polling, and `expect_unreadable` are whole paths
    that make no scan partial.
    """

    hash: HashScope = HashScope.ALL
    algorithm: HashAlgorithm = HashAlgorithm.BLAKE3
    exclude: tuple[str, ...] = ()
    one_file_system: bool = False
    skip_hidden: bool = False
    watch: WatchMode = WatchMode.AUTO
    poll_s: int = POLL_S
    expect_unreadable: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Root:
    """A folder that is kept in the catalog."""

    id: int
    name: str
    path: bytes
    settings: RootSettings
    created_ns: int
    claimed: bool = True  # False: rows of it were found in the catalog, and nobody has asked for it here


class FreshnessState(str, Enum):
    """How far an answer can be trusted, from the least to the most."""

    SCANNING = "scanning"
    NEVER_SCANNED = "never_scanned"
    PARTIAL = "partial"
    OFFLINE = "offline"
    RECONCILING = "reconciling"
    SCANNED = "scanned"
    POLLED = "polled"
    LIVE = "live"


@dataclass(frozen=True)
class Freshness:
    """`as_of_ns` is 0 where nothing was ever scanned; `reason` is for people.

    `rest` goes with partial: how fresh all else is, where nothing but what cannot be read is amiss. None where rows are
    kept of what is out of reach, and may be gone.
    """

    state: FreshnessState
    as_of_ns: int = 0
    reason: str = ""
    rest: FreshnessState | None = None


@dataclass(frozen=True)
class PolledPart:
    """A file system mounted below a watched root that cannot be watched."""

    path: bytes
    file_system: str


@dataclass(frozen=True)
class LiveStatus:
    """How a root is kept up to date at this moment.

    `mode` is events, poll or off, and `chosen_because` says why; `state` is live, reconciling, polled, offline,
    degraded or stopped. `pending` counts the looks and hashes that wait, `events` and `overflows` what came since the
    start.
    """

    root_id: int
    mode: str = "off"
    chosen_because: str = ""
    state: str = "stopped"
    reason: str = ""
    as_of_ns: int = 0
    watched_folders: int = 0
    pending: int = 0
    events: int = 0
    overflows: int = 0
    polled_parts: tuple[PolledPart, ...] = ()


@dataclass(frozen=True)
class RootView:
    """A root as it stands: `state` is new, scanning, ready, partial or offline."""

    root: Root
    state: str
    freshness: Freshness
    files: int
    directories: int
    bytes: int
    live: LiveStatus


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


@dataclass(frozen=True)
class BackgroundPause:
    """Whether background work stands still; `until_ns` 0: until somebody lets it go on.

    A pause of `seconds` ends at `boot_until_s` of the time since the start `boot` of the machine; after another start
    the wall clock has to do, but not for longer than was asked for.
    """

    paused: bool = False
    until_ns: int = 0
    seconds: float = 0.0
    boot: str = ""
    boot_until_s: float = 0.0


@dataclass(frozen=True)
class Setting:
    """A setting as it stands: `value` as TOML, `origin` where it came from."""

    key: str
    value: str
    origin: str
