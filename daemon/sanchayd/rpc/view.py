"""ViewService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from sanchay.v1 import view_pb2, view_pb2_grpc
from sanchayd.rpc import fitting
from sanchayd.rpc.convert import view as convert
from sanchayd.views.service import ViewService

Context = grpc.aio.ServicerContext[Any, Any]


class ViewServicer(view_pb2_grpc.ViewServiceServicer):
    """Converts, and leaves the rest to `ViewService`."""

    def __init__(self, service: ViewService) -> None:
        self._service = service

    async def OpenView(
        self, request: view_pb2.OpenViewRequest, context: Context
    ) -> AsyncIterator[view_pb2.OpenViewResponse]:
        """An order, and what becomes of it; it is held for as long as the call lives."""
        async with aclosing(self._service.open(convert.to_asked(request))) as news:
            async for each in news:
                yield convert.from_news(each)

    async def ReadView(self, request: view_pb2.ReadViewRequest, context: Context) -> view_pb2.ReadViewResponse:
        """Rows by position."""
        found = await self._service.read(
            request.view_id,
            request.position,
            limit=request.limit,
            paths_limit=request.paths_limit,
            max_bytes=fitting.PAGE_MAX_BYTES,
        )
        return await fitting.converted(convert.from_rows, found, convert.weight(found))

    async def FindInView(self, request: view_pb2.FindInViewRequest, context: Context) -> view_pb2.FindInViewResponse:
        """The position of a content or a file."""
        position = await self._service.find(request.view_id, hash_bytes=request.hash, path=request.path.raw)
        return view_pb2.FindInViewResponse(position=position)

    async def CloseView(self, request: view_pb2.CloseViewRequest, context: Context) -> view_pb2.CloseViewResponse:
        """Lets a view go."""
        self._service.close(request.view_id)
        return view_pb2.CloseViewResponse()
