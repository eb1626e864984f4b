"""The table of hits: keys of a hit, titles that sort, files that are dragged."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QSize, Qt, Signal
from PySide6.QtGui import QDrag, QKeyEvent
from PySide6.QtWidgets import QAbstractItemView

from sanchay_tray.window.pages.search.hits import FOLDER, MODIFIED, NAME, SIZE, SORTS, Hits
from sanchay_tray.window.parts import long_rows
from sanchay_tray.window.parts.paths import MarkedDelegate
from sanchay_tray.words import say

#: Files that are dragged at once.
DRAGGED_MOST = 1000


class Table(long_rows.Table):
    """`did` says which key was pressed on the selected hit: open, preview, folder, copy; or up, to leave.

    `ordered` has the word that the daemon knows the order by; `too_many` were to be dragged.
    """

    did = Signal(str)
    ordered = Signal(str)
    too_many = Signal()

    def __init__(self, hits: Hits) -> None:
        super().__init__(hits, say("Files found"))
        self._hits = hits
        self._sort = ""
        self.setItemDelegateForColumn(NAME, MarkedDelegate(self))
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        titles = self.horizontalHeader()
        titles.setSectionsClickable(True)
        titles.sectionClicked.connect(self._sort_by)
        letter = self.fontMetrics().averageCharWidth()
        for column, letters in ((NAME, 34), (FOLDER, 38), (SIZE, 13), (MODIFIED, 21)):
            self.setColumnWidth(column, letters * letter)
        self.entered.connect(lambda _: self.did.emit("open"))

    def restore(self, columns: QByteArray, sort: str) -> None:
        """Shows the columns as they were left, and the order that the rows come in."""
        titles = self.horizontalHeader()
        if not columns.isEmpty():
            titles.restoreState(columns)
        titles.setSectionsClickable(True)
        self._show_sort(sort)

    def move_to(self, position: int) -> None:
        """Selects the row at which the selected one is now: where it was seen, it stays under the eye."""
        before = self.current_row()
        if position == before:
            return
        height, bar = self.verticalHeader().defaultSectionSize(), self.verticalScrollBar()
        was_seen = self.visualRect(self.currentIndex()).intersects(self.viewport().rect())
        at = bar.value()
        self.setAutoScroll(False)
        self.select(position)
        self.setAutoScroll(True)
        if was_seen:
            bar.setValue(at + (position - before) * height)

    def show_selected(self) -> None:
        """Scrolls to the selected row, where it cannot be seen."""
        if self.currentIndex().isValid():
            self.scrollTo(self.currentIndex())

    def sizeHint(self) -> QSize:
        return QSize(640, 400)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        does = {
            Qt.Key.Key_O: "open",
            Qt.Key.Key_Space: "preview",
            Qt.Key.Key_F: "folder",
        }.get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if does is not None and plain:
            self.did.emit(does)
        elif event.key() == Qt.Key.Key_C and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.did.emit("copy")
        elif event.key() == Qt.Key.Key_Up and plain and self.current_row() <= 0:
            self.did.emit("up")
        else:
            super().keyPressEvent(event)

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Drags what is selected, all of it or nothing: of a long list only few rows are here."""
        ranges = self.selectionModel().selection().toList()
        if sum(each.height() for each in ranges) > DRAGGED_MOST:
            self.too_many.emit()
            return
        rows = [row for each in ranges for row in range(each.top(), each.bottom() + 1)]
        if any(self._hits.row(row) is None for row in rows):
            self.too_many.emit()
            return
        drag = QDrag(self)
        drag.setMimeData(self._hits.mimeData([self._hits.index(row, NAME) for row in rows]))
        drag.exec(actions)

    def _sort_by(self, column: int) -> None:
        word = SORTS[column]
        if not word:
            self._show_sort(self._sort)
            return
        first_down = word in ("size", "modified")
        down = not self._sort.startswith("-") if self._sort.lstrip("-") == word else first_down
        self._show_sort(f"-{word}" if down else word)
        self.ordered.emit(self._sort)

    def _show_sort(self, sort: str) -> None:
        self._sort, titles = sort, self.horizontalHeader()
        column = SORTS.index(sort.lstrip("-")) if sort else -1
        titles.setSortIndicatorShown(column >= 0)
        if column >= 0:
            down = sort.startswith("-")
            titles.setSortIndicator(column, Qt.SortOrder.DescendingOrder if down else Qt.SortOrder.AscendingOrder)
