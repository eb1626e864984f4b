"""The page: jobs in a table, newest first, further ones as it is scrolled; one of them in full below."""

from __future__ import annotations

from PySide6.QtCore import Qt
from PySide6.QtGui import QKeySequence, QShortcut
from PySide6.QtWidgets import QScrollArea, QVBoxLayout, QWidget

from sanchay import paths
from sanchay.client import Client
from sanchay.v1 import event_pb2, job_pb2
from sanchay_tray.model import ACTIVE, UNENDED, Link, State
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import Either, Key, Page, page_layout
from sanchay_tray.window.pages.jobs import words
from sanchay_tray.window.pages.jobs.detail import Detail
from sanchay_tray.window.parts.empty import Empty
from sanchay_tray.window.parts.rows import Column, Row, Rows
from sanchay_tray.window.parts.text import button, muted, row, title
from sanchay_tray.words import count, mark, say

PAGE = 100
ROWS_SHOWN = 7


class JobsPage(Page):
    """What is under way, and what was."""

    name = "jobs"
    keys = (
        Key("P", mark("pause the chosen job, or go on with it")),
        Key("Delete", mark("cancel the chosen job")),
    )

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self._jobs: dict[int, job_pb2.Job] = {}
        self._errors: dict[int, tuple[job_pb2.JobError, ...]] = {}
        self._token = ""
        self._wanted = 0
        self._up = False
        self._is_listed = False
        self._is_scrolled = False  # further pages are known
        layout = page_layout(self)
        self.summary = muted()
        self._scan = button(say("Scan every folder"), self._scan_all)
        layout.addWidget(row(title(say("Jobs")), 1, self._scan))
        layout.addWidget(self.summary)
        columns = (
            Column(say("Job"), 26),
            Column(say("State"), 13),
            Column(say("Came to"), 34),
            Column(say("Begun"), 19),
            Column(say("Took"), 8),
        )
        self.rows = Rows(say("Jobs, newest first"), columns, desk.memory, "jobs")
        self.rows.picked.connect(self._picked)
        self.detail = Detail(desk.memory, self._act)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        holder = QWidget()
        column = QVBoxLayout(holder)
        column.setContentsMargins(0, 0, 0, 0)
        column.addWidget(self.detail)
        column.addStretch(1)
        scroll.setWidget(holder)
        full = QWidget()
        both = QVBoxLayout(full)
        both.setContentsMargins(0, 0, 0, 0)
        both.addWidget(self.rows)
        both.addWidget(scroll, 1)
        self._full = full
        self._none = Empty(
            "jobs",
            say("No job has run yet"),
            say("A scan of a folder is a job, and so is a check for rot."),
            action=say("Choose folders"),
            pressed=lambda: self.desk.go("folders"),
        )
        self._either = Either(self._full, self._none)
        layout.addWidget(self._either, 1)
        for keys, does in (("P", self._pause_or_resume), ("Delete", lambda: self._act("cancel"))):
            shortcut = QShortcut(QKeySequence(keys), self, context=Qt.ShortcutContext.WidgetWithChildrenShortcut)
            shortcut.activated.connect(does)

    # ---- What the page is told ----

    def enter(self, select: str = "") -> None:
        """`select` is a job's id."""
        self._wanted = int(select) if select.isascii() and select.isdecimal() else self._wanted
        if self.desk.state.link is Link.UP:
            self.desk.ask(self, lambda client: client.list_jobs(limit=PAGE), self._listed, key="jobs")
        self._show()

    def main(self) -> QWidget:
        """Its table."""
        return self.rows

    def state_changed(self, state: State) -> None:
        """Jobs go on; a daemon that is back is asked again."""
        up, self._up = self._up, state.link is Link.UP
        if self._up and not up:
            self.enter()
        elif up and not self._up:
            self._show()
        self._take(state.jobs)

    def happened(self, event: event_pb2.Event) -> None:
        """A job began, went on, or ended."""
        if event.kind == "job":
            self._take((event.job,))
            if event.job.state not in ACTIVE and event.job.id == self.rows.key():
                self._ask_errors(event.job.id)
        elif event.kind == "dropped":
            self.enter()

    def _listed(self, answer: job_pb2.ListJobsResponse) -> None:
        if not self._is_scrolled:
            self._token = answer.next_page_token
        for job in answer.jobs:
            self._jobs[job.id] = job
        self._show()
        if not self._is_listed and not any(job.state in ACTIVE for job in answer.jobs) and not self._wanted:
            self.rows.pick(max(self._jobs, default=None))
        self._is_listed = True
        if isinstance(key := self.rows.key(), int):
            self._ask_errors(key)  # where it was chosen before the daemon answered

    def _take(self, jobs: tuple[job_pb2.Job, ...]) -> None:
        fresh = False
        for job in jobs:
            known = self._jobs.get(job.id)
            if known is None or (known.state in UNENDED and known != job):  # what has ended does not go on again
                self._jobs[job.id] = job
                fresh = True
        if fresh:
            self._show()

    # ---- What it shows ----

    def _show(self) -> None:
        jobs = sorted(self._jobs.values(), key=lambda job: -job.id)
        self._either.show_only(self._full if jobs else self._none)
        self.rows.model.more = self._more if self._token else None
        self.rows.show_rows([_row(job, self._up) for job in jobs])
        self.rows.fit(ROWS_SHOWN)
        if self._wanted and self._wanted in self._jobs:
            wanted, self._wanted = self._wanted, 0
            self.rows.pick(wanted)
        elif self._wanted and self._up:
            wanted, self._wanted = self._wanted, 0
            self.desk.ask(self, lambda client: client.get_job(wanted), self._found, key="wanted")
        self.summary.setText(self._summary(jobs))
        self._scan.setEnabled(self._up and bool(self.desk.state.roots))
        self._show_detail()

    def _found(self, answer: job_pb2.GetJobResponse) -> None:
        self._jobs[answer.job.id] = answer.job
        self._wanted = answer.job.id
        self._show()

    def _summary(self, jobs: list[job_pb2.Job]) -> str:
        active = [job for job in jobs if job.state in ACTIVE]
        if active and self._up:
            return count("{n} job is under way", "{n} jobs are under way", len(active))
        last = next((job for job in jobs if job.kind == "scan" and job.state in ("done", "partial")), None)
        nothing = say("Nothing is under way.") if self._up else ""  # what a daemon that is away does is not known
        if last is None:
            return nothing
        scanned = say(
            "Last scan {when}, of {folders}: {what}",
            when=shown.ago(last.ended_ns),
            folders=paths.safe_text(", ".join(last.root_names)),
            what=words.result(last),
        )
        return f"{nothing} {scanned}".strip()

    def _show_detail(self) -> None:
        job = self._job()
        self.detail.setVisible(job is not None)
        if job is not None:
            self.detail.show_job(job, self._errors.get(job.id, ()), self._up)

    def _picked(self, key: object) -> None:
        if isinstance(key, int):
            self._ask_errors(key)
        self._show_detail()

    def _job(self) -> job_pb2.Job | None:
        key = self.rows.key()
        return self._jobs.get(key) if isinstance(key, int) else None

    def _ask_errors(self, job_id: int) -> None:
        job = self._jobs.get(job_id)
        if job is None or job.state in ACTIVE or job_id in self._errors or not self._up:
            return

        def answered(answer: job_pb2.GetJobResponse) -> None:
            self._errors[job_id] = tuple(answer.job.errors)
            self._show_detail()

        self.desk.ask(self, lambda client: client.get_job(job_id), answered, key="errors")

    def _more(self) -> None:
        token, self._is_scrolled = self._token, True

        def answered(answer: job_pb2.ListJobsResponse) -> None:
            self._token = answer.next_page_token
            for job in answer.jobs:
                self._jobs.setdefault(job.id, job)
            self._show()

        self.desk.ask(self, lambda client: client.list_jobs(limit=PAGE, page_token=token), answered, key="more")

    # ---- What can be done ----

    def _pause_or_resume(self) -> None:
        if (job := self._job()) is not None and job.state in ACTIVE:
            self._act("resume" if job.state == "paused" else "pause")

    def _act(self, what: str) -> None:
        job = self._job()
        if job is None or not self._up:
            return
        if what == "copies":
            self.desk.go("copies")
        elif what == "damage":
            self.desk.go("health", "damage")
        elif what == "again":
            roots = [root.path.raw for root in self.desk.state.roots if root.id in job.root_ids]
            if roots:  # an empty list means every folder
                self._start(roots)
            else:
                self.desk.say_done(say("Its folder is not in the catalog any more"))
        elif job.state in ACTIVE:
            job_id = job.id

            def call(client: Client) -> job_pb2.Job:
                if what == "pause":
                    return client.pause_job(job_id).job
                return client.resume_job(job_id).job if what == "resume" else client.cancel_job(job_id).job

            self.desk.ask(self, call, lambda changed: self._take((changed,)))

    def _scan_all(self) -> None:
        self._start([])

    def _start(self, roots: list[bytes]) -> None:
        def started(answer: job_pb2.StartScanResponse) -> None:
            for job in answer.jobs:
                self.desk.did(f"job {job.id}")
            self._take(tuple(answer.jobs))

        self.desk.ask(self, lambda client: client.start_scan(roots), started)


def _row(job: job_pb2.Job, is_up: bool) -> Row:
    text, tone = words.state(job, is_up=is_up)
    cells = (words.what(job), text, words.result(job), shown.moment(job.started_ns), words.took(job))
    return Row(job.id, cells, tone)
