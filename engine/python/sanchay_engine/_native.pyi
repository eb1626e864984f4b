"""The engine's face. Every call releases the GIL while it works; sizes are bytes, times Unix nanoseconds (UTC).

Errors are `EngineError`, whose `kind` is one of `ERROR_KINDS` and whose `path` is the exact path or None.

A default of `...` is empty, or BLAKE3 for an algorithm: the module's own signatures do not spell these.
"""

import builtins
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Literal, TypeVar, final

_Value = TypeVar("_Value")

__version__: str
EVENT_KINDS: tuple[str, ...]
# added | changed | removed | moved | duplicate | damage | root_offline | root_online | degraded | recovered
# | reconciled
FOLDER_MARK: bytes  # the name of the file that marks a folder as a Sanchay's
ERROR_KINDS: tuple[str, ...]
# not_found | not_absolute | not_a_folder | permission | pseudo_file_system | own_folder | io | disk_full | busy
# | corrupt | newer_database | foreign_database | invalid_query | invalid_argument | config_invalid | unknown_root
# | unknown_path | closed | cancelled
# | internal

class EngineError(Exception):
    kind: str
    path: bytes | None
    message: str
    term: str | None  # invalid_query: the term
    position: int | None  # invalid_query: its offset in the expression, in characters

HashScope = Literal["all", "duplicates", "none"]
WatchSetting = Literal["auto", "events", "poll", "off"]
Algorithm = Literal["blake3", "sha256"]
ExportFormat = Literal["csv", "ndjson", "parquet", "b3sum", "sha256sum", "fdupes"]

@final
class RootSpec:
    """A root as the daemon knows it; `root_id` is the daemon's."""

    def __new__(
        cls,
        root_id: int,
        path: bytes,
        *,
        name: str = ...,
        hash: HashScope = "all",
        algorithm: Algorithm = ...,
        exclude: Sequence[str] = ...,
        one_file_system: bool = False,
        skip_hidden: bool = False,
        watch: WatchSetting = "auto",
        poll_s: int = 300,
        expect_unreadable: Sequence[bytes] = ...,
    ) -> RootSpec:
        """`watch`: how the root is kept up once `start_live` was called; `auto` chooses by its file system. `poll_s`:
        seconds between comparisons where it is polled."""

@final
class RootCheck:
    """What a path would be as a root."""

    path: bytes  # resolved: no symlinks, no dots
    file_system: str  # such as ext4
    network: bool

def exclude_patterns(path: bytes, globs: Sequence[str]) -> list[str]:
    """Globs of what a root at `path` is to leave out, as its filter takes them: paths in it are made relative to it.
    Raises EngineError invalid_argument for one that could never match."""

def path_below(root: bytes, path: bytes) -> bytes:
    """An absolute path as it is called below a root at `root`. Raises EngineError invalid_argument for one outside."""

@final
class Place:
    """A place of the catalog, found by its path or by where that leads."""

    path: bytes  # as the catalog spells it
    root_ids: list[int]  # of the roots that it lies in, and of those that lie in it

def check_root(path: bytes, own_folders: Sequence[bytes] = ...) -> RootCheck:
    """Raises EngineError: not_absolute, not_found, not_a_folder, permission, pseudo_file_system, own_folder."""

@final
class RootStatus:
    root_id: int
    state: str  # new | ready | partial | offline
    holds: bool  # rows are kept of what is out of reach, and may be gone
    scanned_ns: int  # end of the last complete or partial scan; 0: never
    reason: str
    files: int
    directories: int
    bytes: int

@final
class StoredRoot:
    """A root as the catalog has it."""

    root_id: int
    path: builtins.bytes
    state: str  # new | ready | partial | offline
    settings: str  # JSON

@final
class CatalogStatus:
    catalog_id: str  # of this catalog alone
    path: bytes
    files: int
    directories: int
    bytes: int
    db_bytes: int
    wal_bytes: int
    name_index_bytes: int
    name_index: str  # ready | building
    rollup_bytes: int
    rebuilt_from: builtins.bytes | None  # a corrupt catalog that was moved aside at this opening
    damage: str  # what was found to be wrong with the file since it was opened; empty: nothing
    notice: str

@final
class EngineLoad:
    """A snapshot of what waits in the engine."""

    writer_queue: int  # changes and tasks that wait for the writer
    staged_keys: int  # content keys that wait to be merged
    readers: int  # connections that read the catalog at this moment
    called_off: int  # questions that ended early, for no one waited, since the catalog was opened
    transactions: int  # since the catalog was opened

@final
class Halt:
    """Ends questions that no one waits for any more. What changes a catalog goes on to its end."""

    def __init__(self) -> None: ...
    def run(self, call: Callable[[], _Value]) -> _Value:
        """The call's value. What it asks a catalog on this thread raises `cancelled` soon after `call_off`."""

    def call_off(self) -> None:
        """Ends what is asked, and what would be; from any thread."""

@final
class CatalogFault:
    """Rows of one kind that disagree."""

    kind: str  # orphan_folders | lost_blocks | leftovers | totals | rollups | ghost_keys | missing_keys | groups | ...
    count: int
    example: builtins.bytes  # a path where there is one
    mended: bool

@final
class CatalogCheck:
    """What a check of the catalog found."""

    faults: list[CatalogFault]  # at most one of each kind; empty: all rows agree
    folders: int  # that were compared
    files: int
    keys: int  # of the content index
    complete: bool  # it came to its end

@final
class HashDebt:
    """Files that are not hashed yet, or changed while they were read."""

    files: int
    bytes: int

@final
class Progress:
    """A snapshot of a scan's counters. See job.proto for the meaning of each."""

    phase: str  # queued | listing | hashing | merging | indexing | done
    files: int
    directories: int
    bytes: int
    hashed_files: int
    hashed_bytes: int
    errors: int
    files_per_s: float
    bytes_per_s: float
    current: builtins.bytes
    percent: float | None
    seconds_left: float | None
    unit: str  # what done and total count: files | bytes
    done: int
    total: int | None
    paused: bool
    waiting_for_disk: bool  # the catalog's disk is full: it tries again by itself

@final
class ScanError:
    path: bytes
    kind: str
    message: str

@final
class ScanResult:
    state: str  # done | partial | cancelled | failed | offline
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
    expected_unreadable: int  # what could not be read and need not be
    error_list: list[ScanError]  # the first hundred

@final
class Scan:
    """A scan under way, on threads of the engine's own."""

    def progress(self) -> Progress: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def cancel(self) -> None: ...
    def foreground(self) -> None:
        """Goes on at normal priority: a client waits now."""

    def done(self) -> bool: ...
    def wait(self, timeout_s: float | None = None) -> ScanResult | None:
        """The result; None when it has not ended after `timeout_s`. Raises EngineError when the catalog failed."""

@final
class DamagedFile:
    """A file whose content is not what it was, though nothing says that it was written."""

    id: int  # of its finding
    path: bytes
    twins: list[bytes]  # copies of what it should be, each read whole just now

@final
class SuspectFile:
    """A file whose content is another though its size and time of change are as before: the catalog took it."""

    id: int  # of its finding
    path: bytes
    algorithm: str
    hash: str  # that the catalog had
    found_hash: str  # that it has now

@final
class VerifyResult:
    """What a verification did."""

    state: str  # done | partial | cancelled
    message: str
    checked: int
    bytes: int
    left: int  # files that the budget, or a cancel, left for the next time
    not_verifiable: int  # files without a hash
    changed: int  # left to the next scan
    skipped: int  # not reached: their roots are away, or their content is elsewhere
    cached: int  # of the files checked, those whose bytes may have come from memory
    errors: int
    damaged_files: int
    suspect_files: int
    duration_s: float
    damaged: list[DamagedFile]  # the first thousand
    suspect: list[SuspectFile]  # the first thousand
    unreadable: list[ScanError]  # the first hundred

@final
class PlanSkipped:
    """How many files were left out of a plan for one reason."""

    reason: str
    files: int

@final
class PlanLink:
    """A symbolic link that leads to a file which goes."""

    path: builtins.bytes
    target: builtins.bytes  # the whole path that it leads to

@final
class Plan:
    """A plan as a whole; `version` counts its edits, from 1."""

    id: int
    made_ns: int
    action: str  # trash | hardlink | reflink | symlink | delete
    asked: str  # scope and rules, as JSON
    version: int
    groups: int
    undecided: int
    files: int  # that go
    freed_bytes: int
    broken_links: int
    skipped: list[PlanSkipped]
    links: list[PlanLink]  # the first hundred of those that break

@final
class PlanCopy:
    """A file of a plan."""

    path: builtins.bytes
    decision: str  # keep | drop | undecided
    reason: str
    freed_bytes: int
    kept: builtins.bytes  # the copy that stays for it; empty: none

@final
class PlanGroup:
    """Equal files of a plan; parts of one group share their number."""

    number: int
    size_bytes: int
    algorithm: str
    hash: builtins.bytes
    copies: list[PlanCopy]

@final
class PlanPage:
    """A page of a plan."""

    groups: list[PlanGroup]
    next_token: str

@final
class FoundGroup:
    """A group that was asked for."""

    group: PlanGroup | None  # with its first copies; None: there is none such
    copies: int  # that it has
    next_undecided: int | None  # another one, behind it, or from the first again behind the last

@final
class GroupState:
    """How a group of a plan stands."""

    number: int
    is_undecided: bool

@final
class IgnoredGroup:
    """A content whose copies are wanted, and the paths that it had then."""

    size_bytes: int
    algorithm: str
    hash: builtins.bytes
    since_ns: int
    paths: list[builtins.bytes]

@final
class ActProgress:
    """A snapshot of a run."""

    phase: str  # queued | settling | acting | done
    done: int
    total: int | None
    bytes: int  # that were compared or copied
    skipped: int
    failed: int
    current: builtins.bytes

@final
class Left:
    """A file that a run left as it is."""

    path: builtins.bytes
    reason: str
    message: str

@final
class ActResult:
    """How a run ended."""

    state: str  # done | partial | cancelled
    message: str
    run: int
    acted: int
    skipped: int
    failed: int
    freed_bytes: int
    freed_when_emptied: bool
    compared_bytes: int
    duration_s: float
    left: list[Left]  # the first hundred

@final
class JournalRun:
    """A run in the journal."""

    id: int
    kind: str  # dedupe | undo | repair
    action: str
    of: int | None  # the plan, or the run that it took back
    began_ns: int
    ended_ns: int | None
    acted: int
    skipped: int
    failed: int
    freed_bytes: int

@final
class Act:
    """One file of a run."""

    number: int
    state: str  # intended | done | left | taken-back
    path: builtins.bytes
    kept_path: builtins.bytes
    size_bytes: int
    freed_bytes: int
    reason: str
    detail: str

@final
class ActPage:
    """A page of a run."""

    acts: list[Act]
    next_token: str

@final
class Acting:
    """A run under way, on a thread of the engine's own. Every call returns at once but `wait`."""

    def progress(self) -> ActProgress: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def cancel(self) -> None: ...
    def foreground(self) -> None: ...
    def wait(self, timeout_s: float | None = None) -> ActResult | None:
        """Its result; None when it has not ended after that time."""

@final
class Dedupe:
    """What clears copies in a catalog's roots. Safe to call from any thread."""

    def __new__(cls, catalog: Catalog) -> Dedupe: ...
    def make_plan(
        self,
        *,
        under: builtins.bytes | None,
        min_size: int,
        extensions: Sequence[str],
        types: Sequence[str],
        drop: str | None,
        keep: str | None,
        prefer: Sequence[builtins.bytes],
        isolate: Sequence[builtins.bytes],
        min_copies: int,
        min_devices: int,
        one_of_each_name: bool,
        everywhere: bool,
        action: str,
        asked: str,
        time_zone: str = "",
        keep_in: Sequence[builtins.bytes] = ...,
        drop_in: Sequence[builtins.bytes] = ...,
    ) -> Plan:
        """Decides which copies go, and keeps it in the journal."""

    def plans(self) -> list[Plan]:
        """All plans, the newest first."""

    def plan(self, plan_id: int) -> Plan: ...
    def plan_groups(
        self, plan_id: int, *, token: str = "", first_group: int = 0, limit: int = 1000, max_bytes: int | None = None
    ) -> PlanPage: ...
    def plan_group(
        self,
        plan_id: int,
        *,
        number: int | None = None,
        hash_bytes: builtins.bytes | None = None,
        undecided_after: int | None = None,
        wraps: bool = False,
        limit: int = 1000,
        max_bytes: int | None = None,
    ) -> FoundGroup:
        """The group of a number or a content, or the next one behind a number in which something is undecided."""

    def plan_group_states(self, plan_id: int, hashes: Sequence[builtins.bytes]) -> list[GroupState | None]:
        """How the groups of contents stand; None for each that the plan does not have."""

    def decide_group(
        self,
        plan_id: int,
        number: int,
        *,
        keep: Sequence[builtins.bytes],
        drop: Sequence[builtins.bytes],
        undecided: Sequence[builtins.bytes],
        rest: str | None,
    ) -> Plan:
        """Decides a group by hand, all or nothing; `rest` is what becomes of copies that are not named."""

    def edit_plan(self, plan_id: int, path: builtins.bytes, decision: str) -> Plan: ...
    def forget_plan(self, plan_id: int) -> None: ...
    def ignore_copies(
        self, *, hash_bytes: builtins.bytes | None = None, path: builtins.bytes | None = None
    ) -> IgnoredGroup: ...
    def ignored(self) -> list[IgnoredGroup]: ...
    def unignore_copies(
        self, *, hash_bytes: builtins.bytes | None = None, path: builtins.bytes | None = None
    ) -> bool: ...
    def start_run(
        self,
        plan_id: int,
        version: int,
        *,
        any_metadata: bool = False,
        empty_folders: bool = False,
        background: bool = False,
        request_id: str = "",
    ) -> Acting:
        """Does what this version of a plan says."""

    def start_undo(
        self, run_id: int, paths: Sequence[builtins.bytes] = ..., *, background: bool = False, request_id: str = ""
    ) -> Acting:
        """Takes a run back: all of it, or what lies at or below these paths."""

    def start_repair(self, finding_id: int, *, background: bool = False, request_id: str = "") -> Acting:
        """A copy of a healthy twin takes the place of a damaged file, which goes to the trash."""

    def runs(self) -> list[JournalRun]:
        """All runs, the newest first."""

    def acts(self, run_id: int, *, token: str = "", limit: int = 1000, max_bytes: int | None = None) -> ActPage: ...

@final
class Verification:
    """A verification under way, on threads of the engine's own."""

    @staticmethod
    def start(
        catalog: Catalog,
        *,
        root_ids: Sequence[int],
        budget_bytes: int | None = None,
        budget_s: float | None = None,
        key: int,
        background: bool = False,
        request_id: str = "",
    ) -> Verification:
        """Starts one of some roots, or of all where none is named. `key` tells it from others, and is when it was asked
        for (Unix nanoseconds): one that was interrupted goes on under the same key."""

    def progress(self) -> Progress: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def cancel(self) -> None: ...
    def foreground(self) -> None:
        """A client waits now: it passes by pauses and limits of background work."""

    def wait(self, timeout_s: float | None = None) -> VerifyResult | None:
        """The result; None when it has not ended after `timeout_s`. Raises EngineError when the catalog failed."""

@final
class Finding:
    """A damaged or suspect file, as the journal has it."""

    id: int
    kind: str  # damaged | suspect
    state: str  # open | accepted | repaired
    found_ns: int
    path: bytes
    size: int
    algorithm: str
    hash: str  # that it should have
    found_hash: str
    repaired_by: int | None  # the run that repaired it

def findings(catalog: Catalog, *, with_closed: bool = False) -> list[Finding]:
    """Damaged and suspect files, the newest first; those that were dealt with, too, `with_closed`."""

def accept_finding(catalog: Catalog, finding_id: int) -> Finding:
    """A file is right as it is: the catalog takes the content that was found, where the file still has it."""

def compare_listed(catalog: Catalog, rows: Sequence[tuple[bytes, str, bytes]]) -> list[tuple[str, str]]:
    """Compares what is on the disk with lines of lists (path, algorithm, hash).

    The state of each, and why it could not be read: ok | other | missing | not_cataloged | not_hashed.
    """

@final
class HaveCopy:
    """A cataloged file with the content that was asked about."""

    path: bytes
    root_id: int
    device: str  # the identity of the file system that it lies on; empty: not known
    offline: bool  # its root is not there

@final
class HaveRow:
    """The answer about one file."""

    path: bytes
    state: str  # known | offline | maybe | new | unreadable
    reason: str  # of maybe and unreadable
    size: int  # 0 of a listed hash
    copies: list[HaveCopy]  # the first eight

@final
class HavePage:
    rows: list[HaveRow]
    next_token: str  # empty: this is the last page

@final
class HaveResult:
    state: str  # done | partial | cancelled
    known: int
    offline: int
    maybe: int
    new: int
    unreadable: int
    bytes: int
    new_bytes: int
    hashed_files: int
    hashed_bytes: int
    symlinks: int
    special: int
    errors: int
    duration_s: float
    error_list: list[ScanError]  # the first hundred

@final
class Have:
    """An answer under way, on threads of the engine's own; its rows are kept for as long as it is held."""

    def progress(self) -> Progress: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def cancel(self) -> None: ...
    def wait(self, timeout_s: float | None = None) -> HaveResult | None:
        """The result; None when it has not ended after `timeout_s`."""

    def rows(
        self, *, states: Sequence[str] = ..., limit: int = 1000, max_bytes: int | None = None, token: str = ""
    ) -> HavePage:
        """A page of the rows so far, in one of these states; in any where none is named."""

@final
class LiveStatus:
    """How well one root is kept up."""

    root_id: int
    mode: str  # events | poll | off
    chosen_because: str
    state: str  # live | reconciling | polled | offline | degraded | stopped
    reason: str
    as_of_ns: int  # all that had happened until then is in the catalog; 0: never
    watched_folders: int
    pending: int  # looks and hashes that wait
    events: int
    overflows: int
    polled_parts: list[PolledPart]

@final
class PolledPart:
    """A file system mounted below a watched root that cannot be watched."""

    path: bytes
    file_system: str

@final
class LiveEvent:
    """One thing that happened. `kind` is one of EVENT_KINDS."""

    kind: str
    root_id: int
    at_ns: int
    path: builtins.bytes
    other_path: builtins.bytes | None  # moved: the former path; duplicate: the path of a twin
    bytes_delta: int
    size: int
    message: str

@final
class EventBatch:
    events: list[LiveEvent]
    dropped: int  # events lost before these, because no one asked for them in time

@final
class FileRow:
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

@final
class FindPage:
    rows: list[FileRow]
    total: int | None
    total_at_least: int
    total_bytes: int | None  # of all hits; None where they were not added up
    next_token: str  # empty: the last page
    root_ids: list[int]  # of the roots that the answer draws on
    folders: int  # that `type:folder` would find, where no file is found
    asks_for_copies: bool  # what was not compared matters to the answer
    out_of_patience: bool  # there may be more hits; without a token they may come before these

@final
class DuplicatePath:
    path: bytes
    inode: int
    modified_ns: int
    root_id: int
    copy: int
    perhaps: bool

@final
class DuplicateGroup:
    size: int
    hash: bytes
    algorithm: str
    copies: int
    perhaps: int
    reclaimable_bytes: int
    freed_bytes: int
    paths: list[DuplicatePath]
    total_paths: int

@final
class DuplicatePage:
    groups: list[DuplicateGroup]
    total_groups: int
    total_redundant_files: int
    total_reclaimable_bytes: int
    total_freed_bytes: int
    ignored_groups: int
    next_token: str

@final
class NotCompared:
    files: int
    bytes: int
    not_read: int
    unreadable: int
    unstable: int
    other_algorithm: int

@final
class SummaryRow:
    key: str
    files: int
    bytes: int

@final
class LeftOut:
    """What lies right in a folder and is too small for a row, by the totals of names."""

    rows: int  # folders and files that would have been rows
    files: int  # regular files in them
    bytes: int
    allocated: int

@final
class UsageRow:
    path: bytes
    depth: int
    file_type: str | None  # of a file; None: a folder
    files: int
    directories: int
    bytes: int
    allocated: int
    linked_bytes: int
    newest_ns: int
    above_roots: bool  # no folder of the catalog: the sums of the roots in it
    left_out: LeftOut | None
    type_bytes: dict[str, int]  # by type, with with_types
    copied_bytes: int  # of files that have an equal one somewhere in the catalog, with with_types

@final
class UsagePage:
    rows: list[UsageRow]
    next_token: str  # empty: this is the last

@final
class ChangeRow:
    """What happened to a file, or to a folder with all below it."""

    kind: str  # added | grown | shrunk | changed | removed | moved | baseline | forgotten
    path: bytes
    from_path: bytes | None  # moved: where it was
    folder: bool  # baseline and forgotten: always
    files: int  # that it concerns; 1 for a file
    bytes_delta: int
    size: int  # now, or the last that was seen of what is gone
    at_ns: int  # when the catalog learnt of it
    root_id: int  # 0: below no root any more

@final
class ChangePage:
    rows: list[ChangeRow]  # oldest first
    cursor: str  # durable: where to go on
    complete: bool  # nothing more has happened so far
    truncated: bool  # changes before the first row are not kept any more

@final
class GrowthRow:
    path: bytes
    bytes: int
    files: int
    grown_bytes: int
    bytes_per_day: float
    history: list[tuple[int, int]]  # (days since 1970 UTC, bytes), the first at the start of the span, the last now

@final
class VolumePace:
    """The pace of all trees that begin on one volume."""

    path: bytes  # the top of one of them
    bytes_per_day: float
    days: int  # that it is measured over; 0: there is no total of an earlier day

@final
class GrowthPage:
    rows: list[GrowthRow]  # those that grew most first
    bytes_per_day: float  # of what was asked about
    days: int
    volumes: list[VolumePace]

@final
class Export:
    """Iterates over pieces of the rendered file; memory stays flat."""

    rows: int
    left_out: int
    def __iter__(self) -> Iterator[bytes]: ...
    def __next__(self) -> bytes: ...
    def close(self) -> None: ...

@final
class Catalog:
    """An open catalog. One in each process and file. Safe to call from any thread."""

    @staticmethod
    def open(
        path: bytes,
        *,
        own_folders: Sequence[bytes] = ...,
        own_files: Sequence[bytes] = ...,
        owner: str = "",
        threads: int = 0,
        trash: builtins.bytes | None = None,
        cache_mb: int = 64,
    ) -> Catalog:
        """Opens or begins a catalog, for one owner at a time in whatever process; `owner` is what the second is told.

        Raises EngineError: newer_database, foreign_database, busy, io, permission, disk_full. A corrupt file is moved
        aside; a newer one, and what is not a catalog, is left untouched.
        """

    def close(self) -> None:
        """Cancels what runs, waits for it, and checkpoints."""

    def status(self) -> CatalogStatus: ...
    def check(self, *, repair: bool = False, background: bool = False) -> CatalogCheck:
        """Whether the catalog's rows agree with one another, at idle priority; `repair` mends those that do not.

        A pass over the whole catalog in short transactions; `background` waits through a pause. Looks at no file.
        """

    def checked_ns(self) -> int:
        """When the last check ended that came to its end; 0: never."""

    def set_background(self, *, max_mb_per_s: float | None, paused: bool) -> None:
        """Holds back work that no one waits for: MiB a second that it may read (None: no limit), or all of it."""

    def load(self) -> EngineLoad:
        """What waits in the engine; never blocks."""

    def hash_debt(self) -> HashDebt:
        """Counts what is still to be hashed: about 15 ms a million entries."""

    def writer_answers(self, limit_s: float = 10.0) -> bool:
        """Whether the writer does its work; blocks for `limit_s` at the longest. For a watchdog."""

    def disk_full(self) -> bool:
        """Whether writing stands still because the catalog's disk is full; it is tried again by itself."""

    def roots(self) -> list[StoredRoot]: ...
    def match_roots(self, known: Sequence[tuple[int, bytes]]) -> None:
        """Gives the catalog's roots the ids that the caller has for their paths; to be called before all else."""

    def put_root(self, root: RootSpec) -> None:
        """Adds a root or replaces its settings; they count from its next scan."""

    def accept_root(self, root_id: int) -> None:
        """The next scan takes the folder that is there for the root, whatever was there before."""

    def remove_root(self, root_id: int) -> None:
        """Forgets the root and its rows; no file is touched."""

    def root_status(self, root_id: int) -> RootStatus: ...
    def scan(self, root_id: int, *, background: bool = False, request_id: str = "") -> Scan: ...
    def start_live(self, *, settle_ms: int = 500, reconcile_s: int = 3600, patience_ms: int = 10_000) -> None:
        """Keeps every root up to date from now on, those added later too. Hashing waits for `settle_ms` of quiet; each
        root is compared as a whole at the start and about every `reconcile_s`. Work that stands still for `patience_ms`
        is taken to hang on a dead share, and holds up no other root."""

    def set_live(self, *, settle_ms: int | None = None, reconcile_s: int | None = None) -> None:
        """Changes what is given. What is read in the background obeys `set_background`; a sync waits for none of it."""

    def live_status(self) -> list[LiveStatus]:
        """One for each root, by id; empty before `start_live`."""

    def sync(self, root_id: int) -> Scan:
        """Ends when everything written in the root before the call is in the catalog, settled and hashed. Where no
        events tell of that, it is a scan. Raises EngineError: unknown_root, closed."""

    def next_events(self, timeout_s: float, limit: int = 1000) -> EventBatch:
        """The oldest events; waits up to `timeout_s` for the first. For one caller at a time."""

    def change_count(self) -> int:
        """Counts what may change an order of files or groups."""

    def wait_change(self, known: int, timeout_s: float) -> int:
        """Waits until `change_count` is not `known`, or for `timeout_s`; gives it. Raises EngineError closed."""

    def wait_name_index(self, timeout_s: float | None = None) -> bool:
        """Whether the name index is ready; waits for it."""

    def find(
        self,
        expression: str,
        *,
        sort: str = "",
        limit: int = 100,
        max_bytes: int | None = None,
        token: str = "",
        time_zone: str = "",
        patience_ms: int | None = None,
    ) -> FindPage:
        """Raises EngineError invalid_query with `term` and `position`. Dates are by the clocks of `time_zone`, what a
        `TZ` variable would hold; empty: this process's own. After `patience_ms` the hits found by then are the answer.
        """

    def roots_of_expression(self, expression: str) -> list[int]:
        """The ids of the roots that answers draw on. Raises as `find` does."""

    def place(self, path: bytes, *, ever: bool = False) -> Place:
        """A folder of the catalog, or one that holds roots; with `ever` anything that may once have been in a root.
        Raises EngineError unknown_path with the reason, not_absolute, and io where no answer comes."""

    def duplicates(
        self,
        *,
        under: bytes | None = None,
        min_size: int = 1,
        extensions: Sequence[str] = ...,
        types: Sequence[str] = ...,
        sort: Literal["reclaimable", "size", "copies"] = "reclaimable",
        limit: int = 20,
        max_bytes: int | None = None,
        token: str = "",
        paths_limit: int = 1000,
        with_ignored: bool = False,
    ) -> DuplicatePage: ...
    def not_compared(self) -> NotCompared: ...
    def have(
        self,
        *,
        paths: Sequence[bytes] = ...,
        hashes: Sequence[tuple[bytes, bytes, str]] = ...,
        request_id: str = "",
    ) -> Have:
        """Begins to compare the files at absolute paths, and all below folders, with the catalog; or contents by their
        hashes: a name, 32 bytes, and blake3, sha256 or nothing. Nothing of what is asked about is cataloged."""

    def summary(
        self, by: Literal["type", "ext", "age", "size", "owner"] = "type", *, root_ids: Sequence[int] = ...
    ) -> list[SummaryRow]: ...
    def usage(
        self,
        path: bytes | None = None,
        *,
        depth: int = 1,
        with_files: bool = False,
        with_types: bool = False,
        least_share: float = 0.0,
        limit: int = 1000,
        max_bytes: int | None = None,
        token: str = "",
    ) -> UsagePage:
        """What a folder holds, and the folders in it (`with_files`: and files), the largest first. A row that is less
        than the least share of the whole, in bytes and in allocated bytes, is left out. `with_types` looks at all files
        below."""

    def changes(
        self,
        *,
        cursor: str = "",
        since_ns: int | None = None,
        under: bytes | None = None,
        limit: int = 1000,
        max_bytes: int | None = None,
    ) -> ChangePage:
        """From a cursor or a time on, or all that is kept. Raises EngineError invalid_argument: no cursor."""

    def growth(
        self,
        path: bytes | None = None,
        *,
        days: int = 30,
        limit: int = 100,
        max_bytes: int | None = None,
        now_ns: int | None = None,
    ) -> GrowthPage:
        """The folders below `path` that grew most over `days`. Raises EngineError unknown_path."""

    def snapshot_usage(self, now_ns: int | None = None) -> int:
        """Stores the totals as of that day of the folders whose bytes changed; gives how many."""

    def prune_changes(self, before_ns: int, *, now_ns: int | None = None) -> int:
        """Lets changes from before `before_ns` go, and daily totals older than 400 days; gives rows of changes."""

    def export(self, expression: str, format: ExportFormat, *, time_zone: str = "") -> Export: ...

# One-call functions that need no catalog.

def find_duplicates(paths: Sequence[bytes], *, min_size: int = 1, threads: int = 0) -> list[DuplicateGroup]: ...
def checksum(
    paths: Sequence[bytes], algorithm: Algorithm = "blake3", *, threads: int = 0
) -> list[tuple[bytes, bytes | EngineError]]:
    """One pair for each path, in order: its path, and the digest or what went wrong."""

def walk(paths: Sequence[bytes], *, batch_rows: int = 65536) -> WalkStream:
    """An Arrow stream (PyCapsule protocol) of path, name, size, modified, ...: see the package's docstring."""

@final
class WalkStream:
    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any: ...

def set_log(path: bytes | None, level: str = "info") -> None:
    """Where the engine writes its JSON log lines (appends); the keys are the daemon's."""

def take_log_lines(limit: int = 1000, timeout_s: float = 0.0) -> list[str]:
    """Engine log lines (JSON objects) since the last call, when no log path is set."""

@final
class PairSide:
    """A folder of a pair. What lies in folders below it counts for `is_contained` only."""

    path: bytes
    shared_files: int  # in it, with a copy in the other folder
    bytes: int  # apparent, of the copies that have no name elsewhere
    files: int  # in it
    is_contained: bool  # all files in it and below it have a copy in the other folder

@final
class FolderPair:
    """Two folders that share copies, in the order of their paths; the same twice: copies within one folder."""

    left: PairSide
    right: PairSide
    groups: int

@final
class SharedFolders:
    """Those pairs first where most bytes could go.

    `is_partial`: not everything was counted, and no figure is larger than it should be.
    """

    pairs: list[FolderPair]
    total_pairs: int
    is_partial: bool

def shared_folders(
    catalog: Catalog,
    *,
    under: bytes | None = None,
    min_size: int = 1,
    extensions: Sequence[str] = ...,
    types: Sequence[str] = ...,
    limit: int = 100,
    max_bytes: int | None = None,
    with_ignored: bool = False,
) -> SharedFolders:
    """Folders that share copies, of the groups that `Catalog.duplicates` would give."""

@final
class GroupView:
    """An order of duplicate groups as it was at one moment, read by position; some ten bytes a group.

    `len` is the rows that are held. What a group is made of is looked up when it is read.
    """

    bytes: int
    total_groups: int
    total_redundant_files: int
    total_reclaimable_bytes: int
    total_freed_bytes: int
    ignored_groups: int

    def __new__(
        cls,
        catalog: Catalog,
        *,
        under: Sequence[builtins.bytes] = ...,
        min_size: int = 1,
        extensions: Sequence[str] = ...,
        types: Sequence[str] = ...,
        text: str = "",
        sort: str = "reclaimable",
        with_ignored: bool = False,
        limit: int = 4_000_000,
    ) -> GroupView:
        """As `Catalog.duplicates`, below any of several folders; `text`: groups of which a path contains it."""

    def __len__(self) -> int: ...
    def has_moved_on(self) -> bool:
        """Whether the order may be another one by now."""

    def read(
        self, position: int, limit: int, *, paths_limit: int = 1000, max_bytes: int | None = None
    ) -> list[DuplicateGroup | None]:
        """The rows from a position on; None is a group that is gone."""

    def position(self, *, hash_bytes: builtins.bytes | None = None, path: builtins.bytes | None = None) -> int | None:
        """Where a content, or that of a file, is in the order."""

@final
class HitView:
    """An order of hits as it was at one moment, read by position; twelve bytes a hit. `len` is the rows held."""

    bytes: int
    total: int
    total_bytes: int | None
    folders: int
    asks_for_copies: bool
    root_ids: list[int]

    def __new__(
        cls, catalog: Catalog, expression: str, *, sort: str = "", time_zone: str = "", limit: int = 1_000_000
    ) -> HitView:
        """As `Catalog.find`; all hits are counted, however long it takes."""

    def __len__(self) -> int: ...
    def has_moved_on(self) -> bool:
        """Whether the order may be another one by now."""

    def read(self, position: int, limit: int, *, max_bytes: int | None = None) -> list[FileRow | None]:
        """The rows from a position on; None is a file that is gone."""

    def position(self, path: builtins.bytes) -> int | None:
        """Where a file or folder is in the order."""
