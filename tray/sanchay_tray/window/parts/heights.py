"""Tables whose rows are as high as their text needs, also where the desktop's text gets another size."""

from __future__ import annotations

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QHeaderView, QTableView


class HighRows(QTableView):
    """Rows of one height: so many lines of text and some room, and no less than `least` points."""

    _lines, _room, _least = 1.0, 0, 0

    def set_row_height(self, *, lines: float = 1.0, room: int = 0, least: int = 0) -> None:
        """Says how high they are."""
        self._lines, self._room, self._least = lines, room, least
        self.verticalHeader().setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        self._take_height()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange:
            self._take_height()

    def _take_height(self) -> None:
        height = max(round(self.fontMetrics().height() * self._lines) + self._room, self._least)
        self.verticalHeader().setMinimumSectionSize(height)
        self.verticalHeader().setDefaultSectionSize(height)
