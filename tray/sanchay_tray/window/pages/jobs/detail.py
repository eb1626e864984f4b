"""One job: how far it is, what it came to, and what it could not read."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QProgressBar

from sanchay.v1 import job_pb2
from sanchay_tray.model import ACTIVE
from sanchay_tray.window import shown
from sanchay_tray.window.memory import Memory
from sanchay_tray.window.pages.jobs import words
from sanchay_tray.window.parts.rows import Column, Row, Rows
from sanchay_tray.window.parts.text import Card, Elided, Label, button, heading, muted, row
from sanchay_tray.words import count, say

ERRORS_SHOWN = 6


class Detail(Card):
    """A job in full. `act` gets what is to be done: pause | resume | cancel | again | copies | damage."""

    def __init__(self, memory: Memory, act: Callable[[str], object]) -> None:
        super().__init__()
        self.title = heading("")
        self.body.addWidget(self.title)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setRange(0, 1000)
        self.bar.setAccessibleName(say("Progress of the job"))
        self.body.addWidget(self.bar)
        self.text = Label()
        self.current = Elided(tone="muted")
        self.message = Label()
        for widget in (self.text, self.current, self.message):
            self.body.addWidget(widget)
        self.errors_title = muted()
        self.body.addWidget(self.errors_title)
        columns = (Column(say("File"), 60), Column(say("Why"), 20))
        self.errors = Rows(say("What could not be read"), columns, memory, "jobs.errors")
        self.body.addWidget(self.errors)
        self.buttons = {
            "pause": button(say("Pause"), lambda: act("pause"), main=True),
            "resume": button(say("Resume"), lambda: act("resume"), main=True),
            "cancel": button(say("Cancel the job"), lambda: act("cancel")),
            "again": button(say("Scan again"), lambda: act("again"), main=True),
            "copies": button(say("Look at the copies"), lambda: act("copies")),
            "damage": button(say("Look at the damage"), lambda: act("damage"), main=True),
        }
        self.body.addWidget(row(*self.buttons.values(), 1))

    def show_job(self, job: job_pb2.Job, errors: tuple[job_pb2.JobError, ...], is_up: bool) -> None:
        """Shows a job; `errors` are those that were asked for."""
        active = job.state in ACTIVE
        text, tone = words.state(job, is_up=is_up)
        self.title.setText(f"{words.what(job)} – {text}")
        self.title.set_tone(tone)
        self.bar.setVisible(active and is_up and job.progress.HasField("percent"))
        self.bar.setValue(int(job.progress.percent * 10))
        self.text.setText("\n".join(words.progress(job)) if active else self._ended(job))
        self.current.setVisible(active and is_up and bool(job.progress.current.raw))
        self.current.show_text(shown.path(job.progress.current))
        self.message.setText(words.message(job))
        self.message.set_tone(tone if tone in ("warn", "bad") else "muted")
        self.message.setVisible(bool(job.message))
        self._show_errors(job, errors)
        for name, wanted in (
            ("pause", job.state in ("running", "queued")),
            ("resume", job.state == "paused"),
            ("cancel", active),
            ("again", job.kind == "scan" and job.state in ("partial", "failed", "cancelled", "interrupted")),
            ("copies", job.kind == "scan" and job.state in ("done", "partial")),
            ("damage", job.kind == "verify" and job.verify.damaged_files + job.verify.suspect_files > 0),
        ):
            self.buttons[name].setVisible(wanted)
            self.buttons[name].setEnabled(is_up)

    def _ended(self, job: job_pb2.Job) -> str:
        lines = [words.result(job)] if words.result(job) != words.message(job) else []
        if job.started_ns:
            lines.append(say("Begun {when}, took {time}", when=shown.moment(job.started_ns), time=words.took(job)))
        if job.kind == "scan" and job.HasField("result") and job.result.files_per_s:
            lines.append(say("{n} files a second", n=round(job.result.files_per_s)))
        return "\n".join(lines)

    def _show_errors(self, job: job_pb2.Job, errors: tuple[job_pb2.JobError, ...]) -> None:
        total = max(words.errors(job), len(errors))
        self.errors_title.setVisible(bool(errors))
        self.errors.setVisible(bool(errors))
        text = count("{n} file was not read, or left as it was", "{n} files were not read, or left as they were", total)
        if total > len(errors):
            text += say("; the first {n} are listed", n=len(errors))
        self.errors_title.setText(text)
        self.errors.show_rows(
            [Row(at, (shown.path(each.path), words.error(each)), "warn") for at, each in enumerate(errors)]
        )
        self.errors.fit(ERRORS_SHOWN)
