"""The cards of the first start: a folder each, with a box to tick."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from sanchay.v1 import root_pb2
from sanchay_tray.window import shown
from sanchay_tray.window.icons import icon
from sanchay_tray.window.pages.folders import candidates
from sanchay_tray.window.parts.text import Card, Elided, column, muted, row

PICTURE = 30
COLUMNS = 3


class ChoiceCard(Card):
    """A folder with its box; a click anywhere on it ticks it."""

    toggled = Signal()

    def __init__(self, check: root_pb2.RootCheck) -> None:
        super().__init__(margin=12)
        self.check = check
        picture = QLabel()
        picture.setPixmap(icon(candidates.picture(check)).pixmap(PICTURE, PICTURE))
        picture.setFixedWidth(PICTURE + 6)
        name, path = candidates.name(check), shown.path(check.path)
        self.box = QCheckBox(name.replace("&", "&&"))
        self.box.setAccessibleName(name)
        self.box.setAccessibleDescription(path)
        self.box.setEnabled(candidates.can_be_chosen(check))
        self.box.toggled.connect(lambda _on: self.toggled.emit())
        lines: list[QWidget] = [self.box, Elided(path, tone="muted")]
        if more := candidates.more(check):
            lines.append(muted(more))
        self.body.addWidget(row(picture, column(*lines, spacing=2)))
        self.body.addStretch(1)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if (
            self.box.isEnabled()
            and event.button() == Qt.MouseButton.LeftButton
            and self.rect().contains(event.position().toPoint())
        ):
            self.box.setFocus(Qt.FocusReason.MouseFocusReason)
            self.box.toggle()


class Choices(QWidget):
    """The cards, side by side. `changed`: another set of them is ticked."""

    changed = Signal()

    def __init__(self) -> None:
        super().__init__()
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._grid = QGridLayout()
        self._grid.setSpacing(12)
        for at in range(COLUMNS):
            self._grid.setColumnStretch(at, 1)
        outer.addLayout(self._grid)
        self.cards: list[ChoiceCard] = []

    def offer(self, checks: tuple[root_pb2.RootCheck, ...]) -> None:
        """Adds cards for folders that have none yet."""
        for check in checks:
            if self._card(check) is None:
                card = self._add(check)
                card.box.setChecked(card.box.isEnabled() and check.what == candidates.TICKED)

    def tick(self, checks: tuple[root_pb2.RootCheck, ...]) -> None:
        """Ticks the cards of folders, which are added where there are none; one that cannot be chosen says why."""
        for check in checks:
            card = self._card(check) or self._add(check)
            card.box.setChecked(card.box.isEnabled())
            card.box.setFocus()

    def ticked(self) -> list[bytes]:
        """The paths of those that are ticked."""
        return [card.check.path.raw for card in self.cards if card.box.isChecked()]

    def _card(self, check: root_pb2.RootCheck) -> ChoiceCard | None:
        return next((card for card in self.cards if card.check.path.raw == check.path.raw), None)

    def _add(self, check: root_pb2.RootCheck) -> ChoiceCard:
        card = ChoiceCard(check)
        card.toggled.connect(self.changed)
        at = len(self.cards)
        self._grid.addWidget(card, at // COLUMNS, at % COLUMNS)
        self.cards.append(card)
        return card
