"""A report's rows as one packed value: JSON, compressed. Paths keep their exact bytes."""

from __future__ import annotations

import json
import zlib
from collections.abc import Sequence
from typing import Any

from sanchayd.reports.report import Report, ReportRow

_PARTS = ("rows", "new", "grown", "gone")


def pack(report: Report) -> bytes:
    """The value to store."""
    document: dict[str, Any] = {part: [_values(row) for row in getattr(report, part)] for part in _PARTS}
    document["expression"] = report.expression
    return zlib.compress(json.dumps(document, separators=(",", ":")).encode("ascii"), 6)


def unpack(packed: bytes) -> Report:
    """The report again."""
    document = json.loads(zlib.decompress(packed))
    parts = {part: tuple(_row(values) for values in document[part]) for part in _PARTS}
    return Report(**parts, expression=document.get("expression"))


def _values(row: ReportRow) -> list[Any]:
    path = row.path.decode("utf-8", "surrogateescape")
    return [path, row.size, row.allocated, row.modified_ns, row.type, row.hash, row.root_id, row.size_before]


def _row(values: Sequence[Any]) -> ReportRow:
    return ReportRow(values[0].encode("utf-8", "surrogateescape"), *values[1:])
