"""The page: groups of settings; each change goes to the daemon at once, and what came of it is said beside it."""

from __future__ import annotations

from typing import cast

from PySide6.QtWidgets import QApplication, QGridLayout, QVBoxLayout, QWidget

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.v1 import daemon_pb2, event_pb2
from sanchay_tray.model import Link, State
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import Either, Page, Scrolled
from sanchay_tray.window.pages.settings import controls
from sanchay_tray.window.pages.settings.icon_card import IconSettings
from sanchay_tray.window.pages.settings.titles import GROUPS, TITLES, Group, Title
from sanchay_tray.window.parts.empty import Empty
from sanchay_tray.window.parts.text import Card, Label, button, column, heading, muted, title
from sanchay_tray.words import mark, say

ORIGINS = {
    "default": mark("default"),
    "config.toml": mark("set in config.toml"),
    "environment": mark("set by the environment"),
    ".env": mark("set in the file .env"),
    "flag": mark("set when the service was started"),
}


class Row(QWidget):
    """One setting: its name and what it means, its control, and below it where the value comes from."""

    def __init__(self, page: SettingsPage, setting: daemon_pb2.Setting) -> None:
        super().__init__()
        self._page = page
        self.key = setting.key
        self._shown: daemon_pb2.Setting | None = None
        self._error = ""
        named = TITLES.get(setting.key, Title(setting.key, setting.description))
        name = say(named.name)
        grid = QGridLayout(self)
        grid.setContentsMargins(0, 6, 0, 6)
        grid.setHorizontalSpacing(24)
        grid.setColumnStretch(0, 3)
        grid.setColumnStretch(1, 2)
        about = [Label(name, bold=True)]
        if named.about:
            about.append(muted(say(named.about)))
        self.control = controls.made(setting, name, self._chosen)
        self.note = muted()
        self.reset = button(say("Reset"), self._reset, flat=True, name=say("Reset: {name}", name=name))
        right = column(self.control, self.reset, 1, spacing=2)
        grid.addWidget(column(*about, self.note, 1, spacing=2), 0, 0)
        grid.addWidget(right, 0, 1)
        self.show_setting(setting)

    def show_setting(self, setting: daemon_pb2.Setting, error: str = "") -> None:
        """Shows it as it is now; `error` says why a change was not taken."""
        self._shown, self._error = setting, error
        cast(controls.Control, self.control).show_value(controls.parsed(setting.value))
        said = [say(ORIGINS.get(setting.origin, mark("set elsewhere")))]
        if setting.fixed_by:
            fixed = say("fixed by {what}: a change here would not count", what=setting.fixed_by)
            said = [fixed]
        if setting.until_restart:
            said.append(say("counts after the service has been started again"))
        self.note.setText(error or "; ".join(said))
        self.note.set_tone("bad" if error else "muted")
        self.control.setEnabled(not setting.fixed_by)
        self.reset.setVisible(setting.origin == "config.toml")

    def show_error(self, error: str) -> None:
        """Says why a change was not taken; what the person wrote stays, to be mended."""
        self._error = error
        self.note.setText(error)
        self.note.set_tone("bad")

    def is_edited(self, setting: daemon_pb2.Setting) -> bool:
        """Whether a person is at it: what they type, and why it was not taken, is not taken from under them."""
        if self._error and setting == self._shown:
            return True
        focus = QApplication.focusWidget()
        return focus is not None and (focus is self.control or self.control.isAncestorOf(focus))

    def _chosen(self, toml: str) -> None:
        self._page.change(self, toml)

    def _reset(self) -> None:
        self._page.change(self, None)


class SettingsPage(Page):
    """All settings; asked for when the page is shown, and when they changed elsewhere."""

    name = "settings"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._scroll = Scrolled()
        self._body = self._scroll.column
        self._body.addWidget(title(say("Settings")))
        self.icon = IconSettings(desk)
        self._body.addWidget(Card(self.icon))
        self._notices = Label(tone="warn")
        self._notices.setVisible(False)
        self._body.addWidget(self._notices)
        self._body.addStretch(1)
        self._waiting = Empty(
            "settings", say("Settings are kept by the service"), say("They are shown once it answers.")
        )
        self._either = Either(self._waiting, self._scroll)
        outer.addWidget(self._either)
        self.rows: dict[str, Row] = {}
        self._cards: list[Card] = []
        self._up = False

    def enter(self, select: str = "") -> None:
        """Asks for all of them; `select` is a setting's key."""
        self.icon.refresh()
        if self.desk.state.link is Link.UP:
            self.desk.ask(self, lambda client: client.settings(), lambda answer: self._show(answer, select), key="all")

    def state_changed(self, state: State) -> None:
        """Asks once the daemon is there."""
        up, self._up = self._up, state.link is Link.UP
        if self._up and not up:
            self.enter()

    def happened(self, event: event_pb2.Event) -> None:
        """Settings may have been changed in the file, or by another program."""
        if event.kind == "status":
            self.enter()

    def change(self, row: Row, toml: str | None) -> None:
        """Has the daemon write a value, or (None) take it out; what hinders it is said in the row."""

        def call(client: Client) -> daemon_pb2.SetSettingResponse:
            return client.set_setting(row.key, toml)

        def then(answer: daemon_pb2.SetSettingResponse) -> None:
            row.show_setting(answer.setting, answer.error)
            self._remember(answer.setting)

        def failed(error: SanchayError) -> None:
            row.show_error(error.message)

        self.desk.ask(self, call, then, failed=failed)

    def _show(self, answer: daemon_pb2.GetSettingsResponse, select: str) -> None:
        found = {setting.key: setting for setting in answer.settings}
        if set(found) != set(self.rows):
            self._lay(found)
        for key, setting in found.items():
            if not self.rows[key].is_edited(setting):
                self.rows[key].show_setting(setting)
            self._remember(setting)
        self._notices.setText("\n".join(answer.notices))
        self._notices.setVisible(bool(answer.notices))
        self._either.show_only(self._scroll)
        if select in self.rows:
            self._scroll.ensureWidgetVisible(self.rows[select])

    def _lay(self, found: dict[str, daemon_pb2.Setting]) -> None:
        for old in self._cards:
            old.deleteLater()
        self._cards.clear()
        self.rows.clear()
        known = {key for group in GROUPS for key in group.keys}
        others = Group(mark("Others"), tuple(sorted(set(found) - known)))
        for group in (*GROUPS, others):
            card = Card(heading(say(group.title)))
            for key in group.keys:
                if key in found:
                    self.rows[key] = Row(self, found[key])
                    card.body.addWidget(self.rows[key])
            if card.body.count() > 1:
                self._cards.append(card)
                self._body.insertWidget(self._body.count() - 1, card)

    def _remember(self, setting: daemon_pb2.Setting) -> None:
        """The window speaks before the daemon answers: it remembers its language."""
        if setting.key == "window.language":
            self.desk.memory.put("language", str(controls.parsed(setting.value)))
