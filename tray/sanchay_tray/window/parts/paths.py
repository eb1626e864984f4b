"""Paths of equal files beside one another: what differs between them is marked, by weight and a line below it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, Qt
from PySide6.QtGui import QFont, QPainter, QPalette, QTextCharFormat, QTextLayout, QTextOption
from PySide6.QtWidgets import QApplication, QStyle, QStyledItemDelegate, QStyleOptionViewItem, QTableView

from sanchay.paths import shown_bytes

#: The data of a cell that has marked text.
MARKED = Qt.ItemDataRole.UserRole + 1
PADDING = 6


class Piece(NamedTuple):
    """A part of a text, and whether it is marked."""

    text: str
    is_marked: bool


def differing(folders: Sequence[bytes]) -> list[tuple[Piece, ...]]:
    """Each folder in pieces: what all of them begin and end with is plain, what is between is marked."""
    parts = [folder.split(os.sep.encode()) for folder in folders]
    shortest = min((len(each) for each in parts), default=0)
    same = [len({each[at] for each in parts}) == 1 for at in range(shortest)]
    head = same.index(False) if False in same else shortest
    ends = [len({each[-1 - at] for each in parts}) == 1 for at in range(shortest - head)]
    tail = ends.index(False) if False in ends else shortest - head
    found = []
    for each in parts:
        middle = len(each) - tail
        pieces = ((each[:head], False), (each[head:middle], True), (each[middle:], False))
        texts = [(shown_bytes(os.sep.encode().join(names)), marked) for names, marked in pieces if names]
        joined = [
            Piece(text + (os.sep if at < len(texts) - 1 else ""), marked) for at, (text, marked) in enumerate(texts)
        ]
        found.append(tuple(joined))
    return found


class MarkedDelegate(QStyledItemDelegate):
    """Paints a text with marked pieces; what does not fit is cut off before its marked part's end, not behind it."""

    def __init__(self, table: QTableView) -> None:
        super().__init__(table)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        pieces: tuple[Piece, ...] | None = index.data(MARKED)
        if not pieces:
            super().paint(painter, option, index)
            return
        styled = QStyleOptionViewItem(option)
        self.initStyleOption(styled, index)
        styled.text = ""
        style = QApplication.style()
        style.drawControl(QStyle.ControlElement.CE_ItemViewItem, styled, painter)
        area: QRect = option.rect.adjusted(PADDING, 0, -PADDING, 0)
        layout = laid_out(_fitting(pieces, styled, area.width()), styled.font)
        line = layout.lineAt(0)
        painter.save()
        painter.setClipRect(area)
        painter.setPen(option.palette.color(QPalette.ColorRole.Text))
        top = area.top() + (area.height() - line.height()) / 2
        left = area.left()
        if option.direction == Qt.LayoutDirection.RightToLeft:
            left = round(area.right() - line.naturalTextWidth())
        layout.draw(painter, QPointF(left, top))
        painter.restore()


def laid_out(pieces: Sequence[Piece], font: QFont) -> QTextLayout:
    """One line of text whose marked pieces are bold and underlined."""
    layout = QTextLayout("".join(piece.text for piece in pieces), font)
    options = QTextOption()
    options.setWrapMode(QTextOption.WrapMode.NoWrap)
    options.setTextDirection(Qt.LayoutDirection.LeftToRight)  # a path reads from its root on in any language
    layout.setTextOption(options)
    formats, at = [], 0
    for piece in pieces:
        if piece.is_marked:
            form = QTextCharFormat()
            form.setFontWeight(QFont.Weight.Bold)
            form.setFontUnderline(True)
            span = QTextLayout.FormatRange()
            span.start, span.length, span.format = at, len(piece.text.encode("utf-16-le")) // 2, form
            formats.append(span)
        at += len(piece.text.encode("utf-16-le")) // 2
    layout.setFormats(formats)
    layout.beginLayout()
    line = layout.createLine()
    line.setLineWidth(1e6)
    layout.endLayout()
    return layout


def _fitting(pieces: tuple[Piece, ...], option: QStyleOptionViewItem, width: int) -> tuple[Piece, ...]:
    """The pieces so that they fit: plain ones are shortened first, each in its middle."""
    metrics = option.fontMetrics
    room = width - sum(metrics.horizontalAdvance(piece.text) * 1.1 for piece in pieces if piece.is_marked)
    plain = [piece for piece in pieces if not piece.is_marked]
    if sum(metrics.horizontalAdvance(piece.text) for piece in plain) <= room:
        return pieces
    each = max(int(room / max(len(plain), 1)), metrics.horizontalAdvance("…/"))
    middle, left = Qt.TextElideMode.ElideMiddle, max(width - each * len(plain), each)
    return tuple(
        Piece(metrics.elidedText(piece.text, middle, left if piece.is_marked else each), piece.is_marked)
        for piece in pieces
    )
