"""The engine of Sanchay: it knows files and the catalog, and nothing of schedules, networks or screens.

Paths are bytes, exactly as the file system has them; sizes are bytes and times Unix nanoseconds (UTC). Every call
releases the GIL while it works, and raises `EngineError`, whose `kind` is one of `ERROR_KINDS`, whose `path` is the
path that it speaks of (or None) and whose `message` is a sentence for people.

A catalog that is kept:

    with contextlib.closing(Catalog.open(b"/home/me/catalog.db")) as catalog:
        catalog.put_root(RootSpec(1, b"/home/me/Pictures"))
        result = catalog.scan(1).wait()          # a ScanResult
        page = catalog.duplicates(limit=10)      # a DuplicatePage: groups, totals, next_token

Three calls that need no catalog:

- `find_duplicates(paths, min_size=1)` -> a list of `DuplicateGroup`, largest gain first. Files and whole folders below
  `paths` are looked at; hard links of one file are one copy. Raises `not_found` for a path that is not there.
- `checksum(paths, algorithm="blake3")` -> one pair for each path, in their order: the path, and the digest (32 bytes)
  or the `EngineError` that says why it could not be read. It raises for none of them.
- `walk(paths)` -> an Arrow stream by the PyCapsule protocol, in record batches of at most `batch_rows` rows, for
  `pyarrow.table(walk(paths))`, polars or any other reader of Arrow. Its columns are `WALK_COLUMNS`. What cannot be read
  is left out; a path that is not there raises `not_found`.
"""

from sanchay_engine._native import (
    ERROR_KINDS,
    EVENT_KINDS,
    FOLDER_MARK,
    Catalog,
    CatalogCheck,
    CatalogFault,
    CatalogStatus,
    ChangePage,
    ChangeRow,
    DamagedFile,
    DuplicateGroup,
    DuplicatePage,
    DuplicatePath,
    EngineError,
    EngineLoad,
    EventBatch,
    Export,
    FileRow,
    Finding,
    FindPage,
    GrowthPage,
    GrowthRow,
    HashDebt,
    LiveEvent,
    LiveStatus,
    NotCompared,
    Place,
    PolledPart,
    Progress,
    RootCheck,
    RootSpec,
    RootStatus,
    Scan,
    ScanError,
    ScanResult,
    StoredRoot,
    SummaryRow,
    SuspectFile,
    UsagePage,
    UsageRow,
    Verification,
    VerifyResult,
    VolumePace,
    WalkStream,
    __version__,
    accept_finding,
    check_root,
    checksum,
    compare_listed,
    exclude_patterns,
    find_duplicates,
    findings,
    path_below,
    set_log,
    take_log_lines,
    walk,
)

#: The columns of `walk`, with their Arrow types: one row for each regular file. Times are Unix nanoseconds;
#: `created_ns` is null where the file system does not say; `allocated` is bytes of allocated blocks.
WALK_COLUMNS: tuple[tuple[str, str], ...] = (
    ("path", "binary"),
    ("name", "binary"),
    ("size", "uint64"),
    ("allocated", "uint64"),
    ("modified_ns", "int64"),
    ("created_ns", "int64"),
    ("inode", "uint64"),
    ("links", "uint32"),
    ("owner", "uint32"),
)

__all__ = [
    "ERROR_KINDS",
    "EVENT_KINDS",
    "FOLDER_MARK",
    "WALK_COLUMNS",
    "Catalog",
    "CatalogCheck",
    "CatalogFault",
    "CatalogStatus",
    "ChangePage",
    "ChangeRow",
    "DamagedFile",
    "DuplicateGroup",
    "DuplicatePage",
    "DuplicatePath",
    "EngineError",
    "EngineLoad",
    "EventBatch",
    "Export",
    "FileRow",
    "FindPage",
    "Finding",
    "GrowthPage",
    "GrowthRow",
    "HashDebt",
    "LiveEvent",
    "LiveStatus",
    "NotCompared",
    "Place",
    "PolledPart",
    "Progress",
    "RootCheck",
    "RootSpec",
    "RootStatus",
    "Scan",
    "ScanError",
    "ScanResult",
    "StoredRoot",
    "SummaryRow",
    "SuspectFile",
    "UsagePage",
    "UsageRow",
    "Verification",
    "VerifyResult",
    "VolumePace",
    "WalkStream",
    "__version__",
    "accept_finding",
    "check_root",
    "checksum",
    "compare_listed",
    "exclude_patterns",
    "find_duplicates",
    "findings",
    "path_below",
    "set_log",
    "take_log_lines",
    "walk",
]
