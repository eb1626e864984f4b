"""ChangeService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from typing import Any

import grpc

from sanchay.v1 import change_pb2, change_pb2_grpc
from sanchayd.catalog.changes import ChangeService, Growth
from sanchayd.catalog.service import Answered
from sanchayd.engine_port.values import ChangePage
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

        async def ask(limit: int) -> Answered[ChangePage]:
            return await self._service.changes(cursor=request.cursor, since_ns=since_ns, under=under, limit=limit)

        return await fitting.page(ask, lambda found: found.answer.rows, convert.from_changes, request.limit)

    async def GetGrowth(self, request: change_pb2.GetGrowthRequest, context: Context) -> change_pb2.GetGrowthResponse:
        """The folders that grew most."""
        path = request.path.raw if request.HasField("path") and request.path.raw else None

        async def ask(limit: int) -> Answered[Growth]:
            return await self._service.growth(path, days=request.days, limit=limit)

        return await fitting.page(ask, lambda found: found.answer.page.rows, convert.from_growth, request.limit)
