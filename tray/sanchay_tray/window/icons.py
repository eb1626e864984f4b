"""Small line icons, drawn in the text's colour: shapes on a grid of 24, for any scale."""

from __future__ import annotations

from PySide6.QtCore import QByteArray, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QIcon, QIconEngine, QPainter, QPalette, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication

SHAPES = {
    "overview": '<path d="M4 11l8-7 8 7"/><path d="M6 10v10h12V10"/>',
    "folders": '<path d="M3 6h6l2 3h10v11H3z"/>',
    "copies": '<rect x="4" y="8" width="11" height="12" rx="1.5"/><path d="M9 8V4h11v12h-5"/>',
    "space": '<rect x="4" y="4" width="16" height="16" rx="1.5"/><path d="M12 4v16M12 11h8M16 11v9"/>',
    "search": '<circle cx="10.5" cy="10.5" r="6"/><path d="M15 15l5.5 5.5"/>',
    "jobs": '<path d="M6 4v16M6 4l13 8-13 8"/>',
    "schedules": '<circle cx="12" cy="12" r="8"/><path d="M12 7v5l3.5 2"/>',
    "health": '<path d="M3 12h4l2.5-6 4 12 2.5-6h5"/>',
    "settings": '<path d="M4 7h9M17 7h3M4 17h3M11 17h9"/><circle cx="15" cy="7" r="2"/><circle cx="9" cy="17" r="2"/>',
    "twins": '<path d="M3 8h5l1.5 2H15v8H3z"/><path d="M9 8V5h5l1.5 2H21v8h-6"/>',
    "good": '<circle cx="12" cy="12" r="8.5"/><path d="M8 12.5l2.8 2.8L16.2 9.5"/>',
    "warn": '<path d="M12 4l9 16H3z"/><path d="M12 10v4.5M12 17v.5"/>',
    "bad": '<circle cx="12" cy="12" r="8.5"/><path d="M9 9l6 6M15 9l-6 6"/>',
    "add": '<path d="M12 5v14M5 12h14"/>',
    "remove": '<path d="M6 6l12 12M18 6L6 18"/>',
    "drive": '<rect x="3" y="6" width="18" height="12" rx="2"/><path d="M3 14h18M17 16.2v.2"/>',
    "network": '<rect x="8" y="3" width="8" height="6" rx="1"/><path d="M12 9v4M5 20v-4h14v4M12 13v7"/>',
    "picture": '<rect x="3" y="5" width="18" height="14" rx="1.5"/><circle cx="9" cy="10" r="1.8"/>'
    '<path d="M4 18l6-5 4 3 3-3 4 4"/>',
    "film": '<rect x="4" y="4" width="16" height="16" rx="1.5"/>'
    '<path d="M8 4v16M16 4v16M4 9h4M4 15h4M16 9h4M16 15h4"/>',
    "music": '<path d="M9 18V6l10-2v12"/><circle cx="6.5" cy="18" r="2.5"/><circle cx="16.5" cy="16" r="2.5"/>',
    "document": '<path d="M6 3h8l4 4v14H6z"/><path d="M14 3v4h4M9 12h6M9 16h6"/>',
    "download": '<path d="M12 4v10M7.5 10l4.5 4.5L16.5 10M5 19h14"/>',
    "pause": '<path d="M8.5 5v14M15.5 5v14"/>',
    "play": '<path d="M8 5l11 7-11 7z"/>',
    "more": '<path d="M6 12h.1M12 12h.1M18 12h.1"/>',
}


def _svg(name: str, colour: QColor) -> QByteArray:
    head = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" fill="none" stroke-width="1.8"'
    style = f' stroke="{colour.name()}" stroke-linecap="round" stroke-linejoin="round">'
    return QByteArray((head + style + SHAPES[name] + "</svg>").encode())


class _Engine(QIconEngine):
    """Draws a shape at the size that is asked for, in the colour of the moment."""

    def __init__(self, name: str, colour: str) -> None:
        super().__init__()
        self._name = name
        self._colour = colour

    def paint(self, painter: QPainter, rect: object, mode: QIcon.Mode, state: QIcon.State) -> None:  # noqa: ARG002
        palette = QApplication.palette()
        group = QPalette.ColorGroup.Disabled if mode == QIcon.Mode.Disabled else QPalette.ColorGroup.Active
        colour = QColor(self._colour) if self._colour else palette.color(group, QPalette.ColorRole.Text)
        QSvgRenderer(_svg(self._name, colour)).render(painter, QRectF(rect))  # type: ignore[call-overload]

    def pixmap(self, size: QSize, mode: QIcon.Mode, state: QIcon.State) -> QPixmap:
        made = QPixmap(size)
        made.fill(Qt.GlobalColor.transparent)
        painter = QPainter(made)
        self.paint(painter, made.rect(), mode, state)
        painter.end()
        return made

    def clone(self) -> QIconEngine:
        return _Engine(self._name, self._colour)


def icon(name: str, colour: str = "") -> QIcon:
    """An icon by its name, in the colour of text unless another one is named."""
    return QIcon(_Engine(name, colour))
