"""The hits as rows: what is shown of each, what was sought marked in its name, and how they are dragged."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QMimeData, QModelIndex, QObject, QPersistentModelIndex, Qt

from sanchay.v1 import catalog_pb2
from sanchay_tray.window import opening, shown
from sanchay_tray.window.parts.long_rows import PAGE_ROWS, Column, Rows
from sanchay_tray.window.parts.paths import Piece
from sanchay_tray.words import mark, say

Index = QModelIndex | QPersistentModelIndex

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


#: The columns, and the daemon's word for sorting by each; empty where it cannot.
NAME, FOLDER, SIZE, MODIFIED, TYPE = range(5)
SORTS = ("name", "path", "size", "modified", "")

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


class Hits(Rows):
    """The model. `sought` are the texts that are marked in names."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(
            [
                Column(say("Name"), _name, spoken=_spoken, pieces=lambda row: pieces(_name(row), self.sought)),
                Column(say("Folder"), _folder),
                Column(say("Size"), _size, is_number=True),
                Column(say("Modified"), _modified),
                Column(say("Type"), _type),
            ],
            parent,
        )
        self.sought: Sequence[str] = ()

    def position_of(self, path: bytes) -> int:
        """Where the file of this path is among the rows of the first page; -1: not there."""
        rows = (self.row(position) for position in range(min(self.total(), PAGE_ROWS)))
        return next((position for position, row in enumerate(rows) if row is not None and row.path.raw == path), -1)

    def flags(self, index: Index) -> Qt.ItemFlag:  # noqa: ARG002
        return FLAGS

    def mimeTypes(self) -> list[str]:
        return ["text/uri-list"]

    def mimeData(self, indexes: Sequence[QModelIndex]) -> QMimeData:
        data = QMimeData()
        rows = [self.row(position) for position in sorted({each.row() for each in indexes})]
        data.setUrls([opening.url(row.path.raw) for row in rows if row is not None])
        return data


def _name(row: catalog_pb2.FileRow) -> str:
    return shown.name(row.path)


def _folder(row: catalog_pb2.FileRow) -> str:
    return shown.folder(row.path)


def _size(row: catalog_pb2.FileRow) -> str:
    return shown.size(row.size)


def _modified(row: catalog_pb2.FileRow) -> str:
    return shown.moment(row.modified_ns)


def _type(row: catalog_pb2.FileRow) -> str:
    return kind_name(row.type)


def _spoken(row: catalog_pb2.FileRow) -> str:
    return ", ".join(text(row) for text in (_name, _folder, _size, _modified, _type))
