"""Questions whether files are there, as a kind of job, and the answers of the last ones.

A question lives in memory: it is asked by a client that waits, and ends with the daemon. Its rows are in a file without
a name, which the engine holds.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sanchay.errors import JobNotFound
from sanchay.sentences import NOTHING, Sentence
from sanchayd.config import Config
from sanchayd.engine_port import ComparingPort, HavePort
from sanchayd.jobs.job import Job, JobError, JobProgress, JobResult, JobState
from sanchayd.jobs.kind import Outcome

HAVE = "have"
#: Questions under way at once; each takes the threads and the disk of a scan.
MOST_AT_ONCE = 2
#: Answers that are kept for those who have not taken their rows yet.
ANSWERS_KEPT = 8
#: Questions whose jobs have not begun; each holds up to a request of paths.
QUESTIONS_KEPT = 64
ASK_AGAIN = Sentence("ask-again")


@dataclass(frozen=True)
class HaveQuestion:
    """What is asked about: absolute paths, or hashes with their names and algorithms (empty: not known)."""

    paths: tuple[bytes, ...] = ()
    hashes: tuple[tuple[bytes, bytes, str], ...] = ()


@dataclass(frozen=True)
class HaveResult(JobResult):
    """What was found; see have.proto for the meaning of each count."""

    known: int = 0
    offline: int = 0
    maybe: int = 0
    new: int = 0
    unreadable: int = 0
    bytes: int = 0
    new_bytes: int = 0
    hashed_files: int = 0
    hashed_bytes: int = 0
    symlinks: int = 0
    special: int = 0

    def progress(self) -> JobProgress:
        """The counters of a question that has been answered."""
        files = self.known + self.offline + self.maybe + self.new + self.unreadable
        return JobProgress(
            phase="done",
            files=files,
            bytes=self.bytes,
            hashed_files=self.hashed_files,
            hashed_bytes=self.hashed_bytes,
            errors=self.errors,
            seconds_left=0.0,
            done=files,
            total=files,
        )


_COUNTED = {field.name for field in fields(HaveResult)} - {"peak_rss_bytes"}
_PROGRESS = {field.name for field in fields(JobProgress)} - {"waits_for"}


class HaveWork:
    """A question under way, as the queue knows work."""

    def __init__(self, have: HavePort) -> None:
        self._have = have
        self.pause = have.pause
        self.resume = have.resume
        self.cancel = have.cancel
        self.rows = have.rows
        self.ended = False

    def foreground(self) -> None:
        """Someone always waits for it."""

    def progress(self) -> JobProgress:
        """Its counters."""
        progress = self._have.progress()
        return JobProgress(**{name: getattr(progress, name) for name in _PROGRESS})

    def wait(self) -> Outcome:
        """What it found."""
        try:
            found = self._have.wait()
        finally:
            self.ended = True
        return Outcome(
            JobState(found.state),
            NOTHING,
            HaveResult(**{name: getattr(found, name) for name in _COUNTED}),
            tuple(JobError(error.path, error.kind, error.message) for error in found.error_list),
        )


class HaveKind:
    """Questions whether files are there. Safe to use from any thread: jobs begin on threads that are not the loop's."""

    name = HAVE
    lane = HAVE
    most_at_once = MOST_AT_ONCE

    def __init__(self, catalog: ComparingPort) -> None:
        self._catalog = catalog
        self._lock = threading.Lock()
        self._asked = 0
        self._questions: dict[int, HaveQuestion] = {}
        self._answers: dict[int, HaveWork] = {}  # by job, the oldest first

    def apply(self, config: Config) -> None:
        """It has no settings."""

    def ask(self, question: HaveQuestion) -> Mapping[str, Any]:
        """The arguments of a job that answers this question, and no other one."""
        with self._lock:
            self._asked += 1
            self._questions[self._asked] = question
            for old in list(self._questions)[:-QUESTIONS_KEPT]:  # of jobs that were cancelled before they began
                del self._questions[old]
            return {"question": self._asked}

    def forget(self, arguments: Mapping[str, Any]) -> None:
        """No job will answer it."""
        with self._lock:
            self._questions.pop(arguments["question"], None)

    def begin(self, job: Job) -> HaveWork:
        """Begins to answer. Raises job_not_found where the question went with another daemon."""
        with self._lock:
            question = self._questions.pop(job.arguments.get("question", 0), None)
        if question is None:
            raise JobNotFound(ASK_AGAIN, details={"job_id": str(job.id)})
        have = self._catalog.have(paths=question.paths, hashes=question.hashes, request_id=job.request_id)
        work = HaveWork(have)
        with self._lock:
            self._answers[job.id] = work
            ended = [job_id for job_id, answer in self._answers.items() if answer.ended]
            for job_id in ended[: max(len(self._answers) - ANSWERS_KEPT, 0)]:
                del self._answers[job_id]
        return work

    def answer(self, job_id: int) -> HaveWork | None:
        """The answer of a job, where it is still kept."""
        with self._lock:
            return self._answers.get(job_id)

    def why_it_ended(self, job: Job) -> Sentence:  # noqa: ARG002 - none of them goes on
        """Who asked has gone, and the question with the daemon."""
        return ASK_AGAIN

    def result(self, stored: Mapping[str, Any]) -> HaveResult:
        """The counts of an answer."""
        return HaveResult(**stored)
