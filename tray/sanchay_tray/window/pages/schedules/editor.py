"""A schedule made or changed, in place: its name, what it does, when; and when that is the next five times."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TypedDict, TypeVar

from PySide6.QtCore import QTime
from PySide6.QtWidgets import QComboBox, QFormLayout, QLineEdit, QSpinBox, QTimeEdit, QWidget

from sanchay import paths
from sanchay.errors import SanchayError
from sanchay.v1 import root_pb2, schedule_pb2
from sanchay_tray.model import Link
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.schedules import timing, words
from sanchay_tray.window.pages.schedules.timing import Kind, Timing
from sanchay_tray.window.parts.sheet import Sheet
from sanchay_tray.window.parts.text import muted, row
from sanchay_tray.words import mark, say

KINDS = {
    Kind.DAILY: mark("each day"),
    Kind.WEEKDAYS: mark("from Monday to Friday"),
    Kind.WEEKLY: mark("each week"),
    Kind.MONTHLY: mark("each month"),
    Kind.HOURLY: mark("each hour"),
    Kind.EVERY: mark("again and again"),
    Kind.RULE: mark("by a rule (cron)"),
}
UNITS = ((60, mark("minutes")), (3600, mark("hours")), (86_400, mark("days")), (1, mark("seconds")))
BUDGETS = (
    ("30m", mark("30 minutes")),
    ("2h", mark("2 hours")),
    ("4h", mark("4 hours")),
    ("50G", mark("50 GB")),
    ("", mark("no bound")),
)


_Field = TypeVar("_Field", bound=QWidget)


class Wanted(TypedDict):
    """A schedule as it was entered: arguments of the client's calls."""

    cron: str
    every_s: int
    action: str
    roots: list[bytes]
    expression: str


class Editor(Sheet):
    """The sheet. `save` gets the name and what was entered."""

    def __init__(
        self,
        desk: Desk,
        schedule: schedule_pb2.Schedule | None,
        save: Callable[[str, Wanted], object],
        not_now: Callable[[], object],
    ) -> None:
        self._desk = desk
        self._schedule = schedule or schedule_pb2.Schedule(action="scan", cron="30 2 * * *")
        form = QWidget()
        self._form = QFormLayout(form)
        self._form.setContentsMargins(0, 4, 0, 4)
        self._lay_what()
        self._lay_when()
        text = (
            say("Change {name}", name=paths.safe_text(schedule.name)) if schedule is not None else say("New schedule")
        )
        super().__init__(text, "", say("Save"), lambda: save(self.name.text().strip(), self.wanted()), not_now, form)
        for box in (self.action, self.kind, self.unit, self.weekday):
            box.currentIndexChanged.connect(self._changed)
        self.time.timeChanged.connect(self._changed)
        for number in (self.day, self.past, self.number):
            number.valueChanged.connect(self._changed)
        for line in (self.rule, self.name, self.expression):
            line.textChanged.connect(self._changed)
        self._changed()

    def _lay_what(self) -> None:
        schedule = self._schedule
        self.name = self._field(say("Name"), QLineEdit(schedule.name))
        self.action = self._field(say("What is done"), QComboBox())
        for word, text in words.ACTIONS.items():
            self.action.addItem(say(text), word)
        self.action.setCurrentIndex(max(self.action.findData(schedule.action), 0))
        self.roots = self._field(say("Folders"), QComboBox())
        self._offer_roots(self._desk.state.roots)
        self.expression = self._field(say("Which files"), QLineEdit())
        self.expression.setPlaceholderText(say("as in the search, such as size:>1G"))
        self.expression.setText(schedule.expression if schedule.action == "report" else "")
        self.budget = self._field(say("At most, each time"), QComboBox())
        for word, text in BUDGETS:
            self.budget.addItem(say(text), word)
        if schedule.action == "verify":
            if self.budget.findData(schedule.expression) < 0:
                self.budget.addItem(paths.safe_text(schedule.expression), schedule.expression)
            self.budget.setCurrentIndex(self.budget.findData(schedule.expression))

    def _offer_roots(self, known: tuple[root_pb2.Root, ...]) -> None:
        self.roots.addItem(say("every folder"), [])
        for root in known:
            self.roots.addItem(paths.safe_text(root.name), [root.path.raw])
        by_name = {root.name: root.path.raw for root in known}
        names = list(self._schedule.root_names)
        if len(names) == 1 and names[0] in by_name:
            self.roots.setCurrentIndex(1 + list(by_name).index(names[0]))
        elif names:  # several, or some that are gone: kept as they are
            kept = [by_name[name] for name in names if name in by_name]
            self.roots.addItem(paths.safe_text(", ".join(names)), kept)
            self.roots.setCurrentIndex(self.roots.count() - 1)

    def _lay_when(self) -> None:
        self._timing = now = timing.of(self._schedule.cron, self._schedule.every_s)
        self.kind = self._field(say("When"), QComboBox())
        for kind, text in KINDS.items():
            self.kind.addItem(say(text), kind)
        self.kind.setCurrentIndex(list(KINDS).index(now.kind))
        self.weekday = self._field(say("Day of the week"), QComboBox())
        for number in (1, 2, 3, 4, 5, 6, 0):
            self.weekday.addItem(timing.day_name(number), number)
        self.weekday.setCurrentIndex(self.weekday.findData(now.weekday))
        self.day = self._field(say("Day of the month"), _number(1, 31, now.day))
        self.time = self._field(say("At"), QTimeEdit(QTime(now.hour, now.minute)))
        self.time.setDisplayFormat("HH:mm")
        self.past = self._field(say("Minutes past the hour"), _number(0, 59, now.minute))
        unit_s = next((unit for unit, _ in reversed(UNITS[:3]) if now.every_s and now.every_s % unit == 0), 1)
        self.number = _number(1, 10_000_000, now.every_s // unit_s if now.every_s else 6)
        self.unit = QComboBox()
        for seconds, text in UNITS:
            self.unit.addItem(say(text), seconds)
        self.unit.setCurrentIndex(self.unit.findData(unit_s if now.every_s else 3600))
        self.number.setAccessibleName(say("How often"))
        self.unit.setAccessibleName(say("Unit of how often"))
        self.every = self._field(say("Every"), row(self.number, self.unit, 1))
        self.rule = self._field(say("Rule"), QLineEdit(now.rule or now.cron or "30 2 * * *"))
        self.coming = muted()
        self._form.addRow(say("The next five times"), self.coming)

    def _field(self, text: str, field: _Field) -> _Field:
        field.setAccessibleName(text)
        self._form.addRow(text, field)
        return field

    # ---- What was entered ----

    def timing(self) -> Timing:
        """When, as it was entered."""
        at = self.time.time()
        kind: Kind = self.kind.currentData()
        entered = Timing(kind, at.hour(), at.minute(), self.weekday.currentData(), self.day.value())
        if kind is Kind.HOURLY:
            return replace(entered, minute=self.past.value())
        if kind is Kind.EVERY:
            return replace(entered, every_s=self.number.value() * int(self.unit.currentData()))
        return replace(entered, rule=self.rule.text().strip())

    def wanted(self) -> Wanted:
        """All of it."""
        action, when = str(self.action.currentData()), self.timing()
        takes_roots = action in ("scan", "verify")
        expression = {"report": self.expression.text().strip(), "verify": str(self.budget.currentData())}
        return Wanted(
            cron=when.cron,
            every_s=when.every_s,
            action=action,
            roots=list(self.roots.currentData()) if takes_roots else [],
            expression=expression.get(action, ""),
        )

    # ---- What it shows ----

    def _changed(self, *_: object) -> None:
        action, kind = self.action.currentData(), self.kind.currentData()
        for field, wanted in (
            (self.roots, action in ("scan", "verify")),
            (self.expression, action == "report"),
            (self.budget, action == "verify"),
            (self.weekday, kind is Kind.WEEKLY),
            (self.day, kind is Kind.MONTHLY),
            (self.time, kind in (Kind.DAILY, Kind.WEEKDAYS, Kind.WEEKLY, Kind.MONTHLY)),
            (self.past, kind is Kind.HOURLY),
            (self.every, kind is Kind.EVERY),
            (self.rule, kind is Kind.RULE),
        ):
            self._form.setRowVisible(field, wanted)
        complete = bool(self.name.text().strip()) and (action != "report" or bool(self.expression.text().strip()))
        self.go.setEnabled(complete)
        self._preview()

    def _preview(self) -> None:
        when = self.timing()
        if self._desk.state.link is Link.UP:
            self._desk.ask(
                self,
                lambda client: client.preview_schedule(cron=when.cron, every_s=when.every_s),
                lambda answer: self._show_coming(tuple(answer.times_ns)),
                failed=self._show_fault,
                key="preview",
            )

    def _show_coming(self, times_ns: tuple[int, ...]) -> None:
        self.coming.set_tone("muted")
        self.coming.setText("\n".join(shown.moment(time_ns) for time_ns in times_ns))

    def _show_fault(self, error: SanchayError) -> None:
        self.coming.set_tone("bad")
        self.coming.setText(paths.safe_text(error.message))
        self.go.setEnabled(False)


def _number(least: int, most: int, now: int) -> QSpinBox:
    made = QSpinBox()
    made.setRange(least, most)
    made.setValue(now)
    return made
