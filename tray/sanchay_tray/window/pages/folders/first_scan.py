"""The first scan: counters and the first copies while it goes on, and in the end what could be free."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QProgressBar, QVBoxLayout, QWidget

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.v1 import catalog_pb2, event_pb2, job_pb2
from sanchay_tray.model import UNENDED, Link, State
from sanchay_tray.window import shown
from sanchay_tray.window.desk import Desk
from sanchay_tray.window.page import MARGIN
from sanchay_tray.window.pages.jobs import words as job_words
from sanchay_tray.window.parts.text import Card, Elided, Label, button, heading, muted, row, title
from sanchay_tray.words import count, say

COPIES_SHOWN = 6
#: So long after a job's news the copies are asked for: once for all that comes until then.
COPIES_AFTER_MS = 400


class Found(NamedTuple):
    """The scans that were started, and why a folder could not be added."""

    jobs: tuple[job_pb2.Job, ...]
    error: SanchayError | None = None


class FirstScan(QWidget):
    """Follows the scans of the first start by the events of their jobs."""

    def __init__(self, desk: Desk, left: Callable[[], object]) -> None:
        super().__init__()
        self._desk = desk
        self._jobs: dict[int, job_pb2.Job] = {}
        self.is_under_way = False
        self._copies: catalog_pb2.DuplicatesResponse | None = None
        self._left = left
        self._asking = False
        self._is_up = True
        self._are_old = False  # the copies: a job has gone on since they were asked for
        self._soon = QTimer(self)
        self._soon.setSingleShot(True)
        self._soon.timeout.connect(self._ask_copies)
        self._lay()

    def _lay(self) -> None:
        layout = QVBoxLayout(self)
        layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        layout.setSpacing(14)
        self.title = title("")
        layout.addWidget(self.title)
        self.files = Label(scale=1.8, bold=True)
        self.more = muted()
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(say("How far the scan is"))
        self.current = Elided(tone="muted")
        layout.addWidget(Card(self.files, self.more, self.bar, self.current))
        self._over_copies = heading("")
        self.copies = Card(self._over_copies)
        self.copies.setVisible(False)
        layout.addWidget(self.copies)
        self.look = button(say("Look"), self._to_copies, main=True, name=say("Look at the copies"))
        self.folders = button(say("Show the folders"), self._leave)
        self.stays = muted(say("You may close this window: the scan goes on."))
        layout.addWidget(row(self.look, self.folders, self.stays, 1))
        layout.addStretch(1)

    # ---- What it is told ----

    def begin(self, jobs: tuple[job_pb2.Job, ...]) -> None:
        """Follows these jobs."""
        self.is_under_way, self._copies = True, None
        self._jobs = {job.id: job for job in jobs}
        self._show()
        self.look_again()  # one may have ended before it was known here

    def look_again(self) -> None:
        """Asks how the jobs stand, where events may have been missed."""
        active = [job.id for job in self._jobs.values() if job.state in UNENDED]
        if self.is_under_way and active and self._desk.state.link is Link.UP:
            self._desk.ask(self, lambda client: jobs_of(client, active), self._take, key="jobs")

    def show_state(self, state: State) -> None:
        """Takes what the window knows of the jobs; a daemon that is back is asked how they stand."""
        before, self._is_up = self._is_up, state.link is Link.UP
        if self.is_under_way and before != self._is_up:
            self._show()
            self.look_again()
        self._take(tuple(job for job in state.jobs if job.id in self._jobs))

    def happened(self, event: event_pb2.Event) -> None:
        """A job went on or ended."""
        if self.is_under_way and event.kind == "job" and event.job.id in self._jobs:
            self._take((event.job,))
        elif event.kind == "dropped":
            self.look_again()

    def _take(self, jobs: tuple[job_pb2.Job, ...]) -> None:
        for job in jobs:
            if self._jobs[job.id].state in UNENDED:  # what has ended does not go on again
                self._jobs[job.id] = job
        if jobs and self.is_under_way:
            self._are_old = True
            self._show()
        self._ask_soon()

    def _ask_soon(self) -> None:
        """Has the copies asked for where they may be others, once the question before is answered."""
        if self._are_old and not self._asking and (self.has_ended or not self._soon.isActive()):
            self._soon.start(0 if self.has_ended else COPIES_AFTER_MS)

    # ---- What it shows ----

    @property
    def has_ended(self) -> bool:
        """Whether all scans have ended."""
        return all(job.state not in UNENDED for job in self._jobs.values())

    @property
    def _are_counted(self) -> bool:
        """Whether the copies are known of all that was scanned."""
        return self.has_ended and self._copies is not None and not self._are_old and not self._asking

    def _show(self) -> None:
        jobs, ended = list(self._jobs.values()), self.has_ended
        failed = next((job for job in jobs if job.state == "failed"), None)
        self.title.setText(say("Looking through your folders") if not ended else say("Your folders are in the catalog"))
        files = sum(job.result.files if job.HasField("result") else job.progress.files for job in jobs)
        size = sum(job.result.bytes if job.HasField("result") else job.progress.bytes for job in jobs)
        self.files.setText(say("{files}, {size}", files=count("{n} file", "{n} files", files), size=shown.size(size)))
        waits = not ended and not self._is_up
        if waits:
            self.title.setText(say("The scan goes on when Sanchay's service is back"))
        running = next((job for job in jobs if job.state == "running"), None) if not waits else None
        self.bar.setVisible(running is not None and running.progress.HasField("percent"))
        self.current.setVisible(running is not None)
        if running is not None:
            self.bar.setValue(int(running.progress.percent))
            self.current.show_text(shown.path(running.progress.current))
        self.more.setText(self._read(jobs))
        self.more.set_tone("muted")
        if ended and failed is not None:
            self.title.setText(say("A folder could not be scanned"))
            self.more.setText(job_words.message(failed))
            self.more.set_tone("bad")
        elif ended and any(job.state == "partial" for job in jobs):
            self.title.setText(say("Your folders are in the catalog, but for what could not be read"))
        elif ended and any(job.state == "cancelled" for job in jobs):
            self.title.setText(say("The scan was cancelled"))
        self._over_copies.setText(say("Copies that take the most") if self._are_counted else say("Copies so far"))
        self.folders.setVisible(ended)
        self.stays.setVisible(not ended and not waits)
        self._show_copies()

    def _read(self, jobs: list[job_pb2.Job]) -> str:
        if self._are_counted and self._copies is not None:
            copies, freed = self._copies.total_redundant_files, self._copies.total_freed_bytes
            if not copies:
                return say("No copies were found")
            return count(
                "{n} copy, {size} could be free", "{n} copies, {size} could be free", copies, size=shown.size(freed)
            )
        read = sum(job.progress.hashed_bytes for job in jobs)
        return say("{size} read and compared", size=shown.size(read)) if read else ""

    def _show_copies(self) -> None:
        groups = self._copies.groups if self._copies is not None else ()
        self.copies.setVisible(bool(groups))
        self.look.setVisible(bool(groups) and self._are_counted)

    def _ask_copies(self) -> None:
        if self._asking or not self.is_under_way or self._desk.state.link is not Link.UP:
            return  # asked when the daemon is back
        self._asking, self._are_old = True, False
        self._desk.ask(
            self, lambda client: client.duplicates(limit=COPIES_SHOWN), self._counted, failed=self._uncounted
        )

    def _counted(self, answer: catalog_pb2.DuplicatesResponse) -> None:
        self._asking, before, self._copies = False, self._copies, answer
        self._ask_soon()
        if before is None or list(before.groups) != list(answer.groups):
            while self.copies.body.count() > 1 and (item := self.copies.body.takeAt(1)) is not None:
                if (widget := item.widget()) is not None:
                    widget.deleteLater()
            for group in answer.groups:
                self.copies.body.addWidget(_group_line(group))
        self._show()

    def _uncounted(self, error: SanchayError) -> None:
        self._asking, self._are_old = False, True  # asked again with the next news
        self._desk.say_failed(error)

    def _to_copies(self) -> None:
        self._leave()
        self._desk.go("copies")

    def _leave(self) -> None:
        self.is_under_way = False
        self._left()


def _group_line(group: catalog_pb2.DuplicateGroup) -> QWidget:
    name = Elided(shown.name(group.paths[0].path) if group.paths else "")
    copies = count("{n} copy", "{n} copies", group.copies)
    freed = say("{size} could be free", size=shown.size(group.freed_bytes))
    more = muted(f"{copies} · {freed}")
    more.setWordWrap(False)
    line = row(name, more)
    line.layout().setStretch(0, 1)  # type: ignore[union-attr]
    return line


def jobs_of(client: Client, ids: list[int]) -> tuple[job_pb2.Job, ...]:
    """How jobs stand."""
    return tuple(client.get_job(job_id).job for job_id in ids)
