"""The pages by name, on the left."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtWidgets import QListWidget, QListWidgetItem

from sanchay_tray.model import State, causes
from sanchay_tray.window import shown
from sanchay_tray.window.icons import icon
from sanchay_tray.window.pages import Entry
from sanchay_tray.words import count, say

NAME = Qt.ItemDataRole.UserRole


class Sidebar(QListWidget):
    """One row a page; up and down go through them. Overview says how much needs attention."""

    def __init__(self, entries: tuple[Entry, ...], go: Callable[[str], None]) -> None:
        super().__init__()
        self.setObjectName("sidebar")
        self.setAccessibleName(say("Pages"))
        self.setIconSize(QSize(20, 20))
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._go = go
        for number, entry in enumerate(entries, 1):
            title = say(entry.title)
            item = QListWidgetItem(icon(entry.picture), title)
            item.setData(NAME, entry.name)
            if number <= 9:
                item.setToolTip(say("{title} (Ctrl+{key})", title=title, key=str(number)))
            self.addItem(item)
        self._widen()
        self.currentItemChanged.connect(self._chosen)

    def mark(self, name: str) -> None:
        """Shows which page is shown."""
        for at in range(self.count()):
            if self.item(at).data(NAME) == name:
                self.blockSignals(True)
                self.setCurrentRow(at)
                self.blockSignals(False)

    def show_state(self, state: State) -> None:
        """Says beside the first page how much needs attention."""
        number, first = len(causes(state)), self.item(0)
        title = say("Overview")
        text = f"{title}  ({shown.number(number)})" if number else title
        if first.data(NAME) == "overview" and first.text() != text:
            first.setText(text)
            about = count("{n} thing needs attention", "{n} things need attention", number) if number else ""
            first.setData(Qt.ItemDataRole.AccessibleDescriptionRole, about)
            self._widen()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.FontChange and self.count():
            self._widen()

    def _widen(self) -> None:
        self.setFixedWidth(max(self.sizeHintForColumn(0) + 40, 180))

    def _chosen(self, item: QListWidgetItem | None, _before: QListWidgetItem | None) -> None:
        if item is not None:
            had_keys = self.hasFocus()
            self._go(item.data(NAME))
            if had_keys:  # up and down go on to the next page
                self.setFocus()
