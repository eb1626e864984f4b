"""The button that empties a line of text, with a name: Qt's own has none."""

from __future__ import annotations

from PySide6.QtWidgets import QLineEdit, QToolButton

from sanchay_tray.words import say


def can_be_cleared(line: QLineEdit) -> None:
    """Gives a line the button."""
    line.setClearButtonEnabled(True)
    for each in line.findChildren(QToolButton):
        each.setAccessibleName(say("Empty this line"))
