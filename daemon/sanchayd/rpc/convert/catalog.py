"""Messages of `catalog.proto`. Built by keyword in one step: a page has thousands of rows."""

from __future__ import annotations

from collections.abc import Sequence

from sanchay.v1 import catalog_pb2
from sanchayd.catalog.service import Answered, DuplicatesQuestion, Piece
from sanchayd.engine_port.values import (
    DuplicateGroup,
    DuplicatePage,
    FileRow,
    FindPage,
    NotCompared,
    PairSide,
    SharedFolders,
    SummaryRow,
    UsagePage,
    UsageRow,
)
from sanchayd.rpc.convert import common


def from_row(row: FileRow) -> catalog_pb2.FileRow:
    """A name of a file."""
    return catalog_pb2.FileRow(
        path=common.path(row.path),
        size=row.size,
        allocated=row.allocated,
        modified_ns=row.modified_ns,
        created_ns=row.created_ns,
        type=row.type,
        extension=common.text(row.extension),
        hash=row.hash,
        algorithm=row.algorithm,
        hash_state=row.hash_state,
        links=row.links,
        owner=row.owner,
        root_id=row.root_id,
        inode=row.inode,
    )


def from_not_compared(found: NotCompared | None) -> catalog_pb2.NotCompared | None:
    """Files that no answer about copies covers."""
    if found is None:
        return None
    return catalog_pb2.NotCompared(
        files=found.files,
        bytes=found.bytes,
        not_read=found.not_read,
        unreadable=found.unreadable,
        unstable=found.unstable,
        other_algorithm=found.other_algorithm,
    )


def from_found(answered: Answered[FindPage]) -> catalog_pb2.FindResponse:
    """A page of files."""
    page = answered.answer
    return catalog_pb2.FindResponse(
        rows=[from_row(row) for row in page.rows],
        total=page.total,
        total_at_least=page.total_at_least,
        next_page_token=page.next_token,
        freshness=common.freshness(answered.freshness),
        total_bytes=page.total_bytes,
        folders=page.folders,
        out_of_patience=page.out_of_patience,
        not_compared=from_not_compared(answered.not_compared),
    )


def to_duplicates(message: catalog_pb2.DuplicatesRequest) -> DuplicatesQuestion:
    """Which groups are asked for."""
    return DuplicatesQuestion(
        under=message.under.raw if message.HasField("under") and message.under.raw else None,
        min_size=message.min_size if message.HasField("min_size") else None,
        extensions=tuple(message.extensions),
        types=tuple(message.types),
        sort=message.sort,
        limit=message.page.limit,
        token=message.page.page_token,
        with_ignored=message.with_ignored,
    )


def from_group(group: DuplicateGroup) -> catalog_pb2.DuplicateGroup:
    """Files of equal content."""
    return catalog_pb2.DuplicateGroup(
        size=group.size,
        hash=group.hash,
        algorithm=group.algorithm,
        copies=group.copies,
        perhaps=group.perhaps,
        reclaimable_bytes=group.reclaimable_bytes,
        freed_bytes=group.freed_bytes,
        total_paths=group.total_paths,
        paths=[
            catalog_pb2.DuplicatePath(
                path=common.path(each.path),
                inode=each.inode,
                modified_ns=each.modified_ns,
                root_id=each.root_id,
                copy=each.copy,
                perhaps=each.perhaps,
            )
            for each in group.paths
        ],
    )


def from_duplicates(answered: Answered[DuplicatePage]) -> catalog_pb2.DuplicatesResponse:
    """A page of groups, and the totals of all."""
    page = answered.answer
    return catalog_pb2.DuplicatesResponse(
        groups=[from_group(group) for group in page.groups],
        total_groups=page.total_groups,
        total_redundant_files=page.total_redundant_files,
        total_reclaimable_bytes=page.total_reclaimable_bytes,
        total_freed_bytes=page.total_freed_bytes,
        ignored_groups=page.ignored_groups,
        freshness=common.freshness(answered.freshness),
        next_page_token=page.next_token,
        not_compared=from_not_compared(answered.not_compared),
    )


def to_shared_folders(message: catalog_pb2.SharedFoldersRequest) -> DuplicatesQuestion:
    """The groups whose folders are asked for."""
    return DuplicatesQuestion(
        under=message.under.raw if message.HasField("under") and message.under.raw else None,
        min_size=message.min_size if message.HasField("min_size") else None,
        extensions=tuple(message.extensions),
        types=tuple(message.types),
        limit=message.limit,
        with_ignored=message.with_ignored,
    )


def _side(side: PairSide) -> catalog_pb2.SharedFolder:
    return catalog_pb2.SharedFolder(
        path=common.path(side.path),
        shared_files=side.shared_files,
        bytes=side.bytes,
        files=side.files,
        contained=side.is_contained,
    )


def from_shared_folders(answered: Answered[SharedFolders]) -> catalog_pb2.SharedFoldersResponse:
    """Pairs of folders."""
    found = answered.answer
    return catalog_pb2.SharedFoldersResponse(
        pairs=[
            catalog_pb2.FolderPair(left=_side(pair.left), right=_side(pair.right), groups=pair.groups)
            for pair in found.pairs
        ],
        total_pairs=found.total_pairs,
        partial=found.is_partial,
        freshness=common.freshness(answered.freshness),
        not_compared=from_not_compared(answered.not_compared),
    )


def from_summary(answered: Answered[Sequence[SummaryRow]]) -> catalog_pb2.SummaryResponse:
    """Files and bytes by a key, with their sums."""
    rows = answered.answer
    return catalog_pb2.SummaryResponse(
        rows=[catalog_pb2.SummaryRow(key=common.text(row.key), files=row.files, bytes=row.bytes) for row in rows],
        files=sum(row.files for row in rows),
        bytes=sum(row.bytes for row in rows),
        freshness=common.freshness(answered.freshness),
        not_compared=from_not_compared(answered.not_compared),
    )


def from_usage(answered: Answered[UsagePage]) -> catalog_pb2.DiskUsageResponse:
    """Folders and what they hold."""
    page = answered.answer
    return catalog_pb2.DiskUsageResponse(
        rows=[
            catalog_pb2.DiskUsageRow(
                path=common.path(row.path),
                depth=row.depth,
                files=row.files,
                directories=row.directories,
                bytes=row.bytes,
                allocated=row.allocated,
                linked_bytes=row.linked_bytes,
                newest_ns=row.newest_ns,
                above_roots=row.above_roots,
                type=row.file_type or "",
                left_out=_left_out(row),
                type_bytes=row.type_bytes,
                copied_bytes=row.copied_bytes,
            )
            for row in page.rows
        ],
        truncated=page.next_token != "",
        next_page_token=page.next_token,
        freshness=common.freshness(answered.freshness),
    )


def _left_out(row: UsageRow) -> catalog_pb2.LeftOutUsage | None:
    left = row.left_out
    if left is None:
        return None
    return catalog_pb2.LeftOutUsage(rows=left.rows, files=left.files, bytes=left.bytes, allocated=left.allocated)


def from_piece(piece: Piece) -> catalog_pb2.ExportResponse:
    """A piece of an export."""
    return catalog_pb2.ExportResponse(
        data=piece.data, rows=piece.rows, complete=piece.complete, left_out=piece.left_out
    )
