"""What was just done, said for a while above the page's foot, with a button such as Undo."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QFrame, QHBoxLayout, QWidget

from sanchay_tray.window.parts.text import Label, button
from sanchay_tray.words import say

SHOWN_MS = 12_000


class Toast(QFrame):
    """One at a time: a newer one takes its place."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.setProperty("card", True)
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(16, 8, 8, 8)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(SHOWN_MS)
        self._timer.timeout.connect(self.hide)
        self.text = ""
        self.hide()

    def say(self, text: str, action: str = "", pressed: Callable[[], object] | None = None) -> None:
        """Shows it; it goes by itself, unless it has a button: then it stays until it is used or closed."""
        while (item := self._layout.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        self.text = text
        self.setAccessibleName(text)
        self._layout.addWidget(Label(text), 1)
        if action and pressed is not None:
            self._layout.addWidget(button(action, lambda: self._press(pressed)))
        self._layout.addWidget(button("", self.hide, flat=True, picture="remove", name=say("Close")))
        self.show()
        if action:
            self._timer.stop()
        else:
            self._timer.start()

    def _press(self, pressed: Callable[[], object]) -> None:
        self.hide()
        pressed()
