"""The plan that a review works on: the daemon's, found again or made, read in groups, and told each decision at once.

What the window holds is only what it has seen of it. A decision is shown before the daemon has it, and read again from
the daemon where it did not take it.
"""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from sanchay.client import Client
from sanchay.errors import SanchayError, UnknownPlan
from sanchay.v1 import catalog_pb2, dedupe_pb2
from sanchay_tray import decisions
from sanchay_tray.decisions import UNDECIDED, Edits, Group, Member
from sanchay_tray.window.desk import Desk

#: Every copy may go, and no rule says which one stays: so a plan is made in which nothing is decided yet.
ALL_MAY_GO = "size:>=0"
#: Groups that are held, and those of which it is known whether they are decided.
GROUPS_KEPT = 500
INDEXED_MOST = 50_000
#: Copies of a page of a plan, and groups that are read ahead with their files.
PAGE_COPIES = 500
AHEAD = 4
FILES_MOST = 1_000
PLAN_S = 3_600.0
TURN_S = 30.0


class Scope(NamedTuple):
    """Which copies a plan is about."""

    under: bytes | None = None
    min_size: int = 0
    type: str = ""


class Seen(NamedTuple):
    """A group of a plan as it was read: what becomes of it, and what the catalog knows of its files by their paths."""

    group: Group
    files: Mapping[bytes, catalog_pb2.FileRow]


@dataclass
class _Task:
    """What the daemon is to be told of one group."""

    number: int
    edits: Edits = ()
    remember: bytes = b""  # a content whose copies are wanted from now on
    forget: bytes = b""  # one whose copies are no longer


def same_scope(asked: str, scope: Scope) -> bool:
    """Whether a plan is one of a review with this scope, by what is kept with it."""
    kept = json.loads(asked)
    place = kept.get("under") or {}
    under = b64decode(place["path_bytes"]) if "path_bytes" in place else str(place.get("path", "")).encode()
    kinds = [scope.type] if scope.type else []
    mine = (scope.under or b"", scope.min_size, kinds)
    return kept.get("drop") == ALL_MAY_GO and (under, kept.get("min_size", 0), kept.get("types", [])) == mine


def rules_of(asked: str) -> tuple[str, ...]:
    """The rules that a plan was made with, the first that decides first."""
    return tuple(json.loads(asked).get("prefer", ()))


def make(client: Client, scope: Scope, rules: tuple[str, ...] = ()) -> dedupe_pb2.Plan:
    """Has the daemon make a plan; without rules nothing in it is decided."""
    answer = client.make_plan(
        under=scope.under,
        min_size_bytes=scope.min_size or None,
        types=(scope.type,) if scope.type else (),
        drop=ALL_MAY_GO,
        prefer=rules,
    )
    return answer.plan


def open_plan(client: Client, scope: Scope, remembered: int) -> dedupe_pb2.Plan | None:
    """The plan of this scope that is under way: the one that is remembered, else the last one that was edited."""
    done = {run.of for run in client.list_journal_runs().runs if run.kind == "dedupe"}
    mine = [
        plan
        for plan in client.list_plans().plans
        if plan.id not in done and plan.action == "trash" and same_scope(plan.asked, scope)
    ]
    return max(mine, key=lambda plan: (plan.id == remembered, plan.version > 1, plan.id), default=None)


def find_or_make(client: Client, scope: Scope, remembered: int) -> dedupe_pb2.Plan:
    """The plan that is under way, else a new one."""
    return open_plan(client, scope, remembered) or make(client, scope)


def carry_over(client: Client, old: int, new: dedupe_pb2.Plan) -> dedupe_pb2.Plan:
    """Takes what was decided by hand in a plan over to another one."""
    by_hand: dict[bytes, list[Member]] = {}
    for group in client.iter_plan_groups(old):
        members = [_member(copy) for copy in group.copies if copy.reason == "by-hand"]
        if members:
            by_hand[group.hash] = members
    if not by_hand:
        return new
    for group in client.iter_plan_groups(new.id):
        if group.hash in by_hand:
            made = _group(group, {})
            for path, decision in decisions.needed(decisions.carried(by_hand[group.hash], made), made):
                new = client.edit_plan(new.id, path, decision).plan
    return new


class OpenPlan(QObject):
    """One at a time. `changed`: its numbers are others; `came`: a group was read, or is decided otherwise."""

    changed = Signal()
    came = Signal(int)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.plan: dedupe_pb2.Plan | None = None
        self.decided: dict[int, bool] = {}
        self.number_of: dict[bytes, int] = {}
        self.is_indexed = False
        self._seen: OrderedDict[int, Seen] = OrderedDict()
        self._starts: dict[int, str] = {0: ""}  # where pages begin, by the number of their first group
        self._tasks: list[_Task] = []
        self._asking: int | None = None  # the group that is being read
        self._telling = False
        self._told = 0  # of the tasks, those that were sent
        self._last = threading.Event()
        self._last.set()

    # ---- Which plan ----

    def take(self, plan: dedupe_pb2.Plan | None) -> None:
        """Works on this plan from now on, or on none."""
        self.plan = plan
        self.decided, self.number_of, self.is_indexed = {}, {}, False
        self._seen.clear()
        self._starts = {0: ""}
        self._asking = None
        if plan is not None:
            self._desk.follow(
                self, lambda client: _index(client, plan.id), self._indexed, ended=self._ended, key="index"
            )
        self.changed.emit()

    def renew(self, plan: dedupe_pb2.Plan) -> None:
        """Takes the numbers of a newer version."""
        if self.plan is not None and self.plan.id == plan.id and plan.version >= self.plan.version:
            self.plan = plan
            self.changed.emit()

    def _indexed(self, page: tuple[list[tuple[int, bytes, bool]], str]) -> None:
        found, token = page
        for number, content, is_decided in found:
            self.number_of[content] = number
            if number not in self._seen:
                self.decided[number] = is_decided
        if found and token:
            self._starts[found[-1][0]] = token
        self.changed.emit()

    def _ended(self) -> None:
        self.is_indexed = True
        self.changed.emit()

    # ---- Its groups ----

    def group(self, number: int) -> Seen | None:
        """A group that is held; None: `ask_for` it."""
        return self._seen.get(number)

    def ask_for(self, number: int, failed: Callable[[SanchayError], None]) -> None:
        """Reads a group and some behind it; each is told by `came`."""
        plan = self.plan
        if plan is None or self._tasks or self._asking == number:
            return  # while the daemon is told something, what it says of it may be old: asked for after that
        self._asking = number
        before = max((at for at in self._starts if at < number), default=0)
        start = self._starts[before]

        def call(client: Client) -> list[Seen]:
            return [_with_files(client, group) for group in _groups(client, plan.id, start, number)]

        def read(found: list[Seen]) -> None:
            self._asking = None
            if self.plan is None or self.plan.id != plan.id or self._tasks:
                return
            for seen in found:
                self._hold(seen)
                self.came.emit(seen.group.number)

        def fail(error: SanchayError) -> None:
            self._asking = None
            failed(error)

        self._desk.ask(self, call, read, failed=fail, key="groups")

    def next_undecided(self, after: int) -> int | None:
        """The next group of which it is not known that it is decided; from the first again behind the last one."""
        if self.plan is None:
            return None
        most = int(self.plan.groups)
        for number in chain(range(after + 1, most), range(min(after + 1, most))):
            if not self.decided.get(number, False):
                return number
        return None

    def _hold(self, seen: Seen) -> None:
        number = seen.group.number
        self._seen[number] = seen
        self._seen.move_to_end(number)
        self.decided[number] = seen.group.is_decided
        self.number_of[seen.group.hash] = number
        while len(self._seen) > GROUPS_KEPT:
            self._seen.popitem(last=False)

    # ---- Decisions ----

    def decide(self, number: int, edits: Edits, *, remember: bytes = b"", forget: bytes = b"") -> None:
        """Shows a decision, and tells the daemon."""
        seen = self._seen[number]
        told = decisions.needed(edits, seen.group)
        self._hold(Seen(decisions.decided(seen.group, edits), seen.files))
        self._tasks.append(_Task(number, told, remember, forget))
        self.came.emit(number)
        self._tell()

    @property
    def is_telling(self) -> bool:
        """Whether the daemon has not taken every decision yet."""
        return bool(self._tasks)

    def _tell(self) -> None:
        plan = self.plan
        if self._telling or not self._tasks or plan is None:
            return
        self._telling = True
        tasks = list(self._tasks)
        self._told = len(tasks)

        def done(found: dedupe_pb2.Plan | None) -> None:
            self._telling = False
            self._told -= len(tasks)
            del self._tasks[: len(tasks)]
            if found is not None:
                self.renew(found)
            self.changed.emit()
            self._tell()

        def failed(error: SanchayError) -> None:
            # What the daemon did not take is read again: nothing is shown as decided that is not.
            self._telling = False
            self._told = 0
            self._tasks.clear()
            for number in {task.number for task in tasks}:
                self._seen.pop(number, None)
                self.decided.pop(number, None)
                self.came.emit(number)
            if isinstance(error, UnknownPlan):
                self.take(None)
            self._desk.say_failed(error)
            self.changed.emit()

        self._desk.ask(self, self._call(plan.id, tasks), done, failed=failed, to_end=True)

    def flush(self) -> None:
        """Sends what waits for its turn, for the window closes: no answer is heard any more."""
        rest = self._tasks[self._told :]
        if self.plan is not None and rest:
            self._told = len(self._tasks)
            self._desk.ask(self, self._call(self.plan.id, rest), lambda _: None, to_end=True)

    def _call(self, plan: int, tasks: list[_Task]) -> Callable[[Client], dedupe_pb2.Plan | None]:
        """Tells the daemon, after what it was told before."""
        before, self._last = self._last, threading.Event()
        done = self._last

        def call(client: Client) -> dedupe_pb2.Plan | None:
            found = None
            before.wait(TURN_S)
            try:
                for task in tasks:
                    for path, decision in task.edits:
                        found = client.edit_plan(plan, path, decision).plan
                    if task.remember:
                        client.ignore_copies(content_hash=task.remember)
                    if task.forget:
                        client.unignore_copies(content_hash=task.forget)
            finally:
                done.set()
            return found

        return call


def _index(client: Client, plan: int) -> Iterator[tuple[list[tuple[int, bytes, bool]], str]]:
    """Pages of a plan: number, content and whether it is decided, of each group; the token of the next page."""
    token, held, counted = "", None, 0
    while counted < INDEXED_MOST:
        page = client.list_plan_groups(plan, limit=PAGE_COPIES, page_token=token)
        token = page.next_page_token
        found = []
        for group in page.groups:
            is_decided = all(copy.decision != UNDECIDED for copy in group.copies)
            if held is not None and held[0] == group.number:
                is_decided = is_decided and held[2]
            held = (group.number, group.hash, is_decided)
            found.append(held)
        counted += len(found)
        yield found, token
        if not token:
            return


def _groups(client: Client, plan: int, start: str, number: int) -> list[dedupe_pb2.PlanGroup]:
    """A group and some behind it, whole, from the page on that begins before it."""
    token = start
    found: list[dedupe_pb2.PlanGroup] = []
    while True:
        page = client.list_plan_groups(plan, limit=PAGE_COPIES, page_token=token)
        for group in page.groups:
            if found and found[-1].number == group.number:
                found[-1].copies.extend(group.copies)
            elif number <= group.number:
                if group.number > number + AHEAD:
                    return found
                found.append(group)
        token = page.next_page_token
        if not token:
            return found


def _with_files(client: Client, group: dedupe_pb2.PlanGroup) -> Seen:
    rows = client.find(f"hash:{group.hash.hex()}", limit=FILES_MOST).rows
    files = {row.path.raw: row for row in rows}
    return Seen(_group(group, files), files)


def _group(group: dedupe_pb2.PlanGroup, files: Mapping[bytes, catalog_pb2.FileRow]) -> Group:
    members = (_member(copy, files.get(copy.path.raw)) for copy in group.copies)
    return Group(group.number, group.size, group.hash, tuple(members))


def _member(copy: dedupe_pb2.PlanCopy, file: catalog_pb2.FileRow | None = None) -> Member:
    """A copy. Names with one number on the disk are taken for one file, as the daemon takes them."""
    whose = None
    if file is not None and file.links > 1 and file.inode:
        whose = (file.inode, file.modified_ns, file.created_ns)
    return Member(copy.path.raw, copy.decision, whose, copy.reason, copy.freed_bytes)
