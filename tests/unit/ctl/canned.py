"""Canned answers of the fake daemon: small, and with the names that hurt."""

from __future__ import annotations

from typing import Any

from sanchay.v1 import (
    catalog_pb2,
    change_pb2,
    common_pb2,
    daemon_pb2,
    event_pb2,
    job_pb2,
    report_pb2,
    root_pb2,
    schedule_pb2,
)

NOON_NS = 1_704_110_400_000_000_000  # 2024-01-01T12:00:00Z
PLAIN = b"/data/photos/a.jpg"
HOSTILE = b"/data/photos/\x1b[31mred\nline\t.jpg"
NOT_UTF8 = b"/data/photos/caf\xe9.jpg"
QUOTED = "/data/photos/it's an \u202eexe.jpg".encode()


def path(raw: bytes) -> common_pb2.Path:
    return common_pb2.Path(raw=raw, display=raw.decode("utf-8", "replace"))


def freshness(state: str = "SCANNED", reason: str = "") -> common_pb2.Freshness:
    return common_pb2.Freshness(state=common_pb2.Freshness.State.Value(state), as_of_ns=NOON_NS, reason=reason)


def root(root_id: int = 1, name: str = "photos", raw: bytes = b"/data/photos") -> root_pb2.Root:
    return root_pb2.Root(
        id=root_id,
        name=name,
        path=path(raw),
        settings=root_pb2.RootSettings(
            hash=root_pb2.HASH_ALL,
            algorithm=root_pb2.BLAKE3,
            exclude=["*.tmp"],
            one_file_system=True,
            skip_hidden=True,
            watch=root_pb2.WATCH_AUTO,
            poll_s=300,
        ),
        state="ready",
        freshness=freshness(),
        files=1234,
        directories=56,
        bytes=5 << 30,
        created_ns=NOON_NS,
        live=root_pb2.RootLive(
            mode="poll",
            because="nfs tells of no changes",
            state="polled",
            as_of_ns=NOON_NS,
            pending=3,
            overflows=1,
        ),
    )


def synced(state: str = "done") -> root_pb2.SyncRootResponse:
    return root_pb2.SyncRootResponse(
        state=state,
        freshness=freshness("LIVE" if state == "done" else "PARTIAL"),
        message="" if state == "done" else "2 folders could not be read",
        root=root(),
    )


def event(kind: str = "added", **fields: Any) -> event_pb2.Event:
    return event_pb2.Event(kind=kind, at_ns=NOON_NS, root_id=1, root="photos", **fields)


def happenings() -> list[event_pb2.Event]:
    """An event of every kind that has keys of its own."""
    return [
        event("added", path=path(PLAIN), size=10, bytes_delta=10),
        event("moved", path=path(HOSTILE), other_path=path(PLAIN)),
        event("duplicate", path=path(NOT_UTF8), other_path=path(PLAIN), size=10),
        event("root_offline", path=path(b"/data/photos"), message="it is not mounted"),
        event("job", job=job()),
        event_pb2.Event(
            kind="schedule",
            at_ns=NOON_NS,
            schedule_run=event_pb2.ScheduleRun(schedule="nightly", run_id=3, state="done"),
        ),
        event_pb2.Event(kind="forecast", at_ns=NOON_NS, path=path(b"/data"), full_on_ns=NOON_NS, message="soon full"),
        event_pb2.Event(kind="dropped", at_ns=NOON_NS, dropped=7, message="7 events were lost here"),
    ]


def status() -> daemon_pb2.GetStatusResponse:
    return daemon_pb2.GetStatusResponse(
        pid=4711,
        version="0.1.0",
        engine_version="0.1.0",
        uptime_s=3725.0,
        rss_bytes=58 << 20,
        catalog=daemon_pb2.CatalogStatus(
            path=path(b"/home/me/catalog.db"),
            files=1234,
            directories=56,
            bytes=5 << 30,
            db_bytes=75 << 20,
            name_index_bytes=20 << 20,
            name_index="building",
            wal_bytes=4096,
            rollup_bytes=8192,
            state="ok",
        ),
        roots=[root()],
        active_jobs=1,
    )


def result(errors: int = 0) -> job_pb2.ScanResult:
    return job_pb2.ScanResult(
        files=1000,
        directories=20,
        bytes=1 << 30,
        hashed_files=900,
        hashed_bytes=1 << 29,
        added=990,
        changed=10,
        removed=3,
        errors=errors,
        duration_s=2.5,
        files_per_s=400.0,
        peak_rss_bytes=100 << 20,
        unstable=1,
        special=2,
        symlinks=3,
        excluded=4,
        skipped_mounts=5,
    )


def job(job_id: int = 7, state: str = "done", errors: int = 0, name: str = "photos") -> job_pb2.Job:
    """A job; ended ones have a result and `errors` errors."""
    made = job_pb2.Job(
        id=job_id,
        kind="scan",
        state=state,
        root_ids=[1],
        root_names=[name],
        created_ns=NOON_NS,
        started_ns=NOON_NS,
        progress=job_pb2.Progress(
            phase="hashing",
            files=500,
            directories=10,
            bytes=1 << 29,
            hashed_files=300,
            hashed_bytes=1 << 28,
            errors=errors,
            files_per_s=40000,
            bytes_per_s=1 << 27,
            current=path(HOSTILE),
            percent=42.0,
            seconds_left=75.0,
        ),
        errors=[
            job_pb2.JobError(path=path(NOT_UTF8), kind="permission", message=f"Permission denied ({number})")
            for number in range(min(errors, 100))
        ],
    )
    if state in ("done", "partial", "cancelled", "failed"):
        made.ended_ns = NOON_NS + 2_500_000_000
        made.result.CopyFrom(result(errors))
    return made


def file_row(raw: bytes = PLAIN, size: int = 1536) -> catalog_pb2.FileRow:
    return catalog_pb2.FileRow(
        path=path(raw),
        size=size,
        allocated=4096,
        modified_ns=NOON_NS + 123,
        created_ns=-1_000_000_000,
        type="image",
        extension="jpg",
        hash=bytes(32),
        algorithm="blake3",
        hash_state="hashed",
        links=1,
        owner=1000,
        root_id=1,
        inode=42,
    )


def find(*rows: catalog_pb2.FileRow, total: int | None = None) -> catalog_pb2.FindResponse:
    listed = rows or (file_row(), file_row(HOSTILE), file_row(NOT_UTF8))
    return catalog_pb2.FindResponse(
        rows=listed, total=len(listed) if total is None else total, total_bytes=4608, freshness=freshness()
    )


def group(*raws: bytes, size: int = 1000) -> catalog_pb2.DuplicateGroup:
    listed = raws or (PLAIN, HOSTILE, NOT_UTF8)
    return catalog_pb2.DuplicateGroup(
        size=size,
        hash=bytes(range(32)),
        algorithm="blake3",
        copies=len(listed),
        reclaimable_bytes=size * (len(listed) - 1),
        freed_bytes=4096,
        paths=[
            catalog_pb2.DuplicatePath(path=path(raw), inode=number, modified_ns=NOON_NS, root_id=1)
            for number, raw in enumerate(listed)
        ],
        total_paths=len(listed),
    )


def duplicates(*groups: catalog_pb2.DuplicateGroup, token: str = "", total: int = 2) -> catalog_pb2.DuplicatesResponse:
    return catalog_pb2.DuplicatesResponse(
        groups=groups or [group()],
        total_groups=total,
        total_redundant_files=4,
        total_reclaimable_bytes=4000,
        total_freed_bytes=3000,
        freshness=freshness(),
        next_page_token=token,
    )


def shared_folders() -> catalog_pb2.SharedFoldersResponse:
    def side(raw: bytes, files: int) -> catalog_pb2.SharedFolder:
        return catalog_pb2.SharedFolder(path=path(raw), shared_files=2, bytes=2000, files=files)

    twins = catalog_pb2.FolderPair(left=side(PLAIN, files=3), right=side(NOT_UTF8, files=2), groups=2)
    twins.right.contained = True
    alone = catalog_pb2.FolderPair(left=side(HOSTILE, files=9), right=side(HOSTILE, files=9), groups=1)
    return catalog_pb2.SharedFoldersResponse(pairs=[twins, alone], total_pairs=5, partial=True, freshness=freshness())


def summary() -> catalog_pb2.SummaryResponse:
    return catalog_pb2.SummaryResponse(
        rows=[
            catalog_pb2.SummaryRow(key="video", files=10, bytes=4 << 30),
            catalog_pb2.SummaryRow(key="image", files=1000, bytes=1 << 30),
        ],
        files=1010,
        bytes=5 << 30,
        freshness=freshness(),
    )


def disk_usage() -> catalog_pb2.DiskUsageResponse:
    return catalog_pb2.DiskUsageResponse(
        rows=[
            catalog_pb2.DiskUsageRow(
                path=path(b"/data/photos"), files=3, directories=1, bytes=3000, allocated=12288, newest_ns=NOON_NS
            ),
            catalog_pb2.DiskUsageRow(path=path(HOSTILE), depth=1, files=1, bytes=1000, allocated=4096),
        ],
        truncated=True,
        freshness=freshness("PARTIAL", "2 folders could not be read"),
    )


def change(kind: str = "added", raw: bytes = PLAIN, **fields: Any) -> change_pb2.Change:
    return change_pb2.Change(kind=kind, path=path(raw), at_ns=NOON_NS, root_id=1, **{"files": 1, **fields})


def changes() -> change_pb2.ListChangesResponse:
    return change_pb2.ListChangesResponse(
        changes=[
            change("baseline", b"/data/photos", folder=True, files=1234, bytes_delta=5 << 30, size=5 << 30),
            change("grown", HOSTILE, bytes_delta=1536, size=4096),
            change("moved", PLAIN, from_path=path(NOT_UTF8), size=10),
            change("removed", b"/data/photos/old", folder=True, files=1, bytes_delta=-1024, size=1024),
        ],
        cursor="c7.12.3",
        complete=True,
        freshness=freshness("LIVE"),
    )


def growth() -> change_pb2.GetGrowthResponse:
    return change_pb2.GetGrowthResponse(
        rows=[
            change_pb2.FolderGrowth(
                path=path(HOSTILE),
                bytes=3000,
                files=3,
                grown_bytes=2000,
                bytes_per_day=200.0,
                history=[change_pb2.DayTotal(day=day, bytes=total) for day, total in ((19713, 1000), (19723, 3000))],
            )
        ],
        bytes_per_day=200.0,
        days=10,
        full_on_ns=NOON_NS,
        file_systems=[
            change_pb2.FileSystemGrowth(
                path=path(b"/data"),
                total_bytes=1 << 40,
                free_bytes=1 << 30,
                bytes_per_day=200.0,
                days=10,
                full_on_ns=NOON_NS,
            ),
            change_pb2.FileSystemGrowth(path=path(b"/gone"), days=10),
        ],
        freshness=freshness("LIVE"),
    )


def root_check(**fields: Any) -> root_pb2.RootCheck:
    """A share that could be a root, and that a root lies in."""
    known: dict[str, Any] = {
        "state": "ok",
        "contains": ["data"],
        "kind": "network",
        "file_system": "nfs4",
        "mount_point": path(b"/mnt/nas"),
        "mode": "poll",
        "poll_s": 300,
        "because": "nfs4 can be changed without this system noticing",
        "total_bytes": 2 << 40,
        "free_bytes": 1 << 40,
        "count": root_pb2.FolderCount(files=1200, folders=34, bytes=5 << 30),
    }
    return root_pb2.RootCheck(path=path(b"/mnt/nas/photos"), **known | fields)


def schedule_run(run_id: int = 3, state: str = "done", **fields: Any) -> schedule_pb2.Run:
    """A run of a schedule; those that have ended made a report that had one before it."""
    run = schedule_pb2.Run(
        id=run_id,
        cause="time",
        state=state,
        started_ns=NOON_NS,
        ended_ns=0 if state == "running" else NOON_NS + 2_500_000_000,
        job_ids=[7],
        **fields,
    )
    if state in ("done", "partial"):
        run.counts.CopyFrom(
            schedule_pb2.ReportCounts(rows=3, bytes=5 << 30, new=1, grown=1, gone=1, previous_run=run_id - 1)
        )
        run.file.CopyFrom(path(b"/reports/big-3.csv"))
    return run


def schedule(name: str = "big", **fields: Any) -> schedule_pb2.Schedule:
    """A schedule that reports each night."""
    report = {"cron": "0 2 * * *", "action": "report", "expression": "root:nas size:>1G"}
    known = {"next_ns": NOON_NS + 10 * 366 * 86_400 * 10**9, "last_run": schedule_run(), "enabled": True}
    return schedule_pb2.Schedule(id=1, name=name, created_ns=NOON_NS, **{**report, **known, **fields})


def report_row(raw: bytes = PLAIN, size: int = 3 << 30, **fields: Any) -> report_pb2.ReportRow:
    return report_pb2.ReportRow(
        path=path(raw), size=size, allocated=size, modified_ns=NOON_NS, type="image", hash="00ff", root_id=1, **fields
    )


def report_pieces() -> list[report_pb2.GetReportResponse]:
    """A report in two pieces."""
    grown = report_row(PLAIN, 3 << 30, size_before=1 << 30)
    return [
        report_pb2.GetReportResponse(run=schedule_run(), rows=[grown, report_row(HOSTILE, 2 << 30)]),
        report_pb2.GetReportResponse(
            rows=[report_row(NOT_UTF8, 1536)],
            new=[report_row(HOSTILE, 2 << 30)],
            grown=[grown],
            gone=[report_row(QUOTED, 1 << 30)],
        ),
    ]


def checked(request: daemon_pb2.CheckCatalogRequest) -> daemon_pb2.CheckCatalogResponse:
    """A catalog in which something disagrees."""
    return daemon_pb2.CheckCatalogResponse(
        faults=[
            daemon_pb2.CatalogFault(kind="totals", count=1, example=path(b"/data/a"), mended=request.repair),
            daemon_pb2.CatalogFault(kind="ghost_keys", count=4096, mended=request.repair),
        ],
        folders=3,
        files=5,
        keys=4101,
        complete=True,
    )
