"""What is said of a job."""

from __future__ import annotations

import time

from sanchay import paths
from sanchay.v1 import event_pb2, job_pb2, schedule_pb2
from sanchay_tray.model import ACTIVE
from sanchay_tray.window import shown, statusline
from sanchay_tray.words import count, mark, say, sentence

STATES = {
    "queued": (mark("waiting"), ""),
    "running": (mark("under way"), ""),
    "paused": (mark("paused"), "warn"),
    "done": (mark("done"), "good"),
    "partial": (mark("done in part"), "warn"),
    "failed": (mark("failed"), "bad"),
    "cancelled": (mark("cancelled"), ""),
    "interrupted": (mark("broken off"), "warn"),
}
PHASES = {
    "queued": mark("waits for its turn"),
    "listing": mark("looks for files"),
    "hashing": mark("reads files to compare them"),
    "merging": mark("puts the catalog in order"),
    "indexing": mark("puts names in order"),
    "verifying": mark("reads files and compares them with their hashes"),
}


def message(told: job_pb2.Job | schedule_pb2.Run | event_pb2.Event) -> str:
    """The daemon's sentence of a job, a run or an event."""
    return paths.safe_text(sentence(told.message, told.message_words))


def what(job: job_pb2.Job) -> str:
    """What the job does, in some words."""
    return paths.safe_text(statusline.job_text(job))


def state(job: job_pb2.Job, *, is_up: bool = True) -> tuple[str, str]:
    """How it stands, and how that is meant: good | warn | bad. `is_up`: the daemon is there."""
    if not is_up and job.state in ACTIVE:
        return say("not known now"), "warn"
    text, tone = STATES.get(job.state, (mark("unknown"), ""))
    return say(text), tone


def took_s(job: job_pb2.Job, now_ns: int | None = None) -> float:
    """How long it took, or takes until now."""
    if not job.started_ns:
        return 0.0
    end_ns = job.ended_ns or (time.time_ns() if now_ns is None else now_ns)
    return max(end_ns - job.started_ns, 0) / 1e9


def took(job: job_pb2.Job) -> str:
    """How long it took, in words."""
    if job.ended_ns and took_s(job) < 1:
        return say("under a second")
    return shown.duration(took_s(job)) if job.started_ns else ""


def progress(job: job_pb2.Job) -> list[str]:
    """How far it is and how fast, a line each."""
    now = job.progress
    lines = [say(PHASES[now.phase])] if now.phase in PHASES and job.state == "running" else []
    seen = count("{n} file", "{n} files", now.files)
    if now.unit and now.HasField("total"):
        amounts = (shown.size(now.done), shown.size(now.total)) if now.unit == "bytes" else None
        done, total = amounts or (shown.number(now.done), shown.number(now.total))
        lines.append(say("{done} of {total}", done=done, total=total))
    else:
        lines.append(say("{files}, {size}", files=seen, size=shown.size(now.bytes)))
    speeds = []
    if now.files_per_s:
        speeds.append(say("{n} files a second", n=round(now.files_per_s)))
    if now.bytes_per_s:
        speeds.append(say("{size} read a second", size=shown.size(now.bytes_per_s)))
    if speeds:
        lines.append(", ".join(speeds))
    if now.HasField("seconds_left"):
        lines.append(say("about {time} left", time=shown.duration(now.seconds_left)))
    if now.errors:
        lines.append(count("{n} could not be read so far", "{n} could not be read so far", now.errors))
    return lines


def result(job: job_pb2.Job) -> str:
    """What it came to, in a line; what it is at, where it has not ended."""
    if job.state in ACTIVE:
        if job.progress.HasField("percent"):
            return shown.percent(job.progress.percent / 100)
        return count("{n} file", "{n} files", job.progress.files) if job.progress.files else ""
    if job.kind == "scan" and job.HasField("result"):
        return _scan(job.result)
    if job.kind == "verify" and job.HasField("verify"):
        return _verify(job)
    if job.kind in ("dedupe", "undo", "repair"):
        return _acts(job)
    return message(job)


def _scan(found: job_pb2.ScanResult) -> str:
    parts = [say("{files}, {size}", files=count("{n} file", "{n} files", found.files), size=shown.size(found.bytes))]
    for n, one, many in (
        (found.added, mark("{n} new"), mark("{n} new")),
        (found.changed, mark("{n} changed"), mark("{n} changed")),
        (found.removed, mark("{n} gone"), mark("{n} gone")),
        (found.errors, mark("{n} could not be read"), mark("{n} could not be read")),
    ):
        if n:
            parts.append(count(one, many, n))
    return "; ".join(parts)


def _verify(job: job_pb2.Job) -> str:
    found = job.verify
    parts = [count("{n} file checked", "{n} files checked", found.checked)]
    if found.damaged_files:
        parts.append(count("{n} has rotted", "{n} have rotted", found.damaged_files))
    if found.suspect_files:
        parts.append(count("{n} is suspect", "{n} are suspect", found.suspect_files))
    if found.left:
        parts.append(count("{n} left for the next time", "{n} left for the next time", found.left))
    if found.errors:
        parts.append(count("{n} could not be read", "{n} could not be read", found.errors))
    return "; ".join(parts)


def _acts(job: job_pb2.Job) -> str:
    if job.HasField("dedupe"):
        text = count("{n} file cleared", "{n} files cleared", job.dedupe.acted)
        parts = [say("{files}, {size}", files=text, size=shown.size(job.dedupe.freed_bytes))]
        left = job.dedupe.skipped + job.dedupe.failed
    elif job.HasField("undo"):
        parts, left = [count("{n} file restored", "{n} files restored", job.undo.restored)], 0
        left = job.undo.skipped + job.undo.failed
    else:
        parts = [count("{n} file repaired", "{n} files repaired", job.repair.repaired)]
        left = job.repair.skipped + job.repair.failed
    if left:
        parts.append(count("{n} left as it was", "{n} left as they were", left))
    return "; ".join(parts)


def errors(job: job_pb2.Job) -> int:
    """How many files it could not read, or left."""
    for field, other in (("result", job.result), ("verify", job.verify)):
        if job.HasField(field):  # type: ignore[arg-type]
            return max(other.errors, len(job.errors))
    return max(job.progress.errors, len(job.errors))


KINDS = {
    "permission": mark("may not be read"),
    "io": mark("the disk reported an error"),
    "vanished": mark("vanished while it was read"),
    "too_long": mark("its path is too long"),
}


def error(each: job_pb2.JobError) -> str:
    """Why a file was not read, or left."""
    if each.kind in KINDS:
        return say(KINDS[each.kind])
    return paths.safe_text(each.message or each.kind)
