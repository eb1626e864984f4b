"""Copies by place: pairs of folders that share copies, and which of the two keeps them.

What a pair is asked for is a plan for these two folders only, made when one of them is to keep its copies, and
forgotten where nothing comes of it. Left and right stay so in every language: the keys are named by them.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QKeyEvent, QKeySequence
from PySide6.QtWidgets import QButtonGroup, QGridLayout, QHBoxLayout, QPushButton, QVBoxLayout, QWidget

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.paths import shown_bytes
from sanchay.v1 import catalog_pb2, dedupe_pb2
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import Key
from sanchay_tray.window.pages.copies.plan_making import PLAN_S, Scope
from sanchay_tray.window.parts.long_rows import Table
from sanchay_tray.window.parts.paths import MARKED, MarkedDelegate, Piece, differing
from sanchay_tray.window.parts.text import Card, Elided, Label, button, muted, row, tip
from sanchay_tray.words import count, mark, say

KEYS = (
    Key("L, R", mark("by place: keep the copies on the left, on the right")),
    Key("Enter", mark("by place: show the groups of the folder")),
    Key("Ctrl+Z", mark("by place: put back what went last")),
)
#: Pairs that are listed.
PAIRS = 500
TITLES = (
    mark("Left folder"),
    mark("Copies"),
    mark("Right folder"),
    mark("Copies"),
    mark("Could be free"),
    mark("Note"),
)
LEFT, LEFT_COPIES, RIGHT, RIGHT_COPIES, FREE, SO = range(len(TITLES))
NUMBERS = (LEFT_COPIES, RIGHT_COPIES, FREE)
Index = QModelIndex | QPersistentModelIndex
_HERE = QModelIndex()


class Switch(QWidget):
    """Groups or places. `changed` gets whether it is by place."""

    def __init__(self, by_place: bool, changed: Callable[[bool], None]) -> None:
        super().__init__()
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        self.groups, self.places = QPushButton(say("Groups")), QPushButton(say("By place"))
        both = QButtonGroup(self)
        for each, name in ((self.groups, say("Show groups")), (self.places, say("Show by place"))):
            each.setCheckable(True)
            each.setAutoDefault(False)
            each.setAccessibleName(name)
            both.addButton(each)
            layout.addWidget(each)
        (self.places if by_place else self.groups).setChecked(True)
        self.places.toggled.connect(changed)

    @property
    def by_place(self) -> bool:
        """Whether places are shown."""
        return self.places.isChecked()


def is_within(pair: catalog_pb2.FolderPair) -> bool:
    """Whether it is one folder with copies of its files."""
    return pair.left.path.raw == pair.right.path.raw


def what_is_so(pair: catalog_pb2.FolderPair) -> str:
    """What is worth knowing of a pair, in words."""
    if is_within(pair):
        return say("Copies within one folder")
    if pair.left.contained and pair.right.contained:
        return say("Both hold the same")
    if pair.left.contained:
        return say("All of the left is on the right")
    if pair.right.contained:
        return say("All of the right is on the left")
    return ""


def could_be_free(pair: catalog_pb2.FolderPair) -> int:
    """The most bytes that can go."""
    return max(pair.left.bytes, pair.right.bytes)


def copies_of(side: catalog_pb2.SharedFolder) -> str:
    """How many of a folder's files have a copy in the other one."""
    return say("{n} of {total}", n=side.shared_files, total=side.files)


class Pairs(QAbstractTableModel):
    """The pairs, one a row."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.pairs: tuple[catalog_pb2.FolderPair, ...] = ()
        self._folders: list[list[tuple[Piece, ...]]] = []

    def show_pairs(self, pairs: Sequence[catalog_pb2.FolderPair]) -> None:
        """Shows these."""
        self.beginResetModel()
        self.pairs = tuple(pairs)
        self._folders = [differing((pair.left.path.raw, pair.right.path.raw)) for pair in pairs]
        self.endResetModel()

    def rowCount(self, parent: Index = _HERE) -> int:
        return 0 if parent.isValid() else len(self.pairs)

    def columnCount(self, parent: Index = _HERE) -> int:
        return 0 if parent.isValid() else len(TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return say(TITLES[section])
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(section)
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        if not index.isValid() or index.row() >= len(self.pairs):
            return None
        pair, column = self.pairs[index.row()], index.column()
        if role == MARKED and column in (LEFT, RIGHT) and not (column == RIGHT and is_within(pair)):
            return self._folders[index.row()][column == RIGHT]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(pair, column)
        if role == Qt.ItemDataRole.AccessibleTextRole and column == LEFT:
            return spoken(pair)
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role == Qt.ItemDataRole.ToolTipRole and column in (LEFT, RIGHT):
            return tip(self._text(pair, column))
        return None

    def _text(self, pair: catalog_pb2.FolderPair, column: int) -> str:
        if column == LEFT:
            return shown_bytes(pair.left.path.raw)
        if column == RIGHT:
            return say("the same folder") if is_within(pair) else shown_bytes(pair.right.path.raw)
        if column in (LEFT_COPIES, RIGHT_COPIES):
            return copies_of(pair.left if column == LEFT_COPIES else pair.right)
        return shown.size(could_be_free(pair)) if column == FREE else what_is_so(pair)


def spoken(pair: catalog_pb2.FolderPair) -> str:
    """A pair as a screen reader says it."""
    left, right = shown_bytes(pair.left.path.raw), shown_bytes(pair.right.path.raw)
    free = say("{size} could be free", size=shown.size(could_be_free(pair)))
    files = count("{n} file", "{n} files", pair.left.shared_files)
    if is_within(pair):
        return say("{folder} holds copies of its files: {files}, {free}", folder=left, files=files, free=free)
    return say("{left} and {right} share {files}, {free}", left=left, right=right, files=files, free=free)


def _alignment(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column in NUMBERS else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignAbsolute | Qt.AlignmentFlag.AlignVCenter


class PairsTable(Table):
    """The table; `keeps` is a key that says which side keeps its copies: left (True) or right; `undoes` is Ctrl+Z."""

    keeps = Signal(bool)
    undoes = Signal()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_L, Qt.Key.Key_R) and not event.modifiers():
            self.keeps.emit(event.key() == Qt.Key.Key_L)
            return
        if event.matches(QKeySequence.StandardKey.Undo):
            self.undoes.emit()
            return
        super().keyPressEvent(event)


def make_plan(client: Client, scope: Scope, keep: bytes, drop: bytes) -> dedupe_pb2.Plan:
    """Has the daemon plan that copies right in one folder go where the other one has the content."""
    answer = client.make_plan(
        under=scope.under,
        min_size_bytes=scope.min_size or None,
        types=(scope.type,) if scope.type else (),
        keep_in=(keep,),
        drop_in=(drop,),
    )
    return answer.plan


class Places(QWidget):
    """The list, and below it the pair that is chosen with the two buttons.

    `told`: what is said of all; `empty`: there are none; `planned` gets a plan to be asked for; `wanted` gets a folder
    whose groups are wanted.
    """

    told = Signal(str)
    empty = Signal()
    planned = Signal(object)
    wanted = Signal(bytes)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._scope = Scope()
        self._plan = 0
        self._answer: catalog_pb2.SharedFoldersResponse | None = None
        self.model = Pairs(self)
        self.table = PairsTable(self.model, say("Pairs of folders that share copies"))
        delegate = MarkedDelegate(self.table)
        em = self.table.fontMetrics().averageCharWidth()
        for column, width in ((LEFT, 34), (LEFT_COPIES, 12), (RIGHT, 34), (RIGHT_COPIES, 12), (FREE, 14)):
            self.table.setColumnWidth(column, width * em)
        for column in (LEFT, RIGHT):
            self.table.setItemDelegateForColumn(column, delegate)
        self.table.moved.connect(lambda _: self._show_chosen())
        self.table.entered.connect(lambda _: self._show_groups())
        self.table.keeps.connect(self.keep)
        self.left, self.right = Elided(), Elided()
        self.so = Label("", bold=True)
        self.says = muted()
        self.keep_left = button(say("Keep left"), lambda: self.keep(True), main=True)
        self.keep_right = button(say("Keep right"), lambda: self.keep(False), main=True)
        self.show_groups = button(say("Show its groups"), self._show_groups)
        buttons = row(self.keep_left, self.keep_right, self.show_groups, 1)
        self.sides = QWidget()
        grid = QGridLayout(self.sides)
        grid.setContentsMargins(0, 0, 0, 0)
        for at, (text, folder) in enumerate(((say("Left"), self.left), (say("Right"), self.right))):
            grid.addWidget(muted(text), at, 0)
            grid.addWidget(folder, at, 1)
        grid.setColumnStretch(1, 1)
        for each in (self.table, self.table.horizontalHeader(), self.sides, buttons):
            each.setLayoutDirection(Qt.LayoutDirection.LeftToRight)
        self.chosen = Card(self.so, self.sides, self.says, buttons)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(12)
        layout.addWidget(self.table, 1)
        layout.addWidget(self.chosen)
        self._show_chosen()

    # ---- The list ----

    def list_pairs(self, scope: Scope) -> None:
        """Asks for the pairs of this scope."""
        self._scope = scope

        def call(client: Client) -> catalog_pb2.SharedFoldersResponse:
            return client.shared_folders(
                under=scope.under,
                min_size_bytes=scope.min_size or None,
                types=(scope.type,) if scope.type else (),
                limit=PAIRS,
            )

        if not self.model.pairs:
            self.told.emit(say("Looking at every copy…"))
        self._desk.ask(self, call, self._show, key="pairs", timeout_s=PLAN_S)

    def _show(self, answer: catalog_pb2.SharedFoldersResponse) -> None:
        before = self.pair()
        self.model.show_pairs(answer.pairs)
        self._answer = answer
        self.say_again(is_up=True)
        if not answer.pairs:
            self.empty.emit()
            return
        keys = [(pair.left.path.raw, pair.right.path.raw) for pair in answer.pairs]
        known = (before.left.path.raw, before.right.path.raw) if before is not None else None
        self.table.select(keys.index(known) if known in keys else 0)
        self._show_chosen()

    def say_again(self, *, is_up: bool) -> None:
        """Says of all pairs what is known; `is_up`: the daemon that told it is there."""
        if self._answer is not None:
            self.told.emit(told(self._answer, is_up=is_up))

    def pair(self) -> catalog_pb2.FolderPair | None:
        """The one that is chosen."""
        at = self.table.current_row()
        return self.model.pairs[at] if 0 <= at < len(self.model.pairs) else None

    def _show_chosen(self) -> None:
        pair = self.pair()
        self.chosen.setVisible(pair is not None)
        if pair is None:
            return
        within = is_within(pair)
        self.so.setText(what_is_so(pair))
        self.so.setVisible(bool(what_is_so(pair)))
        for label, side in ((self.left, pair.left), (self.right, pair.right)):
            label.show_text(f"{shown_bytes(side.path.raw)}  ({copies_of(side)})")
        for widget in (self.sides, self.keep_left, self.keep_right):
            widget.setVisible(not within)
        groups = count("{n} group of copies", "{n} groups of copies", pair.groups)
        self.says.setText(
            f"{shown_bytes(pair.left.path.raw)}: {groups}" if within else f"{groups}  ·  {_would_go(pair)}"
        )

    # ---- What a pair is asked for ----

    def keep(self, left: bool) -> None:
        """Plans that the copies of one side stay, and those of the other go."""
        pair = self.pair()
        if pair is None or is_within(pair):
            return
        stays, goes = (pair.left, pair.right) if left else (pair.right, pair.left)
        keep, drop, scope = stays.path.raw, goes.path.raw, self._scope
        self._set_busy(True)

        def made(plan: dedupe_pb2.Plan) -> None:
            self._set_busy(False)
            self._plan = plan.id
            self.planned.emit(plan)

        def failed(error: SanchayError) -> None:
            self._set_busy(False)
            self._desk.say_failed(error)

        call: Callable[[Client], dedupe_pb2.Plan] = lambda client: make_plan(client, scope, keep, drop)  # noqa: E731
        self._desk.ask(self, call, made, failed=failed, key="plan", timeout_s=PLAN_S)

    def put_away(self, *, is_used: bool) -> None:
        """The question was answered: a plan that was not used is forgotten."""
        plan, self._plan = self._plan, 0

        def forget(client: Client) -> None:
            with suppress(SanchayError):
                client.forget_plan(plan)

        if plan and not is_used:
            self._desk.ask(self, forget, lambda _: None, to_end=True)

    @property
    def has_plan(self) -> bool:
        """Whether the sheet asks for a pair's plan."""
        return self._plan != 0

    def _set_busy(self, busy: bool) -> None:
        for each in (self.keep_left, self.keep_right):
            each.setEnabled(not busy)
        if busy:
            self.says.setText(say("Looking at every copy…"))
        else:
            self._show_chosen()

    def _show_groups(self) -> None:
        pair = self.pair()
        if pair is not None:
            self.wanted.emit(pair.left.path.raw)


def _would_go(pair: catalog_pb2.FolderPair) -> str:
    left = say("keep left: {size} go from the right", size=shown.size(pair.right.bytes))
    right = say("keep right: {size} go from the left", size=shown.size(pair.left.bytes))
    return f"{left}  ·  {right}"


def told(answer: catalog_pb2.SharedFoldersResponse, *, is_up: bool) -> str:
    """What is said of all pairs."""
    texts = [count("{n} pair of folders shares copies", "{n} pairs of folders share copies", answer.total_pairs)]
    if len(answer.pairs) < answer.total_pairs:
        texts.append(count("the first {n} is listed", "the first {n} are listed", len(answer.pairs)))
    if answer.partial:
        texts.append(say("not every pair was counted"))
    if answer.not_compared.files:
        waiting = count("{n} file is not compared yet", "{n} files are not compared yet", answer.not_compared.files)
        texts.append(waiting)
    texts.append(shown.freshness(answer.freshness, is_up=is_up))
    return "  ·  ".join(text for text in texts if text)


def part_of_path(folder: bytes) -> str:
    """A folder as a part of the paths in it, for the filter; bytes that are no text stay out."""
    return os.fsdecode(folder).encode("utf-8", "ignore").decode() + os.sep
