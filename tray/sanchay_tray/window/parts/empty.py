"""What a page shows where it has nothing to show: why, and the one thing to do."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLabel, QVBoxLayout, QWidget

from sanchay_tray.window.icons import icon
from sanchay_tray.window.parts.text import Label, button

PICTURE = 56


class Empty(QWidget):
    """A picture, a sentence, what it means, and a button."""

    def __init__(
        self,
        picture: str,
        text: str,
        more: str = "",
        *,
        action: str = "",
        pressed: Callable[[], object] | None = None,
    ) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.addStretch(2)
        self._picture = QLabel()
        self._picture.setPixmap(icon(picture).pixmap(PICTURE, PICTURE))
        self._picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        layout.addWidget(self._picture)
        self.text = Label(text, scale=1.25, bold=True)
        self.more = Label(more, tone="muted")
        for label in (self.text, self.more):
            label.setAlignment(Qt.AlignmentFlag.AlignCenter)
            layout.addWidget(label)
        self.more.setVisible(bool(more))
        if action and pressed is not None:
            self.button = button(action, pressed, main=True)
            layout.addWidget(self.button, alignment=Qt.AlignmentFlag.AlignCenter)
        layout.addStretch(3)
