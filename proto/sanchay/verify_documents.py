"""The daemon's messages on verifications, as JSON documents; see `documents`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from sanchay import paths, units

if TYPE_CHECKING:
    from sanchay.documents import Document
    from sanchay.v1 import dedupe_pb2, job_pb2, verify_pb2

#: The counts of a result, and the names of its files.
COUNTS = (
    "checked",
    "bytes",
    "left",
    "not_verifiable",
    "changed",
    "skipped",
    "cached",
    "errors",
    "damaged_files",
    "suspect_files",
    "duration_s",
    "peak_rss_bytes",
)


def result(message: verify_pb2.VerifyResult) -> Document:
    """What a verification came to, with the files that the message names."""
    document: Document = {name: getattr(message, name) for name in COUNTS}
    document["damaged"] = [
        {"id": file.id, **paths.document(file.path), "twins": [paths.document(twin) for twin in file.twins]}
        for file in message.damaged
    ]
    document["suspect"] = [{"id": file.id, **paths.document(file.path), **_hashes(file)} for file in message.suspect]
    return document


def verify(job: job_pb2.Job) -> Document:
    """A verification that has ended."""
    unreadable = [{**paths.document(each.path), "kind": each.kind, "message": each.message} for each in job.errors]
    return {
        "job_id": job.id,
        "state": job.state,
        "message": job.message,
        "roots": list(job.root_names),
        **result(job.verify),
        "unreadable": unreadable,
    }


def history(jobs: Iterable[job_pb2.Job]) -> Document:
    """The last verifications, newest first."""
    rows = []
    for job in jobs:
        row: Document = {"job_id": job.id, "state": job.state, "roots": list(job.root_names), "message": job.message}
        row |= {"started": _moment(job.started_ns), "ended": _moment(job.ended_ns)}
        row |= {name: getattr(job.verify, name) if job.HasField("verify") else None for name in COUNTS}
        rows.append(row)
    return {"rows": rows}


def finding(message: verify_pb2.Finding) -> Document:
    """A damaged or suspect file."""
    return {
        "id": message.id,
        "kind": message.kind,
        "state": message.state,
        "found": units.rfc3339(message.found_ns),
        **paths.document(message.path),
        "size": message.size,
        **_hashes(message),
        "repaired_by": message.repaired_by if message.HasField("repaired_by") else None,
    }


def repair(job: job_pb2.Job, act: dedupe_pb2.Act | None) -> Document:
    """What a repair came to; `run` is null where none began, `twin` where none was found, `reason` once it was done."""
    result = job.repair
    return {
        "run": result.run or None,
        "finding": result.finding or None,
        "job": job.id,
        "state": job.state,
        "message": job.message,
        "repaired": bool(result.repaired),
        **(paths.document(act.path) if act else {"path": None}),
        "twin": paths.document(act.kept) if act and act.HasField("kept") else None,
        "reason": act.reason or None if act else None,
        "detail": act.detail if act else "",
        "duration_s": result.duration_s,
    }


def listed(path: bytes, row: verify_pb2.ListedRow) -> Document:
    """A line of a list, compared."""
    return {**paths.of_bytes(path), "state": row.state, "reason": row.reason or None}


def _moment(time_ns: int) -> str | None:
    return units.rfc3339(time_ns) if time_ns else None


def _hashes(message: verify_pb2.Finding | verify_pb2.SuspectFile) -> Document:
    return {
        "algorithm": message.algorithm,
        "hash": message.hash.hex(),
        "found_hash": message.found_hash.hex(),
    }
