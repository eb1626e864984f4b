"""CatalogService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import grpc

from sanchay.v1 import catalog_pb2, catalog_pb2_grpc
from sanchayd.catalog.service import CatalogService
from sanchayd.rpc import fitting
from sanchayd.rpc.convert import catalog as convert

Context = grpc.aio.ServicerContext[Any, Any]
# A client that takes nothing for so long has gone away in spirit; its export holds a reader of the catalog open.
EXPORT_STALL_S = 120.0


class CatalogServicer(catalog_pb2_grpc.CatalogServiceServicer):
    """Converts, and leaves the rest to `CatalogService`."""

    def __init__(self, service: CatalogService, export_stall_s: float = EXPORT_STALL_S) -> None:
        self._service = service
        self._export_stall_s = export_stall_s

    async def Find(self, request: catalog_pb2.FindRequest, context: Context) -> catalog_pb2.FindResponse:
        """A page of files."""
        found = await self._service.find(
            request.expression,
            sort=request.sort,
            limit=request.page.limit,
            token=request.page.page_token,
            time_zone=request.time_zone,
            max_bytes=fitting.PAGE_MAX_BYTES,
            patience_ms=request.patience_ms or None,
        )
        return await fitting.converted(convert.from_found, found, len(found.answer.rows))

    async def Duplicates(
        self, request: catalog_pb2.DuplicatesRequest, context: Context
    ) -> catalog_pb2.DuplicatesResponse:
        """A page of groups."""
        question = replace(convert.to_duplicates(request), max_bytes=fitting.PAGE_MAX_BYTES)
        found = await self._service.duplicates(question)
        paths = sum(len(group.paths) for group in found.answer.groups)
        return await fitting.converted(convert.from_duplicates, found, paths)

    async def SharedFolders(
        self, request: catalog_pb2.SharedFoldersRequest, context: Context
    ) -> catalog_pb2.SharedFoldersResponse:
        """Pairs of folders that share copies."""
        question = replace(convert.to_shared_folders(request), max_bytes=fitting.PAGE_MAX_BYTES)
        found = await self._service.shared_folders(question)
        return await fitting.converted(convert.from_shared_folders, found, len(found.answer.pairs))

    async def Summary(self, request: catalog_pb2.SummaryRequest, context: Context) -> catalog_pb2.SummaryResponse:
        """Files and bytes by a key."""
        return convert.from_summary(await self._service.summary(request.by, list(request.roots)))

    async def DiskUsage(self, request: catalog_pb2.DiskUsageRequest, context: Context) -> catalog_pb2.DiskUsageResponse:
        """Folders and what they hold."""
        path = request.path.raw if request.HasField("path") and request.path.raw else None
        found = await self._service.usage(
            path,
            depth=request.depth,
            with_files=request.with_files,
            with_types=request.with_types,
            least_share=request.least_share,
            limit=request.limit,
            token=request.page_token,
            max_bytes=fitting.PAGE_MAX_BYTES,
        )
        return await fitting.converted(convert.from_usage, found, len(found.answer.rows))

    async def Export(
        self, request: catalog_pb2.ExportRequest, context: Context
    ) -> AsyncIterator[catalog_pb2.ExportResponse]:
        """The rendered file; a piece is made when the client has room for it."""
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        export = self._service.export(request.expression, request.format, time_zone=request.time_zone)
        async with aclosing(export) as pieces:
            async for piece in pieces:
                stalled = loop.call_later(self._export_stall_s, task.cancel) if task is not None else None
                yield convert.from_piece(piece)
                if stalled is not None:
                    stalled.cancel()
