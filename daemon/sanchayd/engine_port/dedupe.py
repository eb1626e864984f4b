"""Plans, runs of them, repairs, and what is taken back. Every call may block, and raises `SanchayError` alone."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sanchayd.engine_port import dedupe_values as values


class ActPort(Protocol):
    """A run under way on threads that are not ours."""

    def progress(self) -> values.ActProgress:
        """A snapshot; never blocks."""
        ...

    def pause(self) -> None:
        """Holds still, between two files, until it is resumed."""
        ...

    def resume(self) -> None:
        """Goes on."""
        ...

    def cancel(self) -> None:
        """Ends soon, between two files; what was done stays done."""
        ...

    def foreground(self) -> None:
        """Goes on at normal priority."""
        ...

    def wait(self) -> values.ActResult:
        """Blocks until the end."""
        ...


class DedupePort(Protocol):
    """Plans and runs. Safe to call from any thread.

    Only a run changes files. A page ends at `limit` rows or before it takes `max_bytes` as a message (None: no bound),
    with one row at least. A plan or run that is not there raises unknown_plan or unknown_run.
    """

    def make_plan(
        self,
        *,
        under: bytes | None,
        min_size: int,
        extensions: Sequence[str],
        types: Sequence[str],
        drop: str | None,
        keep: str | None,
        prefer: Sequence[str],
        isolate: Sequence[bytes],
        min_copies: int,
        min_devices: int,
        one_of_each_name: bool,
        everywhere: bool,
        action: str,
        asked: str,
        time_zone: str = "",
        keep_in: Sequence[bytes] = (),
        drop_in: Sequence[bytes] = (),
    ) -> values.Plan:
        """Decides which copies go, and keeps it. Raises invalid_query, and invalid_argument for a rule or action."""
        ...

    def plans(self) -> Sequence[values.Plan]:
        """All plans, newest first."""
        ...

    def plan(self, plan_id: int) -> values.Plan:
        """One plan."""
        ...

    def plan_groups(
        self, plan_id: int, *, token: str, first_group: int = 0, limit: int, max_bytes: int | None
    ) -> values.PlanPage:
        """A page of a plan's groups, in order; a group that does not fit goes on in the next page.

        An empty token begins at the group of this number.
        """
        ...

    def plan_group(
        self,
        plan_id: int,
        *,
        number: int | None = None,
        hash_bytes: bytes | None = None,
        undecided_after: int | None = None,
        wraps: bool = False,
        limit: int,
        max_bytes: int | None,
    ) -> values.FoundGroup:
        """A group by its number, its content, or the next behind a number in which something is undecided.

        Raises invalid_argument for a number that the plan does not have.
        """
        ...

    def plan_group_states(self, plan_id: int, hashes: Sequence[bytes]) -> Sequence[values.GroupState | None]:
        """How the groups of contents stand; None for each that the plan does not have."""
        ...

    def edit_plan(self, plan_id: int, path: bytes, decision: str) -> values.Plan:
        """Decides a copy, and all its names, again. Raises unknown_path and last_copy."""
        ...

    def decide_group(
        self,
        plan_id: int,
        number: int,
        *,
        keep: Sequence[bytes],
        drop: Sequence[bytes],
        undecided: Sequence[bytes],
        rest: str | None,
    ) -> values.Plan:
        """Decides a group, all or nothing; copies that are not named become `rest`, or (None) stay as decided.

        Raises unknown_path, last_copy, and invalid_argument for a path that is named twice or an unknown number.
        """
        ...

    def forget_plan(self, plan_id: int) -> None:
        """Forgets a plan; what was done by it stays in the journal."""
        ...

    def ignore_copies(self, *, hash_bytes: bytes | None, path: bytes | None) -> values.IgnoredGroup:
        """The copies of this content, or of this file, are wanted. Raises unknown_path where there are none."""
        ...

    def ignored(self) -> Sequence[values.IgnoredGroup]:
        """Every group whose copies are wanted."""
        ...

    def unignore_copies(self, *, hash_bytes: bytes | None, path: bytes | None) -> bool:
        """They are no longer; gives whether they were."""
        ...

    def start_run(
        self,
        plan_id: int,
        version: int,
        *,
        any_metadata: bool,
        empty_folders: bool,
        background: bool,
        request_id: str = "",
    ) -> ActPort:
        """Does what this version of the plan says, and has not done yet. Raises plan_edited."""
        ...

    def start_undo(self, run_id: int, paths: Sequence[bytes], *, background: bool, request_id: str = "") -> ActPort:
        """Takes back what a run did: at or below these paths, or (none named) all."""
        ...

    def start_repair(self, finding_id: int, *, background: bool, request_id: str = "") -> ActPort:
        """A copy of a healthy twin takes the place of a damaged file, which goes to the trash.

        Raises invalid_argument where there is no such finding, or it was dealt with.
        """
        ...

    def runs(self) -> Sequence[values.JournalRun]:
        """Every run, newest first."""
        ...

    def acts(self, run_id: int, *, token: str, limit: int, max_bytes: int | None) -> values.ActPage:
        """A page of what became of each file of a run."""
        ...
