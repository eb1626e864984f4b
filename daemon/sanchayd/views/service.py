"""Views as clients ask for them: an order is made, held for as long as its call lives, and read by position."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import AsyncGenerator, Sequence

from sanchay import names
from sanchay.errors import CatalogClosed, InvalidArgument, SanchayError, ShuttingDown
from sanchayd.catalog.board import FreshnessBoard
from sanchayd.engine_port import CatalogPool, QuestionsPort, ViewsPort
from sanchayd.engine_port.questions import DUPLICATE_SORTS
from sanchayd.jobs.queue import JobQueue
from sanchayd.log import logger
from sanchayd.roots.registry import RootRegistry
from sanchayd.roots.root import Root
from sanchayd.views.store import CLOSED, IDLE, STOPPING, ViewStore
from sanchayd.views.view import (
    AnyView,
    GroupRows,
    GroupsAsked,
    HitRows,
    HitsAsked,
    LetGo,
    MovedOn,
    News,
    Opened,
)

GROUPS_MOST = 4_000_000
HITS_MOST = 2_000_000
ROWS_LIMIT = 200
ROWS_MAX_LIMIT = 10_000
PATHS_LIMIT = 100
PATHS_MAX_LIMIT = 10_000
# Making an order takes more memory than holding it.
MADE_AT_ONCE = 2
# The shortest time from one word of a change to the next, and how long the catalog is waited for at a time.
NEWS_EVERY_S = 1.0
NEWS_WAIT_S = 3600.0

_log = logger("sanchayd.views")


class ViewService:
    """Use cases on orders that are held."""

    def __init__(
        self,
        catalog: ViewsPort,
        questions: QuestionsPort,
        pool: CatalogPool,
        registry: RootRegistry,
        queue: JobQueue,
        board: FreshnessBoard,
        store: ViewStore | None = None,
    ) -> None:
        self._catalog = catalog
        self._questions = questions
        self._pool = pool
        self._registry = registry
        self._queue = queue
        self._board = board
        self.store = ViewStore() if store is None else store
        self._making = asyncio.Semaphore(MADE_AT_ONCE)
        self._listening: threading.Thread | None = None
        self._wanted, self._stopped = threading.Event(), threading.Event()

    async def open(self, asked: GroupsAsked | HitsAsked) -> AsyncGenerator[News, None]:
        """Makes an order, and holds it until its caller stops, closes it, or does not read it for ten minutes.

        Raises too_many_views, and what the question itself raises; shutting_down where the daemon ends before the view.
        """
        with self.store.place():
            self._listen()
            try:
                async with self._making:
                    view, roots = await self._made(asked)
                with self.store.holding(view) as held:
                    yield await self._opened(held.id, view, roots)
                    while not held.let_go:
                        if await held.woken(self.store.idle_left_s(held)):
                            yield MovedOn()
                        if self.store.idle_left_s(held) <= 0:
                            self.store.let_go(held.id, IDLE)
                if held.let_go == STOPPING:
                    raise ShuttingDown("sanchayd is stopping; its views end here.")
                yield LetGo(held.let_go)
            finally:
                if len(self.store) == 1:
                    self._wanted.clear()

    async def read(
        self, view_id: int, position: int, *, limit: int, paths_limit: int, max_bytes: int
    ) -> GroupRows | HitRows:
        """Rows by position. Raises view_not_found."""
        view = self.store.use(view_id).view
        bound = min(limit or ROWS_LIMIT, ROWS_MAX_LIMIT)
        if view.kind == "groups":
            paths = min(paths_limit or PATHS_LIMIT, PATHS_MAX_LIMIT)
            groups = await self._pool.ask(view.read, position, bound, paths_limit=paths, max_bytes=max_bytes)
            return GroupRows(groups, len(view), view.has_moved_on())
        files = await self._pool.ask(view.read, position, bound, max_bytes=max_bytes)
        return HitRows(files, len(view), view.has_moved_on())

    async def find(self, view_id: int, *, hash_bytes: bytes, path: bytes) -> int | None:
        """Where a content or a file is in the order. Raises view_not_found and invalid_argument."""
        view = self.store.use(view_id).view
        if bool(hash_bytes) == bool(path):
            raise InvalidArgument("Name either a hash or a path.")
        if view.kind == "groups":
            return await self._pool.ask(view.position, hash_bytes=hash_bytes or None, path=path or None)
        if hash_bytes:
            raise InvalidArgument("A hash is looked for in a view of groups; in one of files, name a path.")
        return await self._pool.ask(view.position, path)

    def close(self, view_id: int) -> None:
        """Lets a view go; one that is gone already is no error."""
        self.store.let_go(view_id, CLOSED)

    def stop(self) -> None:
        """Ends every view: the daemon is stopping."""
        self._stopped.set()
        self._wanted.set()
        self.store.let_all_go(STOPPING)

    async def _made(self, asked: GroupsAsked | HitsAsked) -> tuple[AnyView, Sequence[Root]]:
        """The order, and the roots that it draws on."""
        if isinstance(asked, HitsAsked):
            hits = await self._pool.ask(
                self._catalog.open_hits,
                asked.expression,
                sort=asked.sort,
                time_zone=asked.time_zone,
                limit=HITS_MOST,
            )
            return hits, self._registry.some(hits.root_ids)
        sort = next((known for known in DUPLICATE_SORTS if known == (asked.sort or DUPLICATE_SORTS[0])), None)
        if sort is None:
            raise InvalidArgument(
                f"{names.quoted(asked.sort)} is not a valid order; choose from {', '.join(DUPLICATE_SORTS)}."
            )
        roots = {root.id: root for root in [await self._registry.resolve(word) for word in asked.roots]}
        under = [root.path for root in roots.values()]
        for folder in asked.under:
            path, drawn_on = await self._registry.place(folder)
            under += [path] if path is not None else []
            roots.update((root.id, root) for root in drawn_on)
        groups = await self._pool.ask(
            self._catalog.open_groups,
            under=under,
            min_size=1 if asked.min_size is None else asked.min_size,
            extensions=asked.extensions,
            types=asked.types,
            text=asked.text,
            sort=sort,
            with_ignored=asked.with_ignored,
            limit=GROUPS_MOST,
        )
        return groups, list(roots.values()) if under else self._registry.all()

    async def _opened(self, view_id: int, view: AnyView, roots: Sequence[Root]) -> Opened:
        compared = view.kind == "groups" or view.asks_for_copies
        not_compared = await self._pool.ask(self._questions.not_compared) if compared else None
        await self._board.look()
        freshness = self._board.overall(roots, self._queue.scanning_root_ids())
        return Opened(view_id, view, freshness, not_compared)

    # ---- Changes ----

    def _listen(self) -> None:
        """Has a thread wait for changes while there are views."""
        self._wanted.set()
        if self._listening is None:
            known, loop = self._catalog.change_count(), asyncio.get_running_loop()
            self._listening = threading.Thread(
                target=self._tell_of_changes, args=(known, loop), name="view-news", daemon=True
            )
            self._listening.start()

    def _tell_of_changes(self, known: int, loop: asyncio.AbstractEventLoop) -> None:
        while self._wanted.wait() and not self._stopped.is_set():
            try:
                count = self._catalog.wait_change(known, NEWS_WAIT_S)
            except CatalogClosed:
                return
            except SanchayError as error:
                _log.exception("changes of the catalog could not be waited for", error=error.message)
                return
            if count != known:
                known = count
                with contextlib.suppress(RuntimeError):  # the loop has closed, and the daemon is ending
                    loop.call_soon_threadsafe(self.store.note_change)
                self._stopped.wait(NEWS_EVERY_S)
