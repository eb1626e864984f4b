"""Which groups are shown, and in which order: a value, and the row of choices above the table."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QComboBox, QHBoxLayout, QLineEdit, QWidget

from sanchay.v1 import root_pb2
from sanchay_tray.window import shown
from sanchay_tray.window.parts.clearing import can_be_cleared
from sanchay_tray.words import mark, say

SORTS = {"reclaimable": mark("Most to free first"), "size": mark("Largest first"), "copies": mark("Most copies first")}
SIZES = (0, 1 << 20, 10 << 20, 100 << 20, 1 << 30)
#: What is typed counts once no key came for so long.
TYPING_MS = 250


@dataclass(frozen=True)
class Filter:
    """What is asked for. `root` is a root's name, empty: all of them."""

    type: str = ""
    min_size: int = 0
    root: str = ""
    text: str = ""
    sort: str = "reclaimable"

    @property
    def is_narrow(self) -> bool:
        """Whether it leaves anything out."""
        return bool(self.type or self.min_size or self.root or self.text)

    @classmethod
    def remembered(cls, kept: dict[str, Any]) -> Filter:
        """From what the window remembers; what does not fit is as usual."""
        found = cls()
        for name, value in kept.items():
            if type(value) is type(getattr(found, name, None)):
                found = replace(found, **{name: value})  # type: ignore[arg-type]
        return found


class FilterBar(QWidget):
    """The choices, each a list or a line; `changed` gets the filter that they make."""

    def __init__(self, now: Filter, changed: Callable[[Filter], None]) -> None:
        super().__init__()
        self._now = now
        self._changed = changed
        types = [("", say("All kinds")), *((word, say(name)) for word, name in shown.TYPES.items())]
        self.type = _choice(say("Kind of content"), types, now.type, self._chosen)
        sizes = [(0, say("Any size")), *((size, say("{size} or more", size=shown.size(size))) for size in SIZES[1:])]
        self.least = _choice(say("Size of each copy"), sizes, now.min_size, self._chosen)
        self.root = _choice(say("Folder"), [("", say("All folders"))], "", self._chosen)
        self.sort = _choice(say("Order"), [(word, say(text)) for word, text in SORTS.items()], now.sort, self._chosen)
        self.text = QLineEdit(now.text)
        self.text.setPlaceholderText(say("Part of a path"))
        self.text.setAccessibleName(say("Part of a path"))
        can_be_cleared(self.text)
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(TYPING_MS)
        self._typing.timeout.connect(self._chosen)
        self.text.textEdited.connect(lambda _: self._typing.start())
        self.text.textChanged.connect(lambda text: text or self._typing.start())
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget, stretch in ((self.type, 0), (self.least, 0), (self.root, 0), (self.text, 1), (self.sort, 0)):
            layout.addWidget(widget, stretch)
        layout.addStretch(0)

    def show_roots(self, roots: Iterable[root_pb2.Root]) -> None:
        """Offers these roots; one that is chosen and gone stays chosen, and finds nothing."""
        names = [root.name for root in roots]
        if self._now.root and self._now.root not in names:
            names.append(self._now.root)
        if names == [self.root.itemData(at) for at in range(1, self.root.count())]:
            return
        self.root.blockSignals(True)
        self.root.clear()
        for word, text in (("", say("All folders")), *((name, name) for name in names)):
            self.root.addItem(text, word)
        self.root.setCurrentIndex(max(self.root.findData(self._now.root), 0))
        self.root.blockSignals(False)

    def show_filter(self, now: Filter) -> None:
        """Takes up a filter that was made elsewhere."""
        self._now = now
        self.root.blockSignals(True)
        self.root.setCurrentIndex(max(self.root.findData(now.root), 0))
        self.root.blockSignals(False)

    def show_for(self, *, by_place: bool) -> None:
        """Offers what counts: places have neither a text nor another order."""
        self.text.setVisible(not by_place)
        self.sort.setVisible(not by_place)

    def show_text(self, text: str) -> None:
        """Has this text as if it was typed, and at once."""
        self.text.setText(text)
        self._chosen()

    def clear(self) -> None:
        """Leaves nothing out any more."""
        for choice in (self.type, self.least, self.root):
            choice.setCurrentIndex(0)
        self.text.clear()
        self._chosen()

    def _chosen(self) -> None:
        self._typing.stop()
        chosen = Filter(
            self.type.currentData() or "",
            self.least.currentData() or 0,
            self.root.currentData() or "",
            self.text.text(),
            self.sort.currentData(),
        )
        if chosen != self._now:
            self._now = chosen
            self._changed(chosen)


def _choice(name: str, values: Iterable[tuple[object, str]], now: object, chosen: Callable[[], None]) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setToolTip(name)
    for value, text in values:
        made.addItem(text, value)
    made.setCurrentIndex(max(made.findData(now), 0))
    made.currentIndexChanged.connect(lambda _: chosen())
    return made
