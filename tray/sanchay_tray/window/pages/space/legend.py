"""What each colour of the map means, in words beside a patch of it."""

from __future__ import annotations

from PySide6.QtGui import QColor, QPainter, QPaintEvent
from PySide6.QtWidgets import QGridLayout, QLabel, QWidget

from sanchay_tray.window.colours import colours, is_dark
from sanchay_tray.window.pages.space.colouring import Class, Colouring
from sanchay_tray.window.parts.text import Label, clear, muted
from sanchay_tray.words import say

PATCH, COLUMNS = 12, 3


class _Patch(QLabel):
    def __init__(self, which: Class) -> None:
        super().__init__()
        self._which = which
        self.setFixedSize(PATCH, PATCH)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor(self._which.dark if is_dark() else self._which.light))
        painter.setPen(QColor(colours().muted))
        painter.drawRect(self.rect().adjusted(0, 0, -1, -1))
        painter.end()


class Legend(QWidget):
    """Classes side by side, in as many lines as they need."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(say("What colours say"))
        self._layout = QGridLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setHorizontalSpacing(6)
        self._layout.setVerticalSpacing(2)

    def show_colouring(self, colouring: Colouring) -> None:
        """Explains another one."""
        clear(self._layout)
        for number, which in enumerate(colouring.classes):
            row, column = divmod(number, COLUMNS)
            self._layout.addWidget(_Patch(which), row, 2 * column)
            self._layout.addWidget(Label(say(which.words)), row, 2 * column + 1)
            self._layout.setColumnStretch(2 * column + 1, 1)
        if not colouring.classes:
            words = say("Each folder of the one shown has a colour, and all in it has the same.")
            self._layout.addWidget(muted(words), 0, 0, 1, 2 * COLUMNS)
