"""A table of rows that are all known: folders, jobs, schedules, findings. Rows are of one height; names are plain text.

The row that is chosen stays chosen when the rows change, by its key.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import NamedTuple

from PySide6.QtCore import QAbstractTableModel, QEvent, QModelIndex, QPersistentModelIndex, Qt, Signal
from PySide6.QtGui import QColor, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView, QVBoxLayout, QWidget

from sanchay_tray.window.colours import colours
from sanchay_tray.window.memory import Memory
from sanchay_tray.window.parts.heights import HighRows
from sanchay_tray.window.parts.text import tip

ROOM = 14  # of a row, above and below its text
Index = QModelIndex | QPersistentModelIndex
_HERE = QModelIndex()


class Column(NamedTuple):
    """A column: its title, how wide it is in characters, and whether it holds numbers."""

    title: str
    wide: int = 14
    right: bool = False


class Row(NamedTuple):
    """A row: its key, what it says, and how its `told` column is meant: good | warn | bad."""

    key: Hashable
    cells: tuple[str, ...]
    tone: str = ""


class RowsModel(QAbstractTableModel):
    """The rows as Qt asks for them. `more` fetches further rows when the end is near; None: there are no more."""

    def __init__(self, columns: Sequence[Column], told: int) -> None:
        super().__init__()
        self._columns = tuple(columns)
        self._told = told
        self.rows: tuple[Row, ...] = ()
        self.more: Callable[[], None] | None = None

    def rowCount(self, parent: Index = _HERE) -> int:
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = _HERE) -> int:
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        row = self.rows[index.row()]
        if role == Qt.ItemDataRole.DisplayRole:
            return row.cells[index.column()]
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(row.cells[index.column()])
        if role == Qt.ItemDataRole.TextAlignmentRole and self._columns[index.column()].right:
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        if role == Qt.ItemDataRole.ForegroundRole and row.tone and index.column() == self._told:
            return QColor(getattr(colours(), row.tone))
        return None

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole) -> object:
        if orientation != Qt.Orientation.Horizontal:
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            right = self._columns[section].right
            side = Qt.AlignmentFlag.AlignRight if right else Qt.AlignmentFlag.AlignLeft
            return side | Qt.AlignmentFlag.AlignVCenter
        return None

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and self.more is not None

    def fetchMore(self, parent: Index) -> None:
        if not parent.isValid() and self.more is not None:
            more, self.more = self.more, None
            more()

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Shows other rows; those of the same keys stay where they are."""
        new = tuple(rows)
        if new == self.rows:
            return
        if [row.key for row in new] == [row.key for row in self.rows]:
            self.rows = new
            self.dataChanged.emit(self.index(0, 0), self.index(len(new) - 1, len(self._columns) - 1))
            return
        self.beginResetModel()
        self.rows = new
        self.endResetModel()


class Rows(QWidget):
    """The table. `picked` tells the key of another row that is chosen, or None; `opened`: Enter was pressed on it."""

    picked = Signal(object)
    opened = Signal(object)

    def __init__(self, name: str, columns: Sequence[Column], memory: Memory, remembered: str, told: int = 1) -> None:
        super().__init__()
        self.model = RowsModel(columns, told)
        self.view = HighRows()
        self.view.setModel(self.model)
        self.view.setAccessibleName(name)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.view.setTabKeyNavigation(False)
        self.view.setShowGrid(False)
        self.view.setWordWrap(False)
        self.view.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.view.setCornerButtonEnabled(False)
        self.view.verticalHeader().hide()
        self.view.set_row_height(room=ROOM)
        self.view.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.view)
        self.setFocusProxy(self.view)
        self._key: Hashable | None = None
        self._most = 0  # rows that `fit` shows; 0: as many as there is room for
        self._lay_header(columns, memory, remembered)
        self.view.selectionModel().currentRowChanged.connect(self._moved)
        self.view.activated.connect(lambda index: self.opened.emit(self.model.rows[index.row()].key))

    def _lay_header(self, columns: Sequence[Column], memory: Memory, remembered: str) -> None:
        header, width = self.view.horizontalHeader(), self.fontMetrics().averageCharWidth()
        header.setHighlightSections(False)
        header.setMinimumSectionSize(4 * width)
        header.setStretchLastSection(True)
        for at, column in enumerate(columns):
            self.view.setColumnWidth(at, max(column.wide, len(column.title) + 2) * width)
        name = f"{remembered}.columns"
        kept = memory.get_bytes(name)
        if not kept.isEmpty():
            header.restoreState(kept)
        header.sectionResized.connect(lambda *_: memory.put_bytes(name, header.saveState()))

    def show_rows(self, rows: Sequence[Row]) -> None:
        """Shows other rows. The chosen one stays so; where it is gone, the first one is."""
        before, bar = self._key, self.view.verticalScrollBar()
        scrolled = bar.value()
        self.model.show_rows(rows)
        if self.view.currentIndex().isValid():
            return
        if self.pick(before):
            bar.setValue(scrolled)  # who looks further down is not taken back to the chosen row
        elif rows:
            self.view.selectRow(0)
        elif before is not None:
            self._key = None
            self.picked.emit(None)

    def pick(self, key: Hashable | None) -> bool:
        """Chooses the row of this key. False where there is none."""
        for at, row in enumerate(self.model.rows):
            if row.key == key:
                self.view.selectRow(at)
                return True
        return False

    def key(self) -> Hashable | None:
        """The key of the chosen row."""
        return self._key

    def cells(self) -> list[tuple[str, ...]]:
        """What the rows say."""
        return [row.cells for row in self.model.rows]

    def fit(self, most: int) -> None:
        """Is as high as its rows, and no higher than so many of them."""
        self._most = most
        header, rows = self.view.horizontalHeader(), min(max(len(self.model.rows), 1), most)
        high = header.sizeHint().height() + rows * self.view.verticalHeader().defaultSectionSize() + 4
        if header.length() > self.view.viewport().width():
            high += self.view.horizontalScrollBar().sizeHint().height()
        if high != self.view.maximumHeight():
            self.view.setFixedHeight(high)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit_again()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and hasattr(self, "_most"):
            self._fit_again()

    def _fit_again(self) -> None:
        if self._most:
            self.fit(self._most)

    def _moved(self, now: QModelIndex, _before: QModelIndex) -> None:
        key = self.model.rows[now.row()].key if now.isValid() and now.row() < len(self.model.rows) else None
        if key is not None and key != self._key:
            self._key = key
            self.picked.emit(key)
