"""Orders that a catalog holds, to be read by position. Every call may block, and raises `SanchayError` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, Protocol

from sanchayd.engine_port.questions import DuplicateSort
from sanchayd.engine_port.values import DuplicateGroup, FileRow


class ViewPort(Protocol):
    """An order as it was at one moment; its `len` is the rows that are held. Safe to use from any thread."""

    bytes: int

    def __len__(self) -> int: ...

    def has_moved_on(self) -> bool:
        """Whether the order may be another one by now; never blocks."""
        ...


class GroupViewPort(ViewPort, Protocol):
    """Groups of duplicates. The totals are those of all groups, also of those that are not held."""

    kind: Literal["groups"]
    total_groups: int
    total_redundant_files: int
    total_reclaimable_bytes: int
    total_freed_bytes: int
    ignored_groups: int

    def read(
        self, position: int, limit: int, *, paths_limit: int, max_bytes: int | None
    ) -> Sequence[DuplicateGroup | None]:
        """The rows from a position on; None is a group that is gone."""
        ...

    def position(self, *, hash_bytes: bytes | None, path: bytes | None) -> int | None:
        """Where a content, or that of a file, is in the order. Raises invalid_argument."""
        ...


class HitViewPort(ViewPort, Protocol):
    """Hits of an expression; `root_ids` are the roots that it draws on."""

    kind: Literal["hits"]
    total: int
    total_bytes: int | None
    folders: int
    asks_for_copies: bool

    @property
    def root_ids(self) -> Sequence[int]:
        """The roots that the answer draws on."""
        ...

    def read(self, position: int, limit: int, *, max_bytes: int | None) -> Sequence[FileRow | None]:
        """The rows from a position on; None is a file that is gone."""
        ...

    def position(self, path: bytes) -> int | None:
        """Where a file or folder is in the order."""
        ...


class ViewsPort(Protocol):
    """What makes orders, and tells when they may have changed. Safe to call from any thread."""

    def open_groups(
        self,
        *,
        under: Sequence[bytes],
        min_size: int,
        extensions: Sequence[str],
        types: Sequence[str],
        text: str,
        sort: DuplicateSort,
        with_ignored: bool,
        limit: int,
    ) -> GroupViewPort:
        """Orders groups, and holds the first `limit` of them; `text`: only those of which a path contains it."""
        ...

    def open_hits(self, expression: str, *, sort: str, time_zone: str, limit: int) -> HitViewPort:
        """Orders hits, holds the first `limit` of them and counts all. Raises invalid_query."""
        ...

    def change_count(self) -> int:
        """Counts what may change an order; never blocks."""
        ...

    def wait_change(self, known: int, timeout_s: float) -> int:
        """Waits until the count is another one, or for `timeout_s`; gives it. Raises closed."""
        ...
