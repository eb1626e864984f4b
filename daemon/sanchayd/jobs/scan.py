"""Scans as a kind of job: the engine's values become the queue's, with the same names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from sanchay.sentences import NOTHING, Sentence
from sanchayd.config import Config
from sanchayd.engine_port import ScanningPort, ScanPort
from sanchayd.jobs.job import Job, JobError, JobProgress, JobResult, JobState
from sanchayd.jobs.kind import Outcome

SCAN = "scan"


@dataclass(frozen=True)
class ScanResult(JobResult):
    """What a scan found and did; see job.proto for the meaning of each count."""

    files: int = 0
    directories: int = 0
    bytes: int = 0
    hashed_files: int = 0
    hashed_bytes: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    files_per_s: float = 0.0
    unstable: int = 0
    special: int = 0
    symlinks: int = 0
    excluded: int = 0
    skipped_mounts: int = 0
    expected_unreadable: int = 0

    def progress(self) -> JobProgress:
        """The counters of a scan that has ended."""
        counts = {name: getattr(self, name) for name in _PROGRESS if hasattr(self, name)}
        return JobProgress(
            **counts,
            phase="done",
            bytes_per_s=self.hashed_bytes / self.duration_s if self.duration_s else 0.0,
            seconds_left=0.0,
            done=self.files,
            total=self.files,
        )


#: The engine counts all of a result but the memory, which is the whole daemon's.
_COUNTED = {field.name for field in fields(ScanResult)} - {"peak_rss_bytes"}
_PROGRESS = {field.name for field in fields(JobProgress)} - {"waits_for"}


class ScanWork:
    """A scan under way, as the queue knows work."""

    def __init__(self, scan: ScanPort) -> None:
        self._scan = scan
        self.pause = scan.pause
        self.resume = scan.resume
        self.cancel = scan.cancel
        self.foreground = scan.foreground

    def progress(self) -> JobProgress:
        """The scan's counters."""
        progress = self._scan.progress()
        return JobProgress(
            waits_for=Sentence("waits-for-room") if progress.waiting_for_disk else NOTHING,
            **{name: getattr(progress, name) for name in _PROGRESS},
        )

    def wait(self) -> Outcome:
        """What the scan found. An absent root is what could not be read: partial."""
        found = self._scan.wait()
        counted = {name: getattr(found, name) for name in _COUNTED}
        return Outcome(
            JobState.PARTIAL if found.state == "offline" else JobState(found.state),
            Sentence.of_engine(found.message),
            ScanResult(**counted),
            tuple(JobError(error.path, error.kind, error.message) for error in found.error_list),
        )


class ScanKind:
    """Scans of one root each. `check_root` raises where a root of that id is not to be looked at."""

    name = SCAN
    lane = SCAN

    def __init__(self, catalog: ScanningPort, check_root: Callable[[int], None], most_at_once: int) -> None:
        self._catalog = catalog
        self._check_root = check_root
        self.most_at_once = most_at_once

    def apply(self, config: Config) -> None:
        """More or fewer scans at once."""
        self.most_at_once = config.max_scans

    def begin(self, job: Job) -> ScanWork:
        """Starts the engine's scan of the job's root."""
        (root_id,) = job.root_ids
        self._check_root(root_id)
        return ScanWork(self._catalog.scan(root_id, background=job.background, request_id=job.request_id))

    def why_it_ended(self, job: Job) -> Sentence:  # noqa: ARG002 - every one does
        """It goes on: what was scanned before is only compared."""
        return NOTHING

    def result(self, stored: Mapping[str, Any]) -> ScanResult:
        """The counts of a scan."""
        return ScanResult(**stored)
