"""The runs of a schedule, and what is another in a report since the one before: new, grown, gone."""

from __future__ import annotations

from itertools import islice
from typing import NamedTuple

from sanchay.client import Client
from sanchay.v1 import report_pb2, schedule_pb2
from sanchay_tray.model import Link
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.schedules import words
from sanchay_tray.window.parts.rows import Column, Row, Rows
from sanchay_tray.window.parts.text import column, muted
from sanchay_tray.words import mark, say

RUNS_ASKED = 100
ROWS_ASKED = 500
RUNS_SHOWN = 5
ROWS_SHOWN = 8
KINDS = {"new": mark("new"), "grown": mark("grown"), "gone": mark("gone"), "rows": mark("as before")}
TONES = {"new": "good", "grown": "warn", "gone": "bad", "rows": ""}


class Line(NamedTuple):
    """A file of a report: new | grown | gone | rows."""

    kind: str
    row: report_pb2.ReportRow


class Results:
    """The two tables, one below the other; `widget` holds them."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._name = ""
        self._runs: dict[int, schedule_pb2.Run] = {}
        runs = (Column(say("Begun"), 20), Column(say("State"), 14), Column(say("Came to"), 20))
        self.runs = Rows(say("Runs, newest first"), runs, desk.memory, "schedules.runs")
        self.runs.picked.connect(self._picked)
        files = (Column(say("File"), 60), Column(say("Since the last time"), 18), Column(say("Size"), 20))
        self.files = Rows(say("Files of the report"), files, desk.memory, "schedules.files")
        self.none = muted(say("It has not run yet."))
        self.widget = column(self.none, self.runs, self.files)
        self._show_runs(())
        self._show_lines([])

    def show_schedule(self, name: str, *, again: bool = False) -> None:
        """Shows the runs of a schedule; `again`: one of them may be another now."""
        if name != self._name:
            self._show_runs(())
            self._show_lines([])
        elif not again:
            return
        self._name = name
        if self._desk.state.link is Link.UP:
            self._desk.ask(
                self.widget,
                lambda client: client.list_runs(name, limit=RUNS_ASKED),
                lambda answer: self._show_runs(tuple(answer.runs)),
                key="runs",
            )

    def _show_runs(self, runs: tuple[schedule_pb2.Run, ...]) -> None:
        before = self._run()
        self._runs = {run.id: run for run in runs}
        self.none.setVisible(not runs)
        self.runs.setVisible(bool(runs))
        self.runs.show_rows([_run_row(run) for run in runs])
        self.runs.fit(RUNS_SHOWN)
        if before != self._run():
            self._ask_report()

    def _run(self) -> schedule_pb2.Run | None:
        key = self.runs.key()
        return self._runs.get(key) if isinstance(key, int) else None

    def _picked(self, _key: object) -> None:
        self._ask_report()

    def _ask_report(self) -> None:
        run, name = self._run(), self._name
        if run is None or not run.HasField("counts"):
            self._show_lines([])
        elif self._desk.state.link is Link.UP:
            run_id = run.id
            self._desk.ask(self.widget, lambda client: lines_of(client, name, run_id), self._show_lines, key="report")

    def _show_lines(self, lines: list[Line]) -> None:
        self.files.setVisible(bool(lines))
        run = self._run()
        compared = run is not None and bool(run.counts.previous_run)
        self.files.show_rows([_line_row(at, line, compared=compared) for at, line in enumerate(lines)])
        self.files.fit(ROWS_SHOWN)


def lines_of(client: Client, name: str, run_id: int) -> list[Line]:
    """The files of a report, what is another since the one before first; so many as are shown."""
    found: dict[str, list[Line]] = {kind: [] for kind in KINDS}
    for part in client.get_report(name, run_id):
        for kind, rows in (("new", part.new), ("grown", part.grown), ("gone", part.gone), ("rows", part.rows)):
            room = ROWS_ASKED - len(found[kind])
            found[kind] += [Line(kind, each) for each in islice(rows, room)]
    changed = {line.row.path.raw for kind in ("new", "grown") for line in found[kind]}
    same = [line for line in found["rows"] if line.row.path.raw not in changed]
    return [*found["new"], *found["grown"], *found["gone"], *same][:ROWS_ASKED]


def _run_row(run: schedule_pb2.Run) -> Row:
    text, tone = words.run_state(run)
    return Row(run.id, (shown.moment(run.started_ns), text, words.run_result(run)), tone)


def _line_row(at: int, line: Line, *, compared: bool) -> Row:
    size = shown.size(line.row.size)
    if line.kind == "grown" and line.row.HasField("size_before"):
        size = say("{size}, was {before}", size=size, before=shown.size(line.row.size_before))
    state = say(KINDS[line.kind]) if compared else ""
    return Row(at, (shown.path(line.row.path), state, size), TONES[line.kind] if compared else "")
