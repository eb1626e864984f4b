"""What the catalog in memory answers with: values shaped as the engine's."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sanchayd.engine_port import values
from sanchayd.engine_port.values import RawBytes


def fitting(paths: Sequence[bytes], max_bytes: int | None) -> int:
    """How many rows of these paths a page of so many bytes holds: one at least."""
    left, count = float("inf") if max_bytes is None else float(max_bytes), 0
    for path in paths:
        left -= 160 + len(path) + len(path.decode("utf-8", "replace").encode())
        if left < 0 and count:
            break
        count += 1
    return count


@dataclass
class Row:
    """A file."""

    path: bytes
    size: int
    allocated: int
    modified_ns: int
    created_ns: int | None
    type: str
    extension: str
    hash: bytes
    algorithm: str
    hash_state: str
    links: int
    owner: int
    root_id: int
    inode: int


@dataclass
class Page:
    """A page of files."""

    rows: list[Row]
    total: int | None
    total_at_least: int
    total_bytes: int | None
    next_token: str
    root_ids: list[int]
    folders: int = 0
    asks_for_copies: bool = False
    out_of_patience: bool = False


@dataclass
class NotCompared:
    """Nothing is left out here."""

    files: int = 0
    bytes: int = 0
    not_read: int = 0
    unreadable: int = 0
    unstable: int = 0
    other_algorithm: int = 0


@dataclass
class UsagePage:
    """No folder."""

    rows: tuple[values.UsageRow, ...] = ()
    next_token: str = ""


@dataclass
class Progress:
    """A snapshot."""

    phase: str = "listing"
    files: int = 0
    directories: int = 0
    bytes: int = 0
    hashed_files: int = 0
    hashed_bytes: int = 0
    errors: int = 0
    files_per_s: float = 0.0
    bytes_per_s: float = 0.0
    current: RawBytes = b""
    percent: float | None = None
    seconds_left: float | None = None
    unit: str = "files"
    done: int = 0
    total: int | None = None
    paused: bool = False
    waiting_for_disk: bool = False


@dataclass
class Unreadable:
    """What could not be read."""

    path: bytes
    kind: str
    message: str


@dataclass
class Result:
    """How a scan ended."""

    state: str
    message: str = ""
    files: int = 0
    directories: int = 0
    bytes: int = 0
    hashed_files: int = 0
    hashed_bytes: int = 0
    added: int = 0
    changed: int = 0
    removed: int = 0
    errors: int = 0
    duration_s: float = 0.0
    files_per_s: float = 0.0
    unstable: int = 0
    special: int = 0
    symlinks: int = 0
    excluded: int = 0
    skipped_mounts: int = 0
    expected_unreadable: int = 0
    error_list: list[Unreadable] = field(default_factory=list)
