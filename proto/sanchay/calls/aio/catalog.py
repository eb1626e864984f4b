"""Questions to the catalog."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import aclosing
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, v1
from sanchay._call import STREAM_TIMEOUT_S
from sanchay._link import AsyncAnswers, AsyncLink
from sanchay._requests import PathLike, RootName

if TYPE_CHECKING:
    from sanchay.v1 import catalog_pb2_grpc


class AsyncCatalogCalls:
    """The calls, awaited."""

    _link: AsyncLink

    @cached_property
    def _catalog(self) -> catalog_pb2_grpc.CatalogServiceAsyncStub:
        return self._link.stub(v1.catalog_pb2.DESCRIPTOR.services_by_name["CatalogService"])  # type: ignore[no-any-return]

    async def find(
        self, expression: str, *, sort: str = "", limit: int = 0, page_token: str = "", patience_ms: int = 0
    ) -> v1.catalog_pb2.FindResponse:
        """A page of the files that the expression names, and their exact total. Raises InvalidQuery.

        After `patience_ms` (0: never) the hits found by then are the answer, and `out_of_patience` is set.
        """
        request = _requests.find(expression, sort, limit, page_token, patience_ms)
        return await self._link.unary(self._catalog.Find, request)

    async def duplicates(
        self,
        *,
        under: PathLike | None = None,
        min_size_bytes: int | None = None,
        extensions: Iterable[str] = (),
        types: Iterable[str] = (),
        sort: str = "reclaimable",
        with_ignored: bool = False,
        limit: int = 0,
        page_token: str = "",
    ) -> v1.catalog_pb2.DuplicatesResponse:
        """A page of groups of files with equal content, and the totals of all of them.

        Groups whose copies are wanted (`ignore_copies`) are left out of both, unless `with_ignored`.
        """
        return await self._link.unary(
            self._catalog.Duplicates,
            _requests.duplicates(under, min_size_bytes, extensions, types, sort, with_ignored, limit, page_token),
        )

    async def shared_folders(
        self,
        *,
        under: PathLike | None = None,
        min_size_bytes: int | None = None,
        extensions: Iterable[str] = (),
        types: Iterable[str] = (),
        with_ignored: bool = False,
        limit: int = 0,
    ) -> v1.catalog_pb2.SharedFoldersResponse:
        """The pairs of folders that share copies, those first where most bytes could go."""
        request = _requests.shared_folders(under, min_size_bytes, extensions, types, with_ignored, limit)
        return await self._link.unary(self._catalog.SharedFolders, request)

    async def summary(self, by: str = "", *, roots: Iterable[RootName] = ()) -> v1.catalog_pb2.SummaryResponse:
        """Files and bytes by type, ext, age, size or owner."""
        return await self._link.unary(self._catalog.Summary, _requests.summary(by, roots))

    async def disk_usage(
        self,
        folder: PathLike | None = None,
        *,
        depth: int = 1,
        with_files: bool = False,
        with_types: bool = False,
        least_share: float = 0.0,
        limit: int = 0,
        page_token: str = "",
    ) -> v1.catalog_pb2.DiskUsageResponse:
        """What a folder and those below it hold; every root where none is named.

        `with_files`: rows for files too. `with_types`: each row says its bytes by type, for which all files below are
        looked at. `least_share` leaves out what is a smaller part of the whole, 0 to 1.
        """
        request = _requests.disk_usage(folder, depth, with_files, with_types, least_share, limit, page_token)
        return await self._link.unary(self._catalog.DiskUsage, request)

    async def iter_find(
        self, expression: str, *, sort: str = "", page_size: int = 1000
    ) -> AsyncAnswers[v1.catalog_pb2.FileRow]:
        """Every file that the expression names, a page at a time."""
        token = ""
        while True:
            page = await self.find(expression, sort=sort, limit=page_size, page_token=token)
            for item in page.rows:
                yield item
            token = page.next_page_token
            if not token:
                return

    async def iter_duplicates(
        self,
        *,
        under: PathLike | None = None,
        min_size_bytes: int | None = None,
        extensions: Sequence[str] = (),
        types: Sequence[str] = (),
        sort: str = "reclaimable",
        with_ignored: bool = False,
        page_size: int = 100,
    ) -> AsyncAnswers[v1.catalog_pb2.DuplicateGroup]:
        """Every group of duplicates, a page at a time."""
        token = ""
        while True:
            page = await self.duplicates(
                under=under,
                min_size_bytes=min_size_bytes,
                extensions=extensions,
                types=types,
                sort=sort,
                with_ignored=with_ignored,
                limit=page_size,
                page_token=token,
            )
            for item in page.groups:
                yield item
            token = page.next_page_token
            if not token:
                return

    async def export(
        self, expression: str, file_format: str, *, timeout_s: float = 6 * STREAM_TIMEOUT_S
    ) -> AsyncAnswers[v1.catalog_pb2.ExportResponse]:
        """The rendered file in pieces of at most 1 MiB; the last has `complete` set and says what was left out."""
        request = _requests.export(expression, file_format)
        async with aclosing(self._link.stream(self._catalog.Export, request, timeout_s)) as responses:
            async for response in responses:
                yield response
