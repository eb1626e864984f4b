"""What the services ask of a catalog. Every call may block, and raises `DomainError` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

from sanchayd.engine_port import values
from sanchayd.models import LiveStatus, Root

SummaryBy = Literal["type", "ext", "age", "size", "owner"]
DuplicateSort = Literal["reclaimable", "size", "copies"]
ExportFormat = Literal["csv", "ndjson", "parquet", "b3sum", "sha256sum", "fdupes"]
SUMMARY_KEYS: tuple[SummaryBy, ...] = get_args(SummaryBy)
DUPLICATE_SORTS: tuple[DuplicateSort, ...] = get_args(DuplicateSort)
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


class ScanPort(Protocol):
    """A scan under way on threads that are not ours."""

    def progress(self) -> values.ScanProgress:
        """A snapshot; never blocks."""
        ...

    def pause(self) -> None:
        """Holds still until it is resumed."""
        ...

    def resume(self) -> None:
        """Goes on."""
        ...

    def cancel(self) -> None:
        """Ends soon; what was found stays."""
        ...

    def foreground(self) -> None:
        """Goes on at normal priority."""
        ...

    def wait(self) -> values.ScanResult:
        """Blocks until the end."""
        ...


class ExportPort(Protocol):
    """A rendered file, piece by piece."""

    @property
    def rows(self) -> int:
        """Rows so far."""
        ...

    @property
    def left_out(self) -> int:
        """Rows that the format cannot carry, so far."""
        ...

    def read(self) -> bytes | None:
        """The next piece; None after the last. Blocks."""
        ...

    def close(self) -> None:
        """Gives up what is left."""
        ...


class CatalogPort(Protocol):
    """An open catalog; safe to call from any thread."""

    def version(self) -> str:
        """The engine's version."""
        ...

    def close(self) -> None:
        """Cancels what runs, waits for it, and checkpoints."""
        ...

    def check_root(self, path: bytes) -> values.RootCheck:
        """Whether a path can be a root."""
        ...

    def path_below(self, root: bytes, path: bytes) -> bytes:
        """An absolute path as it is called below a root. Raises invalid_argument where it lies outside."""
        ...

    def exclude_patterns(self, path: bytes, globs: Sequence[str]) -> Sequence[str]:
        """What a root at `path` is to leave out, below it. Raises invalid_argument for what could never match."""
        ...

    def status(self) -> values.CatalogStatus:
        """Size and health."""
        ...

    def check(self, *, repair: bool, background: bool) -> values.CatalogCheck:
        """Whether the rows agree, at idle priority; mends what does not. A pass over the whole catalog."""
        ...

    def checked_ns(self) -> int:
        """When the last check ended that came to its end; 0: never."""
        ...

    def set_background(self, *, max_mb_per_s: float | None, paused: bool) -> None:
        """Holds back background work: MiB a second that it may read (None: no limit), or all of it."""
        ...

    def load(self) -> values.EngineLoad:
        """What waits in the engine; never blocks."""
        ...

    def hash_debt(self) -> values.HashDebt:
        """What is still to be hashed: a pass over the whole catalog."""
        ...

    def writer_answers(self, limit_s: float) -> bool:
        """Whether the writer does its work; blocks for `limit_s` at the longest."""
        ...

    def disk_full(self) -> bool:
        """Whether writing stands still for want of room; never blocks."""
        ...

    def stored_roots(self) -> Sequence[values.StoredRoot]:
        """Every root that the catalog has, be it known to the daemon or not."""
        ...

    def match_roots(self, known: Sequence[tuple[int, bytes]]) -> None:
        """Gives the catalog's roots the ids that the daemon has for their paths; to be called before all else."""
        ...

    def put_root(self, root: Root) -> None:
        """Adds a root or replaces its settings."""
        ...

    def accept_root(self, root_id: int) -> None:
        """Has the next scan take the folder that is there for the root."""
        ...

    def remove_root(self, root_id: int) -> None:
        """Forgets a root and its rows."""
        ...

    def root_status(self, root_id: int) -> values.RootStatus:
        """What is known of a root."""
        ...

    def scan(self, root_id: int, *, background: bool, request_id: str) -> ScanPort:
        """Starts a scan."""
        ...

    def start_live(self, *, settle_ms: int, reconcile_s: int) -> None:
        """Begins to keep every root up to date, those to come as well; each is reconciled first."""
        ...

    def set_live(self, *, settle_ms: int, reconcile_s: int) -> None:
        """Changes what `start_live` was told."""
        ...

    def live_status(self) -> Sequence[LiveStatus]:
        """How each root is kept up to date; takes no look at a disk."""
        ...

    def sync(self, root_id: int) -> ScanPort:
        """Ends once everything that was written before this call is in the catalog, settled and hashed."""
        ...

    def next_events(self, timeout_s: float, limit: int) -> values.EventBatch:
        """Blocks until something happens, or for `timeout_s`. Raises closed once the catalog closes."""
        ...

    def find(self, expression: str, *, sort: str, limit: int, token: str, time_zone: str = "") -> values.FindPage:
        """A page of files. `time_zone` is what a `TZ` variable would hold; empty: the daemon's own."""
        ...

    def roots_of_expression(self, expression: str) -> Sequence[int]:
        """The roots that answers draw on. Raises what `find` does."""
        ...

    def place(self, path: bytes, *, ever: bool = False) -> values.Place:
        """A folder of the catalog or above roots; `ever`: anything that was. Raises unknown_path with the reason."""
        ...

    def duplicates(
        self,
        *,
        under: bytes | None,
        min_size: int,
        extensions: Sequence[str],
        types: Sequence[str],
        sort: DuplicateSort,
        limit: int,
        token: str,
        paths_limit: int,
    ) -> values.DuplicatePage:
        """A page of groups."""
        ...

    def not_compared(self) -> values.NotCompared:
        """What no answer about copies covers."""
        ...

    def summary(self, by: SummaryBy, *, root_ids: Sequence[int]) -> Sequence[values.SummaryRow]:
        """Files and bytes by a key."""
        ...

    def usage(self, path: bytes | None, *, depth: int, limit: int) -> Sequence[values.UsageRow]:
        """Folders and what they hold."""
        ...

    def changes(self, *, cursor: str, since_ns: int | None, under: bytes | None, limit: int) -> values.ChangePage:
        """A page of what changed."""
        ...

    def growth(self, path: bytes | None, *, days: int, limit: int, now_ns: int) -> values.GrowthPage:
        """The folders that grew most."""
        ...

    def snapshot_usage(self, now_ns: int) -> int:
        """Stores the totals of that day of the folders that changed; gives how many."""
        ...

    def prune_changes(self, before_ns: int, *, now_ns: int) -> int:
        """Lets older changes go, and totals of days long past; gives rows of changes."""
        ...

    def export(self, expression: str, file_format: ExportFormat, *, time_zone: str = "") -> ExportPort:
        """Starts an export."""
        ...

    def set_log_level(self, level: str) -> None:
        """How much the engine says."""
        ...

    def take_log_lines(self, timeout_s: float = 0.0) -> Sequence[str]:
        """What the engine said since the last call, as JSON objects; waits so long for a first line."""
        ...
