"""Messages of `job.proto`."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from sanchay.v1 import dedupe_pb2, job_pb2
from sanchayd.dedupe.acts import DedupeResult, UndoResult
from sanchayd.have.kind import HaveResult
from sanchayd.jobs.job import Job, JobError, JobProgress
from sanchayd.jobs.scan import ScanResult
from sanchayd.rpc.convert import common, have, verify
from sanchayd.verify.kind import VerifyResult
from sanchayd.verify.repair import RepairResult


def from_progress(progress: JobProgress) -> job_pb2.Progress:
    """A snapshot; both sides have the same names, and what is not known stays unset."""
    said = {field.name: getattr(progress, field.name) for field in job_pb2.Progress.DESCRIPTOR.fields}
    return job_pb2.Progress(**said | {"current": common.path(progress.current)})


def from_result(result: ScanResult) -> job_pb2.ScanResult:
    """What a scan found; both sides have the same names."""
    return job_pb2.ScanResult(**asdict(result))


def from_dedupe(result: DedupeResult) -> dedupe_pb2.DedupeResult:
    """What a run of a plan came to; both sides have the same names."""
    return dedupe_pb2.DedupeResult(**_without_errors(asdict(result)))


def from_undo(result: UndoResult) -> dedupe_pb2.UndoResult:
    """What taking back a run came to; both sides have the same names."""
    return dedupe_pb2.UndoResult(**_without_errors(asdict(result)))


def _without_errors(counts: dict[str, Any]) -> dict[str, Any]:
    """What a run counts: which files it left is said by two counts, not by their sum."""
    return {name: value for name, value in counts.items() if name != "errors"}


def from_error(error: JobError) -> job_pb2.JobError:
    """One thing that could not be read."""
    return job_pb2.JobError(path=common.path(error.path), kind=error.kind, message=common.text(error.message))


def from_job(job: Job, *, with_errors: bool = False) -> job_pb2.Job:
    """A job; its errors only where they are asked for."""
    return job_pb2.Job(
        id=job.id,
        kind=job.kind,
        state=job.state.value,
        root_ids=job.root_ids,
        root_names=[root.name for root in job.roots],
        created_ns=job.created_ns,
        started_ns=job.started_ns,
        ended_ns=job.ended_ns,
        progress=from_progress(job.progress),
        result=from_result(job.result) if isinstance(job.result, ScanResult) else None,
        message=common.text(job.message),
        message_words=common.words(job.message) if job.message else None,
        errors=[from_error(error) for error in job.errors] if with_errors else [],
        background=job.background,
        dedupe=from_dedupe(job.result) if isinstance(job.result, DedupeResult) else None,
        undo=from_undo(job.result) if isinstance(job.result, UndoResult) else None,
        verify=(
            verify.from_result(job.result, with_files=with_errors) if isinstance(job.result, VerifyResult) else None
        ),
        repair=verify.from_repair(job.result) if isinstance(job.result, RepairResult) else None,
        have=have.from_result(job.result) if isinstance(job.result, HaveResult) else None,
    )
