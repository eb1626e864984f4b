"""The daemon's messages as the JSON documents that scripts rely on; `docs/sanchayctl/` names every key.

Sizes are bytes, durations seconds, moments RFC 3339 strings in UTC or null.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

from sanchay import paths, units, verify_documents

if TYPE_CHECKING:
    from google.protobuf.message import Message

    from sanchay.v1 import (
        common_pb2,
        daemon_pb2,
        event_pb2,
        job_pb2,
        report_pb2,
        root_pb2,
        schedule_pb2,
    )

Document = dict[str, object]

# By the numbers of the protos' enums, so that reading an answer imports no generated module by itself.
_FRESHNESS_STATES = (
    "unknown",
    "never_scanned",
    "scanning",
    "scanned",
    "partial",
    "offline",
    "live",
    "reconciling",
    "polled",
)
_HASH_SCOPES = ("unknown", "all", "duplicates", "none")
_ALGORITHMS = ("unknown", "blake3", "sha256")
_WATCH_MODES = ("unknown", "auto", "events", "poll", "off")

SCAN_KEYS = (
    "files",
    "directories",
    "bytes",
    "hashed_files",
    "hashed_bytes",
    "added",
    "changed",
    "removed",
    "errors",
    "duration_s",
    "files_per_s",
    "peak_rss_bytes",
)
# The fields of a job that hold what other kinds than scans came to.
_OTHER_RESULTS: tuple[Literal["dedupe", "undo", "have", "repair"], ...] = ("dedupe", "undo", "have", "repair")
FILE_EVENTS = ("added", "changed", "removed", "moved")
SKIPPED_KEYS = ("unstable", "special", "symlinks", "excluded", "skipped_mounts", "expected_unreadable")


def freshness_state(freshness: common_pb2.Freshness) -> str:
    """The state in lower case, such as `live` or `never_scanned`."""
    return _named(_FRESHNESS_STATES, freshness.state)


def freshness_rest(freshness: common_pb2.Freshness) -> str:
    """Of a partial one: how fresh all else is."""
    return _named(_FRESHNESS_STATES, freshness.rest)


def hash_scope(settings: root_pb2.RootSettings) -> str:
    """`all`, `duplicates` or `none`."""
    return _named(_HASH_SCOPES, settings.hash)


def algorithm(settings: root_pb2.RootSettings) -> str:
    """`blake3` or `sha256`."""
    return _named(_ALGORITHMS, settings.algorithm)


def watch_mode(settings: root_pb2.RootSettings) -> str:
    """`auto`, `events`, `poll` or `off`: what was asked for, which may not be what is done."""
    return _named(_WATCH_MODES, settings.watch)


def freshness(message: common_pb2.Freshness) -> Document:
    """The freshness of an answer or a root."""
    document: Document = {"state": freshness_state(message), "as_of": moment(message.as_of_ns)}
    return document | ({"reason": message.reason} if message.reason else {})


def moment(time_ns: int) -> str | None:
    """RFC 3339; None for 0, which is how the protos say never."""
    return units.rfc3339(time_ns) if time_ns else None


def root(message: root_pb2.Root) -> Document:
    """A root with its settings and counts. A setting that cannot be read where it is stored is None."""
    settings: Document = {
        "hash": hash_scope(message.settings),
        "algorithm": algorithm(message.settings),
        "exclude": list(message.settings.exclude),
        "one_file_system": message.settings.one_file_system,
        "skip_hidden": message.settings.skip_hidden,
        "watch": watch_mode(message.settings),
        "poll_s": message.settings.poll_s,
        "expect_unreadable": [paths.document(path) for path in message.settings.expect_unreadable],
    }
    return {
        "id": message.id,
        "name": message.name,
        **paths.document(message.path),
        "state": message.state,
        "freshness": freshness(message.freshness),
        "files": message.files,
        "directories": message.directories,
        "bytes": message.bytes,
        "created": moment(message.created_ns),
        "settings": settings | dict.fromkeys(message.unreadable_settings),
        "live": live(message.live),
    }


def root_check(message: root_pb2.RootCheck) -> Document:
    """A folder as it would be as a root."""
    count = message.count
    return {
        **paths.document(message.path),
        "state": message.state,
        "message": message.message or None,
        "root": message.root or None,
        "inside": list(message.inside),
        "contains": list(message.contains),
        "kind": message.kind,
        "file_system": message.file_system or None,
        "mount_point": paths.document(message.mount_point) if message.HasField("mount_point") else None,
        "mode": message.mode or None,
        "poll_s": message.poll_s,
        "because": message.because or None,
        "total_bytes": message.total_bytes or None,
        "free_bytes": message.free_bytes if message.total_bytes else None,
        "count": (
            {
                "files": count.files,
                "folders": count.folders,
                "bytes": count.bytes,
                "complete": count.complete,
                "from_catalog": count.from_catalog,
            }
            if message.HasField("count")
            else None
        ),
        "what": message.what or None,
    }


def live(message: root_pb2.RootLive) -> Document:
    """How a root is kept up to date."""
    return {
        "mode": message.mode,
        "because": message.because,
        "state": message.state,
        "reason": message.reason,
        "as_of": moment(message.as_of_ns),
        "watched_folders": message.watched_folders,
        "pending": message.pending,
        "events": message.events,
        "overflows": message.overflows,
        "polled_parts": [
            {**paths.document(part.path), "file_system": part.file_system} for part in message.polled_parts
        ],
    }


def event(message: event_pb2.Event) -> Document:
    """Something that happened: its kind and moment, and the keys that have a value."""
    document: Document = {"kind": message.kind, "at": moment(message.at_ns)}
    if message.root_id:
        document |= {"root_id": message.root_id, "root": message.root}
    if message.HasField("path"):
        document |= paths.document(message.path)
    if message.HasField("other_path"):
        document["twin" if message.kind in ("duplicate", "damage") else "from"] = paths.document(message.other_path)
    if message.kind in FILE_EVENTS or message.kind in ("duplicate", "damage"):
        document |= {"size": message.size, "bytes_delta": message.bytes_delta}
    if message.HasField("job"):
        document["job"] = job(message.job)
    if message.HasField("schedule_run"):
        run = message.schedule_run
        document |= {"schedule": run.schedule, "run": run.run_id, "state": run.state}
    if message.full_on_ns:
        document["full_on"] = moment(message.full_on_ns)
    if message.topics:
        document["topics"] = list(message.topics)
    if message.kind == "dropped":
        document["dropped"] = message.dropped
    return document | ({"message": message.message} if message.message else {})


def status(message: daemon_pb2.GetStatusResponse) -> Document:
    """The daemon, its catalog and its roots."""
    catalog = message.catalog
    return {
        "running": True,
        "pid": message.pid,
        "version": message.version,
        "engine_version": message.engine_version,
        "uptime_s": round(message.uptime_s, 3),
        "rss_bytes": message.rss_bytes,
        "active_jobs": message.active_jobs,
        "catalog": {
            **paths.document(catalog.path),
            "files": catalog.files,
            "directories": catalog.directories,
            "bytes": catalog.bytes,
            "db_bytes": catalog.db_bytes,
            "wal_bytes": catalog.wal_bytes,
            "rollup_bytes": catalog.rollup_bytes,
            "name_index_bytes": catalog.name_index_bytes,
            "name_index": catalog.name_index,
            "state": catalog.state,
            "message": catalog.message,
        },
        "roots": [root(each) for each in message.roots],
        "config_error": message.config_error,
        "notices": list(message.notices),
        "background": background(message.background),
        "schedules": [schedule(each) for each in message.schedules],
        "damaged_files": message.damaged_files,
    }


def background(message: daemon_pb2.BackgroundState) -> Document:
    """Background work: no one waits for it."""
    return {
        "state": message.state or "running",
        "until": moment(message.until_ns),
        "max_mb_per_s": message.max_mb_per_s,
    }


def progress(message: job_pb2.Progress) -> Document:
    """How far a job has come; null is unknown."""
    return _fields(message) | {"current": paths.document(message.current) if message.current.raw else None}


def job(message: job_pb2.Job, *, with_errors: bool = False) -> Document:
    """A job; `errors` is a number, and `error_list` is there where it was asked for."""
    document: Document = {
        "id": message.id,
        "kind": message.kind,
        "state": message.state,
        "background": message.background,
        "roots": [
            {"id": root_id, "name": name} for root_id, name in zip(message.root_ids, message.root_names, strict=False)
        ],
        "created": moment(message.created_ns),
        "started": moment(message.started_ns),
        "ended": moment(message.ended_ns),
        "message": message.message,
        "errors": message.result.errors if message.HasField("result") else message.progress.errors,
        "progress": progress(message.progress),
        "result": result(message),
    }
    if with_errors:
        document["error_list"] = [
            {**paths.document(error.path), "kind": error.kind, "message": error.message} for error in message.errors
        ]
    return document


def result(message: job_pb2.Job) -> Document | None:
    """What a job came to, in the keys of its kind; None until it has ended."""
    if message.HasField("result"):
        return scan_result(message)
    if message.HasField("verify"):
        return verify_documents.result(message.verify)
    kind = next((name for name in _OTHER_RESULTS if message.HasField(name)), None)
    return _fields(getattr(message, kind)) if kind is not None else None


def scan_result(message: job_pb2.Job) -> Document:
    """The counts of a scan: its result, or how far it has come."""
    if message.HasField("result"):
        return {key: getattr(message.result, key) for key in (*SCAN_KEYS, *SKIPPED_KEYS)}
    so_far = message.progress
    document: Document = dict.fromkeys((*SCAN_KEYS, *SKIPPED_KEYS), 0)
    counted = ("files", "directories", "bytes", "hashed_files", "hashed_bytes", "errors", "files_per_s")
    return document | {key: getattr(so_far, key) for key in counted}


# The worst state of several jobs is that of them all.
_WORST_FIRST = ("failed", "cancelled", "interrupted", "partial", "paused", "running", "queued", "done")


def scan(jobs: Iterable[job_pb2.Job], notices: Iterable[str] = ()) -> Document:
    """One document for a scan of one or several roots: sums, with every job beside them."""
    listed = list(jobs)
    results = [scan_result(each) for each in listed]
    states = {each.state for each in listed}
    document: Document = {"state": next((state for state in _WORST_FIRST if state in states), "done")}
    for key in (*SCAN_KEYS, *SKIPPED_KEYS):
        values = [_number(result[key]) for result in results]
        document[key] = max(values, default=0) if key == "peak_rss_bytes" else sum(values)
    if len(listed) > 1:
        if all(each.started_ns and each.ended_ns for each in listed):  # they may have run side by side
            span_ns = max(each.ended_ns for each in listed) - min(each.started_ns for each in listed)
            document["duration_s"] = span_ns / 1e9
        seconds = _number(document["duration_s"])
        document["files_per_s"] = _number(document["files"]) / seconds if seconds else 0.0
    document["job_ids"] = [each.id for each in listed]
    document["roots"] = [name for each in listed for name in each.root_names]
    document["notices"] = list(notices)
    document["jobs"] = [job(each) for each in listed]
    return document


def _fields(message: Message) -> Document:
    """A message by the names of its fields; null where one is not known."""
    return {
        field.name: getattr(message, field.name) if not field.has_presence or message.HasField(field.name) else None
        for field in message.DESCRIPTOR.fields
    }


def _named(names: tuple[str, ...], number: int) -> str:
    return names[number] if 0 <= number < len(names) else names[0]


def _number(value: object) -> int | float:
    return value if isinstance(value, int | float) else 0


def run(message: schedule_pb2.Run) -> Document:
    """A run of a schedule; `counts` and `file` are null where it made none."""
    counts = message.counts
    return {
        "run": message.id,
        "state": message.state,
        "cause": message.cause,
        "at": moment(message.started_ns),
        "ended": moment(message.ended_ns),
        "message": message.message,
        "job_ids": list(message.job_ids),
        "counts": (
            {
                "rows": counts.rows,
                "bytes": counts.bytes,
                "new": counts.new,
                "grown": counts.grown,
                "gone": counts.gone,
                "truncated": counts.truncated,
                "previous_run": counts.previous_run or None,
            }
            if message.HasField("counts")
            else None
        ),
        "file": paths.document(message.file) if message.HasField("file") else None,
    }


def schedule(message: schedule_pb2.Schedule) -> Document:
    """A schedule as it stands."""
    last = message.last_run
    return {
        "name": message.name,
        "enabled": message.enabled,
        "next_run": moment(message.next_ns),
        "last_run": moment(last.started_ns),
        "last_state": last.state or None,
        "last_message": last.message,
        "cron": message.cron or None,
        "every_s": message.every_s or None,
        "action": message.action,
        "roots": list(message.root_names),
        "expression": message.expression or None,
        "to_folder": paths.document(message.to_folder) if message.HasField("to_folder") else None,
        "created": moment(message.created_ns),
    }


def report(name: str, message: schedule_pb2.Run) -> Document:
    """What a report says of itself, without its rows."""
    return {
        "name": name,
        "run": message.id,
        "at": moment(message.started_ns),
        "state": message.state,
        "message": message.message,
        "truncated": message.counts.truncated,
        "previous_run": message.counts.previous_run or None,
    }


def report_info(message: report_pb2.ReportInfo) -> Document:
    """A schedule that reports, with its newest report; that is null where there is none yet."""
    newest = run(message.run) if message.HasField("run") else None
    return {"name": message.schedule.name, "expression": message.schedule.expression, "newest": newest}


def report_row(row: report_pb2.ReportRow) -> Document:
    """A file of a report; `size_before` is there for files that grew."""
    document: Document = {
        **paths.document(row.path),
        "size": row.size,
        "allocated": row.allocated,
        "modified": moment(row.modified_ns),
        "type": row.type,
        "hash": row.hash or None,
    }
    return document | ({"size_before": row.size_before} if row.HasField("size_before") else {})
