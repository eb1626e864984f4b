"""The hits: rows as they were read, a page at a time, in the daemon's order; what was sought is marked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from PySide6.QtCore import QAbstractTableModel, QMimeData, QModelIndex, QPersistentModelIndex, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QAbstractItemView, QHeaderView, QTableView

from sanchay.v1 import catalog_pb2
from sanchay_tray.window import opening, shown
from sanchay_tray.window.parts.paths import MARKED, MarkedDelegate, Piece
from sanchay_tray.words import mark, say

Index = QModelIndex | QPersistentModelIndex
Role = Qt.ItemDataRole
#: Rows of a page; more rows than this are not listed, and the search is to be narrowed.
PAGE_ROWS, ROWS_MOST = 200, 20_000

KINDS = {
    "image": mark("Picture"),
    "video": mark("Video"),
    "audio": mark("Sound"),
    "document": mark("Document"),
    "archive": mark("Archive"),
    "code": mark("Source code"),
    "log": mark("Log"),
    "folder": mark("Folder"),
    "link": mark("Link"),
    "special": mark("Special file"),
}


class Column(NamedTuple):
    """A column: its title (marked), and the daemon's word for sorting by it; empty where it cannot."""

    title: str
    sort: str


COLUMNS = (
    Column(mark("Name"), "name"),
    Column(mark("Folder"), "path"),
    Column(mark("Size"), "size"),
    Column(mark("Modified"), "modified"),
    Column(mark("Type"), ""),
)
NAME, FOLDER, SIZE, MODIFIED, TYPE = range(5)

#: What a table asks of each cell again and again; the answer to anything else is nothing.
ROLES = frozenset({Role.DisplayRole, Role.TextAlignmentRole, Role.AccessibleTextRole, MARKED})
FLAGS = (
    Qt.ItemFlag.ItemIsEnabled
    | Qt.ItemFlag.ItemIsSelectable
    | Qt.ItemFlag.ItemIsDragEnabled
    | Qt.ItemFlag.ItemNeverHasChildren
)


def kind_name(word: str) -> str:
    """What a hit is."""
    return say(KINDS[word]) if word in KINDS else say("Other")


def pieces(name: str, sought: Sequence[str]) -> tuple[Piece, ...]:
    """The name in pieces: what was sought is marked, wherever it stands."""
    folded = name.casefold()
    if len(folded) != len(name):  # places would not be the same
        folded = name.lower() if len(name.lower()) == len(name) else name
    marks = bytearray(len(name))
    for text in sought:
        low, at = text.casefold(), -1
        while low and (at := folded.find(low, at + 1)) >= 0:
            marks[at : at + len(low)] = b"\1" * len(low)
    found: list[Piece] = []
    begin = 0
    for at in range(1, len(name) + 1):
        if at == len(name) or marks[at] != marks[begin]:
            found.append(Piece(name[begin:at], bool(marks[begin])))
            begin = at
    return tuple(found) if any(marks) else ()


class Hits(QAbstractTableModel):
    """`more` asks for the rows behind those that are here."""

    more = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[catalog_pb2.FileRow] = []
        self.token = ""
        self._sought: Sequence[str] = ()

    def show_page(self, page: catalog_pb2.FindResponse, sought: Sequence[str]) -> None:
        """Shows the first page of an answer."""
        self.beginResetModel()
        self.rows, self.token, self._sought = list(page.rows), page.next_page_token, sought
        self.endResetModel()

    def add_page(self, page: catalog_pb2.FindResponse) -> None:
        """Shows another page behind what is here."""
        first = len(self.rows)
        self.token = page.next_page_token
        if page.rows:
            self.beginInsertRows(QModelIndex(), first, first + len(page.rows) - 1)
            self.rows += page.rows
            self.endInsertRows()

    def clear(self) -> None:
        """Shows nothing."""
        self.show_page(catalog_pb2.FindResponse(), ())

    def position_of(self, path: bytes) -> int:
        """Where the file of this path is; -1: not among those that are here."""
        return next((number for number, row in enumerate(self.rows) if row.path.raw == path), -1)

    # ---- What Qt asks ----

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008 - Qt's own signature
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        return 0 if parent.isValid() else len(COLUMNS)

    def canFetchMore(self, parent: Index) -> bool:
        return not parent.isValid() and bool(self.token) and len(self.rows) < ROWS_MOST

    def fetchMore(self, parent: Index) -> None:  # noqa: ARG002
        self.more.emit()

    def headerData(self, section: int, orientation: Qt.Orientation, role: int = Role.DisplayRole) -> Any:
        if orientation == Qt.Orientation.Horizontal and role == Role.DisplayRole:
            return say(COLUMNS[section].title)
        if orientation == Qt.Orientation.Horizontal and role == Role.TextAlignmentRole:
            return _side(section)
        return None

    def data(self, index: Index, role: int = Role.DisplayRole) -> Any:
        if role not in ROLES or not index.isValid() or index.row() >= len(self.rows):
            return None
        row = self.rows[index.row()]
        if role == Role.DisplayRole:
            return self._text(row, index.column())
        if role == MARKED and index.column() == NAME:
            return pieces(shown.name(row.path), self._sought)
        if role == Role.TextAlignmentRole:
            return _side(index.column())
        if role == Role.AccessibleTextRole and index.column() == NAME:
            return ", ".join(self._text(row, column) for column in range(len(COLUMNS)))
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: ARG002
        return FLAGS

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        data.setUrls([opening.url(self.rows[row].path.raw) for row in sorted({each.row() for each in indexes})])
        return data

    def _text(self, row: catalog_pb2.FileRow, column: int) -> str:
        if column == NAME:
            return shown.name(row.path)
        if column == FOLDER:
            return shown.folder(row.path)
        if column == SIZE:
            return shown.size(row.size)
        if column == MODIFIED:
            return shown.moment(row.modified_ns)
        return kind_name(row.type)


def _side(column: int) -> Qt.AlignmentFlag:
    side = Qt.AlignmentFlag.AlignRight if column == SIZE else Qt.AlignmentFlag.AlignLeft
    return side | Qt.AlignmentFlag.AlignVCenter


class Table(QTableView):
    """The rows. `did` says which key was pressed on the selected one: open, preview, folder, copy; or up, to leave."""

    did = Signal(str)
    moved = Signal()

    def __init__(self, hits: Hits) -> None:
        super().__init__()
        self.setModel(hits)
        self.setAccessibleName(say("Files found"))
        self.setItemDelegateForColumn(NAME, MarkedDelegate(self))
        self.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragEnabled(True)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setShowGrid(False)
        self.setWordWrap(False)
        self.setTabKeyNavigation(False)
        self.setTextElideMode(Qt.TextElideMode.ElideMiddle)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        rows = self.verticalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        height = round(self.fontMetrics().height() * 1.7)
        rows.setMinimumSectionSize(height)
        rows.setDefaultSectionSize(height)
        titles = self.horizontalHeader()
        titles.setHighlightSections(False)
        titles.setSectionsClickable(True)
        titles.setStretchLastSection(True)
        letter = self.fontMetrics().averageCharWidth()
        for column, letters in ((NAME, 34), (FOLDER, 38), (SIZE, 13), (MODIFIED, 21)):
            self.setColumnWidth(column, letters * letter)
        self.doubleClicked.connect(lambda _: self.did.emit("open"))
        self.selectionModel().currentRowChanged.connect(lambda *_: self.moved.emit())

    def sizeHint(self) -> QSize:
        return QSize(640, 400)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        does = {
            Qt.Key.Key_Return: "open",
            Qt.Key.Key_Enter: "open",
            Qt.Key.Key_O: "open",
            Qt.Key.Key_Space: "preview",
            Qt.Key.Key_F: "folder",
        }.get(Qt.Key(event.key()))
        plain = not event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier
        if does is not None and plain:
            self.did.emit(does)
        elif event.key() == Qt.Key.Key_C and event.modifiers() == Qt.KeyboardModifier.ControlModifier:
            self.did.emit("copy")
        elif event.key() == Qt.Key.Key_Up and plain and self.currentIndex().row() <= 0:
            self.did.emit("up")
        else:
            super().keyPressEvent(event)
