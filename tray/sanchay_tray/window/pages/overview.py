"""Overview: what needs attention, what could be free, what is there, how it grows."""

from __future__ import annotations

from typing import NamedTuple

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QGridLayout, QSizePolicy, QVBoxLayout, QWidget

from sanchay.client import Client
from sanchay.v1 import catalog_pb2, change_pb2, event_pb2
from sanchay_tray import cause_words
from sanchay_tray.model import ACTIVE, Cause, Link, State, causes
from sanchay_tray.window import shown
from sanchay_tray.window.colours import colours
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.icons import icon
from sanchay_tray.window.page import Page, Scrolled
from sanchay_tray.window.parts.bars import Bars, Share
from sanchay_tray.window.parts.empty import Empty
from sanchay_tray.window.parts.line import Line
from sanchay_tray.window.parts.text import Card, Label, button, column, heading, muted, row, title
from sanchay_tray.words import count, say

PICTURE = 22
FOREVER_YEARS = 5
#: Events come in crowds: what they make old is asked once for all that come in this time, not called off by each.
SOON_MS = 300


class Answer(NamedTuple):
    """What the page asks for, together."""

    summary: catalog_pb2.SummaryResponse
    copies: catalog_pb2.DuplicatesResponse
    growth: change_pb2.GetGrowthResponse


def ask(client: Client) -> Answer:
    """The three questions of the page."""
    return Answer(client.summary("type"), client.duplicates(limit=1), client.growth(limit=1))


class OverviewPage(Page):
    """Cards, each with the way to what it is about."""

    name = "overview"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._scroll = Scrolled()
        outer.addWidget(self._scroll)
        self._body = self._scroll.column
        self._body.addWidget(title(say("Overview")))
        self.attention = Card()
        self.attention.setAccessibleName(say("What needs attention"))
        self._body.addWidget(self.attention)
        self._lay_cards()
        self._body.addStretch(1)
        self._first = Empty(
            "folders",
            say("No folder is cataloged yet"),
            say("Choose the folders that matter to you. Nothing is changed or sent anywhere."),
            action=say("Choose folders"),
            pressed=lambda: self.desk.go("folders"),
        )
        outer.addWidget(self._first)
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.setInterval(SOON_MS)
        self._soon.timeout.connect(self.enter)
        self._attention: tuple[Link, str, tuple[Cause, ...]] | None = None
        self._up = False
        self.state_changed(desk.state)

    def _lay_cards(self) -> None:
        self._cards = QWidget()
        grid = QGridLayout(self._cards)
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setSpacing(14)
        self._freed = Label(scale=1.8, bold=True)
        self._copies = muted()
        self._look = button(say("Look at the copies"), lambda: self.desk.go("copies"), main=True)
        free = Card(heading(say("What could be free")), self._freed, self._copies, row(self._look, 1))
        free.body.addStretch(1)
        self._held = Label(scale=1.8, bold=True)
        self._held_more = muted()
        self.line = Line(say("How the catalog grows"))
        self._growth = muted()
        grows = Card(heading(say("How it grows")), self._held, self._held_more, self.line, self._growth)
        grows.body.addStretch(1)
        self.types = Bars(say("Space by kind of content"))
        self.types.pressed.connect(lambda word: self.desk.go("search", f"type:{word}"))
        kinds = Card(heading(say("What is there")), self.types)
        grid.addWidget(free, 0, 0)
        grid.addWidget(grows, 0, 1)
        grid.addWidget(kinds, 1, 0, 1, 2)
        grid.setColumnStretch(0, 1)
        grid.setColumnStretch(1, 1)
        self._body.addWidget(self._cards)

    # ---- What the page is told ----

    def enter(self, select: str = "") -> None:  # noqa: ARG002 - a page's signature
        """Asks for what changed since it was last shown."""
        if self.desk.state.link is Link.UP and self.desk.state.roots:
            self.desk.ask(self, ask, self._show, key="all")

    def leave(self) -> None:
        """Asks no more."""
        self._soon.stop()

    def state_changed(self, state: State) -> None:
        """Shows what needs attention; asks again once the daemon is back."""
        is_first = state.status is not None and not state.roots
        self._scroll.setVisible(not is_first)
        self._first.setVisible(is_first)
        self._cards.setVisible(bool(state.roots))
        up, self._up = self._up, state.link is Link.UP
        if self._up and not up:
            self.enter()
        attention = (state.link, state.why, causes(state))
        if attention != self._attention:
            self._attention = attention
            self._show_attention(*attention)

    def happened(self, event: event_pb2.Event) -> None:
        """What was counted may be another number now."""
        ended = event.kind == "job" and event.job.state not in ACTIVE
        if (ended or event.kind in ("duplicate", "reconciled", "status")) and not self._soon.isActive():
            self._soon.start()

    # ---- What it shows ----

    def _show_attention(self, link: Link, why: str, found: tuple[Cause, ...]) -> None:
        body = self.attention.body
        while (item := body.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.deleteLater()
        if link is not Link.UP:
            body.addWidget(self._line_of("warn", cause_words.link_text(link), why))
        elif not found:
            body.addWidget(self._line_of("good", say("All is well"), say("Nothing needs your attention.")))
        for cause in found:
            told = cause_words.told(cause)
            line = self._line_of("warn", told.text, told.more)
            go = button(
                told.action,
                lambda told=told: self.desk.go(told.page, told.select),  # type: ignore[misc]
                name=f"{told.action}: {told.text}",
            )
            line.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
            body.addWidget(row(line, go))

    def _line_of(self, tone: str, text: str, more: str) -> QWidget:
        now = colours()
        picture = Label()
        picture.setPixmap(icon(tone, now.good if tone == "good" else now.warn).pixmap(PICTURE, PICTURE))
        picture.setFixedWidth(PICTURE + 6)
        words = Label(text, bold=True)
        return row(picture, column(words, muted(more), spacing=0) if more else words)

    def _show(self, answer: Answer) -> None:
        self._show_copies(answer.copies)
        files, size = answer.summary.files, shown.size(answer.summary.bytes)
        self._held.setText(size)
        self._held_more.setText(count("in {n} file", "in {n} files", files))
        rows = [each for each in answer.summary.rows if each.bytes]
        self.types.show_shares(
            tuple(
                Share(
                    each.key,
                    shown.type_name(each.key),
                    each.bytes,
                    shown.size(each.bytes),
                    count("{n} file", "{n} files", each.files),
                )
                for each in rows
            )
        )
        self._show_growth(answer.growth)

    def _show_copies(self, copies: catalog_pb2.DuplicatesResponse) -> None:
        self._freed.setText(shown.size(copies.total_freed_bytes))
        extra = count("{n} extra copy", "{n} extra copies", copies.total_redundant_files)
        if copies.total_groups:
            text = count("in {n} group: {extra}", "in {n} groups: {extra}", copies.total_groups, extra=extra)
        else:
            text = say("No copies were found")
        waiting = copies.not_compared.files
        if waiting:
            text += "\n" + count("{n} file is not compared yet", "{n} files are not compared yet", waiting)
        self._copies.setText(text)
        self._look.setEnabled(copies.total_groups > 0)

    def _show_growth(self, growth: change_pb2.GetGrowthResponse) -> None:
        history = growth.rows[0].history if growth.rows else ()
        self.line.setVisible(len(history) > 1)
        if not growth.days:
            self._growth.setText(say("How fast it grows is known after a day."))
            return
        pace = growth.bytes_per_day
        if pace > 0:
            text = say("{size} more each day", size=shown.size(pace))
        elif pace < 0:
            text = say("{size} less each day", size=shown.size(-pace))
        else:
            text = say("It does not grow")
        if growth.full_on_ns:
            text += "\n" + say("At this pace the disk is full on {day}", day=shown.day(growth.full_on_ns))
        self._growth.setText(text)
        self.line.show_points([(point.day, point.bytes) for point in history], text)
