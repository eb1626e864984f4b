"""Views of the catalog in memory, over its rows; and word of changes, as a test gives it."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from typing import Any, Literal

from sanchay.errors import CatalogClosed, InvalidQuery
from sanchayd.engine_port.views import GroupViewPort
from tests.support.fake_answers import Row, fitting


class FakeHitView:
    """An order of rows; those in `gone` are no longer there."""

    def __init__(self, catalog: FakeViews, rows: Sequence[Row], limit: int) -> None:
        self.kind: Literal["hits"] = "hits"
        self._catalog = catalog
        self._count = catalog.moves
        self._rows = list(rows)[:limit]
        self.bytes = 12 * len(self._rows)
        self.total = len(rows)
        self.total_bytes: int | None = sum(row.size for row in rows)
        self.folders = 0
        self.asks_for_copies = False
        self.root_ids: Sequence[int] = catalog.root_ids()
        self.gone: set[bytes] = set()

    def __len__(self) -> int:
        return len(self._rows)

    def has_moved_on(self) -> bool:
        return self._catalog.moves != self._count

    def read(self, position: int, limit: int, *, max_bytes: int | None) -> list[Row | None]:
        rows = self._rows[position : position + limit]
        rows = rows[: fitting([row.path for row in rows], max_bytes)]
        known = {row.path: row for held in self._catalog.rows.values() for row in held}
        return [None if row.path in self.gone else known.get(row.path) for row in rows]

    def position(self, path: bytes) -> int | None:
        paths = [row.path for row in self._rows]
        return paths.index(path) if path in paths else None


class FakeViews:
    """What makes views. `change` is what a transaction of the engine does."""

    rows: dict[int, list[Row]]

    def __init__(self) -> None:
        super().__init__()
        self.moves = 0
        self.views: list[FakeHitView] = []
        self._told = threading.Condition()
        self._ended = False

    def root_ids(self) -> list[int]:
        return list(self.rows)

    def open_groups(self, **_: Any) -> GroupViewPort:
        raise NotImplementedError("only the engine knows duplicates: open it in a temporary folder")

    def open_hits(self, expression: str, *, sort: str, time_zone: str, limit: int) -> FakeHitView:
        if expression.startswith("size:>x"):
            raise InvalidQuery("x is no size.", term="size:>x", position=0)
        word = os.fsencode(expression)
        rows = [row for rows in self.rows.values() for row in rows if word in os.path.basename(row.path)]
        self.views.append(FakeHitView(self, rows, limit))
        return self.views[-1]

    def change(self) -> None:
        with self._told:
            self.moves += 1
            self._told.notify_all()

    def end_changes(self) -> None:
        with self._told:
            self._ended = True
            self._told.notify_all()

    def change_count(self) -> int:
        return self.moves

    def wait_change(self, known: int, timeout_s: float) -> int:
        with self._told:
            self._told.wait_for(lambda: self._ended or self.moves != known, timeout_s)
            if self._ended:
                raise CatalogClosed("The catalog is closed.")
            return self.moves
