"""Canned answers about plans and runs."""

from __future__ import annotations

from sanchay.v1 import dedupe_pb2, job_pb2
from tests.unit.ctl.canned import HOSTILE, NOON_NS, NOT_UTF8, PLAIN, path


def run_job(job_id: int = 7, state: str = "done", left: int = 0, action: str = "trash") -> job_pb2.Job:
    """A run of plan 3; ended ones have a result, and left so many files as they are."""
    job = _job("dedupe", job_id, state, left)
    if state in ("done", "partial", "cancelled"):
        job.dedupe.CopyFrom(
            dedupe_pb2.DedupeResult(
                plan=3,
                run=5,
                action=action,
                acted=412,
                skipped=left,
                freed_bytes=3 << 29,
                freed_when_emptied=action == "trash",
                compared_bytes=3 << 29,
                duration_s=2.5,
                peak_rss_bytes=100 << 20,
            )
        )
    return job


def undo_job(job_id: int = 7, state: str = "done", left: int = 0) -> job_pb2.Job:
    """The undo of run 5."""
    job = _job("undo", job_id, state, left)
    if state in ("done", "partial", "cancelled"):
        job.undo.CopyFrom(dedupe_pb2.UndoResult(undone=5, run=6, restored=412, skipped=left, duration_s=2.5))
    return job


def _job(kind: str, job_id: int, state: str, left: int) -> job_pb2.Job:
    reasons = ("busy", "busy", "denied")
    job = job_pb2.Job(
        id=job_id,
        kind=kind,
        state=state,
        root_ids=[1],
        root_names=["photos"],
        created_ns=NOON_NS,
        started_ns=NOON_NS,
        progress=job_pb2.Progress(
            phase="acting", files=100, done=100, total=415, errors=left, percent=24.1, current=path(PLAIN), unit="files"
        ),
        errors=[
            job_pb2.JobError(path=path((NOT_UTF8, HOSTILE)[number % 2]), kind=reasons[number % 3], message="")
            for number in range(min(left, 100))
        ],
    )
    if state in ("done", "partial", "cancelled", "failed"):
        job.ended_ns = NOON_NS + 2_500_000_000
    return job
