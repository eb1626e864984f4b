"""The shapes of what a catalog says of plans, runs and wanted copies; see `values`. Times are Unix nanoseconds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sanchayd.engine_port.values import RawBytes


class PlanSkipped(Protocol):
    """How many files were left out of a plan for one reason."""

    reason: str
    files: int


class PlanLink(Protocol):
    """A symbolic link, and the file that goes to which it leads."""

    path: bytes
    target: bytes


class Plan(Protocol):
    """A plan as a whole. `asked` is the JSON that it was made with; `version` counts its edits, from 1."""

    id: int
    made_ns: int
    action: str
    asked: str
    version: int
    groups: int
    undecided: int
    files: int
    freed_bytes: int
    broken_links: int

    @property
    def skipped(self) -> Sequence[PlanSkipped]:
        """What was left out."""
        ...

    @property
    def links(self) -> Sequence[PlanLink]:
        """The first hundred links that lead to a file that goes."""
        ...


class PlanCopy(Protocol):
    """A file of a plan; `decision` is keep, drop or undecided, and `kept` the copy that stays for it (empty: none)."""

    path: bytes
    decision: str
    reason: str
    freed_bytes: int
    kept: bytes


class PlanGroup(Protocol):
    """Equal files of a plan."""

    number: int
    size_bytes: int
    algorithm: str
    hash: bytes

    @property
    def copies(self) -> Sequence[PlanCopy]:
        """Its files, in order."""
        ...


class PlanPage(Protocol):
    """Groups of a plan. One of many copies may go on in the next page, under the same number."""

    next_token: str

    @property
    def groups(self) -> Sequence[PlanGroup]:
        """The page's groups."""
        ...


class FoundGroup(Protocol):
    """A group that was asked for, with its first copies. `next_undecided` is another one with something undecided."""

    copies: int
    next_undecided: int | None

    @property
    def group(self) -> PlanGroup | None:
        """None: there is none such."""
        ...


class GroupState(Protocol):
    """How a group of a plan stands."""

    number: int
    is_undecided: bool


class IgnoredGroup(Protocol):
    """A group whose copies are wanted, and the paths that it had then."""

    size_bytes: int
    algorithm: str
    hash: bytes
    since_ns: int

    @property
    def paths(self) -> Sequence[bytes]:
        """The paths."""
        ...


class ActProgress(Protocol):
    """A snapshot of a run: `done` of `total` files, and the bytes that were compared."""

    phase: str
    done: int
    total: int | None
    bytes: int
    skipped: int
    failed: int
    current: RawBytes


class Left(Protocol):
    """A file that a run left as it is."""

    path: bytes
    reason: str
    message: str


class ActResult(Protocol):
    """How a run ended; `state` is done, partial, cancelled or failed."""

    state: str
    message: str
    run: int
    acted: int
    skipped: int
    failed: int
    freed_bytes: int
    freed_when_emptied: bool
    compared_bytes: int
    duration_s: float

    @property
    def left(self) -> Sequence[Left]:
        """The first hundred."""
        ...


class JournalRun(Protocol):
    """A run in the journal; `kind` is dedupe, undo or repair, `of` the plan or the run that it took back.

    `ended_ns` is None while it runs, and of one that was broken off.
    """

    id: int
    kind: str
    action: str
    of: int | None
    began_ns: int
    ended_ns: int | None
    acted: int
    skipped: int
    failed: int
    freed_bytes: int


class Act(Protocol):
    """One file of a run; `state` is intended, done, left or taken-back. `kept_path` may be empty."""

    number: int
    state: str
    path: bytes
    kept_path: bytes
    size_bytes: int
    freed_bytes: int
    reason: str
    detail: str


class ActPage(Protocol):
    """Acts of a run, in order."""

    next_token: str

    @property
    def acts(self) -> Sequence[Act]:
        """The page's acts."""
        ...
