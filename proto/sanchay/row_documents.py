"""Rows of the catalog's answers as JSON documents: files, groups of duplicates, totals, changes, growth.

`docs/sanchayctl/` names every key.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sanchay import documents, paths, units

if TYPE_CHECKING:
    from sanchay.v1 import catalog_pb2, change_pb2, daemon_pb2, have_pb2


def file_row(row: catalog_pb2.FileRow) -> documents.Document:
    """A file."""
    return {
        **paths.document(row.path),
        "size": row.size,
        "allocated": row.allocated,
        "modified": units.rfc3339(row.modified_ns) if row.type != "folder" else None,
        "created": units.rfc3339(row.created_ns) if row.HasField("created_ns") else None,
        "type": row.type,
        "extension": row.extension,
        "hash": row.hash.hex() or None,
        "algorithm": row.algorithm or None,
        "hash_state": row.hash_state,
        "links": row.links if row.type != "folder" else None,
        "owner": row.owner if row.type != "folder" else None,
        "root_id": row.root_id,
        "inode": row.inode,
    }


def not_compared(found: catalog_pb2.NotCompared) -> documents.Document:
    """Files that no answer about copies covers."""
    return {
        "files": found.files,
        "bytes": found.bytes,
        "not_read": found.not_read,
        "unreadable": found.unreadable,
        "unstable": found.unstable,
        "other_algorithm": found.other_algorithm,
    }


def duplicate_group(group: catalog_pb2.DuplicateGroup) -> documents.Document:
    """A group of files with equal content."""
    return {
        "size": group.size,
        "hash": group.hash.hex(),
        "algorithm": group.algorithm,
        "copies": group.copies,
        "perhaps_one_file": group.perhaps,
        "reclaimable_bytes": group.reclaimable_bytes,
        "freed_bytes": group.freed_bytes,
        "paths": [
            {
                **paths.document(each.path),
                "inode": each.inode,
                "modified": units.rfc3339(each.modified_ns),
                "root_id": each.root_id,
                "copy": each.copy,
                "perhaps": each.perhaps,
            }
            for each in group.paths
        ],
        "total_paths": group.total_paths,
    }


def duplicate_totals(page: catalog_pb2.DuplicatesResponse) -> documents.Document:
    """The totals of all groups, whatever page they come with."""
    return {
        "total_groups": page.total_groups,
        "total_redundant_files": page.total_redundant_files,
        "total_reclaimable_bytes": page.total_reclaimable_bytes,
        "total_freed_bytes": page.total_freed_bytes,
        "ignored_groups": page.ignored_groups,
        "not_compared": not_compared(page.not_compared),
        "freshness": documents.freshness(page.freshness),
    }


def summary_row(row: catalog_pb2.SummaryRow) -> documents.Document:
    """A row of a summary."""
    return {"key": row.key, "files": row.files, "bytes": row.bytes}


def usage_row(row: catalog_pb2.DiskUsageRow) -> documents.Document:
    """What a folder holds, with all that is below it; or a file."""
    left = row.left_out
    return {
        **paths.document(row.path),
        "depth": row.depth,
        "type": row.type or "folder",
        "files": row.files,
        "directories": row.directories,
        "bytes": row.bytes,
        "allocated": row.allocated,
        "linked_bytes": row.linked_bytes,
        "newest": documents.moment(row.newest_ns),
        "left_out": {"rows": left.rows, "files": left.files, "bytes": left.bytes, "allocated": left.allocated},
    }


def usage_row_with_types(row: catalog_pb2.DiskUsageRow) -> documents.Document:
    """As `usage_row`, with what it holds by type."""
    return usage_row(row) | {
        "type_bytes": dict(sorted(row.type_bytes.items())),
        "copied_bytes": row.copied_bytes,
    }


def shared_folders(answer: catalog_pb2.SharedFoldersResponse) -> documents.Document:
    """Pairs of folders that share copies."""
    return {
        "pairs": [
            {"left": _shared_folder(pair.left), "right": _shared_folder(pair.right), "groups": pair.groups}
            for pair in answer.pairs
        ],
        "total_pairs": answer.total_pairs,
        "partial": answer.partial,
        "not_compared": not_compared(answer.not_compared),
        "freshness": documents.freshness(answer.freshness),
    }


def _shared_folder(side: catalog_pb2.SharedFolder) -> documents.Document:
    return {
        **paths.document(side.path),
        "shared_files": side.shared_files,
        "bytes": side.bytes,
        "files": side.files,
        "contained": side.contained,
    }


def change(row: change_pb2.Change) -> documents.Document:
    """Something that happened to a file, or to a folder with all below it."""
    document: documents.Document = {"kind": row.kind, **paths.document(row.path)}
    if row.HasField("from_path"):
        document |= {f"from_{key}": value for key, value in paths.document(row.from_path).items()}
    return document | {
        "bytes_delta": row.bytes_delta,
        "size": row.size,
        "files": row.files,
        "folder": row.folder,
        "at": documents.moment(row.at_ns),
        "root_id": row.root_id or None,
    }


def have_row(row: have_pb2.HaveRow) -> documents.Document:
    """Whether a file is in the catalog, and where."""
    document: documents.Document = {
        **paths.document(row.path),
        "state": row.state,
        "size": row.size,
        "copies": [
            {
                **paths.document(copy.path),
                "root": copy.root,
                "device": copy.device or None,
                "offline": copy.offline,
            }
            for copy in row.copies
        ],
    }
    return document | ({"reason": row.reason} if row.reason else {})


def catalog_check(answer: daemon_pb2.CheckCatalogResponse) -> documents.Document:
    """What a check of the catalog found."""
    return {
        "sound": answer.complete and not answer.faults,
        "complete": answer.complete,
        "faults": [
            {
                "kind": fault.kind,
                "count": fault.count,
                "example": paths.document(fault.example) if fault.example.raw else None,
                "mended": fault.mended,
            }
            for fault in answer.faults
        ],
        "folders": answer.folders,
        "files": answer.files,
        "keys": answer.keys,
    }


def growth(answer: change_pb2.GetGrowthResponse) -> documents.Document:
    """The folders that grew most, and when file systems are full at their pace."""
    return {
        "rows": [
            {
                **paths.document(row.path),
                "bytes": row.bytes,
                "files": row.files,
                "grown_bytes": row.grown_bytes,
                "bytes_per_day": row.bytes_per_day,
                "history": [{"day": units.day(total.day), "bytes": total.bytes} for total in row.history],
            }
            for row in answer.rows
        ],
        "days": answer.days,
        "bytes_per_day": answer.bytes_per_day,
        "full_on": documents.moment(answer.full_on_ns),
        "file_systems": [
            {
                **paths.document(each.path),
                "total_bytes": each.total_bytes or None,
                "free_bytes": each.free_bytes if each.total_bytes else None,
                "bytes_per_day": each.bytes_per_day if each.days else None,
                "full_on": documents.moment(each.full_on_ns),
            }
            for each in answer.file_systems
        ],
        "freshness": documents.freshness(answer.freshness),
    }
