"""The line that says that a list would be another one now, with the button that makes it again."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QHBoxLayout, QWidget

from sanchay_tray.window.parts.text import Label, button
from sanchay_tray.words import say


class News(QWidget):
    """Hidden until there is something to say."""

    def __init__(self, again: Callable[[], object]) -> None:
        super().__init__()
        self.label = Label("", tone="warn")
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(self.label, 1)
        layout.addWidget(button(say("List again"), again))
        self.hide()

    def tell(self, text: str) -> None:
        """Says it, until the list is made again."""
        self.label.setText(text)
        self.show()
