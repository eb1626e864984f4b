"""The cards of the first start: a folder each, with a box to tick."""

from __future__ import annotations

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QMouseEvent
from PySide6.QtWidgets import QCheckBox, QGridLayout, QLabel, QVBoxLayout, QWidget

from sanchay import paths
from sanchay_tray.window import shown
from sanchay_tray.window.icons import icon
from sanchay_tray.window.pages.folders.candidates import Candidate
from sanchay_tray.window.pages.folders.words import POLL_S
from sanchay_tray.window.parts.text import Card, Elided, column, muted, row
from sanchay_tray.words import say

PICTURE = 30
COLUMNS = 3


class ChoiceCard(Card):
    """A folder with its box; a click anywhere on it ticks it."""

    toggled = Signal()

    def __init__(self, candidate: Candidate) -> None:
        super().__init__(margin=12)
        self.candidate = candidate
        picture = QLabel()
        picture.setPixmap(icon(candidate.picture).pixmap(PICTURE, PICTURE))
        picture.setFixedWidth(PICTURE + 6)
        name = say(candidate.name) if candidate.is_standard else paths.safe_text(candidate.name)
        self.box = QCheckBox(name.replace("&", "&&"))
        self.box.setAccessibleName(name)
        self.box.setAccessibleDescription(paths.safe_text(candidate.path))
        self.box.toggled.connect(lambda _on: self.toggled.emit())
        lines: list[QWidget] = [self.box, Elided(paths.safe_text(candidate.path), tone="muted")]
        if more := self._more():
            lines.append(muted(more))
        words = column(*lines, spacing=2)
        self.body.addWidget(row(picture, words))
        self.body.addStretch(1)

    def _more(self) -> str:
        parts = []
        if self.candidate.bytes:
            parts.append(shown.size(self.candidate.bytes))
        if self.candidate.file_system:
            parts.append(paths.safe_text(self.candidate.file_system))
        if self.candidate.is_share:
            parts.append(say("looked at every {time}", time=shown.duration(POLL_S)))
        return " · ".join(parts)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if event.button() == Qt.MouseButton.LeftButton and self.rect().contains(event.position().toPoint()):
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

    def offer(self, candidates: tuple[Candidate, ...]) -> None:
        """Adds cards for folders that have none yet, before those that were dropped."""
        for candidate in candidates:
            if self._card(candidate.path) is None:
                self._add(candidate).box.setChecked(candidate.picture == "picture")

    def tick(self, candidate: Candidate) -> None:
        """Ticks a folder's card, which is added where there is none."""
        card = self._card(candidate.path) or self._add(candidate)
        card.box.setChecked(True)
        card.box.setFocus()

    def ticked(self) -> list[str]:
        """The paths of those that are ticked."""
        return [card.candidate.path for card in self.cards if card.box.isChecked()]

    def _card(self, path: str) -> ChoiceCard | None:
        return next((card for card in self.cards if card.candidate.path == path), None)

    def _add(self, candidate: Candidate) -> ChoiceCard:
        card = ChoiceCard(candidate)
        card.toggled.connect(self.changed)
        at = len(self.cards)
        self._grid.addWidget(card, at // COLUMNS, at % COLUMNS)
        self.cards.append(card)
        return card
