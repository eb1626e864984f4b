"""A question within a page, where the eye is already: what will be done, and two buttons. Never a dialog."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QWidget

from sanchay_tray.window.parts.text import Card, button, heading, muted, row
from sanchay_tray.words import say


class Sheet(Card):
    """A heading, what is beside it, and the buttons: `does` where the person agrees, `not_now` where they do not."""

    def __init__(
        self,
        text: str,
        more: str,
        action: str,
        does: Callable[[], object],
        not_now: Callable[[], object],
        *fields: QWidget,
    ) -> None:
        super().__init__(heading(text))
        self.setAccessibleName(text)
        if more:
            self.body.addWidget(muted(more))
        for field in fields:
            self.body.addWidget(field)
        self.go = button(action, does, main=True)
        self.stay = button(say("Cancel"), not_now)
        self.body.addWidget(row(self.go, self.stay, 1))
        self.body.addStretch(1)
        self._not_now = not_now

    def cancel(self) -> None:
        """As the button Cancel."""
        self._not_now()
