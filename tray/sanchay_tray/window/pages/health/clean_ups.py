"""Clean-ups, and how each is taken back."""

from __future__ import annotations

from sanchay import paths
from sanchay.v1 import dedupe_pb2
from sanchay_tray.model import Link
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.parts.rows import Column, Row, Rows
from sanchay_tray.window.parts.text import Card, button, heading, muted, row
from sanchay_tray.words import count, mark, say

ROWS_SHOWN = 6
ACTIONS = {
    "trash": mark("Copies moved to the trash"),
    "delete": mark("Copies deleted for good"),
    "hardlink": mark("Copies made one file (hard links)"),
    "symlink": mark("Copies replaced by links"),
    "reflink": mark("Copies share their blocks"),
}


class CleanUps(Card):
    """The card."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(heading(say("Clean-ups")))
        self._desk = desk
        self._runs: dict[int, dedupe_pb2.JournalRun] = {}
        self._wanted: int | None = None  # what another page, or a notice, leads to
        columns = (
            Column(say("What was done"), 34),
            Column(say("State"), 18),
            Column(say("Files"), 10, right=True),
            Column(say("Freed"), 10, right=True),
            Column(say("When"), 10),
        )
        self.rows = Rows(say("Clean-ups, newest first"), columns, desk.memory, "health.clean-ups")
        self.rows.picked.connect(lambda _key: self._show_chosen())
        self.none = muted()
        self.undo = button(say("Undo"), self._undo, main=True)
        self.why = muted()
        self._below = row(self.undo, self.why, 1, spacing=12)
        for widget in (self.none, self.rows, self._below):
            self.body.addWidget(widget)
        self._show(())
        self.none.setText("")  # not known yet

    def choose(self, run_id: int) -> None:
        """Chooses a run, once it is known."""
        self._wanted = run_id
        self._choose_wanted()

    def ask(self) -> None:
        """Asks for the runs."""
        self._desk.ask(
            self, lambda client: client.list_journal_runs(), lambda answer: self._show(tuple(answer.runs)), key="runs"
        )

    def show_link(self) -> None:
        """The daemon came or went."""
        self._show_chosen()

    def _show(self, runs: tuple[dedupe_pb2.JournalRun, ...]) -> None:
        self._runs = {run.id: run for run in runs}
        self.none.setText(say("No file was changed yet."))
        self.none.setVisible(not runs)
        self.rows.setVisible(bool(runs))
        self.rows.show_rows([self._row(run) for run in runs])
        self.rows.fit(ROWS_SHOWN)
        self._choose_wanted()
        self._show_chosen()

    def _choose_wanted(self) -> None:
        if self._wanted is not None and self.rows.pick(self._wanted):
            self._wanted = None
            if self.isVisible():
                self.undo.setFocus()

    def _undone(self, run: dedupe_pb2.JournalRun) -> dedupe_pb2.JournalRun | None:
        """The last run that took this one back, whole or in part."""
        return next((each for each in self._runs.values() if each.kind == "undo" and each.of == run.id), None)

    def _row(self, run: dedupe_pb2.JournalRun) -> Row:
        text, tone = self._state(run)
        cells = (what(run), text, shown.number(run.acted), shown.size(run.freed_bytes), shown.moment(run.began_ns))
        return Row(run.id, cells, tone)

    def _state(self, run: dedupe_pb2.JournalRun) -> tuple[str, str]:
        if not run.ended_ns:
            return say("under way, or broken off"), "warn"
        undone = self._undone(run)
        if undone is not None:
            left = undone.skipped + undone.failed
            return (say("taken back in part"), "warn") if left else (say("taken back"), "")
        left = run.skipped + run.failed
        return (count("done, {n} left", "done, {n} left", left), "warn") if left else (say("done"), "good")

    def _chosen(self) -> dedupe_pb2.JournalRun | None:
        key = self.rows.key()
        return self._runs.get(key) if isinstance(key, int) else None

    def _show_chosen(self) -> None:
        run = self._chosen()
        self._below.setVisible(run is not None)
        if run is None:
            return
        why = self._why_not(run)
        self.why.setText(why)
        self.undo.setEnabled(not why and self._desk.state.link is Link.UP)

    def _why_not(self, run: dedupe_pb2.JournalRun) -> str:
        """Why a run is not taken back from here; empty where it is."""
        undone = self._undone(run)
        if run.kind == "undo":
            return say("This took another one back.")
        if run.action == "delete":
            return say("What was deleted for good cannot be taken back.")
        if not run.acted:
            return say("It changed no file.")
        if undone is not None and not undone.skipped + undone.failed:
            return say("It was taken back.")
        return ""

    def _undo(self) -> None:
        if (run := self._chosen()) is None:
            return
        run_id = run.id

        def started(answer: dedupe_pb2.StartUndoResponse) -> None:
            self._desk.did(f"job {answer.job_id}")
            self._desk.say_done(say("The files are being put back"))

        self._desk.ask(self, lambda client: client.start_undo(run_id), started)


def what(run: dedupe_pb2.JournalRun) -> str:
    """What a run did."""
    if run.kind == "undo":
        return say("A clean-up taken back")
    if run.kind == "repair":
        return say("A damaged file repaired")
    return say(ACTIONS[run.action]) if run.action in ACTIONS else paths.safe_text(run.action)
