"""`?`: the keys of a page, and those of the window."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QWidget

from sanchay_tray.window.page import Key
from sanchay_tray.window.parts.text import Label, button, heading
from sanchay_tray.words import say


class KeysSheet(QFrame):
    """Lies over the window until any key or a click ends it."""

    def __init__(self, window: QWidget, title: str, page: tuple[Key, ...], everywhere: tuple[Key, ...]) -> None:
        super().__init__(window)
        self.setProperty("card", True)
        self.setAutoFillBackground(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setAccessibleName(say("Keys"))
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        grid = QGridLayout(self)
        grid.setContentsMargins(24, 20, 24, 20)
        grid.setHorizontalSpacing(24)
        at = 0
        for name, keys in ((title, page), (say("Everywhere"), everywhere)):
            if not keys:
                continue
            grid.addWidget(heading(name), at, 0, 1, 2)
            for key in keys:
                at += 1
                pressed = Label(key.keys, bold=True)
                pressed.setWordWrap(False)
                does = Label(say(key.does))
                does.setWordWrap(False)
                grid.addWidget(pressed, at, 0)
                grid.addWidget(does, at, 1)
            at += 1
        grid.addWidget(button(say("Close"), self.close), at, 1, alignment=Qt.AlignmentFlag.AlignRight)
        self.adjustSize()
        self.move((window.width() - self.width()) // 2, max((window.height() - self.height()) // 2, 0))
        self.setFocus()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Any key closes it."""
        event.accept()
        self.close()
