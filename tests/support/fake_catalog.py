"""A `CatalogPort` in memory: it walks, hashes and answers by the plainest means, and can be told to be slow or to fail.

It stands in for the engine where the daemon's own behaviour is tested. `FAKE_SCAN_S` makes each scan take so long;
while the file that `FAKE_WRITER_HANGS` names is there, the writer does not answer.
"""

from __future__ import annotations

import hashlib
import os
import stat
import threading
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

from sanchay.errors import (
    InvalidArgument,
    InvalidQuery,
    NotAbsolute,
    NotAFolder,
    NotFound,
    OwnFolder,
    SanchayError,
    UnknownPath,
)
from sanchayd.engine_port import values
from sanchayd.engine_port.values import LiveStatus
from sanchayd.roots.root import Root
from tests.support import fake_values
from tests.support.fake_answers import (
    Copy,
    Group,
    Groups,
    NotCompared,
    Page,
    Progress,
    Result,
    Row,
    SummaryRow,
    Unreadable,
    UsagePage,
    UsageRow,
    fitting,
)
from tests.support.fake_check import FakeCheck
from tests.support.fake_live import EventBatch, FakeLive
from tests.support.fake_time import ChangePage, FakeTime, GrowthPage


class FakeScan:
    """A scan that lists on `wait`, after `catalog.scan_s` and once `catalog.gate` is open."""

    def __init__(self, catalog: FakeCatalog, root: Root, background: bool) -> None:
        self._catalog = catalog
        self.root = root
        self.background = background
        self.cancelled = threading.Event()
        self.state = Progress()

    def progress(self) -> Progress:
        return Progress(**vars(self.state))

    def pause(self) -> None:
        self.state.paused = True

    def resume(self) -> None:
        self.state.paused = False

    def cancel(self) -> None:
        if not self._catalog.hangs:
            self.cancelled.set()

    def foreground(self) -> None:
        self.background = False

    def wait(self) -> Result:
        started_s = time.monotonic()
        while not self.cancelled.is_set():
            waited = time.monotonic() - started_s >= self._catalog.scan_s
            if waited and self._catalog.gate.is_set() and not self.state.paused:
                break
            self.state.files += 1
            time.sleep(0.005)
        if self.cancelled.is_set():
            return Result("cancelled", "it was cancelled")
        if self._catalog.scan_error is not None:
            raise self._catalog.scan_error
        if not os.path.isdir(self.root.path):
            return self._offline()
        rows, errors, directories = self._catalog.walk(self.root)
        self._catalog.rows[self.root.id] = rows
        state = "partial" if errors else "done"
        self._catalog.statuses[self.root.id] = state
        self._catalog.live.scanned(self.root)
        return Result(
            state,
            files=len(rows),
            directories=directories,
            bytes=sum(row.size for row in rows),
            errors=len(errors),
            duration_s=time.monotonic() - started_s,
            error_list=errors,
        )

    def _offline(self) -> Result:
        """What was scanned before is away and keeps its rows; anything else is a path that does not exist."""
        if self.root.id not in self._catalog.rows:
            path = self.root.path
            raise NotFound(f"{os.fsdecode(path)} does not exist.", path=path)
        self._catalog.statuses[self.root.id] = "offline"
        return Result("offline", "its folder is not there")


class FakeExport:
    """Lines of CSV, a piece for each `catalog.piece_bytes`."""

    def __init__(self, pieces: Iterator[bytes], catalog: FakeCatalog) -> None:
        self._pieces = pieces
        self._catalog = catalog
        self.rows = 0
        self.left_out = 0

    def read(self) -> bytes | None:
        self.rows += 1
        return next(self._pieces, None)

    def close(self) -> None:
        self._catalog.open_exports -= 1


class FakeCatalog:
    """The catalog. Its knobs: `gate` (closed: scans wait), `scan_s`, `scan_error`, `rebuilt_from`, `damage`,
    `export_pieces`."""

    def __init__(self, own_folders: Sequence[bytes] = ()) -> None:
        self.own_folders = tuple(own_folders)
        self.roots: dict[int, Root] = {}
        self.accepted: list[int] = []
        #: The roots that a search draws on; all of them where it is empty.
        self.searched_roots: list[int] = []
        self.rows: dict[int, list[Row]] = {}
        self.statuses: dict[int, str] = {}
        self.scans: list[FakeScan] = []
        self.gate = threading.Event()
        self.gate.set()
        self.hangs = False  # whether scans do not hear that they are cancelled
        self.scan_s = float(os.environ.get("FAKE_SCAN_S", "0"))
        self.export_pieces = int(os.environ.get("FAKE_EXPORT_PIECES", "3"))
        self.scan_error: SanchayError | None = None
        self.rebuilt_from: bytes | None = None
        self.damage = ""
        self.open_exports = 0
        self.background: list[tuple[float | None, bool]] = []
        self.checks = FakeCheck()
        self.writer_gate_file = os.environ.get("FAKE_WRITER_HANGS", "")
        self.log_level = ""
        self.closed = False
        self.full = False
        self.stored: list[values.StoredRoot] = []  # roots that the catalog has rows of when it is opened
        self.matched: list[tuple[int, bytes]] = []
        self.catalog_id = ""
        self.live = FakeLive()
        self.time = FakeTime()

    def version(self) -> str:
        return "fake"

    def close(self) -> None:
        self.closed = True
        for scan in self.scans:
            scan.cancel()
        self.live.close()

    def check_root(self, path: bytes) -> values.RootCheck:
        if not os.path.isabs(path):
            raise NotAbsolute(f"{os.fsdecode(path)} is not absolute.", path=path)
        real = os.path.realpath(path)
        if not os.path.exists(real):
            raise NotFound(f"{os.fsdecode(path)} does not exist.", path=path)
        if not os.path.isdir(real):
            raise NotAFolder(f"{os.fsdecode(path)} is not a folder.", path=path)
        if any(real == own or real.startswith(own + b"/") for own in self.own_folders):
            raise OwnFolder(f"{os.fsdecode(path)} is Sanchay's own.", path=path)
        return fake_values.RootCheck(real, "ext4", False)

    def path_below(self, root: bytes, path: bytes) -> bytes:
        return path

    def exclude_patterns(self, path: bytes, globs: Sequence[str]) -> list[str]:
        return list(globs)

    def status(self) -> values.CatalogStatus:
        rows = [row for rows in self.rows.values() for row in rows]
        size = sum(row.size for row in rows)
        return fake_values.CatalogStatus(
            os.fsencode(__file__),
            len(rows),
            0,
            size,
            4096,
            0,
            0,
            "ready",
            0,
            self.rebuilt_from,
            self.damage,
            "",
            self.catalog_id,
        )

    def check(self, *, repair: bool, background: bool) -> values.CatalogCheck:
        return self.checks.run(repair=repair, background=background)

    def checked_ns(self) -> int:
        return self.checks.checked_ns

    def set_background(self, *, max_mb_per_s: float | None, paused: bool) -> None:
        self.background.append((max_mb_per_s, paused))

    def load(self) -> values.EngineLoad:
        return fake_values.EngineLoad(0, 0, len(self.scans))

    def hash_debt(self) -> values.HashDebt:
        return values.HashDebt(2, 2048)

    def writer_answers(self, limit_s: float) -> bool:
        return not (self.writer_gate_file and os.path.exists(self.writer_gate_file))

    def disk_full(self) -> bool:
        return self.full

    def stored_roots(self) -> list[values.StoredRoot]:
        return self.stored

    def match_roots(self, known: Sequence[tuple[int, bytes]]) -> None:
        self.matched = list(known)

    def put_root(self, root: Root) -> None:
        self.roots[root.id] = root
        self.live.put_root(root)

    def accept_root(self, root_id: int) -> None:
        self.accepted.append(root_id)

    def remove_root(self, root_id: int) -> None:
        self.roots.pop(root_id, None)
        self.rows.pop(root_id, None)
        self.live.remove_root(root_id)

    def root_status(self, root_id: int) -> values.RootStatus:
        rows = self.rows.get(root_id, [])
        state = {"done": "ready"}.get(self.statuses.get(root_id, "new"), self.statuses.get(root_id, "new"))
        scanned_ns = 1 if root_id in self.rows else 0
        return values.RootStatus(root_id, state, scanned_ns, "", len(rows), 0, sum(row.size for row in rows))

    def scan(self, root_id: int, *, background: bool, request_id: str) -> FakeScan:
        scan = FakeScan(self, self.roots[root_id], background)
        self.scans.append(scan)
        return scan

    def start_live(self, *, settle_ms: int, reconcile_s: int) -> None:
        self.live.start(list(self.roots.values()), settle_ms, reconcile_s)

    def set_live(self, *, settle_ms: int, reconcile_s: int) -> None:
        self.live.started = {"settle_ms": settle_ms, "reconcile_s": reconcile_s}

    def live_status(self) -> list[LiveStatus]:
        assert threading.current_thread() is not threading.main_thread(), "the event loop does not wait for an engine"
        self.live.looks += 1
        return list(self.live.statuses.values())

    def sync(self, root_id: int) -> FakeScan:
        scan = FakeScan(self, self.roots[root_id], background=False)
        self.scans.append(scan)
        return scan

    def next_events(self, timeout_s: float, limit: int) -> EventBatch:
        return self.live.next_events(timeout_s, limit)

    def walk(self, root: Root) -> tuple[list[Row], list[Unreadable], int]:
        """Every regular file below the root, and what could not be read."""
        rows: list[Row] = []
        errors: list[Unreadable] = []
        directories = 0

        def failed(error: OSError) -> None:
            errors.append(Unreadable(os.fsencode(error.filename), "permission", str(error)))

        for folder, _, names in os.walk(root.path, onerror=failed):
            directories += 1
            for name in names:
                path = os.path.join(folder, name)
                info = os.lstat(path)
                if stat.S_ISREG(info.st_mode):
                    rows.append(_row(root.id, path, info))
        return rows, errors, directories

    def roots_of_expression(self, expression: str) -> list[int]:
        return self.searched_roots or list(self.roots)

    def place(self, path: bytes, *, ever: bool = False) -> values.Place:
        def within(one: bytes, other: bytes) -> bool:
            return one == other or one.startswith(other.rstrip(b"/") + b"/")

        held = [root.id for root in self.roots.values() if within(path, root.path) or within(root.path, path)]
        if not held:
            raise UnknownPath(f"{os.fsdecode(path)} is not in the catalog.", path=path)
        return fake_values.Place(path, tuple(held))

    def find(
        self,
        expression: str,
        *,
        sort: str,
        limit: int,
        token: str,
        time_zone: str = "",
        max_bytes: int | None = None,
    ) -> Page:
        if expression.startswith("size:>x"):
            raise InvalidQuery("x is no size.", term="size:>x", position=0)
        word = os.fsencode(expression)
        hits = [row for rows in self.rows.values() for row in rows if word in os.path.basename(row.path)]
        start = int(token or 0)
        page = hits[start : start + limit]
        end = start + fitting([row.path for row in page], max_bytes)
        more = str(end) if end < len(hits) else ""
        size = sum(row.size for row in hits)
        return Page(hits[start:end], len(hits), len(hits), size, more, self.roots_of_expression(expression))

    def duplicates(
        self,
        *,
        under: bytes | None,
        min_size: int,
        extensions: Sequence[str],
        types: Sequence[str],
        sort: str,
        limit: int,
        token: str,
        paths_limit: int,
        max_bytes: int | None = None,
    ) -> Groups:
        found: dict[tuple[int, bytes], list[Row]] = defaultdict(list)
        for rows in self.rows.values():
            for row in rows:
                if row.size >= min_size and (under is None or row.path.startswith(under + b"/")):
                    found[(row.size, row.hash)].append(row)
        groups = [_group(rows, paths_limit) for rows in found.values() if len({row.inode for row in rows}) > 1]
        for group in groups:
            del group.paths[fitting([copy.path for copy in group.paths], max_bytes) :]
        groups.sort(key=lambda group: -group.reclaimable_bytes)
        reclaimable = sum(group.reclaimable_bytes for group in groups)
        start = int(token or 0)
        page = groups[start : start + limit]
        end = start + fitting([b"".join(copy.path for copy in group.paths) for group in page], max_bytes)
        more = str(end) if end < len(groups) else ""
        redundant = sum(group.copies - 1 for group in groups)
        return Groups(groups[start:end], len(groups), redundant, reclaimable, reclaimable, more)

    def not_compared(self) -> NotCompared:
        return NotCompared()

    def summary(self, by: str, *, root_ids: Sequence[int]) -> list[SummaryRow]:
        counts: dict[str, SummaryRow] = {}
        for root_id, rows in self.rows.items():
            for row in rows:
                if not root_ids or root_id in root_ids:
                    entry = counts.setdefault(row.extension, SummaryRow(row.extension, 0, 0))
                    entry.files += 1
                    entry.bytes += row.size
        return sorted(counts.values(), key=lambda row: -row.bytes)

    def usage(
        self, path: bytes | None, *, depth: int, limit: int, token: str = "", max_bytes: int | None = None
    ) -> UsagePage:
        rows = [UsageRow(root.path, 0, 1, 1, 1, 1, 0, 1, False) for root in self.roots.values()]
        if token and not token.isdecimal():
            raise InvalidArgument("the page token is not one of this question's")
        start = int(token or 0)
        end = start + fitting([row.path for row in rows[start : start + limit]], max_bytes)
        return UsagePage(rows[start:end], str(end) if end < len(rows) else "")

    def changes(
        self, *, cursor: str, since_ns: int | None, under: bytes | None, limit: int, max_bytes: int | None = None
    ) -> ChangePage:
        return self.time.changes(cursor, since_ns, under, limit, max_bytes)

    def growth(
        self, path: bytes | None, *, days: int, limit: int, now_ns: int, max_bytes: int | None = None
    ) -> GrowthPage:
        return self.time.growth(days, limit, max_bytes)

    def snapshot_usage(self, now_ns: int) -> int:
        self.time.snapshots.append(now_ns)
        return 1

    def prune_changes(self, before_ns: int, *, now_ns: int) -> int:
        self.time.prunes.append(before_ns)
        return 0

    def export(self, expression: str, file_format: str, *, time_zone: str = "") -> FakeExport:
        self.open_exports += 1
        return FakeExport((b"x" * (1 << 20) for _ in range(self.export_pieces)), self)

    def set_log_level(self, level: str) -> None:
        self.log_level = level

    def take_log_lines(self, timeout_s: float = 0.0) -> list[str]:
        if timeout_s:  # a sleep of nothing fails under a faked clock
            time.sleep(timeout_s)
        return []


def _row(root_id: int, path: bytes, info: os.stat_result) -> Row:
    try:
        digest = hashlib.sha256(Path(os.fsdecode(path)).read_bytes()).digest()
    except OSError:
        digest = b""
    extension = os.path.splitext(path)[1].lstrip(b".").decode("utf-8", "replace")
    return Row(
        path=path,
        size=info.st_size,
        allocated=info.st_blocks * 512,
        modified_ns=info.st_mtime_ns,
        created_ns=None,
        type="other",
        extension=extension,
        hash=digest,
        algorithm="sha256",
        hash_state="hashed",
        links=info.st_nlink,
        owner=info.st_uid,
        root_id=root_id,
        inode=info.st_ino,
    )


def _group(rows: list[Row], paths_limit: int) -> Group:
    inodes = list(dict.fromkeys(row.inode for row in rows))
    copies = len(inodes)
    names = [
        Copy(row.path, row.inode, row.modified_ns, row.root_id, inodes.index(row.inode) + 1, False)
        for row in rows[:paths_limit]
    ]
    reclaimable = rows[0].size * (copies - 1)
    return Group(rows[0].size, rows[0].hash, "sha256", copies, 0, reclaimable, reclaimable, len(rows), names)
