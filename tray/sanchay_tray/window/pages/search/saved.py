"""What stands where the line is empty: examples to click, and searches that were saved."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QGridLayout, QScrollArea, QVBoxLayout, QWidget

from sanchay_tray.window.parts.text import Elided, button, clear, heading, muted
from sanchay_tray.words import mark, say

SAVED_MOST = 50


class Example(NamedTuple):
    """A search, and what it finds (marked)."""

    expression: str
    finds: str


EXAMPLES = (
    Example("type:image modified:<30d", mark("pictures of the last 30 days")),
    Example("size:>1G", mark("files larger than a gigabyte")),
    Example("dup:yes type:video", mark("videos that have a copy")),
    Example("type:document modified:>3y", mark("documents that no one changed for three years")),
    Example("ext:zip,iso,dmg size:>100M", mark("large archives and disk images")),
    Example("type:folder empty:yes", mark("empty folders")),
)


class Start(QScrollArea):
    """`chosen` has an expression, `removed` one that is to be forgotten."""

    chosen = Signal(str)
    removed = Signal(str)

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setAccessibleName(say("Examples and saved searches"))
        body = QWidget()
        layout = QVBoxLayout(body)
        layout.setContentsMargins(0, 8, 0, 0)
        layout.addWidget(heading(say("Examples")))
        examples = QWidget()
        grid = QGridLayout(examples)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setColumnStretch(1, 1)
        for row, example in enumerate(EXAMPLES):
            grid.addWidget(self._button(example.expression, say(example.finds)), row, 0)
            grid.addWidget(muted(say(example.finds)), row, 1)
        layout.addWidget(examples)
        layout.addSpacing(12)
        self._heading = heading(say("Saved searches"))
        layout.addWidget(self._heading)
        saved = QWidget()
        self._saved = QGridLayout(saved)
        self._saved.setContentsMargins(0, 0, 0, 0)
        self._saved.setColumnStretch(1, 1)
        layout.addWidget(saved)
        layout.addStretch(1)
        self.setWidget(body)

    def show_saved(self, expressions: list[str]) -> None:
        """Lists the saved searches."""
        self._heading.setVisible(bool(expressions))
        clear(self._saved)
        for row, expression in enumerate(expressions):
            self._saved.addWidget(self._button(expression, ""), row, 0)
            whole = Elided(expression if len(expression) > 60 else "", tone="muted")
            self._saved.addWidget(whole, row, 1)
            forget = button(
                "",
                lambda expression=expression: self.removed.emit(expression),  # type: ignore[misc]
                flat=True,
                picture="remove",
                name=say("Forget the search {expression}", expression=expression),
            )
            self._saved.addWidget(forget, row, 2)

    def _button(self, expression: str, finds: str) -> QWidget:
        text = expression if len(expression) <= 60 else expression[:59] + "…"
        name = f"{expression}: {finds}" if finds else expression
        made = button(text.replace("&", "&&"), lambda: self.chosen.emit(expression), flat=True, name=name)
        made.setProperty("link", True)
        return made
