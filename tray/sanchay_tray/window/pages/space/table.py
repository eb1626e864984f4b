"""The same tree as a table: what a screen reader reads of the map, and where what is hidden can be shown again."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

from PySide6.QtCore import QAbstractItemModel, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QFontMetrics, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTreeView

from sanchay_tray.window import shown
from sanchay_tray.window.pages.space.paint import name_of
from sanchay_tray.window.pages.space.tree import Tree
from sanchay_tray.words import count, mark, say

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
NAME, SIZE, SHARE, FILES, NEWEST = range(5)
TITLES = (mark("Name"), mark("On the disk"), mark("Share"), mark("Files"), mark("Last change"))
ROWS_EXPANDED = 100


class Rows(QAbstractItemModel):
    """The nodes below the top one; a node's number is its index's id."""

    def __init__(self, colour_words: Callable[[int], str]) -> None:
        super().__init__()
        self.tree = Tree()
        self.top = 0
        self._row: list[int] = []
        self._colour_words = colour_words
        self.hidden: Collection[bytes] = ()

    def show_tree(self, tree: Tree, top: int) -> None:
        """Shows another tree, or another part of it."""
        self.beginResetModel()
        self.tree, self.top = tree, top
        self._row = [0] * len(tree)
        for inside in tree.children:
            for row, node in enumerate(inside):
                self._row[node] = row
        self.endResetModel()

    def node(self, index: Index) -> int | None:
        """The node of an index."""
        return int(index.internalId()) if index.isValid() else None

    def index_of(self, node: int) -> QModelIndex:
        """The index of a node; none for the top one and what is not below it."""
        return self.createIndex(self._row[node], 0, node) if node != self.top else QModelIndex()

    def is_hidden(self, node: int) -> bool:
        """Whether a folder or file was hidden."""
        return not self.tree.is_rest[node] and self.tree.paths[node] in self.hidden

    def show_hidden(self, hidden: Collection[bytes]) -> None:
        """Has others hidden."""
        self.hidden = hidden
        self._changed()

    def colours_changed(self) -> None:
        """The words for colours are others now."""
        self._changed()

    def _changed(self) -> None:
        if rows := self.rowCount():
            self.dataChanged.emit(self.index(0, 0), self.index(rows - 1, len(TITLES) - 1))

    # ---- What Qt asks ----

    def _inside(self, parent: Index) -> list[int]:
        if not len(self.tree):
            return []
        return self.tree.children[int(parent.internalId()) if parent.isValid() else self.top]

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return len(self._inside(parent)) if parent.column() <= 0 else 0

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: ARG002, B008
        return len(TITLES)

    def index(self, row: int, column: int, parent: Index = QModelIndex()) -> QModelIndex:  # noqa: B008
        inside = self._inside(parent)
        return self.createIndex(row, column, inside[row]) if 0 <= row < len(inside) else QModelIndex()

    def parent(self, index: Index) -> QModelIndex:  # type: ignore[override]
        node = self.node(index)
        return self.index_of(self.tree.parents[node]) if node is not None else QModelIndex()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return say(TITLES[section])
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        node = self.node(index)
        if node is None or node >= len(self.tree):
            return None
        if role == Role.DisplayRole:
            text = self._text(node, index.column())
            return shown.in_line(text) if text else text
        if role == Role.TextAlignmentRole and index.column() != NAME:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Role.AccessibleTextRole and index.column() == NAME:
            files = "" if self.tree.types[node] else count("{n} file", "{n} files", self.tree.files[node])
            figures = (self._text(node, SIZE), self._text(node, SHARE), files)
            parts = (self._name(node), *figures, self._colour_words(node))
            return ", ".join(part for part in parts if part)
        return None

    def _text(self, node: int, column: int) -> str:
        tree = self.tree
        if column == NAME:
            return self._name(node)
        if column == SIZE:
            return shown.size(tree.sizes[node])
        if column == SHARE:
            whole = tree.sizes[self.top]
            return shown.percent(tree.sizes[node] / whole) if whole else ""
        if column == FILES:
            return "" if tree.types[node] else shown.number(tree.files[node])
        return shown.day(tree.newest_ns[node])

    def _name(self, node: int) -> str:
        name = name_of(self.tree, node)
        return say("{name} (hidden)", name=name) if self.is_hidden(node) else name


class Table(QTreeView):
    """The rows. Enter opens one; the other keys are the page's."""

    opened = Signal(int)
    chosen = Signal(int)

    def __init__(self, rows: Rows) -> None:
        super().__init__()
        self._rows = rows
        self.setModel(rows)
        self.setAccessibleName(say("Folders and files by size"))
        self.setUniformRowHeights(True)
        self.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        self.setExpandsOnDoubleClick(False)
        self.setAllColumnsShowFocus(True)
        header = self.header()
        header.setStretchLastSection(False)
        header.setSectionResizeMode(QHeaderView.ResizeMode.Interactive)
        self.doubleClicked.connect(self._open)
        self.selectionModel().currentChanged.connect(self._current_changed)
        self._quiet = False
        self._size_columns()

    def _size_columns(self) -> None:
        letters = QFontMetrics(self.font())
        self.setColumnWidth(NAME, letters.averageCharWidth() * 26)
        for column, sample in (
            (SIZE, "999.9 MB  "),
            (SHARE, "under 1 %  "),
            (FILES, "9,999,999"),
            (NEWEST, "31/12/2026"),
        ):
            wide = max(letters.horizontalAdvance(sample), letters.horizontalAdvance(say(TITLES[column])))
            self.setColumnWidth(column, wide + 22)

    def show_tree(self, tree: Tree, top: int, selected: int | None) -> None:
        """Shows another tree; what was open in the one before stays open."""
        before, before_top = self._rows.tree, self._rows.top
        opened = {before.paths[node] for node in self._opened()}
        is_same = len(before) > 0 and len(tree) > 0 and before.paths[before_top] == tree.paths[top]
        at = self.verticalScrollBar().value()
        self._quiet = True
        self._rows.show_tree(tree, top)
        for node in range(len(tree)) if opened else ():
            if tree.paths[node] in opened and not tree.is_rest[node]:
                self.expand(self._rows.index_of(node))
        self._quiet = False
        self.select(selected)
        if is_same:
            self.verticalScrollBar().setValue(at)

    def select(self, node: int | None) -> None:
        """Makes a node the current one, and has it seen."""
        if node is None or node == self._rows.node(self.currentIndex()):
            return
        self._quiet = True
        self.setCurrentIndex(self._rows.index_of(node))
        self.scrollTo(self.currentIndex())
        self._quiet = False

    def sizeHint(self) -> QSize:
        return QSize(420, 400)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._open(self.currentIndex())
        elif event.key() in (Qt.Key.Key_Backspace, Qt.Key.Key_H):
            event.ignore()  # else letters would look for names that begin so
        else:
            super().keyPressEvent(event)

    def _opened(self) -> list[int]:
        found: list[int] = []
        waiting = [QModelIndex()]
        while waiting and len(found) < ROWS_EXPANDED:
            above = waiting.pop()
            for row in range(self._rows.rowCount(above)):
                index = self._rows.index(row, 0, above)
                if self.isExpanded(index):
                    found.append(int(index.internalId()))
                    waiting.append(index)
        return found

    def _open(self, index: Index) -> None:
        node = self._rows.node(index)
        if node is not None:
            self.opened.emit(node)

    def _current_changed(self, now: QModelIndex, _before: QModelIndex) -> None:
        node = self._rows.node(now)
        if node is not None and not self._quiet:
            self.chosen.emit(node)
