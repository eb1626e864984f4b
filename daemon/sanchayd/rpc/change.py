"""ChangeService on the wire. A page that would not fit into a message is asked for again, smaller."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from typing import Any

import grpc

from sanchay.v1 import change_pb2, change_pb2_grpc
from sanchayd.catalog.changes import ChangeService
from sanchayd.rpc.catalog import MESSAGE_MAX_BYTES
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
        limit = request.limit
        while True:
            answered = await self._service.changes(cursor=request.cursor, since_ns=since_ns, under=under, limit=limit)
            response = convert.from_changes(answered)
            if response.ByteSize() <= MESSAGE_MAX_BYTES or len(response.changes) <= 1:
                return response
            limit = len(response.changes) // 2

    async def GetGrowth(self, request: change_pb2.GetGrowthRequest, context: Context) -> change_pb2.GetGrowthResponse:
        """The folders that grew most."""
        path = request.path.raw if request.HasField("path") and request.path.raw else None
        limit = request.limit
        while True:
            answered = await self._service.growth(path, days=request.days, limit=limit)
            response = convert.from_growth(answered)
            if response.ByteSize() <= MESSAGE_MAX_BYTES or len(response.rows) <= 1:
                return response
            limit = len(response.rows) // 2
