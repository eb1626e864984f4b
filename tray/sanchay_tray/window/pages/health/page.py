"""The page: four cards below one another."""

from __future__ import annotations

from PySide6.QtWidgets import QVBoxLayout, QWidget

from sanchay.v1 import event_pb2
from sanchay_tray.model import ACTIVE, Link, State
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import MARGIN, Page, Scrolled
from sanchay_tray.window.pages.health.check import Check
from sanchay_tray.window.pages.health.clean_ups import CleanUps
from sanchay_tray.window.pages.health.damage import Damage
from sanchay_tray.window.pages.health.happened import Happened
from sanchay_tray.window.parts.text import Label, title
from sanchay_tray.words import say


class HealthPage(Page):
    """Checks for rot, damage, clean-ups, and what happened."""

    name = "health"

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        self._scroll = Scrolled()
        outer.addWidget(self._scroll)
        self._layout = layout = self._scroll.column
        layout.addWidget(title(say("Health")))
        self.catalog = Label(tone="bad")
        layout.addWidget(self.catalog)
        self.check, self.damage = Check(desk), Damage(desk)
        self.clean_ups, self.happenings = CleanUps(desk), Happened(desk)
        for card in (self.check, self.damage, self.clean_ups, self.happenings):
            layout.addWidget(card)
        layout.addStretch(1)
        self._up = False

    def enter(self, select: str = "") -> None:
        """`select` is damage | clean-ups | happened, or `run:N` and `undo:N` for a clean-up: Undo is pressed there."""
        part_of, _, number = select.partition(":")
        if part_of in ("run", "undo") and number.isdecimal():
            select = "clean-ups"
            self.clean_ups.choose(int(number))
        if self.desk.state.link is Link.UP:
            for card in (self.check, self.damage, self.clean_ups):
                card.ask()
        parts: dict[str, tuple[QWidget, QWidget]] = {
            "damage": (self.damage, self.damage.rows),
            "clean-ups": (self.clean_ups, self.clean_ups.rows),
            "happened": (self.happenings, self.happenings.rows),
        }
        if select in parts:
            part, rows = parts[select]
            rows.setFocus()
            self._layout.activate()  # so that the card stands where it will
            self._scroll.verticalScrollBar().setValue(max(part.y() - MARGIN, 0))

    def state_changed(self, state: State) -> None:
        """The daemon came or went, a job goes on, something happened."""
        up, self._up = self._up, state.link is Link.UP
        if self._up and not up:
            self.enter()
        self.check.show_state(state)
        self.happenings.show_state(state)
        if self._up is not up:
            self.damage.show_link()
            self.clean_ups.show_link()
        fault = state.status.catalog if state.status is not None else None
        self.catalog.setVisible(fault is not None and fault.state not in ("", "ok"))
        self.catalog.setText(fault.message if fault is not None else "")

    def happened(self, event: event_pb2.Event) -> None:
        """Damage was found or dealt with, a clean-up or a check has ended."""
        if event.kind in ("damage", "status"):
            self.damage.ask()
        if event.kind == "dropped":
            self.check.ask()
            self.clean_ups.ask()
        if event.kind == "job" and event.job.state not in ACTIVE:
            if event.job.kind == "verify":
                self.check.ask()
            if event.job.kind == "repair":
                self.damage.ended(event.job)
            if event.job.kind in ("verify", "repair"):
                self.damage.ask()
            if event.job.kind in ("dedupe", "undo", "repair"):
                self.clean_ups.ask()
