"""The lifetime and upkeep of what is behind a catalog. Every call may block, and raises `SanchayError` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sanchayd.engine_port import values


class EnginePort(Protocol):
    """The lifetime and upkeep of what is behind a catalog. Safe to call from any thread."""

    def version(self) -> str:
        """The engine's version."""
        ...

    def close(self) -> None:
        """Cancels what runs, waits for it, and checkpoints."""
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

    def snapshot_usage(self, now_ns: int) -> int:
        """Stores the totals of that day of the folders that changed; gives how many."""
        ...

    def prune_changes(self, before_ns: int, *, now_ns: int) -> int:
        """Lets older changes go, and totals of days long past; gives rows of changes."""
        ...

    def set_log_level(self, level: str) -> None:
        """How much the engine says."""
        ...

    def take_log_lines(self, timeout_s: float = 0.0) -> Sequence[str]:
        """What the engine said since the last call, as JSON objects; waits so long for a first line."""
        ...
