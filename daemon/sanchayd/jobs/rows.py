"""Between the tables of jobs and jobs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict

from sanchay.sentences import Sentence
from sanchayd.jobs.job import Job, JobError, JobProgress, JobRoot, JobState
from sanchayd.jobs.kind import JobKind
from sanchayd.state.tables import JobErrorTable, JobTable


def to_job(row: JobTable, kinds: Mapping[str, JobKind], errors: Sequence[JobErrorTable] = ()) -> Job:
    """The job of a row. What a kind left that only a newer program knows is not read."""
    kind = kinds.get(row.kind)
    result = kind.result(row.result) if kind is not None and row.result is not None else None
    return Job(
        id=row.id,
        kind=row.kind,
        roots=tuple(JobRoot(root["id"], root["name"]) for root in row.roots),
        arguments=row.arguments,
        state=JobState(row.state),
        background=row.background,
        created_ns=row.created_ns,
        started_ns=row.started_ns,
        ended_ns=row.ended_ns,
        message=Sentence.of_document(row.message, row.message_words),
        progress=result.progress() if result is not None else JobProgress(),
        result=result,
        errors=tuple(JobError(error.path, error.kind, error.message) for error in errors),
        request_id=row.request_id,
    )


def from_job(job: Job, job_id: int | None = None) -> JobTable:
    """The row of a job; without an id the table gives one."""
    return JobTable(
        id=job_id,
        kind=job.kind,
        roots=[asdict(root) for root in job.roots],
        arguments=dict(job.arguments),
        state=job.state.value,
        background=job.background,
        created_ns=job.created_ns,
        started_ns=job.started_ns,
        ended_ns=job.ended_ns,
        message=str(job.message),
        message_words=job.message.document(),
        result=asdict(job.result) if job.result is not None else None,
        request_id=job.request_id,
    )


def from_job_errors(job: Job) -> list[JobErrorTable]:
    """The rows of a job's errors."""
    return [
        JobErrorTable(job_id=job.id, position=position, path=error.path, kind=error.kind, message=error.message)
        for position, error in enumerate(job.errors)
    ]
