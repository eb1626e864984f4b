"""The line below every page: how fresh the catalog is, and the job that runs."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtWidgets import QFrame, QHBoxLayout, QProgressBar, QWidget

from sanchay.v1 import job_pb2, root_pb2
from sanchay_tray import cause_words
from sanchay_tray.model import Link, State
from sanchay_tray.window import shown
from sanchay_tray.window.parts.text import Elided, button
from sanchay_tray.words import count, mark, say

JOBS = {
    "scan": mark("Scanning {what}"),
    "dedupe": mark("Clearing copies"),
    "undo": mark("Taking back a clean-up"),
    "verify": mark("Checking {what} for rot"),
    "have": mark("Comparing files with the catalog"),
    "repair": mark("Repairing files"),
}


def job_text(job: job_pb2.Job) -> str:
    """What a job does, in some words."""
    what = ", ".join(job.root_names)
    if not what:
        return say(JOBS.get(job.kind, mark("Working"))).replace(" {what}", "")
    return say(JOBS.get(job.kind, mark("Working")), what=what)


def freshness_text(roots: tuple[root_pb2.Root, ...]) -> str:
    """How fresh the folders are, in a line: all alike in a few words, else so many of each."""
    if not roots:
        return say("No folder is cataloged yet")
    states: dict[str, int] = {}
    for root in roots:
        text = shown.freshness(root.freshness)
        states[text] = states.get(text, 0) + 1
    if len(states) == 1:
        return count("{n} folder, {state}", "{n} folders, {state}", len(roots), state=next(iter(states)))
    return "; ".join(say("{n} {state}", n=n, state=text) for text, n in states.items())


class StatusLine(QFrame):
    """Freshness on the left, the running job on the right with its pause and its end."""

    def __init__(
        self, pause: Callable[[int, bool], None], cancel: Callable[[int], None], jobs: Callable[[], None]
    ) -> None:
        super().__init__()
        self.setObjectName("status")
        self._pause = pause
        self._cancel = cancel
        self._job: job_pb2.Job | None = None
        layout = QHBoxLayout(self)
        layout.setContentsMargins(16, 6, 16, 6)
        self.freshness = Elided(tone="muted")
        layout.addWidget(self.freshness, 3)
        self.job = Elided()
        layout.addWidget(self.job, 2)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setFixedWidth(140)
        self.bar.setAccessibleName(say("Progress of the job"))
        layout.addWidget(self.bar)
        self._pausing = button("", self._pause_pressed, flat=True, picture="pause", name=say("Pause the job"))
        self._cancelling = button("", self._cancel_pressed, flat=True, picture="remove", name=say("Cancel the job"))
        self._showing = button(say("Jobs"), jobs, flat=True)
        for each in (self._pausing, self._cancelling, self._showing):
            layout.addWidget(each)
        self._show_job(None, 0)

    def show_state(self, state: State) -> None:
        """Shows what is known now."""
        if state.link is Link.UP:
            self.freshness.show_text(freshness_text(state.roots))
        else:
            self.freshness.show_text(cause_words.link_text(state.link))
        self._show_job(state.running, len(state.jobs))

    def _show_job(self, job: job_pb2.Job | None, jobs: int) -> None:
        self._job = job
        widgets: tuple[QWidget, ...] = (self.job, self.bar, self._pausing, self._cancelling, self._showing)
        for widget in widgets:
            widget.setVisible(job is not None)
        if job is None:
            return
        more = count("and {n} more", "and {n} more", jobs - 1) if jobs > 1 else ""
        progress = job.progress
        percent = shown.percent(progress.percent / 100) if progress.HasField("percent") else ""
        self.job.show_text(" · ".join(filter(None, [job_text(job), percent, more])))
        if progress.HasField("percent"):
            self.bar.setRange(0, 1000)
            self.bar.setValue(int(progress.percent * 10))
        else:
            self.bar.setVisible(False)  # a bar that runs to and fro would have the window painted for ever
        held = job.state == "paused"
        self._pausing.setText(say("Resume") if held else say("Pause"))
        self._pausing.setAccessibleName(say("Resume the job") if held else say("Pause the job"))
        self._cancelling.setText(say("Cancel"))

    def _pause_pressed(self) -> None:
        if self._job is not None:
            self._pause(self._job.id, self._job.state != "paused")

    def _cancel_pressed(self) -> None:
        if self._job is not None:
            self._cancel(self._job.id)
