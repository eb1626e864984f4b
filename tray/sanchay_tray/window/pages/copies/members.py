"""The files of a group, one a row: what becomes of it, where it is, when it changed, what belongs to it."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt

from sanchay import reasons
from sanchay.paths import shown_bytes
from sanchay_tray.decisions import DROP, KEEP, UNDECIDED
from sanchay_tray.window import shown
from sanchay_tray.window.colours import colours
from sanchay_tray.window.icons import icon
from sanchay_tray.window.parts.long_rows import Table
from sanchay_tray.window.parts.paths import MARKED, MarkedDelegate, Piece, differing
from sanchay_tray.window.parts.text import tip
from sanchay_tray.words import count, mark, say

DECISIONS = {KEEP: mark("Stays"), DROP: mark("Goes"), UNDECIDED: mark("Undecided")}
SIGNS = {KEEP: "good", DROP: "remove", UNDECIDED: "more"}
TITLES = (mark("Decision"), mark("Folder"), mark("Name"), mark("Changed"), mark("In"), mark("Beside it"))
DECISION, FOLDER, NAME, CHANGED, ROOT, BESIDE = range(len(TITLES))


@dataclass(frozen=True)
class Line:
    """A row. `modified_ns` 0: not known; `companions` None: not known yet."""

    path: bytes
    modified_ns: int = 0
    root: str = ""
    decision: str = UNDECIDED
    reason: str = ""
    is_there: bool = True
    companions: tuple[bytes, ...] | None = None


class Members(QAbstractTableModel):
    """The rows of one group."""

    def __init__(self, with_decisions: bool, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._with_decisions = with_decisions
        self.lines: tuple[Line, ...] = ()
        self._folders: list[tuple[Piece, ...]] = []
        self._names: list[tuple[Piece, ...]] = []

    def show_lines(self, lines: Sequence[Line]) -> None:
        """Shows these. The view stays where it is if they are the same files."""
        lines = tuple(lines)
        same = [line.path for line in lines] == [line.path for line in self.lines]
        if not same:
            self.beginResetModel()
        self.lines = lines
        if not same:
            folders, names = zip(*(os.path.split(line.path) for line in lines), strict=True) if lines else ((), ())
            self._folders = differing(folders)
            self._names = [(Piece(shown_bytes(name), len(set(names)) > 1),) for name in names]
            self.endResetModel()
        elif lines:
            self.dataChanged.emit(self.index(0, 0), self.index(len(lines) - 1, len(TITLES) - 1))

    def rowCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self.lines)

    def columnCount(self, parent: QModelIndex | QPersistentModelIndex = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(TITLES)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.DisplayRole:
            return say(TITLES[section])
        if orientation == Qt.Orientation.Horizontal and role == Qt.ItemDataRole.TextAlignmentRole:
            return Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter
        return None

    def data(self, index: QModelIndex | QPersistentModelIndex, role: int = 0) -> Any:
        if not index.isValid() or index.row() >= len(self.lines):
            return None
        line = self.lines[index.row()]
        if role == MARKED:
            return {FOLDER: self._folders, NAME: self._names}.get(index.column(), {index.row(): None})[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return self._text(line, index.row(), index.column())
        if role == Qt.ItemDataRole.AccessibleTextRole and index.column() == DECISION:
            return f"{index.row() + 1}. {self._text(line, index.row(), DECISION)}: {shown_bytes(line.path)}"
        if role == Qt.ItemDataRole.DecorationRole and index.column() == DECISION and self._with_decisions:
            now = colours()
            return icon(SIGNS[line.decision], {KEEP: now.good, DROP: now.bad, UNDECIDED: now.muted}[line.decision])
        if role == Qt.ItemDataRole.ToolTipRole and index.column() in (FOLDER, NAME, BESIDE):
            return _tip(line)
        return None

    def _text(self, line: Line, at: int, column: int) -> str:
        if column == DECISION:
            word = say(DECISIONS[line.decision]) if self._with_decisions else ""
            number = shown.number(at + 1) if at < 9 and self._with_decisions else ""
            return f"{number}  {word}" if number else word
        if column == FOLDER:
            return "".join(piece.text for piece in self._folders[at])
        if column == NAME:
            return self._names[at][0].text
        if column == CHANGED:
            return shown.moment(line.modified_ns) if line.is_there else say("not there any more")
        if column == ROOT:
            return line.root
        if line.companions is None:
            return ""
        return count("{n} file", "{n} files", len(line.companions)) if line.companions else say("nothing")


def why(line: Line) -> str:
    """Why it stays or goes, for people; empty where they said so themselves."""
    return "" if line.reason in ("", "by-hand", "all-to-drop") else reasons.phrase(line.reason)


def _tip(line: Line) -> str:

    texts = [shown_bytes(line.path)]
    if line.companions:
        beside = ", ".join(shown_bytes(os.path.basename(each)) for each in line.companions)
        texts.append(say("Beside it: {names}", names=beside))
    if why(line):
        texts.append(why(line))
    return tip(*texts)


def members_table(model: Members, with_decisions: bool) -> Table:
    """A table of members."""
    table = Table(model, say("The copies of the group"))
    table.setColumnHidden(DECISION, not with_decisions)
    delegate = MarkedDelegate(table)
    for column in (FOLDER, NAME):
        table.setItemDelegateForColumn(column, delegate)
    em = table.fontMetrics().averageCharWidth()
    for column, width in ((DECISION, 17), (FOLDER, 42), (NAME, 24), (CHANGED, 19), (ROOT, 13)):
        table.setColumnWidth(column, width * em)
    return table


def roots_by_id(roots: Sequence[Any]) -> Mapping[int, str]:
    """The names of roots by their numbers."""
    return {root.id: root.name for root in roots}
