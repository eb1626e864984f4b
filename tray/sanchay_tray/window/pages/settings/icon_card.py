"""What Settings says of the icon: whether it starts at login, and whether notices can be shown here."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtWidgets import QCheckBox, QVBoxLayout, QWidget

from sanchay_tray.window import login
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.parts.text import Label, heading, muted
from sanchay_tray.words import say


class Facts(NamedTuple):
    """What the desktop says. `starts` is None where nothing can be started at login; `server` shows the notices."""

    starts: bool | None
    server: str
    fault: str


def facts() -> Facts:
    """Asks the desktop, which may take its time."""
    from sanchay_tray import hosts

    voice = hosts.make_speaker(lambda _notice, _undo: None)
    try:
        server = voice.server()
    finally:
        voice.close()
    return Facts(login.is_on(), server.name, server.fault)


class IconSettings(QWidget):
    """The part of the page that is this computer's, and not the service's."""

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.addWidget(heading(say("The icon")))
        self.login = QCheckBox(say("Show the icon when you log in"))
        self.login.clicked.connect(self._clicked)
        self.notices = muted()
        self._failed = Label(tone="bad")
        for widget in (self.login, self.notices, self._failed):
            widget.setVisible(False)
            layout.addWidget(widget)

    def refresh(self) -> None:
        """Asks the desktop again."""
        self._desk.work(self, facts, self._show)

    def _show(self, found: Facts) -> None:
        self.login.setVisible(found.starts is not None)
        self.login.setChecked(bool(found.starts))
        self.notices.setVisible(True)
        if found.server:
            text = say("Notices are shown by {server}.", server=found.server)
        else:
            text = say("Notices cannot be shown here. All are kept under “What happened”.")
            text += f"\n{found.fault}"
        self.notices.setText(text)

    def _clicked(self, wanted: bool) -> None:
        self.login.setEnabled(False)  # one change at a time: a later one must not be done before it

        def then(why: str) -> None:
            self.login.setEnabled(True)
            self.login.setChecked(wanted != bool(why))
            self._failed.setText(why)
            self._failed.setVisible(bool(why))

        self._desk.work(self, lambda: login.turn(wanted), then)
