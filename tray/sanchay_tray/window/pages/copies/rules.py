"""Rules that decide: ordered by dragging or keys, and at once what each of them would decide."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from typing import NamedTuple

from PySide6.QtCore import Qt, QTimer, Signal
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QListWidget, QListWidgetItem, QVBoxLayout, QWidget

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.paths import shown_bytes
from sanchay.v1 import dedupe_pb2, root_pb2
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.copies.plan_making import PLAN_S, Scope, carry_over, make, rules_of
from sanchay_tray.window.parts.text import Label, button, heading, muted, row
from sanchay_tray.words import count, mark, say

RULES = {
    "oldest": mark("Keep the oldest"),
    "newest": mark("Keep the newest"),
    "shortest-path": mark("Keep the shortest path"),
    "linked": mark("Keep the one with more hard links"),
}
UNDER = "under:"
RULE = Qt.ItemDataRole.UserRole
#: Dragging tells of each step: the rules are tried once they stand still.
STILL_MS = 200


class Tried(NamedTuple):
    """What the first so many rules come to together."""

    rules: int
    groups: int
    undecided: int
    files: int
    freed_bytes: int


def name_of(rule: str) -> str:
    """A rule for people."""
    if rule.startswith(UNDER):
        return say("Keep what is in {folder}", folder=shown_folder(rule.removeprefix(UNDER)))
    return say(RULES.get(rule, rule))


def shown_folder(text: str) -> str:
    """A folder of a rule as it can be shown."""
    return shown_bytes(os.fsencode(text))


def try_rules(client: Client, scope: Scope, rules: tuple[str, ...]) -> Iterator[Tried]:
    """What the first rule decides, the first two together, and so on. Each plan is forgotten at once."""
    for many in range(1, len(rules) + 1):
        plan = make(client, scope, rules[:many])
        try:
            yield Tried(many, plan.groups, plan.undecided, plan.files, plan.freed_bytes)
        finally:
            with suppress(SanchayError):
                client.forget_plan(plan.id)


def apply_rules(client: Client, scope: Scope, rules: tuple[str, ...], old: int) -> dedupe_pb2.Plan:
    """A plan by these rules, with what was decided by hand before. The old one stays: the way back."""
    return carry_over(client, old, make(client, scope, rules))


class Rules(QWidget):
    """`closed`: back to the review; `applied` gets the new plan."""

    closed = Signal()
    applied = Signal(object)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._scope = Scope()
        self._plan = 0
        self._shown: tuple[str, ...] = ()
        self._before: list[tuple[str, ...]] = []  # the rules before each change
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(STILL_MS)
        self._soon.timeout.connect(self._try)
        self.list = QListWidget()
        self.list.setAccessibleName(say("Rules, the first that decides first"))
        self.list.setDragDropMode(QAbstractItemView.DragDropMode.InternalMove)
        self.list.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.list.model().rowsMoved.connect(lambda *_: self._changed())
        self.add = QComboBox()
        self.add.setAccessibleName(say("Add a rule"))
        self.add.activated.connect(self._add)
        self.result = Label("")
        self.apply_button = button(say("Use these rules"), self._apply, main=True)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(heading(say("Rules")))
        layout.addWidget(
            muted(say("The first rule that tells two copies apart decides. What you decided by hand stays so."))
        )
        layout.addWidget(self.list, 1)
        layout.addWidget(
            row(
                self.add,
                button(say("Up"), lambda: self._move(-1), hint=say("Ctrl+Up")),
                button(say("Down"), lambda: self._move(1), hint=say("Ctrl+Down")),
                button(say("Remove"), self._remove),
                1,
            )
        )
        layout.addWidget(self.result)
        layout.addWidget(row(self.apply_button, button(say("Cancel"), self.closed.emit), 1))
        for keys, does in (
            ("Ctrl+Up", lambda: self._move(-1)),
            ("Ctrl+Down", lambda: self._move(1)),
            ("Ctrl+Z", self.undo),
            ("Del", self._remove),
        ):
            shortcut = QShortcut(QKeySequence(keys), self)
            shortcut.setContext(Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(does)

    def show_rules(self, scope: Scope, plan: dedupe_pb2.Plan, roots: Iterable[root_pb2.Root]) -> None:
        """Shows the rules of the plan."""
        self._scope, self._plan = scope, plan.id
        self._before = []
        self._put(rules_of(plan.asked))
        self.add.clear()
        self.add.addItem(say("Add a rule…"), "")
        folders = []
        for root in roots:
            with suppress(UnicodeDecodeError):  # a rule is text: such a folder cannot be named in one
                folders.append(UNDER + root.path.raw.decode())
        for rule in (*RULES, *folders):
            self.add.addItem(name_of(rule), rule)
        self._try()
        self.add.setFocus()

    def rules(self) -> tuple[str, ...]:
        """The rules in their order."""
        return tuple(str(self.list.item(at).data(RULE)) for at in range(self.list.count()))

    def undo(self) -> None:
        """Takes the last change of the rules back."""
        if not self._before:
            self.result.setText(say("Every change of the rules is taken back."))
            return
        self._put(self._before.pop())
        self._try()

    def _put(self, rules: tuple[str, ...]) -> None:
        """Shows these rules; the one that was selected stays selected."""
        at = self.list.currentRow()
        selected = self.list.item(at).data(RULE) if at >= 0 else None
        self.list.clear()
        for rule in rules:
            self._append(rule)
        if selected in rules:
            self.list.setCurrentRow(rules.index(selected))
        self._shown = rules

    def _changed(self) -> None:
        """Keeps what the rules were, and tries them once they stand still."""
        if self.rules() != self._shown:
            self._before.append(self._shown)
            self._shown = self.rules()
            self.apply_button.setEnabled(False)
            self.result.setText(say("Trying the rules…"))
            self._soon.start()

    def _append(self, rule: str) -> None:
        item = QListWidgetItem(name_of(rule))
        item.setData(RULE, rule)
        self.list.addItem(item)

    def _add(self, at: int) -> None:
        rule = self.add.itemData(at)
        self.add.setCurrentIndex(0)
        if rule and rule not in self.rules():
            self._append(rule)
            self.list.setCurrentRow(self.list.count() - 1)
            self._changed()

    def _remove(self) -> None:
        if self.list.currentRow() >= 0:
            self.list.takeItem(self.list.currentRow())
            self._changed()

    def _move(self, by: int) -> None:
        at = self.list.currentRow()
        if at >= 0 and 0 <= at + by < self.list.count():
            item = self.list.takeItem(at)
            self.list.insertItem(at + by, item)
            self.list.setCurrentRow(at + by)
            self._changed()

    def _try(self) -> None:
        rules, scope = self.rules(), self._scope
        for at in range(len(rules)):
            self.list.item(at).setText(name_of(rules[at]))
        self.apply_button.setEnabled(False)
        if not rules:
            self.result.setText(say("Without a rule every group is decided by hand."))
            self.apply_button.setEnabled(True)
            return
        self.result.setText(say("Trying the rules…"))
        before = [0]

        def each(tried: Tried) -> None:
            if self.rules() != rules:
                return  # they were changed since: others are tried soon
            decided = tried.groups - tried.undecided
            text = count("decides {n} group", "decides {n} groups", decided - before[0])
            self.list.item(tried.rules - 1).setText(f"{name_of(rules[tried.rules - 1])}  ·  {text}")
            before[0] = decided
            freed = count("{n} file goes", "{n} files go", tried.files)
            left = count("{n} group is left to decide", "{n} groups are left to decide", tried.undecided)
            self.result.setText(f"{freed}: {shown.size(tried.freed_bytes)}  ·  {left}")
            self.apply_button.setEnabled(tried.rules == len(rules))

        self._desk.follow(self, lambda client: try_rules(client, scope, rules), each, key="try")

    def _apply(self) -> None:
        rules, scope, old = self.rules(), self._scope, self._plan
        self.apply_button.setEnabled(False)
        self._desk.ask(
            self,
            lambda client: apply_rules(client, scope, rules, old),
            self.applied.emit,
            failed=self._refused,
            key="apply",
            timeout_s=PLAN_S,
        )

    def _refused(self, error: SanchayError) -> None:
        self.apply_button.setEnabled(True)
        self._desk.say_failed(error)
