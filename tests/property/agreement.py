"""A whole catalog beside an oracle of its roots: find, du, summary, groups, totals, and its own check."""

from __future__ import annotations

from collections.abc import Mapping

from tests.integration.catalogs import Cataloger
from tests.property.oracle import Oracle


def together(trees: Mapping[int, Oracle]) -> Oracle:
    """The looks at several roots, by their ids, as one."""
    whole = Oracle()
    for oracle in trees.values():
        whole.files.update(oracle.files)
        whole.folders.update(oracle.folders)
        whole.symlinks += oracle.symlinks
        whole.special += oracle.special
    return whole


def assert_sound(cataloger: Cataloger) -> None:
    """Its rows agree with one another."""
    found = cataloger.catalog.check()
    assert found.complete
    assert [(fault.kind, fault.count, fault.example) for fault in found.faults] == []


def answers(cataloger: Cataloger) -> None:
    """Every kind of question has an answer, whatever is in the catalog."""
    cataloger.rows(limit=500)
    cataloger.groups()
    cataloger.catalog.usage(depth=100, limit=100_000)
    for by in ("type", "ext", "size", "owner", "age"):
        cataloger.catalog.summary(by)
    for _ in cataloger.catalog.export("", "ndjson"):
        pass


def assert_equal(cataloger: Cataloger, trees: Mapping[int, Oracle], *, hashed: bool = True) -> None:
    """It says of all its roots, and of each, what the disk says; `hashed`: of their contents, too."""
    whole = together(trees)
    rows = {row.path: row for row in cataloger.rows(limit=997)}
    assert len(cataloger.rows(limit=1000)) == len(rows)
    assert rows.keys() == whole.files.keys()
    for path, row in rows.items():
        file = whole.files[path]
        assert (row.size, row.allocated, row.modified_ns) == (file.size, file.allocated, file.modified_ns), path
        assert (row.inode, row.links) == (file.inode, file.links), path
    if hashed:
        expected = whole.groups()
        page = cataloger.catalog.duplicates(limit=1)
        assert page.total_groups == len(expected)
        assert page.total_redundant_files == sum(group.copies - 1 for group in expected.values())
        assert page.total_reclaimable_bytes == sum(group.reclaimable for group in expected.values())
        found = {tuple(sorted(path.path for path in group.paths)): group.copies for group in cataloger.groups()}
        assert found == {paths: group.copies for paths, group in expected.items()}
        assert cataloger.paths("dup:yes") == whole.duplicated()
    usage = {row.path: row for row in cataloger.catalog.usage(depth=100, limit=100_000).rows}
    assert usage.keys() == whole.folders.keys()
    for path, folder in whole.folders.items():
        figures = (usage[path].files, usage[path].directories, usage[path].bytes, usage[path].allocated)
        assert figures == (folder.files, folder.directories, folder.bytes, folder.allocated), path
    sums = {row.key: (row.files, row.bytes) for row in cataloger.catalog.summary("ext")}
    assert sums == whole.sums(lambda file: file.extension)
    assert sum(row.files for row in cataloger.catalog.summary("age")) == len(whole.files)
    status = cataloger.catalog.status()
    assert (status.files, status.directories, status.bytes) == (len(whole.files), len(whole.folders), whole.size)
    for root_id, oracle in trees.items():
        root = cataloger.catalog.root_status(root_id)
        assert (root.files, root.directories, root.bytes) == (len(oracle.files), len(oracle.folders), oracle.size)
    assert cataloger.catalog.wait_name_index(30)
    assert cataloger.paths("photo") == {path for path, file in whole.files.items() if "photo" in file.folded}
    assert_sound(cataloger)


def told_bytes(cataloger: Cataloger, cursor: str = "") -> int:
    """The sum of all that the change feed has told since the cursor."""
    total = 0
    while True:
        page = cataloger.catalog.changes(cursor=cursor, limit=1000)
        total += sum(row.bytes_delta for row in page.rows)
        cursor = page.cursor
        if page.complete:
            return total
