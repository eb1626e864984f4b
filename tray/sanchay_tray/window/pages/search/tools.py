"""What is done with a search as a whole: it is kept on the page, made a report, and its hits are exported."""

from __future__ import annotations

import itertools
from functools import partial

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QFileDialog, QHBoxLayout, QMenu, QWidget

from sanchay.client import Client
from sanchay.errors import ScheduleNameTaken
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.search import exporting
from sanchay_tray.window.parts.text import button
from sanchay_tray.words import count, mark, say

NAME_CHARACTERS = 60
EVERY = (
    (mark("Every day"), "0 8 * * *"),
    (mark("Every week"), "0 8 * * 1"),
    (mark("Every month"), "0 8 1 * *"),
)


class Tools(QWidget):
    """The buttons; `kept` has an expression that is to be kept."""

    kept = Signal(str)

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self._expression = ""
        save = button(say("Save"), self._save, hint=say("Keep this search on this page"), flat=True)
        save.setAccessibleName(say("Save this search"))
        save.setShortcut("Ctrl+S")
        name = say("Make a report of this search by a schedule")
        report = button(say("Report …"), self._offer_reports, flat=True, name=name)
        self.reports = QMenu(report)
        for text, cron in EVERY:
            self.reports.addAction(say(text)).triggered.connect(partial(self._make_report, cron))
        export = button(say("Export …"), self._choose_file, flat=True)
        export.setShortcut("Ctrl+E")
        self._tools = (save, report, export)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for tool in self._tools:
            layout.addWidget(tool)

    def show_for(self, expression: str) -> None:
        """Shows the buttons for a search; none where there is none."""
        self._expression = expression
        for tool in self._tools:
            tool.setVisible(bool(expression))

    def _save(self) -> None:
        if self._expression:
            self.kept.emit(self._expression)

    def _offer_reports(self) -> None:
        report = self._tools[1]
        self.reports.popup(report.mapToGlobal(report.rect().bottomLeft()))

    def _make_report(self, cron: str, _checked: bool = False) -> None:
        expression = self._expression
        printable = "".join(letter if letter.isprintable() else " " for letter in expression)
        name = printable if len(printable) <= NAME_CHARACTERS else printable[: NAME_CHARACTERS - 1] + "…"

        def add(client: Client) -> str:
            for number in itertools.count(1):
                free = name if number == 1 else f"{name} ({number})"
                try:
                    return client.add_schedule(free, "report", cron=cron, expression=expression).schedule.name
                except ScheduleNameTaken:
                    if number == 100:
                        raise
            raise AssertionError

        def added(name: str) -> None:
            self._desk.did("schedule")
            self._desk.say_done(
                say("A report of it is made by the schedule {name}", name=name),
                say("Look"),
                lambda: self._desk.go("schedules", name),
            )

        self._desk.ask(self, add, added, key="report")

    def _choose_file(self) -> None:
        dialog = QFileDialog(self, say("Export what was found"))
        dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
        dialog.setNameFilters(exporting.filters())
        dialog.setDefaultSuffix("csv")
        dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        dialog.filterSelected.connect(lambda chosen: dialog.setDefaultSuffix(chosen.rpartition("*.")[2].rstrip(")")))
        dialog.fileSelected.connect(self.export_to)
        dialog.open()

    def export_to(self, path: str) -> None:
        """Writes all hits to a file."""
        expression = self._expression

        def tell(progress: exporting.Progress) -> None:
            if progress.complete:
                text = count(
                    "{n} row was written to {path}", "{n} rows were written to {path}", progress.rows, path=path
                )
                self._desk.say_done(text)

        self._desk.follow(self, lambda client: exporting.export(client, expression, path), tell, key="export")
