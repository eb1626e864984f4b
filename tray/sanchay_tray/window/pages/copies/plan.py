"""The plan that a review works on: the daemon's, read group by group, and told each decision at once.

What the window holds is only what it has seen of it, however many groups there are. A decision is shown before the
daemon has it, and read again from the daemon where it did not take it.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal

from sanchay.client import Client
from sanchay.errors import LastCopy, SanchayError, UnknownPlan
from sanchay.v1 import dedupe_pb2
from sanchay_tray import decisions
from sanchay_tray.decisions import Edits, Told
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.copies.plan_groups import Seen, Standing, decide, read, seen_of

#: Groups that are held, and those of which it is known how they stand.
GROUPS_KEPT = 500
STANDINGS_KEPT = 20_000
#: Contents in one question for how their groups stand.
ASKED_MOST = 1_000
TURN_S = 30.0

Answers = list[dedupe_pb2.DecidePlanGroupResponse]
Failed = Callable[[SanchayError], None]


@dataclass
class _Task:
    """What the daemon is to be told of one group."""

    number: int
    told: Told | None = None
    remember: bytes = b""  # a content whose copies are wanted from now on
    forget: bytes = b""  # one whose copies are no longer
    is_done: bool = False  # the daemon has taken it


class OpenPlan(QObject):
    """One at a time.

    `changed`: its numbers are others; `came`: a group was read, or is decided otherwise; `stood`: it is known of more
    groups how they stand; `refused`: the last copy of a group cannot go.
    """

    changed = Signal()
    came = Signal(int)
    stood = Signal()
    refused = Signal(int)

    def __init__(self, desk: Desk, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._desk = desk
        self.plan: dedupe_pb2.Plan | None = None
        self._seen: OrderedDict[int, Seen] = OrderedDict()
        self._standings: OrderedDict[bytes, Standing | None] = OrderedDict()
        self._next: dict[int, int | None] = {}  # behind a group that is held: the next undecided one
        self._tasks: list[_Task] = []
        self._asking: int | None = None  # the group that is being read
        self._telling = False
        self._told = 0  # of the tasks, those that were sent
        self._once_told: list[Callable[[], None]] = []
        self._clock = 0  # counts decisions: an answer to a question from before one is old
        self._decided_at: dict[int, int] = {}
        self._last = threading.Event()
        self._last.set()

    # ---- Which plan ----

    def take(self, plan: dedupe_pb2.Plan | None) -> None:
        """Works on this plan from now on, or on none. What was decided in the one before is told to that one."""
        self.flush()
        self._tasks, self._told, self._telling = [], 0, False
        self.plan = plan
        self._forget()
        self._decided_at.clear()
        self._once_told.clear()
        self.changed.emit()

    def renew(self, plan: dedupe_pb2.Plan) -> None:
        """Takes the numbers of a newer version."""
        if self.plan is not None and self.plan.id == plan.id and plan.version >= self.plan.version:
            self.plan = plan
            self.changed.emit()

    def look_again(self) -> None:
        """Asks whether the plan was edited elsewhere; what is held of it is read again then."""
        plan = self.plan
        if plan is None:
            return
        if self._tasks:
            self._when_told(self.look_again)
            return

        def then(answer: dedupe_pb2.GetPlanResponse) -> None:
            now = self.plan
            if now is None or now.id != answer.plan.id or answer.plan.version <= now.version:
                return
            if self._tasks:
                self._when_told(self.look_again)
                return
            self.plan = answer.plan
            self._forget()
            self.changed.emit()

        def failed(error: SanchayError) -> None:
            if isinstance(error, UnknownPlan) and self.plan is plan:
                self.take(None)

        self._desk.ask(self, lambda client: client.get_plan(plan.id), then, failed=failed, key="again")

    def _forget(self) -> None:
        self._seen.clear()
        self._standings.clear()
        self._next.clear()
        self._asking = None

    # ---- Its groups ----

    def group(self, number: int) -> Seen | None:
        """A group that is held; None: `ask_for` it."""
        return self._seen.get(number)

    def ask_for(self, number: int, failed: Failed) -> None:
        """Reads a group, which is told by `came`."""
        plan = self.plan
        if plan is None or self._asking == number:
            return
        self._asking = number

        def call(client: Client) -> list[Seen | None]:
            return [read(client, client.get_plan_group(plan.id, number))]

        def fail(error: SanchayError) -> None:
            self._asking = None
            failed(error)

        self._desk.ask(self, call, self._reading(plan), failed=fail, key="group")

    def look_ahead(self, number: int) -> None:
        """Has ready what is likely to be shown after a group: the next undecided one, and its neighbours."""
        plan = self.plan
        if plan is None:
            return
        likely = (self._next.get(number), number + 1, number - 1)
        wanted = [
            at for at in dict.fromkeys(likely) if at is not None and 0 <= at < plan.groups and at not in self._seen
        ]
        if not wanted:
            return

        def call(client: Client) -> list[Seen | None]:
            return [read(client, client.get_plan_group(plan.id, at)) for at in wanted]

        self._desk.ask(self, call, self._reading(plan), failed=lambda _: None, key="ahead")

    def following(self, number: int) -> int | None:
        """The next undecided group behind one that is held, as far as it is known."""
        return self._next.get(number)

    def find(self, content: bytes, then: Callable[[int | None], None], failed: Failed) -> None:
        """Looks for the group of a content; `then` gets its number, None where the plan has none."""
        self._find(lambda client, plan: client.get_plan_group(plan, content_hash=content), then, failed)

    def find_undecided(self, after: int, then: Callable[[int | None], None], failed: Failed) -> None:
        """Looks for the next undecided group behind a number, and from the first again; `then` gets its number or None.

        Where it is known already, `then` is called at once.
        """
        number = self._chained(after)
        if number is not None:
            then(number)
            return

        def ask() -> None:
            self._find(
                lambda client, plan: client.get_plan_group(plan, undecided_after=after, wraps=True), then, failed
            )

        self._when_told(ask)

    def _find(
        self,
        asked: Callable[[Client, int], dedupe_pb2.GetPlanGroupResponse],
        then: Callable[[int | None], None],
        failed: Failed,
    ) -> None:
        plan = self.plan
        if plan is None:
            return
        hold = self._reading(plan)

        def found(seen: Seen | None) -> None:
            if self.plan is not None and self.plan.id == plan.id:
                hold([seen])
                then(seen.group.number if seen is not None else None)

        self._desk.ask(self, lambda client: read(client, asked(client, plan.id)), found, failed=failed, key="find")

    def _chained(self, after: int) -> int | None:
        """The next undecided group, as far as what is held says so."""
        number, walked = after, set[int]()
        while number not in walked:
            walked.add(number)
            following = self._next.get(number)
            if following is None:
                return None
            seen = self._seen.get(following)
            if seen is None or not seen.group.is_decided:
                return following
            number = following
        return None

    def _reading(self, plan: dedupe_pb2.Plan) -> Callable[[list[Seen | None]], None]:
        """Takes groups that are asked for now. What was decided since then is newer than they are."""
        began = self._clock

        def take(found: list[Seen | None]) -> None:
            self._asking = None
            if self.plan is None or self.plan.id != plan.id:
                return
            for seen in found:
                if seen is not None and self._decided_at.get(seen.group.number, 0) <= began:
                    self._hold(seen)
                    self.came.emit(seen.group.number)

        return take

    def _hold(self, seen: Seen) -> None:
        number = seen.group.number
        self._seen[number] = seen
        self._seen.move_to_end(number)
        self._next[number] = seen.next_undecided
        self._stand(seen.group.hash, Standing(number, seen.group.is_decided))
        while len(self._seen) > GROUPS_KEPT:
            self._next.pop(self._seen.popitem(last=False)[0], None)

    # ---- How groups stand, for a list that is not in the plan's order ----

    def standing(self, content: bytes) -> Standing | None:
        """How the group of a content stands; None: it has no part in the plan, or that is not known."""
        return self._standings.get(content)

    def is_known(self, content: bytes) -> bool:
        """Whether `standing` knows it."""
        return self.plan is None or content in self._standings

    def ask_standings(self, contents: Iterable[bytes]) -> None:
        """Asks how groups stand that are not known; `stood` tells when it is known."""
        plan = self.plan
        wanted = [content for content in dict.fromkeys(contents) if content not in self._standings][:ASKED_MOST]
        if plan is None or not wanted:
            return
        began = self._clock

        def then(answer: dedupe_pb2.GetPlanGroupStatesResponse) -> None:
            if self.plan is None or self.plan.id != plan.id:
                return
            for content, state in zip(wanted, answer.states, strict=True):
                if self._decided_at.get(state.number, 0) <= began:
                    found = Standing(state.number, not state.is_undecided) if state.number >= 0 else None
                    self._stand(content, found)
            self.stood.emit()

        self._desk.ask(
            self,
            lambda client: client.get_plan_group_states(plan.id, wanted),
            then,
            failed=lambda _: None,
            key="standings",
        )

    def _stand(self, content: bytes, standing: Standing | None) -> None:
        self._standings[content] = standing
        self._standings.move_to_end(content)
        while len(self._standings) > STANDINGS_KEPT:
            self._standings.popitem(last=False)

    # ---- Decisions ----

    def decide(self, number: int, edits: Edits, *, rest: str = "", remember: bytes = b"", forget: bytes = b"") -> None:
        """Shows a decision, and tells the daemon. `rest`: what becomes of all copies that have no edit."""
        seen = self._seen[number]
        told = decisions.told(edits, seen.group, rest) if edits or (rest and seen.group.hidden) else None
        after = decisions.decided(seen.group, edits)
        if seen.group.is_decided and not after.is_decided:
            self._next.clear()  # what was found to be the next undecided need not be it any more
        self._hold(Seen(after, seen.files, self._next.get(number)))
        self._note(number)
        self._tasks.append(_Task(number, told, remember, forget))
        self.came.emit(number)
        self._tell()

    @property
    def is_telling(self) -> bool:
        """Whether the daemon has not taken every decision yet."""
        return bool(self._tasks)

    def _note(self, number: int) -> None:
        self._clock += 1
        self._decided_at[number] = self._clock

    def _when_told(self, do: Callable[[], None]) -> None:
        """Does it once the daemon has every decision."""
        if self._tasks:
            self._once_told.append(do)
        else:
            do()

    def _tell(self) -> None:
        plan = self.plan
        if self._telling or not self._tasks or plan is None:
            return
        self._telling = True
        of_plan, tasks = self._tasks, list(self._tasks)
        self._told = len(tasks)

        def done(answers: Answers) -> None:
            if self._tasks is not of_plan:
                return  # another plan is worked on by now
            self._telling = False
            self._told -= len(tasks)
            del self._tasks[: len(tasks)]
            waiting = {task.number for task in self._tasks}
            for answer in answers:
                self._took(answer, waiting)
            self.changed.emit()
            self._go_on()

        def failed(error: SanchayError) -> None:
            # What the daemon did not take is read again: nothing is shown as decided that is not.
            if self._tasks is not of_plan:
                self._desk.say_failed(error)
                return
            self._telling = False
            self._told = 0
            broke_off = next((at for at, task in enumerate(tasks) if not task.is_done), 0)
            # Where one decision was refused, those behind it are told all the same.
            gone = broke_off + 1 if isinstance(error, LastCopy) else len(self._tasks)
            numbers = {task.number for task in self._tasks[:gone]}
            del self._tasks[:gone]
            for number in numbers - {task.number for task in self._tasks}:
                seen = self._seen.pop(number, None)
                if seen is not None:
                    self._standings.pop(seen.group.hash, None)
                self._next.clear()
                self._note(number)
                self.came.emit(number)
            if isinstance(error, LastCopy):
                self.refused.emit(tasks[broke_off].number)
            else:
                self._desk.say_failed(error)
            if isinstance(error, UnknownPlan):
                self.take(None)
            self.changed.emit()
            self._go_on()

        self._desk.ask(self, self._call(plan.id, tasks), done, failed=failed, to_end=True)

    def _took(self, answer: dedupe_pb2.DecidePlanGroupResponse, waiting: set[int]) -> None:
        """The daemon has a decision: the group is as it says, unless it is decided again already."""
        number = answer.group.number
        self.renew(answer.plan)
        seen = self._seen.get(number)
        if seen is None or number in waiting:
            return
        now = seen_of(answer, seen.files)
        if now is not None:
            self._note(number)
            self._hold(now)
            self.came.emit(number)

    def _go_on(self) -> None:
        self._tell()
        if not self._tasks:
            waited, self._once_told = self._once_told, []
            for do in waited:
                do()

    def flush(self) -> None:
        """Sends what waits for its turn, for the window closes or another plan is meant: no answer is heard."""
        rest = self._tasks[self._told :]
        if self.plan is not None and rest:
            self._told = len(self._tasks)
            self._desk.ask(self, self._call(self.plan.id, rest), lambda _: None, to_end=True)

    def _call(self, plan: int, tasks: list[_Task]) -> Callable[[Client], Answers]:
        """Tells the daemon, after what it was told before."""
        before, self._last = self._last, threading.Event()
        done = self._last

        def call(client: Client) -> Answers:
            answers = []
            before.wait(TURN_S)
            try:
                for task in tasks:
                    if task.told is not None:
                        answers.append(decide(client, plan, task.number, task.told))
                    if task.remember:
                        client.ignore_copies(content_hash=task.remember)
                    if task.forget:
                        client.unignore_copies(content_hash=task.forget)
                    task.is_done = True
            finally:
                done.set()
            return answers

        return call
