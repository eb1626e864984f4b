"""The page: schedules in a table, one of them in full below with its runs; three to start from where there is none."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from sanchay import paths
from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.v1 import event_pb2, schedule_pb2
from sanchay_tray.model import Link, State
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import Either, Key, Page, page_layout
from sanchay_tray.window.pages.jobs import words as job_words
from sanchay_tray.window.pages.schedules import words
from sanchay_tray.window.pages.schedules.editor import Editor, Wanted
from sanchay_tray.window.pages.schedules.results import Results
from sanchay_tray.window.parts.rows import Column, Row, Rows
from sanchay_tray.window.parts.sheet import Sheet
from sanchay_tray.window.parts.text import Card, Label, button, heading, muted, row, title
from sanchay_tray.words import mark, say

ROWS_SHOWN = 6


class SchedulesPage(Page):
    """What is done by the clock."""

    name = "schedules"
    keys = (
        Key("Ctrl+N", mark("a new schedule")),
        Key("Enter", mark("run the chosen schedule now")),
        Key("F2", mark("change it")),
        Key("Delete", mark("remove it")),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._schedules: dict[str, schedule_pb2.Schedule] = {}
        self._wanted = ""
        self._coming_of: tuple[object, ...] | None = None  # of what the next times were asked
        self._sheet_name: str | None = None  # whose sheet is open; empty: of a new one
        layout = page_layout(self)
        self._new = button(say("New schedule …"), self._add, picture="add")
        layout.addWidget(row(title(say("Schedules")), 1, self._new))
        columns = (
            Column(say("Schedule"), 22),
            Column(say("Last run"), 14),
            Column(say("When"), 28),
            Column(say("Next"), 20),
            Column(say("What it does"), 8),
        )
        self.rows = Rows(say("Schedules"), columns, desk.memory, "schedules")
        self.rows.picked.connect(self._picked)
        self.rows.opened.connect(lambda _key: self._run())
        layout.addWidget(self.rows)
        self.results = Results(desk)
        self._lay_detail()
        self._starts = self._lay_starts()
        self._below = Either(self._detail, self._starts)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self._below)
        column.addStretch(1)
        scroll.setWidget(holder)
        layout.addWidget(scroll, 1)
        for keys, does in (("Ctrl+N", self._add), ("F2", self._change), ("Delete", self._remove)):
            shortcut = QShortcut(QKeySequence(keys), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(does)

    def _lay_detail(self) -> None:
        self.heading = heading("")
        self.sentence = Label()
        self.coming = muted()
        self.message = Label(tone="warn")
        self._buttons = {
            "run": button(say("Run now"), self._run, main=True),
            "on": button(say("Turn on"), lambda: self._turn(True)),
            "off": button(say("Turn off"), lambda: self._turn(False)),
            "change": button(say("Change …"), self._change),
            "remove": button(say("Remove …"), self._remove),
        }
        self._detail = Card(self.heading, self.sentence, self.coming, self.message)
        self._detail.body.addWidget(row(*self._buttons.values(), 1))
        self._detail.body.addWidget(self.results.widget)

    def _lay_starts(self) -> Card:
        made = Card(
            heading(say("Nothing is done by the clock yet")),
            muted(say("Three to start from; each can be changed afterwards.")),
        )
        for start in words.STARTS:
            name = f"{say('Add')}: {say(start.text)}"
            add = button(say("Add"), partial(self._add_start, start), name=name)
            text = Label(say(start.text))
            text.setWordWrap(False)
            made.body.addWidget(row(add, text, 1, spacing=12))
        return made

    # ---- What the page is told ----

    def enter(self, select: str = "") -> None:
        """`select` is a schedule's name."""
        self._wanted = select or self._wanted
        self._show()

    def main(self) -> QWidget:
        """Its table."""
        return self.rows

    def state_changed(self, state: State) -> None:  # noqa: ARG002 - a page's signature
        """Schedules come, go, and run."""
        self._show()

    def happened(self, event: event_pb2.Event) -> None:
        """A run began or ended."""
        if event.kind == "schedule" and event.schedule_run.schedule == self.rows.key():
            self.results.show_schedule(event.schedule_run.schedule, again=True)
        elif event.kind == "dropped" and isinstance(key := self.rows.key(), str):
            self.results.show_schedule(key, again=True)

    def back(self) -> bool:
        """Closes what is asked."""
        if self._sheet_name is None:
            return False
        self._close_sheet()
        return True

    # ---- What it shows ----

    @property
    def _up(self) -> bool:
        return self.desk.state.link is Link.UP

    def _show(self) -> None:
        status = self.desk.state.status
        if status is not None:
            self._schedules = {each.name: each for each in status.schedules}
        self.rows.setVisible(bool(self._schedules))
        self.rows.show_rows([_row(each) for each in self._schedules.values()])
        self.rows.fit(ROWS_SHOWN)
        if self._wanted and self.rows.pick(self._wanted):
            self._wanted = ""
        if self._sheet_name and self._sheet_name not in self._schedules:
            self._close_sheet()  # it was removed elsewhere
        if self._sheet_name is None:
            self._below.show_only(self._detail if self._schedules else self._starts)
        self._starts.setEnabled(self._up)
        self._new.setEnabled(self._up)
        self._show_detail()

    def _show_detail(self) -> None:
        schedule = self._schedule()
        if schedule is None:
            return
        self.heading.setText(paths.safe_text(schedule.name))
        self.sentence.setText(f"{words.what(schedule)}, {words.when(schedule)}")
        last = schedule.last_run
        self.message.setText(job_words.message(last))
        self.message.setVisible(bool(last.message) and last.state in ("failed", "partial", "interrupted"))
        self._buttons["on"].setVisible(not schedule.enabled)
        self._buttons["off"].setVisible(schedule.enabled)
        for each in self._buttons.values():
            each.setEnabled(self._up)
        if not schedule.enabled:
            self._coming_of = None
            self.coming.setText(say("It is turned off: it runs only by the button."))
        else:
            self._ask_coming(schedule)
        self.results.show_schedule(schedule.name)

    def _ask_coming(self, schedule: schedule_pb2.Schedule) -> None:
        name, about = schedule.name, (schedule.name, schedule.cron, schedule.every_s, schedule.next_ns)
        if about == self._coming_of or not self._up:
            return

        def answered(answer: schedule_pb2.PreviewScheduleResponse) -> None:
            times = " · ".join(shown.moment(time_ns) for time_ns in answer.times_ns)
            self.coming.setText(say("Next: {times}", times=times))

        def failed(_error: SanchayError) -> None:
            self._coming_of = None  # asked again with the next news of the schedule

        self._coming_of = about
        self.desk.ask(self, lambda client: client.preview_schedule(name), answered, failed=failed, key="coming")

    def _picked(self, _key: object) -> None:
        self._close_sheet()
        self.coming.setText("")
        self._coming_of = None
        self._show_detail()

    def _schedule(self) -> schedule_pb2.Schedule | None:
        key = self.rows.key()
        return self._schedules.get(key) if isinstance(key, str) else None

    # ---- Sheets ----

    def _open_sheet(self, name: str, sheet: Sheet, focus: QWidget) -> None:
        self._close_sheet()
        self._sheet_name = name
        self._below.show_only(sheet)
        focus.setFocus()

    def _close_sheet(self) -> None:
        before, self._sheet_name = self._below.shown(), None
        if isinstance(before, Sheet):
            self._below.show_only(self._detail if self._schedules else self._starts)
            self._below.drop(before)
            (self.rows if self._schedules else self._new).setFocus()

    # ---- What can be done ----

    def _add(self) -> None:
        if self._up and self._sheet_name is None:
            sheet = Editor(self.desk, None, self._save_new, self._close_sheet)
            self._open_sheet("", sheet, sheet.name)

    def _save_new(self, name: str, wanted: Wanted) -> None:
        self.desk.ask(self, lambda client: client.add_schedule(name, **wanted), lambda _: self._saved(name))

    def _add_start(self, start: words.Start) -> None:
        wanted = Wanted(cron=start.cron, every_s=0, action=start.action, roots=[], expression=start.expression)
        self._save_new(start.name, wanted)

    def _change(self) -> None:
        schedule = self._schedule()
        if schedule is None or not self._up or self._sheet_name is not None:
            return
        before = schedule.name

        def save(name: str, wanted: Wanted) -> None:
            def call(client: Client) -> object:
                new_name = name if name != before else None
                # An interval that stays keeps counting from where it is: it is not sent again.
                same = (wanted["cron"], wanted["every_s"]) == (schedule.cron, schedule.every_s)
                cron, every_s = (None, None) if same else (wanted["cron"] or None, wanted["every_s"] or None)
                action = None if wanted["action"] == schedule.action else wanted["action"]
                takes_roots, takes_words = wanted["action"] in ("scan", "verify"), wanted["action"] in (
                    "report",
                    "verify",
                )
                return client.update_schedule(
                    before,
                    new_name=new_name,
                    cron=cron,
                    every_s=every_s,
                    action=action,
                    roots=wanted["roots"] if takes_roots else None,
                    expression=wanted["expression"] if takes_words else None,
                )

            self.desk.ask(self, call, lambda _: self._saved(name))

        sheet = Editor(self.desk, schedule, save, self._close_sheet)
        self._open_sheet(before, sheet, sheet.name)

    def _saved(self, name: str) -> None:
        self._wanted = name
        self._close_sheet()
        self.desk.say_done(say("{name} was saved", name=paths.safe_text(name)))
        self._show()

    def _remove(self) -> None:
        schedule = self._schedule()
        if schedule is None or not self._up or self._sheet_name is not None:
            return
        name = schedule.name

        def removed(_answer: object) -> None:
            self._close_sheet()
            self.desk.say_done(say("{name} was removed", name=paths.safe_text(name)))

        def remove() -> None:
            self.desk.ask(self, lambda client: client.remove_schedule(name), removed)

        sheet = Sheet(
            say("Remove the schedule {name}?", name=paths.safe_text(name)),
            say("Its runs and reports go with it. No file is touched."),
            say("Remove"),
            remove,
            self._close_sheet,
        )
        self._open_sheet(name, sheet, sheet.stay)

    def _run(self) -> None:
        if (schedule := self._schedule()) is None or not self._up:
            return
        name = schedule.name
        self.desk.did(f"schedule {name}")
        self.desk.ask(
            self,
            lambda client: client.run_schedule(name),
            lambda _: self.desk.say_done(say("{name} runs now", name=paths.safe_text(name))),
        )

    def _turn(self, on: bool) -> None:
        if (schedule := self._schedule()) is None:
            return
        name = schedule.name

        def call(client: Client) -> object:
            return client.enable_schedule(name) if on else client.disable_schedule(name)

        self.desk.ask(self, call, lambda _: None)


def _row(schedule: schedule_pb2.Schedule) -> Row:
    text, tone = words.run_state(schedule.last_run)
    cells = (
        paths.safe_text(schedule.name),
        text,
        words.when(schedule),
        words.following(schedule),
        words.what(schedule),
    )
    return Row(schedule.name, cells, tone)
