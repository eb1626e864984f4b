"""How a catalog is asked by those who compare the fake with the engine, and the tree that it holds."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest

from sanchay.errors import (
    SanchayError,
)
from sanchayd.engine_port import values
from sanchayd.engine_port.port import CatalogPort
from sanchayd.roots.root import Root, RootSettings
from tests.support.daemon import PATIENCE_S

T = TypeVar("T")
FILES = {
    "photos/one.jpg": b"\xff\xd8\xff" + b"photo" * 1000,
    "photos/two.jpg": b"\xff\xd8\xff" + b"photo" * 1000,
    "docs/letter.txt": b"Dear Sir",
    "docs/copy of letter.txt": b"Dear Sir",
    "docs/other.txt": b"Dear Madam",
}
BYTES = sum(map(len, FILES.values()))
PHOTO_BYTES = len(FILES["photos/one.jpg"])


def a_root(path: Path, number: int = 1, **settings: Any) -> Root:
    return Root(number, path.name, os.fsencode(path), RootSettings(**settings), created_ns=1)


def scan(port: CatalogPort, root_id: int = 1) -> values.ScanResult:
    return port.scan(root_id, background=False, request_id="r").wait()


def refusal(ask: Callable[[], object]) -> SanchayError:
    with pytest.raises(SanchayError) as caught:
        ask()
    return caught.value


def elsewhere(ask: Callable[[], T]) -> T:
    """Asks from another thread than the event loop's, as the daemon does."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(ask).result(PATIENCE_S)


def names(rows: Sequence[values.FileRow]) -> list[str]:
    return sorted(os.path.basename(os.fsdecode(row.path)) for row in rows)


def find(port: CatalogPort, expression: str = "", **options: Any) -> values.FindPage:
    return port.find(expression, **{"sort": "", "limit": 100, "token": "", **options})


def duplicates(port: CatalogPort, **options: Any) -> values.DuplicatePage:
    filters: dict[str, Any] = {"under": None, "min_size": 1, "extensions": [], "types": [], "sort": "reclaimable"}
    return port.duplicates(**{**filters, "limit": 100, "token": "", "paths_limit": 100, **options})
