"""The one question before files go, what goes on then, and the way back."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QProgressBar, QScrollArea, QVBoxLayout, QWidget

from sanchay import reasons
from sanchay.client import Client
from sanchay.errors import PlanEdited, SanchayError
from sanchay.v1 import dedupe_pb2, job_pb2, root_pb2
from sanchay_tray.decisions import DROP
from sanchay_tray.model import UNENDED, Link
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.pages.jobs import words as job_words
from sanchay_tray.window.parts.text import Card, Label, button, heading, muted, row
from sanchay_tray.words import count, say

#: Copies that are looked at to say what stays where.
COUNTED_MOST = 50_000
#: Files that were left which are named.
LEFT_SHOWN = 20


class Where(NamedTuple):
    """How many files stay and go in each root, by its name; `is_all`: every file of the plan was counted."""

    stays: Counter[str]
    goes: Counter[str]
    is_all: bool


def ask_where(client: Client, plan: int, roots: list[root_pb2.Root]) -> tuple[dedupe_pb2.Plan, Where]:
    """The plan as it is now, and what stays where by it."""
    found = client.get_plan(plan).plan
    places = sorted(((root.path.raw, root.name) for root in roots), key=lambda each: -len(each[0]))
    where, counted = Where(Counter(), Counter(), True), 0
    for group in client.iter_plan_groups(plan):
        for copy in group.copies:
            name = next((name for folder, name in places if copy.path.raw.startswith(folder + os.sep.encode())), "")
            (where.goes if copy.decision == DROP else where.stays)[name] += 1
        counted += len(group.copies)
        if counted > COUNTED_MOST:
            return found, where._replace(is_all=False)
    return found, where


def files_of(files: int, size_bytes: int) -> str:
    """So many files, so many bytes."""
    return count("{n} file ({size})", "{n} files ({size})", files, size=shown.size(size_bytes))


class Sheet(QWidget):
    """`closed`: back to the list or the review. `cleared`: files went, or came back."""

    closed = Signal()
    cleared = Signal()

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self._desk = desk
        self.plan: dedupe_pb2.Plan | None = None
        self.job: job_pb2.Job | None = None
        self.has_begun = False  # of the plan that was asked for last
        self._last_run = 0  # that could be taken back
        self._again: Callable[[], None] | None = None  # follows what is out of sight, once the daemon is back
        self._body = QVBoxLayout()
        holder = QWidget()
        holder.setLayout(self._body)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        scroll.setWidget(holder)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(scroll)

    @property
    def is_running(self) -> bool:
        """Whether files are being moved."""
        return self.job is not None and self.job.state in UNENDED

    # ---- The question ----

    def ask(self, plan: int) -> None:
        """Looks at the plan as it is now, and asks."""
        roots = list(self._desk.state.roots)
        self.job = self._again = None
        self.has_begun = False
        self._lay(heading(say("Counting what goes…")))
        self._desk.ask(
            self,
            lambda client: ask_where(client, plan, roots),
            lambda found: self._question(*found),
            failed=self._give_up,
            key="sheet",
        )

    def _question(self, plan: dedupe_pb2.Plan, where: Where) -> None:
        self.plan = plan
        files = files_of(plan.files, plan.freed_bytes)
        self.go = button(say("Move to the trash"), self._start, main=True)
        self.go.setEnabled(plan.files > 0)
        not_yet = button(say("Not yet"), self.closed.emit)
        self._lay(
            Label(say("Move {files} to the trash", files=files), scale=1.6, bold=True),
            muted(
                say("Each file is compared with the copy that stays, byte by byte, before it goes. It can be undone.")
            ),
            Card(heading(say("What stays where")), *(Label(text) for text in _where_texts(where))),
            *_skipped_card(plan),
            row(self.go, not_yet, 1),
        )
        self.go.setFocus()

    def _start(self) -> None:
        plan = self.plan
        if plan is None:
            return
        self.go.setEnabled(False)
        self._desk.ask(
            self,
            lambda client: client.start_run(plan.id, plan.version).job_id,
            self.follow,
            failed=self._refused,
            key="sheet",
        )

    def _refused(self, error: SanchayError) -> None:
        self._desk.say_failed(error)
        if isinstance(error, PlanEdited) and self.plan is not None:
            self.ask(self.plan.id)  # what is asked is always what would be done
        else:
            self.go.setEnabled(True)

    def _give_up(self, error: SanchayError) -> None:
        self._desk.say_failed(error)
        self.closed.emit()

    # ---- What goes on ----

    def follow(self, job_id: int) -> None:
        """Shows how far a run is, to its end."""
        self.has_begun = True
        self._desk.did(f"job {job_id}")
        self.progress = QProgressBar()
        self.progress.setAccessibleName(say("Progress"))
        self.progress.setTextVisible(False)
        self.now = Label("")
        self.pause = button(say("Pause"), self._pause)
        self.stop = button(say("Stop"), self._stop, hint=say("What was moved so far stays in the trash"))
        self._lay(
            Label(say("Files are being moved"), scale=1.6, bold=True),
            self.progress,
            self.now,
            row(self.pause, self.stop, 1),
        )
        self.pause.setFocus()
        self._listen(job_id, self._went_on)

    def _listen(self, job_id: int, each: Callable[[job_pb2.Job], None]) -> None:
        def lost(error: SanchayError) -> None:
            if self.job is None or self.job.state in UNENDED:
                self._lost(error, lambda: self._listen(job_id, each))

        self._desk.follow(self, lambda client: client.follow_job(job_id), each, failed=lost, key="job")

    def look_again(self) -> None:
        """Follows what was lost out of sight, where the daemon is back."""
        again = self._again
        if again is not None and self._desk.state.link is Link.UP:
            self._again = None
            again()

    def _went_on(self, job: job_pb2.Job) -> None:
        self.job = job
        if job.state not in UNENDED:
            self._ended(job)
            return
        made = job.progress
        self.progress.setRange(0, 1000 if made.HasField("percent") else 0)
        self.progress.setValue(int(made.percent * 10))
        texts = [say("Paused")] if job.state == "paused" else []
        if made.HasField("total"):
            texts.append(say("{done} of {total}", done=made.done, total=made.total))
        if made.HasField("seconds_left") and job.state == "running":
            texts.append(say("{time} left", time=shown.duration(made.seconds_left)))
        self.now.setText("  ·  ".join(texts) or say("Waiting"))
        self.pause.setText(say("Go on") if job.state == "paused" else say("Pause"))

    def _pause(self) -> None:
        job = self.job
        if job is not None:
            paused = job.state == "paused"
            self._call(lambda client: client.resume_job(job.id) if paused else client.pause_job(job.id))

    def _stop(self) -> None:
        job = self.job
        if job is not None:
            self._call(lambda client: client.cancel_job(job.id))

    def _call(self, call: Callable[[Client], object]) -> None:
        self._desk.ask(self, call, lambda _: None)

    def _lost(self, error: SanchayError, again: Callable[[], None]) -> None:
        # Whether it goes on is not known: the daemon may be gone, and settles the run at its next start.
        self._desk.say_failed(error)
        self._again = again
        self._lay(
            Label(say("The run is out of sight"), scale=1.6, bold=True),
            muted(say("What came of it is said here and under Health as soon as Sanchay's service answers.")),
            row(button(say("Health"), lambda: self._desk.go("health")), button(say("Close"), self.closed.emit), 1),
        )

    # ---- What came of it ----

    def _ended(self, job: job_pb2.Job) -> None:
        self._desk.ask(
            self,
            lambda client: client.get_job(job.id).job,
            self._result,
            failed=lambda error: self._lost(error, lambda: self._ended(job)),
            key="sheet",
        )

    def _result(self, job: job_pb2.Job) -> None:
        self.job = job
        came = job.dedupe
        if not came.run:
            self._broken_off(job)
            return
        files = files_of(came.acted, came.freed_bytes)
        self.undo = button(say("Undo"), lambda: self._undo(came.run), main=True)
        self.undo.setEnabled(came.acted > 0)
        close = button(say("Done"), self.closed.emit)
        self._lay(
            Label(say("{files} moved to the trash", files=files), scale=1.6, bold=True),
            *([Label(job.message, tone="warn")] if job.message and job.state != "done" else []),
            *_left_card(job, came.skipped + came.failed),
            muted(say("The space is free once the trash is emptied.")) if came.freed_when_emptied else muted(),
            row(self.undo, close, 1),
        )
        close.setFocus()
        if came.acted:
            self._last_run = came.run
            self._desk.say_done(
                say("{files} moved to the trash", files=files), say("Undo"), lambda: self._undo(came.run)
            )
        self.cleared.emit()

    def _broken_off(self, job: job_pb2.Job) -> None:
        """The daemon ended in the run, and how many files went is not in the job."""
        plan = self.plan
        again = button(say("Go on …"), lambda: self.ask(plan.id) if plan is not None else None, main=True)
        again.setEnabled(plan is not None)
        health = button(say("Health"), lambda: self._desk.go("health"))
        self._lay(
            Label(say("The run was broken off"), scale=1.6, bold=True),
            Label(job_words.message(job), tone="warn"),
            muted(say("Health says which files went, and puts them back.")),
            row(again, health, button(say("Close"), self.closed.emit), 1),
        )
        again.setFocus()

    def take_back(self) -> bool:
        """Puts back what the last run moved; False where there is nothing that was not put back."""
        if self._last_run:
            self._undo(self._last_run)
            return True
        return False

    def _undo(self, run: int) -> None:
        if run == self._last_run:
            self._last_run = 0
        self._desk.ask(self, lambda client: client.start_undo(run).job_id, self._follow_undo, key="sheet")

    def _follow_undo(self, job_id: int) -> None:
        self._desk.did(f"job {job_id}")
        self.undone = Label(say("Files are being put back"), scale=1.6, bold=True)
        self._lay(self.undone)
        self._listen(job_id, self._undid)

    def _undid(self, job: job_pb2.Job) -> None:
        self.job = job
        if job.state in UNENDED:
            return
        text = count("{n} file is back", "{n} files are back", job.undo.restored)
        if not job.HasField("undo"):
            text = say("Putting files back was broken off")
        close = button(say("Done"), self.closed.emit, main=True)
        self._lay(
            Label(text, scale=1.6, bold=True),
            *([Label(job.message, tone="warn")] if job.message and job.state != "done" else []),
            *_left_card(job, job.undo.skipped + job.undo.failed),
            row(close, 1),
        )
        close.setFocus()
        self._desk.say_done(text)
        self.cleared.emit()

    def _lay(self, *widgets: QWidget) -> None:
        while (item := self._body.takeAt(0)) is not None:
            if (widget := item.widget()) is not None:
                widget.hide()
                widget.deleteLater()
        for widget in widgets:
            self._body.addWidget(widget)
        self._body.addStretch(1)


def _where_texts(where: Where) -> list[str]:
    texts = []
    for name in sorted({*where.stays, *where.goes}):
        goes = count("{n} file goes", "{n} files go", where.goes[name])
        stays = count("{n} stays", "{n} stay", where.stays[name])
        texts.append(say("{root}: {goes}, {stays}", root=name or say("elsewhere"), goes=goes, stays=stays))
    if not where.is_all:
        n = sum(where.stays.values()) + sum(where.goes.values())
        texts.append(count("Of the first {n} file only", "Of the first {n} files only", n))
    return texts


def _skipped_card(plan: dedupe_pb2.Plan) -> list[QWidget]:
    texts = []
    if plan.undecided:
        undecided = count("{n} group stays whole: undecided", "{n} groups stay whole: undecided", plan.undecided)
        texts.append(undecided)
    texts += [
        count("{n} file: {why}", "{n} files: {why}", each.files, why=say(reasons.phrase(each.reason)))
        for each in plan.skipped
    ]
    if plan.broken_links:
        links = count(
            "{n} symbolic link leads to a file that goes",
            "{n} symbolic links lead to files that go",
            plan.broken_links,
        )
        texts.append(links)
    if not texts:
        return []
    return [Card(heading(say("What is skipped, and why")), *(Label(text) for text in texts))]


def _left_card(job: job_pb2.Job, left: int) -> list[QWidget]:
    """Files that a run left as they are, each with the reason."""
    if not left:
        return []
    texts = [f"{shown.path(each.path)}: {say(reasons.phrase(each.kind))}" for each in job.errors[:LEFT_SHOWN]]
    title = count("{n} file was left as it is", "{n} files were left as they are", left)
    return [Card(heading(title), *(Label(text) for text in texts))]
