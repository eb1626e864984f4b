"""The check for rot: when it last ran, how much it covered, and another one by a budget."""

from __future__ import annotations

from PySide6.QtWidgets import QComboBox, QProgressBar

from sanchay import units
from sanchay.client import Client
from sanchay.v1 import job_pb2, verify_pb2
from sanchay_tray.model import ACTIVE, Link, State
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.jobs import words as job_words
from sanchay_tray.window.parts.text import Card, Label, button, heading, muted, row
from sanchay_tray.words import count, mark, say

BUDGETS = (
    ("30m", mark("for 30 minutes")),
    ("2h", mark("for 2 hours")),
    ("50G", mark("up to 50 GB")),
    ("", mark("all files")),
)
#: So many jobs back the last checks are looked for.
JOBS_LOOKED_AT = 500


class Check(Card):
    """The card."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(heading(say("Check for rot")))
        self._desk = desk
        self._last: job_pb2.Job | None = None
        self._known = False
        self.text = Label()
        self.more = muted()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(say("How far the check is"))
        self.budget = QComboBox()
        self.budget.setAccessibleName(say("How much is checked"))
        for word, text in BUDGETS:
            self.budget.addItem(say(text), word)
        chosen = self.budget.findData(desk.memory.get("health.budget", BUDGETS[0][0]))
        self.budget.setCurrentIndex(max(chosen, 0))
        self.check = button(say("Check"), self.begin, main=True)
        self.jobs = button(say("Show the job"), self._to_job)
        for widget in (self.text, self.more, self.bar, row(self.check, self.budget, self.jobs, 1)):
            self.body.addWidget(widget)
        self._show(None)

    def ask(self) -> None:
        """Asks for the last check."""
        self._desk.ask(self, last_check, self._take, key="last")

    def show_state(self, state: State) -> None:
        """A check goes on, or the daemon is away."""
        self._show(next((job for job in state.jobs if job.kind == "verify"), None))

    def begin(self) -> None:
        """Starts a check by the budget that is chosen."""
        word = str(self.budget.currentData())
        self._desk.memory.put("health.budget", word)
        most = units.parse_budget(word) if word else units.Budget()

        def started(answer: verify_pb2.StartVerifyResponse) -> None:
            self._desk.did(f"job {answer.job_id}")
            self._desk.say_done(say("Files are being checked"))

        self._desk.ask(
            self, lambda client: client.start_verify(budget_bytes=most.bytes, budget_s=most.seconds), started
        )

    def _take(self, last: job_pb2.Job | None) -> None:
        self._last, self._known = last, True
        self.show_state(self._desk.state)

    def _show(self, running: job_pb2.Job | None) -> None:
        state = self._desk.state
        self.check.setEnabled(state.link is Link.UP and running is None and bool(state.roots))
        self.jobs.setVisible(running is not None or self._last is not None)
        self.bar.setVisible(running is not None and running.progress.HasField("percent"))
        if running is not None:
            self.bar.setValue(int(running.progress.percent * 10))
            self.text.setText(say("Files are being read and compared with what they were"))
            self.more.setText(", ".join(job_words.progress(running)))
        elif self._last is not None:
            self.text.setText(say("Last checked {when}", when=shown.ago(self._last.ended_ns or self._last.started_ns)))
            self.more.setText(covered(self._last))
        elif self._known:
            self.text.setText(say("Never checked"))
            self.more.setText(
                say("A check reads files from their disks and finds those that have changed by themselves.")
            )
        else:
            self.text.setText("")
            self.more.setText("")

    def _to_job(self) -> None:
        running = next((job for job in self._desk.state.jobs if job.kind == "verify"), self._last)
        if running is not None:
            self._desk.go("jobs", str(running.id))


def covered(job: job_pb2.Job) -> str:
    """What a check came to, and how much of all files it covered."""
    found = job.verify
    parts = [job_words.result(job)]
    total = found.checked + found.left + found.skipped
    if total and found.checked < total:
        parts.append(say("{share} of the files it should check", share=shown.percent(found.checked / total)))
    elif total:
        parts.append(say("all files that it should check"))
    if found.not_verifiable:
        parts.append(count("{n} file cannot be checked yet", "{n} files cannot be checked yet", found.not_verifiable))
    if found.skipped:
        parts.append(count("{n} file was not there", "{n} files were not there", found.skipped))
    return "; ".join(part for part in parts if part)


def last_check(client: Client) -> job_pb2.Job | None:
    """The last check that has ended and read anything."""
    jobs = client.list_jobs(limit=JOBS_LOOKED_AT).jobs
    return next(
        (job for job in jobs if job.kind == "verify" and job.state not in ACTIVE and job.HasField("verify")), None
    )
