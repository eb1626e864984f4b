"""ChangeService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from typing import Any

import grpc

from sanchay.v1 import change_pb2, change_pb2_grpc
from sanchayd.catalog.changes import ChangeService
from sanchayd.rpc import fitting
from sanchayd.rpc.convert import change as convert

Context = grpc.aio.ServicerContext[Any, Any]


class ChangeServicer(change_pb2_grpc.ChangeServiceServicer):
    """Converts, and leaves the rest to `ChangeService`."""

    def __init__(self, service: ChangeService) -> None:
        self._service = service

    async def ListChanges(
        self, request: change_pb2.ListChangesRequest, context: Context
    ) -> change_pb2.ListChangesResponse:
        """A page of changes."""
        since_ns = request.since_ns if request.HasField("since_ns") else None
        under = request.under.raw if request.HasField("under") and request.under.raw else None
        found = await self._service.changes(
            cursor=request.cursor,
            since_ns=since_ns,
            under=under,
            limit=request.limit,
            max_bytes=fitting.PAGE_MAX_BYTES,
        )
        return await fitting.converted(convert.from_changes, found, len(found.answer.rows))

    async def GetGrowth(self, request: change_pb2.GetGrowthRequest, context: Context) -> change_pb2.GetGrowthResponse:
        """The folders that grew most."""
        path = request.path.raw if request.HasField("path") and request.path.raw else None
        found = await self._service.growth(
            path, days=request.days, limit=request.limit, max_bytes=fitting.PAGE_MAX_BYTES
        )
        return await fitting.converted(convert.from_growth, found, len(found.answer.page.rows))
