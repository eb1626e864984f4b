"""Repairs of damaged files as a kind of job. They change files, and take turns with runs of plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sanchay.sentences import Sentence
from sanchayd.dedupe.acts import ActedResult, ActKind, ActWork
from sanchayd.engine_port.dedupe_values import ActResult
from sanchayd.jobs.job import Job

REPAIR = "repair"


@dataclass(frozen=True)
class RepairResult(ActedResult):
    """What a repair came to; see verify.proto."""

    finding: int = 0
    repaired: int = 0

    @property
    def acted_files(self) -> int:
        """Files that were repaired."""
        return self.repaired


class RepairKind(ActKind):
    """Repairs of damaged files."""

    name = REPAIR

    def begin(self, job: Job) -> ActWork:
        """Starts the repair."""
        finding = job.arguments["finding"]
        act = self._catalog.start_repair(finding, background=job.background, request_id=job.request_id)
        return ActWork(act, self, job)

    def of(self, found: ActResult, job: Job) -> RepairResult:
        """What is kept of a run's result."""
        return RepairResult(
            errors=found.skipped + found.failed,
            duration_s=found.duration_s,
            run=found.run,
            skipped=found.skipped,
            failed=found.failed,
            finding=job.arguments["finding"],
            repaired=found.acted,
        )

    def why_it_ended(self, job: Job) -> Sentence:
        """It does not go on by itself: the one who asked may not want it any more."""
        return Sentence("repair-broken-off", finding=job.arguments["finding"])

    def result(self, stored: Mapping[str, Any]) -> RepairResult:
        """The counts of a repair."""
        return RepairResult(**stored)
