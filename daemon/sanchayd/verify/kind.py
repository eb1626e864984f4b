"""Verifications as a kind of job."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

from sanchay.sentences import NOTHING, Sentence
from sanchayd.config import Config
from sanchayd.engine_port import VerificationPort, VerifyPort
from sanchayd.jobs.job import Job, JobError, JobProgress, JobResult, JobState
from sanchayd.jobs.kind import Outcome

VERIFY = "verify"
#: Damaged and suspect files that a job names; the journal has all of them.
NAMED_MOST = 100


@dataclass(frozen=True)
class DamagedFile:
    """A damaged file and its healthy copies. Paths are in hexadecimal digits: the JSON of state.db has no bytes."""

    id: int
    path: str
    twins: tuple[str, ...]


@dataclass(frozen=True)
class SuspectFile:
    """A file whose content changed beneath its stamps. Path and hashes are in hexadecimal digits."""

    id: int
    path: str
    algorithm: str
    hash: str
    found_hash: str


@dataclass(frozen=True)
class VerifyResult(JobResult):
    """What a verification came to; see verify.proto for the meaning of each count."""

    checked: int = 0
    bytes: int = 0
    left: int = 0
    not_verifiable: int = 0
    changed: int = 0
    skipped: int = 0
    cached: int = 0
    damaged_files: int = 0
    suspect_files: int = 0
    damaged: tuple[DamagedFile, ...] = ()
    suspect: tuple[SuspectFile, ...] = ()

    def progress(self) -> JobProgress:
        """The counters of a verification that has ended."""
        return JobProgress(
            phase="done",
            files=self.checked,
            hashed_files=self.checked,
            hashed_bytes=self.bytes,
            errors=self.errors,
            bytes_per_s=self.bytes / self.duration_s if self.duration_s else 0.0,
            seconds_left=0.0,
            unit="bytes",
            done=self.bytes,
            total=self.bytes,
        )


_COUNTED = {field.name for field in fields(VerifyResult)} - {"peak_rss_bytes", "damaged", "suspect"}
_PROGRESS = {field.name for field in fields(JobProgress)} - {"waits_for"}


class VerifyWork:
    """A verification under way, as the queue knows work."""

    def __init__(self, verification: VerificationPort) -> None:
        self._verification = verification
        self.pause = verification.pause
        self.resume = verification.resume
        self.cancel = verification.cancel
        self.foreground = verification.foreground

    def progress(self) -> JobProgress:
        """Its counters."""
        progress = self._verification.progress()
        return JobProgress(**{name: getattr(progress, name) for name in _PROGRESS})

    def wait(self) -> Outcome:
        """What it found."""
        found = self._verification.wait()
        damaged = (
            DamagedFile(each.id, each.path.hex(), tuple(twin.hex() for twin in each.twins)) for each in found.damaged
        )
        suspect = (
            SuspectFile(each.id, each.path.hex(), each.algorithm, each.hash, each.found_hash) for each in found.suspect
        )
        result = VerifyResult(
            **{name: getattr(found, name) for name in _COUNTED},
            damaged=tuple(damaged)[:NAMED_MOST],
            suspect=tuple(suspect)[:NAMED_MOST],
        )
        errors = tuple(JobError(error.path, error.kind, error.message) for error in found.unreadable)
        return Outcome(JobState(found.state), Sentence.of_engine(found.message), result, errors)


class VerifyKind:
    """Verifications; one at a time, for they keep a disk busy."""

    name = VERIFY
    lane = VERIFY
    most_at_once = 1

    def __init__(self, catalog: VerifyPort) -> None:
        self._catalog = catalog

    def apply(self, config: Config) -> None:
        """It has no settings."""

    def begin(self, job: Job) -> VerifyWork:
        """Starts the engine's verification; that of a job which was interrupted goes on where it was."""
        verification = self._catalog.verify(
            () if job.arguments["all"] else job.root_ids,
            budget_bytes=job.arguments["budget_bytes"] or None,
            budget_s=job.arguments["budget_s"] or None,
            key=job.created_ns,
            background=job.background,
            request_id=job.request_id,
        )
        return VerifyWork(verification)

    def why_it_ended(self, job: Job) -> Sentence:  # noqa: ARG002 - others hang on it
        """It goes on."""
        return NOTHING

    def result(self, stored: Mapping[str, Any]) -> VerifyResult:
        """What a verification left."""
        damaged = (DamagedFile(each["id"], each["path"], tuple(each["twins"])) for each in stored["damaged"])
        suspect = (SuspectFile(**each) for each in stored["suspect"])
        return VerifyResult(**{**stored, "damaged": tuple(damaged), "suspect": tuple(suspect)})
