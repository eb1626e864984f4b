"""What the catalog in memory says of changes and growth: as the test put it there."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeAlias

from sanchay.errors import InvalidArgument
from tests.support.fake_answers import fitting

RawBytes: TypeAlias = bytes


@dataclass
class ChangeRow:
    """Something that happened to a file."""

    kind: str
    path: bytes
    from_path: bytes | None = None
    folder: bool = False
    files: int = 1
    bytes_delta: int = 0
    size: int = 0
    at_ns: int = 0
    root_id: int = 1


@dataclass
class ChangePage:
    """Changes, oldest first."""

    rows: list[ChangeRow]
    cursor: str
    complete: bool
    truncated: bool = False


@dataclass
class GrowthRow:
    """A folder that grew."""

    path: RawBytes
    bytes: int
    files: int
    grown_bytes: int
    bytes_per_day: float
    history: list[tuple[int, int]]


@dataclass
class VolumePace:
    """How fast a volume fills."""

    path: RawBytes
    bytes_per_day: float
    days: int


@dataclass
class GrowthPage:
    """What grew."""

    rows: list[GrowthRow]
    bytes_per_day: float
    days: int
    volumes: list[VolumePace]


@dataclass
class FakeTime:
    """A feed and paces that a test fills, and what it was asked to keep and to let go. Cursors are `cNUMBER`."""

    feed: list[ChangeRow] = field(default_factory=list)
    rows: list[GrowthRow] = field(default_factory=list)
    volumes: list[VolumePace] = field(default_factory=list)
    snapshots: list[int] = field(default_factory=list)
    prunes: list[int] = field(default_factory=list)
    asked_days: list[int] = field(default_factory=list)

    def changes(
        self, cursor: str, since_ns: int | None, under: bytes | None, limit: int, max_bytes: int | None = None
    ) -> ChangePage:
        if cursor and not cursor[1:].isdigit():
            raise InvalidArgument(f"'{cursor}' is not a cursor.")
        start = int(cursor[1:]) if cursor else 0
        rows: list[ChangeRow] = []
        for number, row in enumerate(self.feed[start:], start):
            if len(rows) == limit or fitting([*(row.path for row in rows), row.path], max_bytes) == len(rows):
                return ChangePage(rows, f"c{number}", complete=False)
            if (since_ns is None or row.at_ns >= since_ns) and (under is None or row.path.startswith(under)):
                rows.append(row)
        return ChangePage(rows, f"c{len(self.feed)}", complete=True)

    def growth(self, days: int, limit: int, max_bytes: int | None = None) -> GrowthPage:
        self.asked_days.append(days)
        pace = sum(row.bytes_per_day for row in self.rows)
        rows = self.rows[: min(limit, fitting([row.path for row in self.rows], max_bytes))]
        return GrowthPage(rows, pace, days if self.rows else 0, self.volumes)
