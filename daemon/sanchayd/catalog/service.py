"""Questions to the catalog, each answered with how far the answer can be trusted."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from sanchay import names
from sanchay.errors import Busy, InvalidArgument
from sanchayd.catalog.board import FreshnessBoard
from sanchayd.catalog.freshness import Freshness
from sanchayd.engine_port import CatalogPool, QuestionsPort
from sanchayd.engine_port import questions as engine
from sanchayd.engine_port.values import DuplicatePage, FindPage, NotCompared, SharedFolders, SummaryRow, UsagePage
from sanchayd.jobs.queue import JobQueue
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import Root

FIND_LIMIT = 100
DUPLICATES_LIMIT = 20
PAIRS_LIMIT = 100
PAIRS_MAX_LIMIT = 1000
PAGE_LIMIT = 10_000
PATHS_LIMIT = 1000
USAGE_LIMIT = 1000
USAGE_MAX_LIMIT = 10_000
EXPORTS_AT_ONCE = 8

Answer = TypeVar("Answer")
Word = TypeVar("Word", bound=str)


@dataclass(frozen=True)
class Answered(Generic[Answer]):
    """What the catalog said, and how far it can be trusted."""

    answer: Answer
    freshness: Freshness
    not_compared: NotCompared | None = None


@dataclass(frozen=True)
class DuplicatesQuestion:
    """Which groups: `min_size` in bytes, None for 1 (empty files are left out)."""

    under: bytes | None = None
    min_size: int | None = None
    extensions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    sort: str = ""
    limit: int = 0
    token: str = ""
    paths_limit: int = PATHS_LIMIT
    with_ignored: bool = False
    max_bytes: int | None = None


@dataclass(frozen=True)
class Piece:
    """A piece of an export; the last one is empty and complete."""

    data: bytes
    rows: int
    complete: bool
    left_out: int


class CatalogService:
    """Use cases that only read."""

    def __init__(
        self,
        catalog: QuestionsPort,
        pool: CatalogPool,
        registry: RootRegistry,
        queue: JobQueue,
        board: FreshnessBoard,
    ) -> None:
        self._catalog = catalog
        self._pool = pool
        self._registry = registry
        self._queue = queue
        self._board = board
        self._exports = 0

    async def find(
        self,
        expression: str,
        *,
        sort: str,
        limit: int,
        token: str,
        time_zone: str = "",
        max_bytes: int | None = None,
        patience_ms: int | None = None,
    ) -> Answered[FindPage]:
        """A page of files; dates are by the clocks of `time_zone`. After `patience_ms` the hits found by then are the
        answer. Raises invalid_query with its term and position.
        """
        page = await self._pool.ask(
            self._catalog.find,
            expression,
            sort=sort,
            limit=_bounded(limit, FIND_LIMIT),
            token=token,
            time_zone=time_zone,
            max_bytes=max_bytes,
            patience_ms=patience_ms,
        )
        counts = page.asks_for_copies and not page.out_of_patience
        not_compared = await self._pool.ask(self._catalog.not_compared) if counts else None
        return Answered(page, await self._freshness(self._registry.some(page.root_ids)), not_compared)

    async def duplicates(self, question: DuplicatesQuestion) -> Answered[DuplicatePage]:
        """A page of groups of equal files, and the totals of all of them."""
        sort = _one_of(question.sort or "reclaimable", engine.DUPLICATE_SORTS, "order")
        under, roots = await self._registry.place(question.under)
        page = await self._pool.ask(
            self._catalog.duplicates,
            under=under,
            min_size=1 if question.min_size is None else question.min_size,
            extensions=question.extensions,
            types=question.types,
            sort=sort,
            limit=_bounded(question.limit, DUPLICATES_LIMIT),
            token=question.token,
            paths_limit=question.paths_limit,
            with_ignored=question.with_ignored,
            max_bytes=question.max_bytes,
        )
        not_compared = await self._pool.ask(self._catalog.not_compared)
        return Answered(page, await self._freshness(roots), not_compared)

    async def shared_folders(self, question: DuplicatesQuestion) -> Answered[SharedFolders]:
        """The pairs of folders that share most of the groups that are meant; their order and page do not count."""
        under, roots = await self._registry.place(question.under)
        found = await self._pool.ask(
            self._catalog.shared_folders,
            under=under,
            min_size=1 if question.min_size is None else question.min_size,
            extensions=question.extensions,
            types=question.types,
            limit=min(question.limit or PAIRS_LIMIT, PAIRS_MAX_LIMIT),
            max_bytes=question.max_bytes,
            with_ignored=question.with_ignored,
        )
        not_compared = await self._pool.ask(self._catalog.not_compared)
        return Answered(found, await self._freshness(roots), not_compared)

    async def summary(self, by: str, words: Sequence[bytes]) -> Answered[Sequence[SummaryRow]]:
        """Files and bytes by a key, of the roots that are named or of all."""
        key = _one_of(by or "type", engine.SUMMARY_KEYS, "key")
        roots = [await self._registry.resolve(word) for word in words] if words else self._registry.all()
        root_ids = [root.id for root in roots] if words else []
        rows = await self._pool.ask(self._catalog.summary, key, root_ids=root_ids)
        not_compared = await self._pool.ask(self._catalog.not_compared)
        return Answered(rows, await self._freshness(roots), not_compared)

    async def usage(
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
    ) -> Answered[UsagePage]:
        """Folders and what they hold, a page at a time. Raises invalid_argument and unknown_path."""
        if not 0 <= least_share <= 1:
            raise InvalidArgument(f"The least share {least_share} is not between 0 and 1.")
        bound = min(limit or USAGE_LIMIT, USAGE_MAX_LIMIT)
        folder, roots = await self._registry.place(path)
        page = await self._pool.ask(
            self._catalog.usage,
            folder,
            depth=depth,
            with_files=with_files,
            with_types=with_types,
            least_share=least_share,
            limit=bound,
            token=token,
            max_bytes=max_bytes,
        )
        return Answered(page, await self._freshness(roots))

    async def export(self, expression: str, file_format: str, *, time_zone: str = "") -> AsyncGenerator[Piece, None]:
        """The rendered file in pieces. One is made ahead, and no more. Raises invalid_query, busy."""
        chosen = _one_of(file_format, engine.EXPORT_FORMATS, "format")
        if self._exports >= EXPORTS_AT_ONCE:
            raise Busy(f"{self._exports} exports are under way; try again when one has ended.")
        self._exports += 1
        export = ahead = None
        try:
            export = await self._pool.obtain(
                lambda: self._catalog.export(expression, chosen, time_zone=time_zone), lambda export: export.close()
            )
            ahead = self._read_ahead(export)
            while (data := await ahead) is not None:
                rows = export.rows
                ahead = self._read_ahead(export)
                yield Piece(data, rows, complete=False, left_out=0)
            yield Piece(b"", export.rows, complete=True, left_out=export.left_out)
        finally:
            self._exports -= 1
            if ahead is not None:
                ahead.cancel()
            if export is not None:
                # shielded: a client that went away cancels this task, and the export must still be let go
                await asyncio.shield(self._pool.quick(export.close))

    def _read_ahead(self, export: engine.ExportPort) -> asyncio.Future[bytes | None]:
        reading = asyncio.ensure_future(self._pool.ask(export.read))
        reading.add_done_callback(lambda done: done.cancelled() or done.exception())  # no one may ask for it any more
        return reading

    async def roots_of_expression(self, expression: str) -> list[Root]:
        """The roots that answers draw on. Raises invalid_query."""
        return self._registry.some(await self._pool.ask(self._catalog.roots_of_expression, expression))

    async def _freshness(self, roots: Sequence[Root]) -> Freshness:
        await self._board.look()
        return self._board.overall(roots, self._queue.scanning_root_ids())


def _bounded(limit: int, default: int) -> int:
    return min(limit or default, PAGE_LIMIT)


def _one_of(word: str, words: Sequence[Word], what: str) -> Word:
    found = next((known for known in words if known == word), None)
    if found is None:
        raise InvalidArgument(f"{names.quoted(word)} is not a valid {what}; choose from {', '.join(words)}.")
    return found
