"""RootService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from typing import Any

import grpc

from sanchay.v1 import root_pb2, root_pb2_grpc
from sanchayd.live import LiveService
from sanchayd.roots.look import RootLooks
from sanchayd.roots.service import RootService
from sanchayd.rpc.convert import root as convert
from sanchayd.rpc.interceptors import request_id
from sanchayd.schedules.service import ScheduleService

Context = grpc.aio.ServicerContext[Any, Any]


class RootServicer(root_pb2_grpc.RootServiceServicer):
    """Converts, and leaves the rest to the services."""

    def __init__(self, service: RootService, looks: RootLooks, live: LiveService, schedules: ScheduleService) -> None:
        self._service = service
        self._looks = looks
        self._live = live
        self._schedules = schedules

    async def AddRoot(self, request: root_pb2.AddRootRequest, context: Context) -> root_pb2.AddRootResponse:
        """Makes a folder a root."""
        added = await self._service.add(
            request.path.raw,
            request.name,
            convert.to_settings(request.settings),
            no_scan=request.no_scan,
            request_id=request_id(),
        )
        return convert.from_added(added)

    async def CheckRoot(self, request: root_pb2.CheckRootRequest, context: Context) -> root_pb2.CheckRootResponse:
        """What would come of a folder."""
        patience_ms = request.patience_ms if request.HasField("patience_ms") else None
        return root_pb2.CheckRootResponse(
            check=convert.from_look(await self._looks.check(request.path.raw, patience_ms))
        )

    async def SuggestRoots(
        self, request: root_pb2.SuggestRootsRequest, context: Context
    ) -> root_pb2.SuggestRootsResponse:
        """Folders that a person may want to add."""
        looks = await self._looks.suggest(request.patience_ms)
        return root_pb2.SuggestRootsResponse(checks=map(convert.from_look, looks))

    async def ListRoots(self, request: root_pb2.ListRootsRequest, context: Context) -> root_pb2.ListRootsResponse:
        """Every root."""
        views = await self._service.list_roots()
        return root_pb2.ListRootsResponse(roots=[convert.from_view(view) for view in views])

    async def UpdateRoot(self, request: root_pb2.UpdateRootRequest, context: Context) -> root_pb2.UpdateRootResponse:
        """Changes a root."""
        view = await self._service.update(request.root, convert.to_change(request), request_id=request_id())
        return root_pb2.UpdateRootResponse(root=convert.from_view(view))

    async def RemoveRoot(self, request: root_pb2.RemoveRootRequest, context: Context) -> root_pb2.RemoveRootResponse:
        """Forgets a root."""
        before = await self._schedules.that_cannot_ask()
        view = await self._service.remove(request.root)
        named = await self._schedules.naming(view.root.id, before=before)
        return root_pb2.RemoveRootResponse(root=convert.from_view(view), schedules=named)

    async def SyncRoot(self, request: root_pb2.SyncRootRequest, context: Context) -> root_pb2.SyncRootResponse:
        """Waits until the catalog holds what was written before the call."""
        return convert.from_synced(await self._live.sync(request.root))
