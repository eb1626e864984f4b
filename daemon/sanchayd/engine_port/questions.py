"""What is asked of a catalog: it changes nothing. Every call may block, and raises `SanchayError` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol, get_args

from sanchayd.engine_port import values

SummaryBy = Literal["type", "ext", "age", "size", "owner"]
DuplicateSort = Literal["reclaimable", "size", "copies"]
ExportFormat = Literal["csv", "ndjson", "parquet", "b3sum", "sha256sum", "fdupes"]
SUMMARY_KEYS: tuple[SummaryBy, ...] = get_args(SummaryBy)
DUPLICATE_SORTS: tuple[DuplicateSort, ...] = get_args(DuplicateSort)
EXPORT_FORMATS: tuple[ExportFormat, ...] = get_args(ExportFormat)


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


class QuestionsPort(Protocol):
    """What is asked of a catalog: it changes nothing. Safe to call from any thread.

    A page ends at `limit` rows or before it takes `max_bytes` as a message (None: no bound), and its token goes on from
    there. It has one row at least; a group of duplicates that takes more has fewer paths.
    """

    def find(
        self,
        expression: str,
        *,
        sort: str,
        limit: int,
        token: str,
        time_zone: str = "",
        max_bytes: int | None = None,
        patience_ms: int | None = None,
    ) -> values.FindPage:
        """A page of files. `time_zone` is what a `TZ` variable would hold; empty: the daemon's own. After `patience_ms`
        the hits found by then are the answer.
        """
        ...

    def roots_of_expression(self, expression: str) -> Sequence[int]:
        """The roots that answers draw on. Raises what `find` does."""
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
        max_bytes: int | None = None,
        with_ignored: bool = False,
    ) -> values.DuplicatePage:
        """A page of groups; `with_ignored`: also of those whose copies are wanted."""
        ...

    def shared_folders(
        self,
        *,
        under: bytes | None,
        min_size: int,
        extensions: Sequence[str],
        types: Sequence[str],
        limit: int,
        max_bytes: int | None = None,
        with_ignored: bool = False,
    ) -> values.SharedFolders:
        """The pairs of folders that share most; no more of them where they take `max_bytes`."""
        ...

    def not_compared(self) -> values.NotCompared:
        """What no answer about copies covers."""
        ...

    def summary(self, by: SummaryBy, *, root_ids: Sequence[int]) -> Sequence[values.SummaryRow]:
        """Files and bytes by a key."""
        ...

    def usage(
        self,
        path: bytes | None,
        *,
        depth: int,
        limit: int,
        with_files: bool = False,
        with_types: bool = False,
        least_share: float = 0.0,
        token: str = "",
        max_bytes: int | None = None,
    ) -> values.UsagePage:
        """A page of folders (`with_files`: and files) and what they hold, `with_types`: of each type, too."""
        ...

    def changes(
        self, *, cursor: str, since_ns: int | None, under: bytes | None, limit: int, max_bytes: int | None = None
    ) -> values.ChangePage:
        """A page of what changed."""
        ...

    def growth(
        self, path: bytes | None, *, days: int, limit: int, now_ns: int, max_bytes: int | None = None
    ) -> values.GrowthPage:
        """The folders that grew most."""
        ...

    def export(self, expression: str, file_format: ExportFormat, *, time_zone: str = "") -> ExportPort:
        """Starts an export."""
        ...
