"""What a catalog in memory answers with: classes for those shapes of `sanchayd.engine_port.values` that have none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

RawBytes: TypeAlias = bytes


@dataclass
class RootCheck:
    """One of `values.RootCheck`."""

    path: bytes
    file_system: str
    network: bool


@dataclass
class Place:
    """One of `values.Place`."""

    path: bytes
    root_ids: tuple[int, ...]


@dataclass
class CatalogStatus:
    """One of `values.CatalogStatus`."""

    path: RawBytes
    files: int
    directories: int
    bytes: int
    db_bytes: int
    wal_bytes: int
    name_index_bytes: int
    name_index: str
    rollup_bytes: int
    rebuilt_from: RawBytes | None
    damage: str
    notice: str
    catalog_id: str = ""


@dataclass
class StoredRoot:
    """One of `values.StoredRoot`."""

    path: RawBytes
    settings: str


@dataclass
class EngineLoad:
    """One of `values.EngineLoad`."""

    writer_queue: int
    staged_keys: int
    readers: int
    called_off: int
    transactions: int


@dataclass
class CatalogFault:
    """One of `values.CatalogFault`."""

    kind: str
    count: int
    example: bytes
    mended: bool


@dataclass
class CatalogCheck:
    """One of `values.CatalogCheck`."""

    faults: tuple[CatalogFault, ...]
    folders: int
    files: int
    keys: int
    complete: bool
