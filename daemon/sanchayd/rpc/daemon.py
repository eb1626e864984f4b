"""DaemonService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from typing import Any

import grpc

from sanchay.v1 import daemon_pb2, daemon_pb2_grpc
from sanchayd.reload import ConfigReload
from sanchayd.rpc.convert import daemon as convert
from sanchayd.schedules.service import ScheduleService
from sanchayd.upkeep.background import BackgroundService
from sanchayd.upkeep.status import StatusService

Context = grpc.aio.ServicerContext[Any, Any]


class DaemonServicer(daemon_pb2_grpc.DaemonServiceServicer):
    """Converts, and leaves the rest to the services."""

    def __init__(
        self, service: StatusService, edits: ConfigReload, background: BackgroundService, schedules: ScheduleService
    ) -> None:
        self._service = service
        self._edits = edits
        self._background = background
        self._schedules = schedules

    async def GetStatus(self, request: daemon_pb2.GetStatusRequest, context: Context) -> daemon_pb2.GetStatusResponse:
        """The daemon as it stands."""
        return convert.from_status(await self._service.status(), self._schedules.list_schedules())

    async def StopDaemon(
        self, request: daemon_pb2.StopDaemonRequest, context: Context
    ) -> daemon_pb2.StopDaemonResponse:
        """Asks the daemon to end; the answer comes before it does."""
        return daemon_pb2.StopDaemonResponse(pid=self._service.stop())

    async def CheckCatalog(
        self, request: daemon_pb2.CheckCatalogRequest, context: Context
    ) -> daemon_pb2.CheckCatalogResponse:
        """Whether the catalog's rows agree with one another."""
        return convert.from_check(await self._service.checks.check(repair=request.repair, background=False))

    async def PauseBackground(
        self, request: daemon_pb2.PauseBackgroundRequest, context: Context
    ) -> daemon_pb2.PauseBackgroundResponse:
        """Holds background work."""
        view = await self._background.pause(request.seconds)
        return daemon_pb2.PauseBackgroundResponse(background=convert.from_background(view))

    async def ResumeBackground(
        self, request: daemon_pb2.ResumeBackgroundRequest, context: Context
    ) -> daemon_pb2.ResumeBackgroundResponse:
        """Lets it go on."""
        view = await self._background.resume()
        return daemon_pb2.ResumeBackgroundResponse(background=convert.from_background(view))

    async def GetSettings(
        self, request: daemon_pb2.GetSettingsRequest, context: Context
    ) -> daemon_pb2.GetSettingsResponse:
        """Every setting with its origin."""
        return convert.from_settings(self._service.settings(), self._service.setting_notices())

    async def SetSetting(
        self, request: daemon_pb2.SetSettingRequest, context: Context
    ) -> daemon_pb2.SetSettingResponse:
        """Writes a setting into config.toml, or takes it out."""
        return convert.from_taken(await self._edits.set(request.key, None if request.reset else request.value))
