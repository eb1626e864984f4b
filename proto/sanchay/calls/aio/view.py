"""Orders of groups and of hits that the daemon holds, read by position."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, v1
from sanchay._link import AsyncAnswers, AsyncLink
from sanchay._requests import PathLike, RootName
from sanchay.errors import DaemonUnavailable, ShuttingDown

if TYPE_CHECKING:
    from sanchay.v1 import view_pb2_grpc


class AsyncViewCalls:
    """The calls, awaited."""

    _link: AsyncLink

    @cached_property
    def _view(self) -> view_pb2_grpc.ViewServiceAsyncStub:
        return self._link.stub(v1.view_pb2.DESCRIPTOR.services_by_name["ViewService"])  # type: ignore[no-any-return]

    async def open_groups(
        self,
        *,
        under: Iterable[PathLike] = (),
        roots: Iterable[RootName] = (),
        min_size_bytes: int | None = None,
        extensions: Iterable[str] = (),
        types: Iterable[str] = (),
        text: str = "",
        sort: str = "reclaimable",
        with_ignored: bool = False,
    ) -> AsyncView:
        """Has the daemon hold groups of duplicates in order, until the view is closed.

        Of copies below any of these folders, or in any of these roots; `text`: only groups of which a path contains it.
        Raises TooManyViews.
        """
        groups = _requests.view_of_groups(under, roots, min_size_bytes, extensions, types, text, sort, with_ignored)
        return await self._open(v1.view_pb2.OpenViewRequest(groups=groups))

    async def open_hits(self, expression: str, *, sort: str = "") -> AsyncView:
        """Has the daemon hold the files that an expression names in order, until the view is closed.

        Raises InvalidQuery and TooManyViews.
        """
        return await self._open(v1.view_pb2.OpenViewRequest(hits=_requests.view_of_hits(expression, sort)))

    async def _open(self, request: v1.view_pb2.OpenViewRequest) -> AsyncView:
        news = self._link.stream(self._view.OpenView, request, None)
        first = await anext(news)
        return AsyncView(self, news, first.opened)

    async def read_view(
        self, view: int, position: int, *, limit: int = 0, paths_limit: int = 0
    ) -> v1.view_pb2.ReadViewResponse:
        """The rows of a view from a position on, as they are known now. Raises ViewNotFound where it was let go."""
        request = v1.view_pb2.ReadViewRequest(view_id=view, position=position, limit=limit, paths_limit=paths_limit)
        return await self._link.unary(self._view.ReadView, request)

    async def find_in_view(self, view: int, *, content_hash: bytes = b"", path: PathLike | None = None) -> int | None:
        """The position of a content (in a view of groups) or of a file; None where it is not among the rows."""
        request = v1.view_pb2.FindInViewRequest(view_id=view, hash=content_hash, path=_requests.maybe_path(path))
        found = await self._link.unary(self._view.FindInView, request)
        return found.position if found.HasField("position") else None

    async def close_view(self, view: int) -> v1.view_pb2.CloseViewResponse:
        """Lets a view go; one that is gone already is no error."""
        return await self._link.unary(self._view.CloseView, v1.view_pb2.CloseViewRequest(view_id=view))


class AsyncView:
    """A view that is held until it is closed; a daemon holds few. `opened` is what was said of it first."""

    def __init__(
        self,
        calls: AsyncViewCalls,
        news: AsyncAnswers[v1.view_pb2.OpenViewResponse],
        opened: v1.view_pb2.ViewOpened,
    ) -> None:
        self._calls = calls
        self._news = news
        self.opened = opened
        self.id: int = opened.view_id
        self.rows: int = opened.rows
        self.total: int = opened.total

    async def read(self, position: int, *, limit: int = 0, paths_limit: int = 0) -> v1.view_pb2.ReadViewResponse:
        """Rows from a position on, from any thread; see `read_view`."""
        return await self._calls.read_view(self.id, position, limit=limit, paths_limit=paths_limit)

    async def find(self, *, content_hash: bytes = b"", path: PathLike | None = None) -> int | None:
        """The position of a content or of a file, from any thread; see `find_in_view`."""
        return await self._calls.find_in_view(self.id, content_hash=content_hash, path=path)

    async def news(self) -> AsyncAnswers[v1.view_pb2.OpenViewResponse]:
        """What becomes of the view, for one reader: `moved_on` now and then, and `let_go` with the reason in the end.

        Raises ShuttingDown or DaemonUnavailable where the daemon ends before the view.
        """
        async for each in self._news:
            yield each

    async def close(self) -> None:
        """Lets the view go, from any thread: the reader of its news comes to their end."""
        with suppress(DaemonUnavailable, ShuttingDown):
            await self._calls.close_view(self.id)
        with suppress(RuntimeError, ValueError):  # another thread waits in it, and comes to its end by itself
            await self._news.aclose()
