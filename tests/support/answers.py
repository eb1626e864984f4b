"""What a catalog answers, in a form that can be compared with a fresh one."""

from __future__ import annotations

from typing import Any

from sanchay.client import Client


def everything(client: Client) -> dict[str, Any]:
    """Files with size and hash, groups of duplicates, totals, summaries, usage of folders; no ids, no moments."""
    catalog = client.status().catalog
    return {
        "files": {row.path.raw: (row.size, row.hash, row.links) for row in client.iter_find("size:>=0")},
        "groups": {
            (group.size, group.hash): (
                group.copies,
                group.reclaimable_bytes,
                frozenset(p.path.raw for p in group.paths),
            )
            for group in client.iter_duplicates()
        },
        "totals": (catalog.files, catalog.directories, catalog.bytes),
        "types": {row.key: (row.files, row.bytes) for row in client.summary("type").rows},
        "extensions": {row.key: (row.files, row.bytes) for row in client.summary("ext").rows},
        "usage": {
            row.path.raw: (row.files, row.bytes)
            for root in client.list_roots().roots
            for row in client.disk_usage(root.path.raw, depth=2).rows
        },
    }


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[tuple[Any, ...]]:
    """What two answers of `everything` say differently: (part, key, this one's word, the other's), the first hundred.

    Thousands of rows compared as a whole would take pytest half a minute to write down.
    """
    found: list[tuple[Any, ...]] = []
    for part, value in one.items():
        if not isinstance(value, dict):
            value, rest = {"": value}, {"": other[part]}
        else:
            rest = other[part]
        keys = [*value, *(key for key in rest if key not in value)]
        found += [(part, key, value.get(key), rest.get(key)) for key in keys if value.get(key) != rest.get(key)]
    return found[:100]


def finished(client: Client, job_id: int) -> Any:
    """The job, once it has ended."""
    return list(client.follow_job(job_id))[-1]


def scan(client: Client, *roots: Any) -> Any:
    """The first job of a scan of these roots, once all have ended."""
    jobs = [finished(client, job.id) for job in client.start_scan(roots).jobs]
    return jobs[0]
