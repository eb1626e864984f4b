"""The engine's orders as the ports of `views`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import sanchay_engine
from sanchayd.engine_port.questions import DuplicateSort
from sanchayd.engine_port.translated import translated
from sanchayd.engine_port.values import DuplicateGroup, FileRow


class NativeGroupView:
    """A `GroupViewPort` over the engine's view."""

    def __init__(self, view: sanchay_engine.GroupView) -> None:
        self._view = view
        self.kind: Literal["groups"] = "groups"
        self.bytes = view.bytes
        self.total_groups = view.total_groups
        self.total_redundant_files = view.total_redundant_files
        self.total_reclaimable_bytes = view.total_reclaimable_bytes
        self.total_freed_bytes = view.total_freed_bytes
        self.ignored_groups = view.ignored_groups
        self.has_moved_on = view.has_moved_on

    def __len__(self) -> int:
        return len(self._view)

    def read(
        self, position: int, limit: int, *, paths_limit: int, max_bytes: int | None
    ) -> Sequence[DuplicateGroup | None]:
        """The rows from a position on."""
        with translated():
            return self._view.read(position, limit, paths_limit=paths_limit, max_bytes=max_bytes)

    def position(self, *, hash_bytes: bytes | None, path: bytes | None) -> int | None:
        """Where a content is."""
        with translated():
            return self._view.position(hash_bytes=hash_bytes, path=path)


class NativeHitView:
    """A `HitViewPort` over the engine's view."""

    def __init__(self, view: sanchay_engine.HitView) -> None:
        self._view = view
        self.kind: Literal["hits"] = "hits"
        self.bytes = view.bytes
        self.total = view.total
        self.total_bytes = view.total_bytes
        self.folders = view.folders
        self.asks_for_copies = view.asks_for_copies
        self.root_ids: Sequence[int] = view.root_ids
        self.has_moved_on = view.has_moved_on

    def __len__(self) -> int:
        return len(self._view)

    def read(self, position: int, limit: int, *, max_bytes: int | None) -> Sequence[FileRow | None]:
        """The rows from a position on."""
        with translated():
            return self._view.read(position, limit, max_bytes=max_bytes)

    def position(self, path: bytes) -> int | None:
        """Where a file or folder is."""
        with translated():
            return self._view.position(path)


class NativeViews:
    """A `ViewsPort` over the engine's catalog."""

    _catalog: sanchay_engine.Catalog

    def open_groups(
        self,
        *,
        under: Sequence[bytes],
        min_size: int,
        extensions: Sequence[str],
        types: Sequence[str],
        text: str,
        sort: DuplicateSort,
        with_ignored: bool,
        limit: int,
    ) -> NativeGroupView:
        """Orders groups."""
        with translated():
            view = sanchay_engine.GroupView(
                self._catalog,
                under=under,
                min_size=min_size,
                extensions=extensions,
                types=types,
                text=text,
                sort=sort,
                with_ignored=with_ignored,
                limit=limit,
            )
        return NativeGroupView(view)

    def open_hits(self, expression: str, *, sort: str, time_zone: str, limit: int) -> NativeHitView:
        """Orders hits."""
        with translated():
            return NativeHitView(
                sanchay_engine.HitView(self._catalog, expression, sort=sort, time_zone=time_zone, limit=limit)
            )

    def change_count(self) -> int:
        """Counts what may change an order."""
        return self._catalog.change_count()

    def wait_change(self, known: int, timeout_s: float) -> int:
        """Waits, with the GIL free, for a change."""
        with translated():
            return self._catalog.wait_change(known, timeout_s)
