"""A `CatalogPort` in memory: it walks, finds names, and can be told to be slow or to fail.

It stands in for the engine where the daemon's own behaviour is tested; what is in the answers is tested over the engine
itself. Nothing is hashed here, and duplicates, summaries and totals of folders are not known. `FAKE_SCAN_S` makes each
scan take so long; while the file that `FAKE_WRITER_HANGS` names is there, the writer does not answer.
"""

from __future__ import annotations

import os
import stat
import threading
import time
from collections.abc import Sequence
from typing import Any

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
from tests.support.fake_answers import NotCompared, Page, Row, Unreadable, UsagePage, fitting
from tests.support.fake_check import FakeCheck
from tests.support.fake_dedupe import FakeDedupe
from tests.support.fake_have import FakeHave
from tests.support.fake_live import EventBatch, FakeLive
from tests.support.fake_scan import FakeExport, FakeScan
from tests.support.fake_time import ChangePage, FakeTime, GrowthPage
from tests.support.fake_verify import FakeVerify
from tests.support.fake_views import FakeViews

ASK_THE_ENGINE = "only the engine knows duplicates: open it in a temporary folder"


class FakeCatalog(FakeDedupe, FakeVerify, FakeViews):
    """The catalog. Its knobs: `gate` (closed: scans wait), `scan_s`, `scan_error`, `rebuilt_from`, `damage`,
    `export_pieces`."""

    def __init__(self, own_folders: Sequence[bytes] = ()) -> None:
        super().__init__()
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
        self.full = False
        self.stored: list[values.StoredRoot] = []  # roots that the catalog has rows of when it is opened
        self.matched: list[tuple[int, bytes]] = []
        self.catalog_id = ""
        self.live = FakeLive()
        self.time = FakeTime()

    def version(self) -> str:
        return "fake"

    def close(self) -> None:
        for scan in self.scans:
            scan.cancel()
        for act in self.started:
            act.cancel()
        self.live.close()
        self.end_changes()

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
        return fake_values.EngineLoad(0, 0, 0, 0, len(self.scans))

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

    def have(self, *, paths: Sequence[bytes], hashes: Sequence[tuple[bytes, bytes, str]], request_id: str) -> FakeHave:
        del request_id
        return FakeHave(self, [*paths, *(name for name, _, _ in hashes)])

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
        patience_ms: int | None = None,
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

    # What the engine alone knows is asked for here only for the freshness that comes with it.

    def duplicates(self, **_: Any) -> values.DuplicatePage:
        raise NotImplementedError(ASK_THE_ENGINE)

    def shared_folders(self, **_: Any) -> values.SharedFolders:
        raise NotImplementedError(ASK_THE_ENGINE)

    def not_compared(self) -> NotCompared:
        return NotCompared()

    def summary(self, by: str, *, root_ids: Sequence[int]) -> list[values.SummaryRow]:
        return []

    def usage(self, path: bytes | None, *, least_share: float = 0.0, **_: Any) -> UsagePage:
        if not 0 <= least_share <= 1:
            raise InvalidArgument("the least share must be between 0 and 1")
        return UsagePage()

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
        """It has no log."""

    def take_log_lines(self, timeout_s: float = 0.0) -> list[str]:
        time.sleep(timeout_s)
        return []


def _row(root_id: int, path: bytes, info: os.stat_result) -> Row:
    extension = os.path.splitext(path)[1].lstrip(b".").decode("utf-8", "replace")
    return Row(
        path=path,
        size=info.st_size,
        allocated=info.st_blocks * 512,
        modified_ns=info.st_mtime_ns,
        created_ns=None,
        type="other",
        extension=extension,
        hash=b"",
        algorithm="",
        hash_state="pending",
        links=info.st_nlink,
        owner=info.st_uid,
        root_id=root_id,
        inode=info.st_ino,
    )
