"""Labels and buttons. No label reads its text as markup, for file names are in them; each button has a name."""

from __future__ import annotations

import re
from collections.abc import Callable
from html import escape

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QFont, QResizeEvent
from PySide6.QtWidgets import (
    QApplication,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QPushButton,
    QSizePolicy,
    QVBoxLayout,
    QWidget,
)

from sanchay_tray.window.icons import icon

#: So much of a name without a place to break it: a line may end behind it, so that it widens no page.
LONG_WORD = re.compile(r"[^\s/\\]{40}(?=[^\s/\\])")


class _Plain(QLabel):
    """Text as it is, in the desktop's size times `scale`."""

    def __init__(self, tone: str, scale: float, bold: bool) -> None:
        super().__init__()
        self.setTextFormat(Qt.TextFormat.PlainText)
        self.setProperty("muted", tone == "muted")
        self.setProperty("tone", tone)
        self._scale, self._bold = scale, bold
        self._take_size()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.FontChange, QEvent.Type.StyleChange) and hasattr(self, "_scale"):
            self._take_size()
            self._resized()

    def _resized(self) -> None:
        """The size is another one."""

    def _take_size(self) -> None:
        """The desktop's size of text, which may change, times our own."""
        size = QApplication.font().pointSizeF() * self._scale
        if (self._scale != 1.0 or self._bold) and self.font().pointSizeF() != size:
            font = QFont(self.font())
            font.setPointSizeF(size)
            font.setBold(self._bold)
            self.setFont(font)


class Label(_Plain):
    """A line of text, or several. `tone`: muted | good | warn | bad."""

    def __init__(self, text: str = "", *, tone: str = "", scale: float = 1.0, bold: bool = False) -> None:
        super().__init__(tone, scale, bold)
        self.setWordWrap(True)
        self.setText(text)

    def setText(self, text: str) -> None:
        super().setText(LONG_WORD.sub("\\g<0>\u200b", text))
        self._take_room()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._take_room()

    def _take_room(self) -> None:
        """Not every layout asks how high a text is in the width that it gives it."""
        high = self.heightForWidth(self.width()) if self.wordWrap() and self.text() else 0
        if self.minimumHeight() != max(high, 0):
            self.setMinimumHeight(max(high, 0))

    def _resized(self) -> None:
        self._take_room()

    def set_tone(self, tone: str) -> None:
        """Says how it is meant; empty: plainly."""
        if self.property("tone") == tone:
            return  # to have it styled again takes its time
        self.setProperty("muted", tone == "muted")
        self.setProperty("tone", tone)
        self.style().unpolish(self)
        self.style().polish(self)


class Elided(_Plain):
    """One line that is shortened in its middle where there is no room; the whole of it is its tool tip and its name."""

    def __init__(
        self,
        text: str = "",
        *,
        tone: str = "",
        mode: Qt.TextElideMode = Qt.TextElideMode.ElideMiddle,
        scale: float = 1.0,
        bold: bool = False,
    ) -> None:
        super().__init__(tone, scale, bold)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        self._mode = mode
        self._whole = ""
        self.show_text(text)

    def show_text(self, text: str) -> None:
        """Shows another text."""
        self._whole = text
        self.setAccessibleName(text)
        self._elide()

    def whole(self) -> str:
        """The text as it was given."""
        return self._whole

    def minimumSizeHint(self) -> QSize:
        return QSize(0, super().minimumSizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._elide()

    def _resized(self) -> None:
        if hasattr(self, "_whole"):
            self._elide()

    def _elide(self) -> None:
        short = self.fontMetrics().elidedText(self._whole, self._mode, max(self.width(), 0))
        self.setText(short)
        self.setToolTip("" if short == self._whole else tip(self._whole))


def tip(*texts: str) -> str:
    """A tool tip that is read as it is, a line for each text: Qt takes any that looks like markup for it."""
    return "<br>".join(f"<span>{escape(text)}</span>" for text in texts)


def title(text: str) -> Label:
    """The heading of a page."""
    return Label(text, scale=1.6, bold=True)


def heading(text: str) -> Label:
    """The heading of a part of a page."""
    return Label(text, scale=1.15, bold=True)


def muted(text: str = "") -> Label:
    """What is said beside the point."""
    return Label(text, tone="muted")


def button(
    text: str,
    pressed: Callable[[], object],
    *,
    main: bool = False,
    flat: bool = False,
    picture: str = "",
    hint: str = "",
    name: str = "",
) -> QPushButton:
    """A button that does one thing. `name` is what screen readers say, where the text is short of it."""
    made = QPushButton(text)
    made.setProperty("main", main)
    made.setProperty("flat", flat)
    if picture:
        made.setIcon(icon(picture))
    if hint:
        made.setToolTip(hint)
    made.setAccessibleName(name or text)
    made.setAutoDefault(False)
    made.clicked.connect(lambda _checked=False: pressed())
    return made


def row(*widgets: QWidget | int, spacing: int = 8) -> QWidget:
    """Widgets side by side; an int is room that stretches by so much."""
    made = QWidget()
    layout = QHBoxLayout(made)
    layout.setContentsMargins(0, 0, 0, 0)
    layout.setSpacing(spacing)
    for widget in widgets:
        if isinstance(widget, int):
            layout.addStretch(widget)
        else:
            layout.addWidget(widget)
    return made


def clear(layout: QLayout) -> None:
    """Takes every widget out of a layout."""
    while layout.count():
        item = layout.takeAt(0)
        if item is not None and (widget := item.widget()) is not None:
            widget.hide()  # it is deleted only once the loop comes to it
            widget.deleteLater()


def column(*widgets: QWidget | int, spacing: int = 8, margin: int = 0) -> QWidget:
    """Widgets below one another; an int is room that stretches by so much."""
    made = QWidget()
    layout = QVBoxLayout(made)
    layout.setContentsMargins(margin, margin, margin, margin)
    layout.setSpacing(spacing)
    for widget in widgets:
        if isinstance(widget, int):
            layout.addStretch(widget)
        else:
            layout.addWidget(widget)
    return made


class Card(QFrame):
    """A frame around what belongs together."""

    def __init__(self, *widgets: QWidget, margin: int = 16, spacing: int = 8) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.body = QVBoxLayout(self)
        self.body.setContentsMargins(margin, margin, margin, margin)
        self.body.setSpacing(spacing)
        for widget in widgets:
            self.body.addWidget(widget)
