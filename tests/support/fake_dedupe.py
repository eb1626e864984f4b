"""Plans and runs of the catalog in memory: equal files by their bytes, and a trash that is a dictionary.

What the rules decide and how a file is acted on is the engine's to show; here it is the first by path that stays, or
what `under:` prefers.
"""

from __future__ import annotations

import hashlib
import os
import threading
import time
from collections.abc import Mapping, Sequence
from copy import deepcopy
from dataclasses import dataclass, field, replace

from sanchay.errors import InvalidArgument, InvalidQuery, LastCopy, PlanEdited, UnknownPath, UnknownPlan, UnknownRun
from sanchayd.engine_port.values import RawBytes
from tests.support.fake_answers import Row
from tests.support.fake_plans import (
    Copy,
    Found,
    Group,
    Plan,
    PlanPage,
    Skipped,
    State,
    counted,
    decided,
    given_way,
    is_undecided,
)

RULES = ("oldest", "newest", "shortest-path", "linked")


@dataclass
class Ignored:
    """One of `dedupe_values.IgnoredGroup`."""

    size_bytes: int
    algorithm: str
    hash: RawBytes
    since_ns: int
    paths: list[RawBytes]


@dataclass
class Progress:
    """One of `dedupe_values.ActProgress`."""

    phase: str = "acting"
    done: int = 0
    total: int | None = None
    bytes: int = 0
    skipped: int = 0
    failed: int = 0
    current: RawBytes = b""


@dataclass
class Left:
    """One of `dedupe_values.Left`."""

    path: RawBytes
    reason: str
    message: str = ""


@dataclass
class ActResult:
    """One of `dedupe_values.ActResult`."""

    state: str
    run: int
    acted: int = 0
    skipped: int = 0
    failed: int = 0
    freed_bytes: int = 0
    freed_when_emptied: bool = False
    compared_bytes: int = 0
    duration_s: float = 0.5
    message: str = ""
    left: list[Left] = field(default_factory=list)


@dataclass
class Run:
    """One of `dedupe_values.JournalRun`."""

    id: int
    kind: str
    action: str
    of: int | None
    began_ns: int
    ended_ns: int | None = None
    acted: int = 0
    skipped: int = 0
    failed: int = 0
    freed_bytes: int = 0


@dataclass
class Act:
    """One of `dedupe_values.Act`."""

    number: int
    state: str
    path: RawBytes
    kept_path: RawBytes
    size_bytes: int
    freed_bytes: int
    reason: str = ""
    detail: str = ""


@dataclass
class ActPage:
    """One of `dedupe_values.ActPage`."""

    acts: list[Act]
    next_token: str


class FakeAct:
    """A run: one file after the other, while the catalog's gate is open."""

    def __init__(self, dedupe: FakeDedupe, run: Run, todo: Sequence[Copy], *, is_undo: bool) -> None:
        self._dedupe = dedupe
        self._run = run
        self._todo = list(todo)
        self._is_undo = is_undo
        self._cancelled = threading.Event()
        self._state = Progress(total=len(self._todo))
        self.steps: list[str] = []

    def progress(self) -> Progress:
        return replace(self._state)

    def pause(self) -> None:
        self.steps.append("pause")

    def resume(self) -> None:
        self.steps.append("resume")

    def cancel(self) -> None:
        self._cancelled.set()

    def foreground(self) -> None:
        self.steps.append("foreground")

    def wait(self) -> ActResult:
        result = ActResult("done", self._run.id, freed_when_emptied=self._run.action == "trash")
        for copy in self._todo:
            while not (self._dedupe.acts_gate.wait(0.005) or self._cancelled.is_set()):
                pass
            if self._cancelled.is_set():
                result.state = "cancelled"
                break
            self._state.current = copy.path
            act = self._dedupe.act(self._run, copy, is_undo=self._is_undo)
            result.acted += act.state == "done"
            result.freed_bytes += act.freed_bytes
            if act.state == "left":
                result.state, result.skipped = "partial", result.skipped + 1
                result.left.append(Left(copy.path, act.reason))
            self._state.done += 1
        self._run.ended_ns = time.time_ns()
        self._run.acted, self._run.skipped, self._run.freed_bytes = result.acted, result.skipped, result.freed_bytes
        return result


class FakeDedupe:
    """The part of `FakeCatalog` that clears copies. Its knob: `acts_gate` (closed: runs wait between two files)."""

    rows: dict[int, list[Row]]

    def __init__(self) -> None:
        super().__init__()
        self.acts_gate = threading.Event()
        self.acts_gate.set()
        self.started: list[FakeAct] = []
        self._plans: dict[int, tuple[Plan, list[Group]]] = {}
        self._ignored: list[Ignored] = []
        self._runs: list[tuple[Run, list[Act]]] = []
        self._trash: dict[bytes, bytes] = {}
        self._plan_ids = 0

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
    ) -> Plan:
        for rule in prefer:
            if rule not in RULES and not rule.startswith("under:/"):
                raise InvalidArgument(f"{rule} is not a valid rule.")
        for expression in (drop, keep):
            if expression is not None and expression.startswith("size:>x"):
                raise InvalidQuery("x is not a valid size.", term="size:>x", position=0)
        by_content: dict[bytes, list[bytes]] = {}
        for row in sorted((row for rows in self.rows.values() for row in rows), key=lambda row: row.path):
            if row.size >= min_size and (under is None or row.path.startswith(under + b"/")):
                with open(row.path, "rb") as file:
                    by_content.setdefault(file.read(), []).append(row.path)
        wanted = {(group.hash, tuple(group.paths)) for group in self._ignored}
        groups: list[Group] = []
        for content, paths in by_content.items():
            content_hash = hashlib.sha256(content).digest()
            if len(paths) > 1 and (content_hash, tuple(paths)) not in wanted:
                copies = decided(paths, len(content), prefer)
                if keep_in:
                    copies = given_way(paths, len(content), keep_in, drop_in)
                if copies:
                    groups.append(Group(len(groups), len(content), "sha256", content_hash, copies))
        self._plan_ids += 1
        plan = Plan(self._plan_ids, time.time_ns(), action, asked, 1, skipped=[Skipped("hidden-folder", 2)])
        self._plans[plan.id] = (plan, groups)
        return counted(plan, groups)

    def plans(self) -> list[Plan]:
        return [replace(plan) for plan, _ in reversed(self._plans.values())]

    def plan(self, plan_id: int) -> Plan:
        return replace(self._stored(plan_id)[0])

    def plan_groups(
        self, plan_id: int, *, token: str, first_group: int = 0, limit: int, max_bytes: int | None
    ) -> PlanPage:
        groups = self._stored(plan_id)[1]
        if token and not token.isdecimal():
            raise InvalidArgument(f"{token} is not a valid page token.")
        start = int(token or first_group)
        end = start + (limit if max_bytes is None else 1)
        return PlanPage(deepcopy(groups[start:end]), str(end) if end < len(groups) else "")

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
    ) -> Found:
        groups = self._stored(plan_id)[1]
        if [number, hash_bytes, undecided_after].count(None) != 2:
            raise InvalidArgument("Name a group in one way.")
        if number is not None and not 0 <= number < len(groups):
            raise InvalidArgument(f"Plan {plan_id} has no group {number}.")
        left = [group.number for group in groups if is_undecided(group)]

        def behind(at: int, *, again: bool) -> int | None:
            return next((each for each in left if each > at), left[0] if left and again else None)

        if hash_bytes is not None:
            number = next((group.number for group in groups if group.hash == hash_bytes), None)
        elif undecided_after is not None:
            number = behind(undecided_after, again=wraps)
        if number is None:
            return Found(None)
        shown = replace(groups[number], copies=deepcopy(groups[number].copies[:limit]))
        other = behind(number, again=True)
        return Found(shown, len(groups[number].copies), None if other == number else other)

    def plan_group_states(self, plan_id: int, hashes: Sequence[bytes]) -> list[State | None]:
        of_hash = {group.hash: State(group.number, is_undecided(group)) for group in self._stored(plan_id)[1]}
        return [of_hash.get(each) for each in hashes]

    def edit_plan(self, plan_id: int, path: bytes, decision: str) -> Plan:
        groups = self._stored(plan_id)[1]
        group = next((each for each in groups if any(copy.path == path for copy in each.copies)), None)
        if group is None:
            raise UnknownPath(f"{os.fsdecode(path)} is not in plan {plan_id}.", path=path)
        return self._decide(plan_id, group, {path: decision}, None)

    def decide_group(
        self,
        plan_id: int,
        number: int,
        *,
        keep: Sequence[bytes],
        drop: Sequence[bytes],
        undecided: Sequence[bytes],
        rest: str | None,
    ) -> Plan:
        groups = self._stored(plan_id)[1]
        if not 0 <= number < len(groups):
            raise InvalidArgument(f"Plan {plan_id} has no group {number}.")
        named: dict[bytes, str] = {}
        for paths, decision in ((keep, "keep"), (drop, "drop"), (undecided, "undecided")):
            for path in paths:
                if path in named:
                    raise InvalidArgument("A copy is named twice.", path=path)
                if all(copy.path != path for copy in groups[number].copies):
                    raise UnknownPath(f"{os.fsdecode(path)} is not in group {number}.", path=path)
                named[path] = decision
        return self._decide(plan_id, groups[number], named, rest)

    def _decide(self, plan_id: int, group: Group, named: Mapping[bytes, str], rest: str | None) -> Plan:
        plan, groups = self._stored(plan_id)
        after = [named.get(copy.path, rest or copy.decision) for copy in group.copies]
        stays = next((copy.path for copy, each in zip(group.copies, after, strict=True) if each != "drop"), b"")
        if not stays:
            raise LastCopy("The last copy of a group cannot go.")
        for copy, each in zip(group.copies, after, strict=True):
            if rest or copy.path in named:
                copy.reason = "by-hand"
            copy.decision, copy.kept = each, stays if each == "drop" else b""
        plan.version += 1
        return counted(plan, groups)

    def forget_plan(self, plan_id: int) -> None:
        self._stored(plan_id)
        del self._plans[plan_id]

    def ignore_copies(self, *, hash_bytes: bytes | None, path: bytes | None) -> Ignored:
        known = [group for _, groups in self._plans.values() for group in groups]
        for group in known:
            paths = [copy.path for copy in group.copies]
            if group.hash == hash_bytes or path in paths:
                self._ignored.append(Ignored(group.size_bytes, group.algorithm, group.hash, time.time_ns(), paths))
                return self._ignored[-1]
        raise UnknownPath("There are no such copies.", path=path)

    def ignored(self) -> list[Ignored]:
        return list(self._ignored)

    def unignore_copies(self, *, hash_bytes: bytes | None, path: bytes | None) -> bool:
        kept = [group for group in self._ignored if group.hash != hash_bytes and path not in group.paths]
        was, self._ignored = len(kept) < len(self._ignored), kept
        return was

    def start_run(
        self,
        plan_id: int,
        version: int,
        *,
        any_metadata: bool,
        empty_folders: bool,
        background: bool,
        request_id: str = "",
    ) -> FakeAct:
        plan, groups = self._stored(plan_id)
        if plan.version != version:
            raise PlanEdited(f"Plan {plan_id} was edited since: it is at version {plan.version}, not {version}.")
        going = [copy for group in groups for copy in group.copies if copy.decision == "drop"]
        return self._begin(Run(0, "dedupe", plan.action, plan_id, time.time_ns()), going, is_undo=False)

    def start_undo(self, run_id: int, paths: Sequence[bytes], *, background: bool, request_id: str = "") -> FakeAct:
        acts = self._run(run_id)[1]
        back = [act for act in acts if act.state == "done" and (not paths or act.path in paths)]
        todo = [Copy(act.path, "drop", "", act.size_bytes, act.kept_path) for act in back]
        return self._begin(Run(0, "undo", "", run_id, time.time_ns()), todo, is_undo=True)

    def start_repair(self, finding_id: int, *, background: bool, request_id: str = "") -> FakeAct:
        return self._begin(Run(0, "repair", "repair", finding_id, time.time_ns()), [], is_undo=False)

    def runs(self) -> list[Run]:
        return [run for run, _ in reversed(self._runs)]

    def acts(self, run_id: int, *, token: str, limit: int, max_bytes: int | None) -> ActPage:
        acts, start = self._run(run_id)[1], int(token or 0)
        end = start + limit
        return ActPage(deepcopy(acts[start:end]), str(end) if end < len(acts) else "")

    def act(self, run: Run, copy: Copy, *, is_undo: bool) -> Act:
        """Does one file of a run, and notes it."""
        acts = self._run(run.id)[1]
        act = Act(len(acts), "done", copy.path, copy.kept, copy.freed_bytes, 0)
        if is_undo and not os.path.exists(copy.path):
            with open(copy.path, "wb") as file:
                file.write(self._trash.pop(copy.path))
            for earlier in self._run(run.of or 0)[1]:
                earlier.state = "taken-back" if earlier.path == copy.path else earlier.state
        elif is_undo:
            act.state, act.reason = "left", "name-taken"
        elif os.path.exists(copy.path):
            with open(copy.path, "rb") as file:
                self._trash[copy.path] = file.read()
            os.unlink(copy.path)
            act.freed_bytes = copy.freed_bytes
        else:
            act.state, act.reason = "left", "gone"
        acts.append(act)
        return act

    def _begin(self, run: Run, todo: Sequence[Copy], *, is_undo: bool) -> FakeAct:
        run.id = len(self._runs) + 1
        self._runs.append((run, []))
        self.started.append(FakeAct(self, run, todo, is_undo=is_undo))
        return self.started[-1]

    def _stored(self, plan_id: int) -> tuple[Plan, list[Group]]:
        if plan_id not in self._plans:
            raise UnknownPlan(f"There is no plan {plan_id}.")
        return self._plans[plan_id]

    def _run(self, run_id: int) -> tuple[Run, list[Act]]:
        if not 0 < run_id <= len(self._runs):
            raise UnknownRun(f"There is no run {run_id}.")
        return self._runs[run_id - 1]
