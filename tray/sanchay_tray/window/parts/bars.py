"""Bars side by side in one line, with their legend below: shares of a whole. Painted here, read out as a list."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from sanchay_tray.window.colours import colours
from sanchay_tray.window.parts.text import Label, muted


class Share(NamedTuple):
    """One part of the whole: a word for it, its name, its value, its value in words, and more in words."""

    key: str
    name: str
    value: float
    shown: str
    more: str = ""


class _Line(QWidget):
    """The painted line."""

    pressed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.shares: tuple[Share, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(200, max(22, self.fontMetrics().height()))

    def _parts(self) -> list[tuple[Share, QRectF]]:
        whole = sum(share.value for share in self.shares)
        left, found = 0.0, []
        for share in self.shares:
            width = self.width() * share.value / whole if whole else 0.0
            found.append((share, QRectF(left, 0, width, self.height())))
            left += width
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            found = [(share, QRectF(self.width() - r.right(), 0, r.width(), r.height())) for share, r in found]
        return found

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, now = QPainter(self), colours()
        for share, part in self._parts():
            # A gap tells neighbours apart without their colours.
            painter.fillRect(part.adjusted(0, 0, -1 if part.width() > 3 else 0, 0), now.type_colour(share.key))
        painter.end()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self.setToolTip(
            next((f"{s.name}: {s.shown}" for s, part in self._parts() if part.contains(event.position())), "")
        )

    def mousePressEvent(self, event: QMouseEvent) -> None:
        for share, part in self._parts():
            if part.contains(event.position()):
                self.pressed.emit(share.key)


class _Patch(QLabel):
    """A patch of a share's colour before its name."""

    def __init__(self, key: str) -> None:
        super().__init__()
        self._key = key
        self.setFixedSize(12, 12)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(colours().type_colour(self._key)))
        painter.end()


class Bars(QWidget):
    """Shares of a whole, the largest first; `pressed` says which one was clicked."""

    pressed = Signal(str)

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setAccessibleName(name)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._line = _Line()
        self._line.setMouseTracking(True)
        self._line.setAccessibleName(name)
        self._line.pressed.connect(self.pressed)
        layout.addWidget(self._line)
        self._legend = QGridLayout()
        self._legend.setHorizontalSpacing(12)
        layout.addLayout(self._legend)
        self._legend.setColumnStretch(3, 1)

    def shares(self) -> tuple[Share, ...]:
        """What is shown."""
        return self._line.shares

    def show_shares(self, shares: tuple[Share, ...]) -> None:
        """Shows other shares."""
        if shares == self._line.shares:
            return
        self._line.shares = shares
        self._line.setAccessibleDescription("; ".join(f"{share.name}: {share.shown}" for share in shares))
        while (item := self._legend.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        for at, share in enumerate(shares):
            name = QPushButton(share.name)
            name.setProperty("flat", True)
            name.setProperty("link", True)
            name.setAccessibleName(f"{share.name}: {share.shown}")
            name.clicked.connect(lambda _checked=False, key=share.key: self.pressed.emit(key))
            size = Label(share.shown)
            size.setWordWrap(False)
            size.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
            for column, widget in enumerate((_Patch(share.key), name, size, muted(share.more))):
                self._legend.addWidget(widget, at, column, alignment=Qt.AlignmentFlag.AlignVCenter)
        self._line.update()
