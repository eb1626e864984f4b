"""Whether the catalog says what a look at the tree says: names, sizes, hashes, duplicates, totals, roll-ups."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

from sanchay_engine import Catalog, FileRow
from tests.property.oracle import Oracle


def rows(catalog: Catalog, expression: str = "") -> list[FileRow]:
    """Every row of every page."""
    found: list[FileRow] = []
    token = ""
    while True:
        page = catalog.find(expression, limit=1000, token=token)
        found += page.rows
        token = page.next_token
        if not token:
            return found


def differences(catalog: Catalog, now: Oracle) -> list[str]:
    """What differs, in words; nothing where the catalog is right."""
    return [*_rows(catalog, now), *_duplicates(catalog, now), *_sums(catalog, now), *_names(catalog, now)]


def false_hashes(catalog: Catalog, now: Oracle) -> list[str]:
    """Names that are shown with the hash (SHA-256) of another content than they have."""
    found = []
    for row in rows(catalog):
        file = now.files.get(row.path)
        if file is not None and row.hash and row.hash != hashlib.sha256(file.content).digest():
            found.append(f"while nothing pends {row.path!r} has the hash of another content")
    return found


def _rows(catalog: Catalog, now: Oracle) -> Iterator[str]:
    found = rows(catalog)
    paths = [row.path for row in found]
    if len(paths) != len(set(paths)):
        yield f"paths twice: {sorted(path for path in set(paths) if paths.count(path) > 1)[:5]}"
    for path in sorted(now.files.keys() - set(paths)):
        yield f"missing {path!r}"
    for path in sorted(set(paths) - now.files.keys()):
        yield f"not there any more {path!r}"
    contents: dict[bytes, bytes] = {}
    for row in found:
        file = now.files.get(row.path)
        if file is None:
            continue
        for name, is_, should in [
            ("size", row.size, file.size),
            ("allocated", row.allocated, file.allocated),
            ("modified", row.modified_ns, file.modified_ns),
            ("inode", row.inode, file.inode),
            ("links", row.links, file.links),
            ("owner", row.owner, file.owner),
            ("extension", row.extension, file.extension),
            ("state", row.hash_state, "hashed"),
            ("content", contents.setdefault(row.hash, file.content) == file.content, True),
        ]:
            if is_ != should:
                yield f"{name} of {row.path!r} is {is_!r} and should be {should!r}"
    hashed = {row.hash for row in found if row.hash}
    if len(hashed) != len({file.content for file in now.files.values()}):
        yield f"{len(hashed)} hashes for {len({file.content for file in now.files.values()})} contents"


def _duplicates(catalog: Catalog, now: Oracle) -> Iterator[str]:
    expected = now.groups()
    groups = []
    token = ""
    while True:
        page = catalog.duplicates(limit=100, token=token)
        groups += page.groups
        token = page.next_token
        if not token:
            break
    totals = (
        page.total_groups, page.total_redundant_files, page.total_reclaimable_bytes, page.total_freed_bytes
    )  # fmt: skip
    should = (
        len(expected),
        sum(group.copies - 1 for group in expected.values()),
        sum(group.reclaimable for group in expected.values()),
        sum(group.freed for group in expected.values()),
    )
    if totals != should:
        yield f"totals of duplicates are {totals} and should be {should}"
    for group in groups:
        paths = tuple(sorted(path.path for path in group.paths))
        one = expected.pop(paths, None)
        figures = (group.size, group.copies, group.reclaimable_bytes, group.freed_bytes)
        if one is None:
            yield f"no group {figures} {paths[:4]}"
        elif figures != (one.size, one.copies, one.reclaimable, one.freed):
            yield f"figures of {paths[:4]} are {figures} and should be {one}"
    for paths in expected:
        yield f"group missing {paths[:4]}"


def _sums(catalog: Catalog, now: Oracle) -> Iterator[str]:
    for by, key in [
        ("type", lambda file: file.type),
        ("ext", lambda file: file.extension),
        ("size", lambda file: file.size_class),
        ("owner", lambda file: str(file.owner)),
    ]:
        found = {row.key: (row.files, row.bytes) for row in catalog.summary(by)}  # type: ignore[arg-type]
        if found != now.sums(key):
            yield f"summary by {by} is {found} and should be {now.sums(key)}"
    usage = {row.path: row for row in catalog.usage(depth=100, limit=1_000_000).rows}
    for path in sorted(usage.keys() ^ now.folders.keys()):
        yield f"folder {'missing' if path in now.folders else 'not there any more'} {path!r}"
    for path in sorted(usage.keys() & now.folders.keys()):
        row, folder = usage[path], now.folders[path]
        figures = (row.files, row.directories, row.bytes, row.allocated, row.linked_bytes)
        if figures != (folder.files, folder.directories, folder.bytes, folder.allocated, folder.linked_bytes):
            yield f"totals of {path!r} are {figures} and should be {folder}"


def _names(catalog: Catalog, now: Oracle) -> Iterator[str]:
    if not catalog.wait_name_index(10):
        yield "the name index is not ready"
    for word in ("photo", "report", "like", "xxxx"):
        found = sorted(row.path for row in rows(catalog, word))
        should = sorted(file.path for file in now.files.values() if word in file.folded)
        if found != should:
            yield f"{word}: {len(found)} names found and should be {len(should)}"
