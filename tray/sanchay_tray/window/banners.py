"""Banners above a page: what is wrong with what it shows, never a dialog. Which there are follows from the state."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtWidgets import QFrame, QHBoxLayout, QLabel, QSizePolicy, QVBoxLayout, QWidget

from sanchay_tray import cause_words
from sanchay_tray.model import Kind, Link, State, causes
from sanchay_tray.window import shown
from sanchay_tray.window.colours import colours
from sanchay_tray.window.icons import icon
from sanchay_tray.window.parts.text import Label, button
from sanchay_tray.words import count, say

#: Causes that make what is shown untrue or old, whatever the page.
EVERYWHERE = frozenset({Kind.CATALOG, Kind.CONFIG})


class Banner(NamedTuple):
    """One of them. `key` tells it from others; `action` is the text of its button, which does `does`, a word."""

    key: str
    tone: str  # warn | bad | good
    text: str
    more: str = ""
    action: str = ""
    does: str = ""  # start | page:NAME


def of_state(state: State) -> tuple[Banner, ...]:
    """What the state gives cause for."""
    if state.link is not Link.UP:
        return _of_link(state)
    found = []
    for cause in causes(state):
        if cause.kind in EVERYWHERE:
            told = cause_words.told(cause)
            found.append(Banner(cause.kind.value, "warn", told.text, told.more, told.action, f"page:{told.page}"))
    away = [root for root in state.roots if root.state == "offline"]
    if len(away) == 1:
        root = away[0]
        since = shown.ago(root.freshness.as_of_ns) if root.freshness.as_of_ns else ""
        text = say("{root} is not there; what was known of it is shown", root=root.name)
        found.append(Banner("offline", "warn", text, say("Last seen {when}", when=since) if since else ""))
    elif away:
        names = ", ".join(root.name for root in away)
        text = count("{n} folder is not there", "{n} folders are not there", len(away))
        found.append(Banner("offline", "warn", text, names))
    return tuple(found)


def _of_link(state: State) -> tuple[Banner, ...]:
    if state.link is Link.CONNECTING:
        return ()
    text = cause_words.link_text(state.link)
    if state.link is Link.ABSENT:
        more = say("What you see was known before. Nothing is watched while it does not run.") if state.status else ""
        return (Banner("link", "warn", text, more, say("Start"), "start"),)
    before = say("What you see was known before.") if state.status else ""
    if state.link in (Link.STARTING, Link.ENDING):
        return (Banner("link", "warn", text, before),)
    return (Banner("link", "bad", text, "\n".join(filter(None, (state.why, before)))),)


class BannerBox(QWidget):
    """Shows banners below one another, and takes away those that are over."""

    def __init__(self, do: Callable[[str], None]) -> None:
        super().__init__()
        self._do = do
        self._layout = QVBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(0)
        self._of_state: tuple[Banner, ...] = ()
        self._said: dict[str, Banner] = {}
        self._widgets: dict[Banner, QWidget] = {}

    def show_state(self, banners: tuple[Banner, ...]) -> None:
        """Takes up what the state gives cause for."""
        if banners != self._of_state:
            self._of_state = banners
            self._lay()

    def say(self, banner: Banner) -> None:
        """Shows one that stays until it is closed, in the place of one of its key."""
        self._said[banner.key] = banner
        self._lay()

    def unsay(self, key: str) -> None:
        """Takes one away."""
        if self._said.pop(key, None) is not None:
            self._lay()

    def texts(self) -> list[str]:
        """What they say."""
        return [banner.text for banner in (*self._of_state, *self._said.values())]

    def _lay(self) -> None:
        wanted = (*self._of_state, *self._said.values())
        for banner in [each for each in self._widgets if each not in wanted]:
            widget = self._widgets.pop(banner)
            widget.hide()
            widget.deleteLater()
        for banner in wanted:
            if banner not in self._widgets:
                widget = self._made(banner)
                self._widgets[banner] = widget
                self._layout.addWidget(widget)

    def _made(self, banner: Banner) -> QWidget:
        frame = QFrame()
        frame.setProperty("banner", banner.tone)
        frame.setAccessibleName(banner.text)
        layout = QHBoxLayout(frame)
        layout.setContentsMargins(16, 8, 16, 8)
        picture = QLabel()
        now = colours()
        tone = {"warn": now.warn, "bad": now.bad, "good": now.good}[banner.tone]
        picture.setPixmap(icon(banner.tone, tone).pixmap(20, 20))
        layout.addWidget(picture)
        text = Label(f"{banner.text}\n{banner.more}" if banner.more else banner.text)
        text.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Minimum)
        layout.addWidget(text, 1)
        if banner.action:
            layout.addWidget(button(banner.action, lambda: self._do(banner.does)))
        if banner.key in self._said:
            closing = button("", lambda: self.unsay(banner.key), flat=True, picture="remove", name=say("Close"))
            layout.addWidget(closing)
        return frame
