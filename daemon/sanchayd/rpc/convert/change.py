"""Messages of `change.proto`. Built by keyword in one step: a page has thousands of rows."""

from __future__ import annotations

from sanchay.v1 import change_pb2
from sanchayd.catalog.changes import FileSystemGrowth, Growth
from sanchayd.catalog.service import Answered
from sanchayd.engine_port.values import ChangePage, ChangeRow, GrowthRow
from sanchayd.rpc.convert import common


def from_change(row: ChangeRow) -> change_pb2.Change:
    """Something that happened to a file or folder."""
    return change_pb2.Change(
        kind=row.kind,
        path=common.path(row.path),
        from_path=common.path(row.from_path) if row.from_path is not None else None,
        folder=row.folder,
        files=row.files,
        bytes_delta=row.bytes_delta,
        size=row.size,
        at_ns=row.at_ns,
        root_id=row.root_id,
    )


def from_changes(answered: Answered[ChangePage]) -> change_pb2.ListChangesResponse:
    """A page of changes."""
    page = answered.answer
    return change_pb2.ListChangesResponse(
        changes=[from_change(row) for row in page.rows],
        cursor=page.cursor,
        complete=page.complete,
        truncated=page.truncated,
        freshness=common.freshness(answered.freshness),
    )


def from_folder(row: GrowthRow) -> change_pb2.FolderGrowth:
    """A folder that grew."""
    return change_pb2.FolderGrowth(
        path=common.path(row.path),
        bytes=row.bytes,
        files=row.files,
        grown_bytes=row.grown_bytes,
        bytes_per_day=row.bytes_per_day,
        history=[change_pb2.DayTotal(day=day, bytes=max(total, 0)) for day, total in row.history],
    )


def from_file_system(each: FileSystemGrowth) -> change_pb2.FileSystemGrowth:
    """How fast a file system fills."""
    return change_pb2.FileSystemGrowth(
        path=common.path(each.path),
        total_bytes=each.total_bytes,
        free_bytes=each.free_bytes,
        bytes_per_day=each.bytes_per_day,
        days=each.days,
        full_on_ns=each.full_on_ns,
    )


def from_growth(answered: Answered[Growth]) -> change_pb2.GetGrowthResponse:
    """What grew."""
    growth = answered.answer
    return change_pb2.GetGrowthResponse(
        rows=[from_folder(row) for row in growth.page.rows],
        bytes_per_day=growth.page.bytes_per_day,
        days=growth.page.days,
        full_on_ns=growth.full_on_ns,
        file_systems=[from_file_system(each) for each in growth.file_systems],
        freshness=common.freshness(answered.freshness),
    )
