"""Who follows the change feed of a live root: what they know of its paths and bytes in the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from sanchay_engine import Catalog, ChangeRow
from tests.property.oracle import Oracle


@dataclass
class Feed:
    """What a follower knows."""

    paths: set[bytes] = field(default_factory=set)
    bytes: int = 0
    #: Changes that make no sense to who followed until then.
    strange: list[str] = field(default_factory=list)

    def follow(self, row: ChangeRow) -> None:
        self.bytes += row.bytes_delta
        if row.folder:
            self._folder(row)
        elif row.kind == "added":
            self._expect(row.path not in self.paths, row)
            self.paths.add(row.path)
        elif row.kind == "removed":
            self._expect(row.path in self.paths, row)
            self.paths.discard(row.path)
        elif row.kind == "moved":
            self._expect(row.from_path in self.paths and row.path not in self.paths, row)
            self.paths.discard(row.from_path or b"")
            self.paths.add(row.path)
        else:
            self._expect(row.path in self.paths, row)

    def _folder(self, row: ChangeRow) -> None:
        above = row.from_path if row.kind == "moved" else row.path
        below = {path for path in self.paths if path.startswith((above or b"") + b"/")}
        self._expect(len(below) == row.files, row)
        self.paths -= below
        if row.kind == "moved":
            self.paths |= {row.path + path[len(above or b"") :] for path in below}

    def _expect(self, holds: bool, row: ChangeRow) -> None:
        if not holds:
            self.strange.append(f"the feed tells of {row.kind} {row.from_path!r} {row.path!r} ({row.files} files)")


def following(catalog: Catalog, cursor: str, feed: Feed) -> tuple[Feed, str]:
    """Follows everything since the cursor; gives the cursor behind it too."""
    while True:
        page = catalog.changes(cursor=cursor, limit=1000)
        if page.truncated:
            feed.strange.append("the feed was cut off")
        for row in page.rows:
            if row.kind != "baseline":
                feed.follow(row)
        cursor = page.cursor
        if page.complete:
            return feed, cursor


def feed_differences(feed: Feed, now: Oracle) -> Iterator[str]:
    """What the follower has wrong in the end."""
    yield from feed.strange[:10]
    for path in sorted(now.files.keys() - feed.paths)[:5]:
        yield f"the feed has not told of {path!r}"
    for path in sorted(feed.paths - now.files.keys())[:5]:
        yield f"by the feed {path!r} is there still"
    if feed.bytes != now.size:
        yield f"the feed adds up to {feed.bytes} bytes and should to {now.size}"
