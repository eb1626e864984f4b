"""The shapes of a catalog's answers, which pass through as the catalog made them; mypy holds the engine to them.

What the daemon makes itself too, for a root that the catalog has not spoken of, is a class: those are copied.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

# In a class that counts `bytes`, the name means the count.
RawBytes: TypeAlias = bytes


class RootCheck(Protocol):
    """What a path would be as a root: resolved, with its file system's name."""

    path: bytes
    file_system: str
    network: bool


class Place(Protocol):
    """A place as the catalog spells it, and the roots that it lies in or that lie in it."""

    path: bytes

    @property
    def root_ids(self) -> Sequence[int]:
        """The ids of those roots."""
        ...


@dataclass(frozen=True)
class RootStatus:
    """What the catalog holds of a root; `state` is new, ready, partial or offline.

    `holds`: it keeps rows of what is out of reach, and may be gone.
    """

    root_id: int
    state: str
    scanned_ns: int
    reason: str
    files: int
    directories: int
    bytes: int
    holds: bool = False


class CatalogStatus(Protocol):
    """The catalog's size and health.

    `rebuilt_from` is where a corrupt one was moved at this opening, `damage` what was found to be wrong with it since.
    """

    path: RawBytes
    files: int
    directories: int
    bytes: int
    db_bytes: int
    wal_bytes: int
    name_index_bytes: int
    name_index: str
    rollup_bytes: int
    rebuilt_from: RawBytes | None
    damage: str
    notice: str
    catalog_id: str


class StoredRoot(Protocol):
    """A root that the catalog has rows of; `settings` is JSON."""

    path: RawBytes
    settings: str


class ChangeRow(Protocol):
    """What happened to a file, or to a folder with all below it."""

    kind: str
    path: bytes
    from_path: bytes | None
    folder: bool
    files: int
    bytes_delta: int
    size: int
    at_ns: int
    root_id: int


class ChangePage(Protocol):
    """Changes, oldest first, and where to go on."""

    cursor: str
    complete: bool
    truncated: bool

    @property
    def rows(self) -> Sequence[ChangeRow]:
        """The page's changes."""
        ...


class GrowthRow(Protocol):
    """A folder that grew; `history` is (days since 1970 UTC, bytes) from the start of the span to now."""

    path: RawBytes
    bytes: int
    files: int
    grown_bytes: int
    bytes_per_day: float

    @property
    def history(self) -> Sequence[tuple[int, int]]:
        """Totals by day."""
        ...


class VolumePace(Protocol):
    """How fast grows what is cataloged on a volume; `path` is a folder on it. `days` of 0: unknown."""

    path: RawBytes
    bytes_per_day: float
    days: int


class GrowthPage(Protocol):
    """What grew, and the pace of what was asked about."""

    bytes_per_day: float
    days: int

    @property
    def rows(self) -> Sequence[GrowthRow]:
        """Those that grew most first."""
        ...

    @property
    def volumes(self) -> Sequence[VolumePace]:
        """The pace of each volume."""
        ...


class LiveEvent(Protocol):
    """Something that the engine noticed.

    `kind` is added, changed, removed, moved, duplicate, damage, root_offline, root_online, degraded, recovered or
    reconciled; `other_path` is where a moved one was, or the twin of a duplicate.
    """

    kind: str
    root_id: int
    at_ns: int
    path: bytes
    other_path: bytes | None
    bytes_delta: int
    size: int
    message: str


class EventBatch(Protocol):
    """What happened since the last batch, oldest first; `dropped` were lost before the first of them."""

    dropped: int

    @property
    def events(self) -> Sequence[LiveEvent]:
        """The events."""
        ...


class EngineLoad(Protocol):
    """What waits for the writer, content keys that wait to be merged, and readers at work; since the opening, questions
    that ended early, for no one waited, and transactions.
    """

    writer_queue: int
    staged_keys: int
    readers: int
    called_off: int
    transactions: int


class CatalogFault(Protocol):
    """Rows of one kind that disagree; `example` is a path where there is one."""

    kind: str
    count: int
    example: bytes
    mended: bool


class CatalogCheck(Protocol):
    """What a check of the catalog's rows found; `complete` where it came to its end."""

    folders: int
    files: int
    keys: int
    complete: bool

    @property
    def faults(self) -> Sequence[CatalogFault]:
        """One of each kind at most."""
        ...


@dataclass(frozen=True)
class HashDebt:
    """Files that are not hashed yet, and their apparent bytes."""

    files: int
    bytes: int


class ScanProgress(Protocol):
    """A snapshot of a scan's counters."""

    phase: str
    files: int
    directories: int
    bytes: int
    hashed_files: int
    hashed_bytes: int
    errors: int
    files_per_s: float
    bytes_per_s: float
    current: RawBytes
    percent: float | None
    seconds_left: float | None
    unit: str
    done: int
    total: int | None
    paused: bool
    waiting_for_disk: bool


class ScanError(Protocol):
    """One thing that a scan could not read."""

    path: bytes
    kind: str
    message: str


class ScanResult(Protocol):
    """How a scan ended; `state` is done, partial, cancelled, failed or offline."""

    state: str
    message: str
    files: int
    directories: int
    bytes: int
    hashed_files: int
    hashed_bytes: int
    added: int
    changed: int
    removed: int
    errors: int
    duration_s: float
    files_per_s: float
    unstable: int
    special: int
    symlinks: int
    excluded: int
    skipped_mounts: int
    expected_unreadable: int

    @property
    def error_list(self) -> Sequence[ScanError]:
        """The first hundred."""
        ...


class FileRow(Protocol):
    """A name of a file."""

    path: bytes
    size: int
    allocated: int
    modified_ns: int
    created_ns: int | None
    type: str
    extension: str
    hash: bytes
    algorithm: str
    hash_state: str
    links: int
    owner: int
    root_id: int
    inode: int


class FindPage(Protocol):
    """A page of files; `total` is None where only a lower bound is known."""

    total: int | None
    total_at_least: int
    total_bytes: int | None
    next_token: str
    folders: int
    asks_for_copies: bool
    out_of_patience: bool

    @property
    def rows(self) -> Sequence[FileRow]:
        """The page's rows."""
        ...

    @property
    def root_ids(self) -> Sequence[int]:
        """The roots that the answer draws on."""
        ...


class DuplicatePath(Protocol):
    """A name of a copy."""

    path: bytes
    inode: int
    modified_ns: int
    root_id: int
    copy: int
    perhaps: bool


class DuplicateGroup(Protocol):
    """Files of equal content."""

    size: int
    hash: bytes
    algorithm: str
    copies: int
    perhaps: int
    reclaimable_bytes: int
    freed_bytes: int
    total_paths: int

    @property
    def paths(self) -> Sequence[DuplicatePath]:
        """The first of its names."""
        ...


class PairSide(Protocol):
    """A folder of a pair; see `SharedFolder` in catalog.proto."""

    path: bytes
    shared_files: int
    bytes: int
    files: int
    is_contained: bool


class FolderPair(Protocol):
    """Two folders that share copies, or one twice."""

    groups: int

    @property
    def left(self) -> PairSide:
        """The first by path."""
        ...

    @property
    def right(self) -> PairSide:
        """The other."""
        ...


class SharedFolders(Protocol):
    """Pairs of folders, those first where most bytes could go; `is_partial`: not everything was counted."""

    total_pairs: int
    is_partial: bool

    @property
    def pairs(self) -> Sequence[FolderPair]:
        """The first of them."""
        ...


class DuplicatePage(Protocol):
    """A page of groups, and the totals of all of them; `ignored_groups` are left out of both."""

    total_groups: int
    total_redundant_files: int
    total_reclaimable_bytes: int
    total_freed_bytes: int
    ignored_groups: int
    next_token: str

    @property
    def groups(self) -> Sequence[DuplicateGroup]:
        """The page's groups."""
        ...


class NotCompared(Protocol):
    """Files that no answer about copies covers."""

    files: int
    bytes: int
    not_read: int
    unreadable: int
    unstable: int
    other_algorithm: int


class SummaryRow(Protocol):
    """One kind of file."""

    key: str
    files: int
    bytes: int


class UsagePage(Protocol):
    """Folders and files, each folder before its own; the token of the next page is empty where this is the last."""

    next_token: str

    @property
    def rows(self) -> Sequence[UsageRow]:
        """The page's folders."""
        ...


class LeftOut(Protocol):
    """What lies right in a folder and is too small for a row."""

    rows: int
    files: int
    bytes: int
    allocated: int


class UsageRow(Protocol):
    """One folder, or one file."""

    path: RawBytes
    depth: int
    file_type: str | None
    files: int
    directories: int
    bytes: int
    allocated: int
    linked_bytes: int
    newest_ns: int
    above_roots: bool
    copied_bytes: int

    @property
    def left_out(self) -> LeftOut | None:
        """None: nothing was."""
        ...

    @property
    def type_bytes(self) -> Mapping[str, int]:
        """By type, where that was asked for."""
        ...


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
