"""Runs of plans, and taking them back, as kinds of job. They change files: one runs at a time, and one that a daemon
left when it ended goes on only when someone asks for it again."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sanchay.errors import Cancelled
from sanchay.sentences import Sentence
from sanchayd.config import Config
from sanchayd.engine_port import ActPort, DedupePort
from sanchayd.engine_port.dedupe_values import ActResult
from sanchayd.jobs.job import Job, JobError, JobProgress, JobResult, JobState
from sanchayd.jobs.kind import Outcome

DEDUPE = "dedupe"
UNDO = "undo"
#: Both change files, and so take turns.
LANE = "acts"


@dataclass(frozen=True)
class ActedResult(JobResult):
    """What both kinds count."""

    run: int = 0
    skipped: int = 0
    failed: int = 0

    @property
    def acted_files(self) -> int:
        """Files that were acted on."""
        return 0

    def progress(self) -> JobProgress:
        """The counters of a run that has ended."""
        done = self.acted_files + self.skipped + self.failed
        return JobProgress(phase="done", files=done, errors=self.errors, seconds_left=0.0, done=done, total=done)


@dataclass(frozen=True)
class DedupeResult(ActedResult):
    """What a run of a plan came to; see dedupe.proto for the meaning of each count."""

    plan: int = 0
    action: str = ""
    acted: int = 0
    freed_bytes: int = 0
    freed_when_emptied: bool = False
    compared_bytes: int = 0

    @property
    def acted_files(self) -> int:
        """Files that were acted on."""
        return self.acted


@dataclass(frozen=True)
class UndoResult(ActedResult):
    """What taking back a run came to."""

    undone: int = 0
    restored: int = 0

    @property
    def acted_files(self) -> int:
        """Files that are again as they were."""
        return self.restored


class ActKind(ABC):
    """A kind of job that changes files: one at a time."""

    name: str
    lane = LANE
    most_at_once = 1

    def __init__(self, catalog: DedupePort) -> None:
        self._catalog = catalog

    def apply(self, config: Config) -> None:
        """It has no settings."""
        del config

    @abstractmethod
    def of(self, found: ActResult, job: Job) -> ActedResult:
        """What is kept of a run's result."""

    @abstractmethod
    def result(self, stored: Mapping[str, Any]) -> ActedResult:
        """The same, from its fields as they were stored."""


class ActWork:
    """A run under way, as the queue knows work. `kind` makes what the job leaves of what the engine says."""

    def __init__(self, act: ActPort, kind: ActKind, job: Job) -> None:
        self._act = act
        self._kind = kind
        self._job = job
        self.pause = act.pause
        self.resume = act.resume
        self.cancel = act.cancel
        self.foreground = act.foreground

    def progress(self) -> JobProgress:
        """The run's counters."""
        progress = self._act.progress()
        percent = 100.0 * progress.done / progress.total if progress.total else None
        return JobProgress(
            phase=progress.phase,
            files=progress.done,
            bytes=progress.bytes,
            errors=progress.skipped + progress.failed,
            current=progress.current,
            percent=percent,
            done=progress.done,
            total=progress.total,
        )

    def wait(self) -> Outcome:
        """What the run came to."""
        try:
            found = self._act.wait()
        except Cancelled as error:  # before it began
            return Outcome(JobState.CANCELLED, Sentence.plain(error.message), self._kind.result({}))
        left = tuple(JobError(each.path, each.reason, each.message) for each in found.left)
        return Outcome(JobState(found.state), Sentence.of_engine(found.message), self._kind.of(found, self._job), left)


class DedupeKind(ActKind):
    """Runs of plans."""

    name = DEDUPE

    def begin(self, job: Job) -> ActWork:
        """Starts the run of the version that was seen."""
        asked = job.arguments
        act = self._catalog.start_run(
            asked["plan"],
            asked["version"],
            any_metadata=asked["any_metadata"],
            empty_folders=asked["empty_folders"],
            background=job.background,
            request_id=job.request_id,
        )
        return ActWork(act, self, job)

    def of(self, found: ActResult, job: Job) -> DedupeResult:
        """What is kept of a run's result."""
        return DedupeResult(
            errors=found.skipped + found.failed,
            duration_s=found.duration_s,
            run=found.run,
            skipped=found.skipped,
            failed=found.failed,
            plan=job.arguments["plan"],
            action=job.arguments["action"],
            acted=found.acted,
            freed_bytes=found.freed_bytes,
            freed_when_emptied=found.freed_when_emptied,
            compared_bytes=found.compared_bytes,
        )

    def why_it_ended(self, job: Job) -> Sentence:
        """It does not go on by itself: the one who asked may not want it any more."""
        return Sentence("run-broken-off", plan=job.arguments["plan"])

    def result(self, stored: Mapping[str, Any]) -> DedupeResult:
        """The counts of a run."""
        return DedupeResult(**stored)


class UndoKind(ActKind):
    """Taking back runs."""

    name = UNDO

    def begin(self, job: Job) -> ActWork:
        """Starts to take back a run."""
        paths = [bytes.fromhex(path) for path in job.arguments["paths"]]
        act = self._catalog.start_undo(
            job.arguments["run"], paths, background=job.background, request_id=job.request_id
        )
        return ActWork(act, self, job)

    def of(self, found: ActResult, job: Job) -> UndoResult:
        """What is kept of a run's result."""
        return UndoResult(
            errors=found.skipped + found.failed,
            duration_s=found.duration_s,
            run=found.run,
            skipped=found.skipped,
            failed=found.failed,
            undone=job.arguments["run"],
            restored=found.acted,
        )

    def why_it_ended(self, job: Job) -> Sentence:
        """It does not go on by itself."""
        return Sentence("undo-broken-off", run=job.arguments["run"])

    def result(self, stored: Mapping[str, Any]) -> UndoResult:
        """The counts of taking back a run."""
        return UndoResult(**stored)


def packed(paths: Sequence[bytes]) -> list[str]:
    """Paths as a job's arguments can hold them: JSON has no bytes."""
    return [path.hex() for path in paths]
