"""What happened, newest first: what the daemon told since it began, as far as it remembers."""

from __future__ import annotations

from sanchay import paths
from sanchay.v1 import event_pb2
from sanchay_tray.model import State
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.jobs import words as job_words
from sanchay_tray.window.parts.rows import Column, Row, Rows
from sanchay_tray.window.parts.text import Card, heading, muted
from sanchay_tray.words import say

ROWS_SHOWN = 10


class Happened(Card):
    """The card."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(heading(say("What happened")))
        self._events: tuple[event_pb2.Event, ...] = ()
        self._told: dict[int, Row] = {}  # rows by the event, which never changes
        columns = (Column(say("When"), 22), Column(say("What"), 20))
        self.rows = Rows(say("What happened, newest first"), columns, desk.memory, "health.happened")
        self.none = muted(say("Nothing that you should know of."))
        self.body.addWidget(self.none)
        self.body.addWidget(self.rows)

    def show_state(self, state: State) -> None:
        """Something happened, perhaps."""
        if state.happened is self._events and self._told:
            return
        self._events = state.happened
        self._told = {id(event): self._told.get(id(event)) or _row(event) for event in state.happened if is_news(event)}
        self.none.setVisible(not self._told)
        self.rows.setVisible(bool(self._told))
        self.rows.show_rows(list(self._told.values()))
        self.rows.fit(ROWS_SHOWN)
        if not self.rows.view.hasFocus():
            self.rows.view.scrollToTop()


def is_news(event: event_pb2.Event) -> bool:
    """Whether it is told: that a run of a schedule has begun is not."""
    return event.kind != "schedule" or event.schedule_run.state != "running"


def _row(event: event_pb2.Event) -> Row:
    text, tone = told(event)
    return Row((event.at_ns, event.kind, text), (shown.moment(event.at_ns), text), tone)


def told(event: event_pb2.Event) -> tuple[str, str]:
    """An event in a line, and how it is meant: good | warn | bad."""
    root, path, message = paths.safe_text(event.root), shown.path(event.path), job_words.message(event)
    if event.kind == "duplicate":
        return say("A copy arrived: {path} is as {other}", path=path, other=shown.path(event.other_path)), ""
    if event.kind == "damage":
        return say("{path} has rotted", path=path), "bad"
    if event.kind == "root_offline":
        return say("{root} is not there", root=root), "warn"
    if event.kind == "root_online":
        return say("{root} is back", root=root), "good"
    if event.kind == "degraded":
        return say("{root} is not watched as before: {why}", root=root, why=message), "warn"
    if event.kind == "recovered":
        return say("{root} is watched again", root=root), "good"
    if event.kind == "forecast":
        return (
            say("The disk of {path} is full on {day} at this pace", path=path, day=shown.day(event.full_on_ns)),
            "warn",
        )
    if event.kind == "schedule":
        name, state = paths.safe_text(event.schedule_run.schedule), event.schedule_run.state
        text, tone = job_words.STATES.get(state, ("", ""))
        return say("The schedule {name}: {state}", name=name, state=say(text) if text else state), (
            "" if tone == "good" else tone
        )
    if event.kind == "job":
        text, tone = job_words.state(event.job)
        parts = [f"{job_words.what(event.job)}: {text}", job_words.result(event.job)]
        return "; ".join(part for part in parts if part), "" if tone == "good" else tone
    return message or paths.safe_text(event.kind), ""
