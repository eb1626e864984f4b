"""A table of a long order: it has as many rows as the order, and holds those few that were looked at last.

Only what can be seen is asked for. A page of rows that was scrolled past before its answer came is called off; until
its rows come, a row shows a sign that it waits. The source of the rows is given: it opens an order, reads it by
position, and closes it, always by answering later on the loop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, Protocol

from PySide6.QtCore import QAbstractTableModel, QModelIndex, QObject, QPersistentModelIndex, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QResizeEvent
from PySide6.QtWidgets import QAbstractItemView

from sanchay.errors import SanchayError
from sanchay_tray.window.parts.heights import HighRows
from sanchay_tray.window.parts.paths import MARKED, Piece
from sanchay_tray.words import say

#: Rows of a page, pages that are kept, and pages that are asked for at once.
PAGE_ROWS = 200
PAGES_KEPT = 50
ASKED_MOST = 2
#: The least height of a row, in lines of its text.
ROW_LINES = 1.9
WAITING = "…"

Index = QModelIndex | QPersistentModelIndex


class Reading(Protocol):
    """A question for rows that is under way."""

    def call_off(self) -> None:
        """Its answer is not wanted any more."""


class Source(Protocol):
    """An order that is read by position."""

    def open(self, owner: QObject, total: Callable[[int], None], failed: Callable[[SanchayError], None]) -> None:
        """Opens it; `total` gets the number of its rows, again where the order has become another one."""

    def read(
        self,
        position: int,
        limit: int,
        rows: Callable[[Sequence[Any]], None],
        failed: Callable[[SanchayError], None],
    ) -> Reading:
        """Asks for the rows from a position on; None stands for one that is gone."""

    def close(self) -> None:
        """Lets go of it."""


class Column(NamedTuple):
    """A column: its title, what it shows of a row, what a screen reader says of it, and whether it is a number.

    `pieces`: the text in pieces, where some of it is marked.
    """

    title: str
    text: Callable[[Any], str]
    spoken: Callable[[Any], str] | None = None
    is_number: bool = False
    picture: Callable[[Any], Any] | None = None
    pieces: Callable[[Any], Sequence[Piece]] | None = None


class Rows(QAbstractTableModel):
    """The model. `arrived` says that rows came, from a position to another."""

    arrived = Signal(int, int)
    opened = Signal(int)
    failed = Signal(object)

    def __init__(self, columns: Sequence[Column], parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._columns = tuple(columns)
        self._source: Source | None = None
        self._total = 0
        self._pages: OrderedDict[int, Sequence[Any]] = OrderedDict()
        self._old: set[int] = set()  # pages of the order before, which are shown until they are read again
        self._asked: dict[int, Reading] = {}
        self._seen = (0, 0)
        # Scrolling tells of each step: what is seen after them all is asked for.
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(0)
        self._soon.timeout.connect(self._fetch)

    # ---- The order ----

    def show_source(self, source: Source, *, keep: bool = False) -> None:
        """Shows another order; what was known of the one before goes.

        `keep`: it is much the same order. Each row stays to be seen, and where it is, until it is read again.
        """
        self.close()
        self._source = source
        kept = keep

        def told(total: int) -> None:
            nonlocal kept
            self._reset(source, total, keep=kept)
            kept = True  # the same source has made its order again

        source.open(self, told, self.failed.emit)

    def show_rows(self, rows: Sequence[Any]) -> None:
        """Shows rows that are here, such as the first ones of an order that is to be opened."""
        self.close()
        self.beginResetModel()
        self._old.clear()
        self._pages = OrderedDict((at // PAGE_ROWS, rows[at : at + PAGE_ROWS]) for at in range(0, len(rows), PAGE_ROWS))
        self._total = len(rows)
        self.endResetModel()

    def close(self) -> None:
        """Lets go of the order; its rows stay to be seen until another one comes."""
        self._call_off(keep=())
        source, self._source = self._source, None
        if source is not None:
            source.close()

    def look_at(self, first: int, last: int) -> None:
        """Says which rows can be seen."""
        self._seen = (first, last)
        self._soon.start()

    def row(self, position: int) -> Any:
        """A row, where it is held; else None."""
        page = self._pages.get(position // PAGE_ROWS)
        at = position % PAGE_ROWS
        return page[at] if page is not None and at < len(page) else None

    def is_gone(self, position: int) -> bool:
        """Whether it is known that a row is no more: its place is kept, so that the others keep theirs."""
        page = self._pages.get(position // PAGE_ROWS, ())
        return position % PAGE_ROWS < len(page) and self.row(position) is None

    def total(self) -> int:
        """How many rows the order has."""
        return self._total

    def forget(self) -> None:
        """Asks again for what can be seen: rows are other ones now, the order is the same."""
        self._call_off(keep=())
        self._pages.clear()
        self._old.clear()
        self._soon.start()

    def repaint(self) -> None:
        """Shows the rows again that are held: what stands beside them has changed."""
        if self._total:
            self.dataChanged.emit(self.index(0, 0), self.index(self._total - 1, len(self._columns) - 1))

    # ---- What a view asks ----

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else self._total

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(self._columns)

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = 0) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self._columns):
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self._columns[section].title
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(self._columns[section])
        return None

    def data(self, index: Index, role: int = 0) -> Any:
        if not index.isValid():
            return None
        column = self._columns[index.column()]
        if role == Qt.ItemDataRole.TextAlignmentRole:
            return _alignment(column)
        if role not in _SHOWN:
            return None
        row = self.row(index.row())
        if role == MARKED:
            return column.pieces(row) if column.pieces is not None and row is not None else None
        if row is None:
            if role == Qt.ItemDataRole.DisplayRole and index.column() == 0:
                return say("gone") if self.is_gone(index.row()) else WAITING
            return None
        if role == Qt.ItemDataRole.DecorationRole:
            return column.picture(row) if column.picture is not None else None
        if role == Qt.ItemDataRole.AccessibleTextRole and column.spoken is not None:
            return column.spoken(row)
        return column.text(row)

    # ---- Fetching ----

    def _reset(self, source: Source, total: int, *, keep: bool) -> None:
        if source is not self._source:
            return
        self._call_off(keep=())
        if keep:
            self._old = set(self._pages)
            self._resize(total)
        else:
            self.beginResetModel()
            self._pages.clear()
            self._old.clear()
            self._total = total
            self.endResetModel()
        self.opened.emit(total)
        self._soon.start()

    def _resize(self, total: int) -> None:
        before = self._total
        if total > before:
            self.beginInsertRows(QModelIndex(), before, total - 1)
            self._total = total
            self.endInsertRows()
        elif total < before:
            self.beginRemoveRows(QModelIndex(), total, before - 1)
            self._total = total
            self.endRemoveRows()

    def _wanted(self) -> list[int]:
        """The pages that can be seen and are not held, in their order."""
        if not self._total:
            return []
        first, last = max(self._seen[0], 0), min(max(self._seen[1], 0), self._total - 1)
        pages = range(first // PAGE_ROWS, last // PAGE_ROWS + 1)
        return [page for page in pages if page not in self._pages or page in self._old]

    def _fetch(self) -> None:
        source, wanted = self._source, self._wanted()
        if source is None:
            return
        self._call_off(keep=wanted)
        for page in wanted:
            if page in self._asked:
                continue
            if len(self._asked) >= ASKED_MOST:
                return
            self._asked[page] = source.read(
                page * PAGE_ROWS,
                PAGE_ROWS,
                lambda rows, page=page: self._take(source, page, rows),  # type: ignore[misc]
                lambda error, page=page: self._fail(source, page, error),  # type: ignore[misc]
            )

    def _call_off(self, keep: Sequence[int]) -> None:
        for page in [each for each in self._asked if each not in keep]:
            self._asked.pop(page).call_off()

    def _take(self, source: Source, page: int, rows: Sequence[Any]) -> None:
        if source is not self._source or self._asked.pop(page, None) is None:
            return
        self._pages[page] = rows
        self._pages.move_to_end(page)
        self._old.discard(page)
        while len(self._pages) > PAGES_KEPT:
            self._old.discard(self._pages.popitem(last=False)[0])
        first = page * PAGE_ROWS
        last = min(first + PAGE_ROWS, self._total) - 1
        self.dataChanged.emit(self.index(first, 0), self.index(last, len(self._columns) - 1))
        self.arrived.emit(first, last)
        self._soon.start()

    def _fail(self, source: Source, page: int, error: SanchayError) -> None:
        if source is self._source and self._asked.pop(page, None) is not None:
            self.failed.emit(error)


_SHOWN = (Qt.ItemDataRole.DisplayRole, Qt.ItemDataRole.AccessibleTextRole, Qt.ItemDataRole.DecorationRole, MARKED)


def _alignment(column: Column) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column.is_number else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class Table(HighRows):
    """A view of rows: every row as high as the others, one selected. `entered` is Enter, or a double click."""

    entered = Signal(int)
    moved = Signal(int)

    def __init__(self, model: QAbstractTableModel, name: str) -> None:
        super().__init__()
        self.setModel(model)
        self.setAccessibleName(name)
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setCornerButtonEnabled(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        self.set_row_height(lines=ROW_LINES)
        titles = self.horizontalHeader()
        titles.setHighlightSections(False)
        titles.setMinimumSectionSize(4 * self.fontMetrics().averageCharWidth())
        titles.setStretchLastSection(True)
        self.verticalScrollBar().valueChanged.connect(lambda _: self._looked())
        model.modelReset.connect(self._looked)
        for resized in (model.rowsInserted, model.rowsRemoved):
            resized.connect(lambda *_: self.updateGeometries())  # Qt would do so later: no row behind could be shown
        self.doubleClicked.connect(lambda index: self.entered.emit(index.row()))
        self.selectionModel().currentRowChanged.connect(self._moved)

    def current_row(self) -> int:
        """The selected row; -1: none."""
        return self.currentIndex().row()

    def select(self, position: int) -> None:
        """Selects a row and shows it."""
        self.setCurrentIndex(self.model().index(position, 0))

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and self.currentIndex().isValid():
            self.entered.emit(self.current_row())
            return
        super().keyPressEvent(event)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._looked()

    def _moved(self, now: QModelIndex) -> None:
        if now.isValid():
            self.moved.emit(now.row())

    def _looked(self) -> None:
        model = self.model()
        if isinstance(model, Rows):
            height = self.verticalHeader().defaultSectionSize()
            first = self.verticalScrollBar().value() // max(height, 1)
            model.look_at(first, first + self.viewport().height() // max(height, 1) + 1)
