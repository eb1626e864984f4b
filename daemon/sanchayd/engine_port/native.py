"""The engine as a `CatalogPort`: values pass through, and each error becomes the class of its kind."""

from __future__ import annotations

from collections.abc import Sequence

import sanchay_engine
from sanchay.errors import CatalogClosed
from sanchayd.engine_port import values
from sanchayd.engine_port.have_values import HavePage, HaveResult
from sanchayd.engine_port.native_dedupe import NativeDedupe
from sanchayd.engine_port.native_verify import NativeVerify
from sanchayd.engine_port.native_views import NativeViews
from sanchayd.engine_port.questions import DuplicateSort, ExportFormat, SummaryBy
from sanchayd.engine_port.translated import translated
from sanchayd.engine_port.values import LiveStatus, PolledPart
from sanchayd.roots.root import Root


class NativeScan:
    """A `ScanPort` over the engine's scan."""

    def __init__(self, scan: sanchay_engine.Scan) -> None:
        self._scan = scan

    def progress(self) -> values.ScanProgress:
        """A snapshot of atomics."""
        return self._scan.progress()

    def pause(self) -> None:
        """Holds still."""
        self._scan.pause()

    def resume(self) -> None:
        """Goes on."""
        self._scan.resume()

    def cancel(self) -> None:
        """Ends soon."""
        self._scan.cancel()

    def foreground(self) -> None:
        """Goes on at normal priority."""
        self._scan.foreground()

    def wait(self) -> values.ScanResult:
        """Blocks, with the GIL free, until the end."""
        with translated():
            while True:
                result = self._scan.wait(None)
                if result is not None:
                    return result


class NativeHave:
    """A `HavePort` over the engine's answer."""

    def __init__(self, have: sanchay_engine.Have) -> None:
        self._have = have
        self.pause = have.pause
        self.resume = have.resume
        self.cancel = have.cancel

    def progress(self) -> values.ScanProgress:
        """A snapshot of atomics."""
        return self._have.progress()

    def wait(self) -> HaveResult:
        """Blocks, with the GIL free, until the end."""
        with translated():
            while True:
                result = self._have.wait(None)
                if result is not None:
                    return result

    def rows(self, *, states: Sequence[str], limit: int, token: str, max_bytes: int | None = None) -> HavePage:
        """A page of rows."""
        with translated():
            return self._have.rows(states=states, limit=limit, max_bytes=max_bytes, token=token)


class NativeExport:
    """An `ExportPort` over the engine's export."""

    def __init__(self, export: sanchay_engine.Export) -> None:
        self._export = export

    @property
    def rows(self) -> int:
        """Rows so far."""
        return self._export.rows

    @property
    def left_out(self) -> int:
        """Rows that the format cannot carry, so far."""
        return self._export.left_out

    def read(self) -> bytes | None:
        """The next piece; None after the last."""
        with translated():
            return next(self._export, None)

    def close(self) -> None:
        """Gives up what is left."""
        self._export.close()


class NativeCatalog(NativeDedupe, NativeVerify, NativeViews):
    """A `CatalogPort` over the engine's catalog."""

    def __init__(self, catalog: sanchay_engine.Catalog, own_folders: Sequence[bytes]) -> None:
        self._catalog = catalog
        self._own_folders = tuple(own_folders)
        self._closing = False

    @classmethod
    def open(
        cls,
        path: bytes,
        *,
        own_folders: Sequence[bytes],
        own_files: Sequence[bytes] = (),
        owner: str = "",
        threads: int,
        cache_mb: int,
    ) -> NativeCatalog:
        """Opens or makes the catalog. Raises newer_database, foreign_database, busy, io, permission, disk_full."""
        with translated():
            catalog = sanchay_engine.Catalog.open(
                path, own_folders=own_folders, own_files=own_files, owner=owner, threads=threads, cache_mb=cache_mb
            )
        return cls(catalog, own_folders)

    def version(self) -> str:
        """The engine's version."""
        return sanchay_engine.__version__

    def close(self) -> None:
        """Cancels what runs, waits for it, and checkpoints."""
        self._closing = True
        with translated():
            self._catalog.close()

    def check_root(self, path: bytes) -> values.RootCheck:
        """Whether a path can be a root."""
        with translated():
            return sanchay_engine.check_root(path, self._own_folders)

    def path_below(self, root: bytes, path: bytes) -> bytes:
        """An absolute path as it is called below a root."""
        with translated():
            return sanchay_engine.path_below(root, path)

    def exclude_patterns(self, path: bytes, globs: Sequence[str]) -> Sequence[str]:
        """What a root is to leave out, below it."""
        with translated():
            return sanchay_engine.exclude_patterns(path, globs)

    def status(self) -> values.CatalogStatus:
        """Size and health."""
        with translated():
            return self._catalog.status()

    def check(self, *, repair: bool, background: bool) -> values.CatalogCheck:
        """Whether the rows agree with one another."""
        with translated():
            return self._catalog.check(repair=repair, background=background)

    def checked_ns(self) -> int:
        """When the last whole check ended."""
        with translated():
            return self._catalog.checked_ns()

    def set_background(self, *, max_mb_per_s: float | None, paused: bool) -> None:
        """Holds back background work."""
        self._catalog.set_background(max_mb_per_s=max_mb_per_s, paused=paused)

    def load(self) -> values.EngineLoad:
        """What waits in the engine."""
        return self._catalog.load()

    def hash_debt(self) -> values.HashDebt:
        """What is still to be hashed."""
        with translated():
            debt = self._catalog.hash_debt()
        return values.HashDebt(debt.files, debt.bytes)

    def writer_answers(self, limit_s: float) -> bool:
        """Whether the writer does its work."""
        return self._catalog.writer_answers(limit_s)

    def disk_full(self) -> bool:
        """Whether writing stands still for want of room."""
        return self._catalog.disk_full()

    def stored_roots(self) -> Sequence[values.StoredRoot]:
        """Every root that the catalog has."""
        with translated():
            return self._catalog.roots()

    def match_roots(self, known: Sequence[tuple[int, bytes]]) -> None:
        """Gives the catalog's roots the ids that the daemon has for their paths."""
        with translated():
            self._catalog.match_roots(known)

    def put_root(self, root: Root) -> None:
        """Adds a root or replaces its settings."""
        spec = sanchay_engine.RootSpec(
            root.id,
            root.path,
            name=root.name,
            hash=root.settings.hash.value,
            algorithm=root.settings.algorithm.value,
            exclude=root.settings.exclude,
            one_file_system=root.settings.one_file_system,
            skip_hidden=root.settings.skip_hidden,
            watch=root.settings.watch.value,
            poll_s=root.settings.poll_s,
            expect_unreadable=root.settings.expect_unreadable,
        )
        with translated():
            self._catalog.put_root(spec)

    def accept_root(self, root_id: int) -> None:
        """Has the next scan take the folder that is there for the root."""
        with translated():
            self._catalog.accept_root(root_id)

    def remove_root(self, root_id: int) -> None:
        """Forgets a root and its rows."""
        with translated():
            self._catalog.remove_root(root_id)

    def root_status(self, root_id: int) -> values.RootStatus:
        """What is known of a root."""
        with translated():
            status = self._catalog.root_status(root_id)
        return values.RootStatus(
            root_id=status.root_id,
            state=status.state,
            scanned_ns=status.scanned_ns,
            reason=status.reason,
            files=status.files,
            directories=status.directories,
            bytes=status.bytes,
            holds=status.holds,
        )

    def scan(self, root_id: int, *, background: bool, request_id: str) -> NativeScan:
        """Starts a scan on the engine's threads."""
        with translated():
            return NativeScan(self._catalog.scan(root_id, background=background, request_id=request_id))

    def have(
        self, *, paths: Sequence[bytes], hashes: Sequence[tuple[bytes, bytes, str]], request_id: str
    ) -> NativeHave:
        """Begins to compare on the engine's threads."""
        with translated():
            return NativeHave(self._catalog.have(paths=paths, hashes=hashes, request_id=request_id))

    def start_live(self, *, settle_ms: int, reconcile_s: int) -> None:
        """Begins to keep every root up to date."""
        with translated():
            self._catalog.start_live(settle_ms=settle_ms, reconcile_s=reconcile_s)

    def set_live(self, *, settle_ms: int, reconcile_s: int) -> None:
        """Changes what `start_live` was told."""
        with translated():
            self._catalog.set_live(settle_ms=settle_ms, reconcile_s=reconcile_s)

    def live_status(self) -> Sequence[LiveStatus]:
        """How each root is kept up to date."""
        with translated():
            statuses = self._catalog.live_status()
        return [
            LiveStatus(
                root_id=status.root_id,
                mode=status.mode,
                chosen_because=status.chosen_because,
                state=status.state,
                reason=status.reason,
                as_of_ns=status.as_of_ns,
                watched_folders=status.watched_folders,
                pending=status.pending,
                events=status.events,
                overflows=status.overflows,
                polled_parts=tuple(PolledPart(part.path, part.file_system) for part in status.polled_parts),
            )
            for status in statuses
        ]

    def sync(self, root_id: int) -> NativeScan:
        """Brings a root up to date."""
        with translated():
            return NativeScan(self._catalog.sync(root_id))

    def next_events(self, timeout_s: float, limit: int) -> values.EventBatch:
        """Blocks, with the GIL free, until something happens."""
        with translated():
            batch = self._catalog.next_events(timeout_s, limit)
        if self._closing and not batch.events:  # the engine's wait ends at once from here on
            raise CatalogClosed("The catalog is closed.")
        return batch

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
    ) -> values.FindPage:
        """A page of files."""
        with translated():
            return self._catalog.find(
                expression,
                sort=sort,
                limit=limit,
                max_bytes=max_bytes,
                token=token,
                time_zone=time_zone,
                patience_ms=patience_ms,
            )

    def roots_of_expression(self, expression: str) -> Sequence[int]:
        """The roots that answers draw on."""
        with translated():
            return self._catalog.roots_of_expression(expression)

    def place(self, path: bytes, *, ever: bool = False) -> values.Place:
        """A folder of the catalog or above roots."""
        with translated():
            return self._catalog.place(path, ever=ever)

    def duplicates(
        self,
        *,
        under: bytes | None,
        min_size: int,
        extensions: Sequence[str],
        types: Sequence[str],
        sort: DuplicateSort,
        limit: int,
        token: str,
        paths_limit: int,
        max_bytes: int | None = None,
        with_ignored: bool = False,
    ) -> values.DuplicatePage:
        """A page of groups."""
        with translated():
            return self._catalog.duplicates(
                under=under,
                min_size=min_size,
                extensions=extensions,
                types=types,
                sort=sort,
                limit=limit,
                max_bytes=max_bytes,
                token=token,
                paths_limit=paths_limit,
                with_ignored=with_ignored,
            )

    def shared_folders(
        self,
        *,
        under: bytes | None,
        min_size: int,
        extensions: Sequence[str],
        types: Sequence[str],
        limit: int,
        max_bytes: int | None = None,
        with_ignored: bool = False,
    ) -> values.SharedFolders:
        """The pairs of folders that share most."""
        with translated():
            return sanchay_engine.shared_folders(
                self._catalog,
                under=under,
                min_size=min_size,
                extensions=extensions,
                types=types,
                limit=limit,
                max_bytes=max_bytes,
                with_ignored=with_ignored,
            )

    def not_compared(self) -> values.NotCompared:
        """What no answer about copies covers."""
        with translated():
            return self._catalog.not_compared()

    def summary(self, by: SummaryBy, *, root_ids: Sequence[int]) -> Sequence[values.SummaryRow]:
        """Files and bytes by a key."""
        with translated():
            return self._catalog.summary(by, root_ids=root_ids)

    def usage(
        self,
        path: bytes | None,
        *,
        depth: int,
        limit: int,
        with_files: bool = False,
        with_types: bool = False,
        least_share: float = 0.0,
        token: str = "",
        max_bytes: int | None = None,
    ) -> values.UsagePage:
        """A page of folders and what they hold."""
        with translated():
            return self._catalog.usage(
                path,
                depth=depth,
                with_files=with_files,
                with_types=with_types,
                least_share=least_share,
                limit=limit,
                max_bytes=max_bytes,
                token=token,
            )

    def changes(
        self, *, cursor: str, since_ns: int | None, under: bytes | None, limit: int, max_bytes: int | None = None
    ) -> values.ChangePage:
        """A page of what changed."""
        with translated():
            return self._catalog.changes(
                cursor=cursor, since_ns=since_ns, under=under, limit=limit, max_bytes=max_bytes
            )

    def growth(
        self, path: bytes | None, *, days: int, limit: int, now_ns: int, max_bytes: int | None = None
    ) -> values.GrowthPage:
        """The folders that grew most."""
        with translated():
            return self._catalog.growth(path, days=days, limit=limit, max_bytes=max_bytes, now_ns=now_ns)

    def snapshot_usage(self, now_ns: int) -> int:
        """Stores the totals of that day of the folders that changed."""
        with translated():
            return self._catalog.snapshot_usage(now_ns)

    def prune_changes(self, before_ns: int, *, now_ns: int) -> int:
        """Lets older changes go, and totals of days long past."""
        with translated():
            return self._catalog.prune_changes(before_ns, now_ns=now_ns)

    def export(self, expression: str, file_format: ExportFormat, *, time_zone: str = "") -> NativeExport:
        """Starts an export."""
        with translated():
            return NativeExport(self._catalog.export(expression, file_format, time_zone=time_zone))

    def set_log_level(self, level: str) -> None:
        """How much the engine says; its lines are kept for `take_log_lines`."""
        sanchay_engine.set_log(None, level)

    def take_log_lines(self, timeout_s: float = 0.0) -> Sequence[str]:
        """What the engine said since the last call."""
        return sanchay_engine.take_log_lines(1000, timeout_s)
