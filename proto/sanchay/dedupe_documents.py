"""Plans, runs, the journal and wanted copies as the JSON documents that scripts rely on; see `documents`."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING

from sanchay import documents, paths

if TYPE_CHECKING:
    from sanchay.v1 import dedupe_pb2, job_pb2


def plan(message: dedupe_pb2.Plan) -> documents.Document:
    """A plan as a whole; `asked` is what it was made with."""
    return {
        "plan": message.id,
        "version": message.version,
        "made": documents.moment(message.made_ns),
        "action": message.action,
        "groups": message.groups,
        "files": message.files,
        "freed_bytes": message.freed_bytes,
        "undecided": message.undecided,
        "skipped": [{"reason": each.reason, "files": each.files} for each in message.skipped],
        "broken_links": message.broken_links,
        "links": [{**paths.document(link.path), "target": paths.document(link.target)} for link in message.links],
        "asked": json.loads(message.asked or "{}"),
    }


def plan_group(message: dedupe_pb2.PlanGroup) -> documents.Document:
    """Equal files of a plan; `kept` is null of files that do not go."""
    return {
        "group": message.number,
        "size": message.size,
        "algorithm": message.algorithm,
        "hash": message.hash.hex(),
        "copies": [
            {
                **paths.document(copy.path),
                "decision": copy.decision,
                "reason": copy.reason,
                "freed_bytes": copy.freed_bytes,
                "kept": paths.document(copy.kept) if copy.HasField("kept") else None,
            }
            for copy in message.copies
        ],
    }


def run(job: job_pb2.Job) -> documents.Document:
    """What a run of a plan came to; `run` is null where it did not begin."""
    result = job.dedupe
    return {
        "run": result.run or None,
        "plan": result.plan or None,
        "job": job.id,
        "state": job.state,
        "message": job.message,
        "acted": result.acted,
        "skipped": result.skipped,
        "failed": result.failed,
        "freed_bytes": result.freed_bytes,
        "freed_when_emptied": result.freed_when_emptied,
        "compared_bytes": result.compared_bytes,
        "duration_s": result.duration_s,
    }


def undo(job: job_pb2.Job, left: Iterable[tuple[bytes, str]]) -> documents.Document:
    """What taking back a run came to; `failed` has each file that was left, with its reason."""
    result = job.undo
    return {
        "run": result.run or None,
        "undone": result.undone or None,
        "job": job.id,
        "state": job.state,
        "message": job.message,
        "restored": result.restored,
        "failed": [{**paths.of_bytes(path), "reason": reason} for path, reason in left],
        "duration_s": result.duration_s,
    }


def journal_run(message: dedupe_pb2.JournalRun) -> documents.Document:
    """A run in the journal; `ended` is null while it runs, and of one that was broken off."""
    return {
        "run": message.id,
        "kind": message.kind,
        "action": message.action,
        "of": message.of if message.HasField("of") else None,
        "began": documents.moment(message.began_ns),
        "ended": documents.moment(message.ended_ns),
        "acted": message.acted,
        "skipped": message.skipped,
        "failed": message.failed,
        "freed_bytes": message.freed_bytes,
    }


def act(message: dedupe_pb2.Act) -> documents.Document:
    """What became of one file."""
    return {
        **paths.document(message.path),
        "state": message.state,
        "kept": paths.document(message.kept) if message.HasField("kept") else None,
        "size": message.size,
        "freed_bytes": message.freed_bytes,
        "reason": message.reason or None,
        "detail": message.detail,
    }


def ignored_group(message: dedupe_pb2.IgnoredGroup) -> documents.Document:
    """A group whose copies are wanted."""
    return {
        "size": message.size,
        "algorithm": message.algorithm,
        "hash": message.hash.hex(),
        "since": documents.moment(message.since_ns),
        "paths": [paths.document(path) for path in message.paths],
    }
