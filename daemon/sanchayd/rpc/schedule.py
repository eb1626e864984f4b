"""ScheduleService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from sanchay.v1 import schedule_pb2, schedule_pb2_grpc
from sanchayd.rpc.convert import schedule as convert
from sanchayd.schedules.service import ScheduleService

Context = grpc.aio.ServicerContext[Any, Any]


class ScheduleServicer(schedule_pb2_grpc.ScheduleServiceServicer):
    """Converts, and leaves the rest to `ScheduleService`."""

    def __init__(self, service: ScheduleService) -> None:
        self._service = service

    async def AddSchedule(
        self, request: schedule_pb2.AddScheduleRequest, context: Context
    ) -> schedule_pb2.AddScheduleResponse:
        """A new schedule."""
        view = await self._service.add(convert.to_draft(request))
        return schedule_pb2.AddScheduleResponse(schedule=convert.from_view(view))

    async def UpdateSchedule(
        self, request: schedule_pb2.UpdateScheduleRequest, context: Context
    ) -> schedule_pb2.UpdateScheduleResponse:
        """Changes what is set."""
        view = await self._service.update(request.name, convert.to_changes(request))
        return schedule_pb2.UpdateScheduleResponse(schedule=convert.from_view(view))

    async def PreviewSchedule(
        self, request: schedule_pb2.PreviewScheduleRequest, context: Context
    ) -> schedule_pb2.PreviewScheduleResponse:
        """The next times."""
        times = self._service.preview(request.name, request.cron, request.every_s, request.count)
        return schedule_pb2.PreviewScheduleResponse(times_ns=times)

    async def ListSchedules(
        self, request: schedule_pb2.ListSchedulesRequest, context: Context
    ) -> schedule_pb2.ListSchedulesResponse:
        """Every schedule."""
        views = self._service.list_schedules()
        return schedule_pb2.ListSchedulesResponse(schedules=map(convert.from_view, views))

    async def GetSchedule(
        self, request: schedule_pb2.GetScheduleRequest, context: Context
    ) -> schedule_pb2.GetScheduleResponse:
        """One schedule."""
        return schedule_pb2.GetScheduleResponse(schedule=convert.from_view(self._service.get(request.name)))

    async def EnableSchedule(
        self, request: schedule_pb2.EnableScheduleRequest, context: Context
    ) -> schedule_pb2.EnableScheduleResponse:
        """Lets it run."""
        view = await self._service.set_enabled(request.name, True)
        return schedule_pb2.EnableScheduleResponse(schedule=convert.from_view(view))

    async def DisableSchedule(
        self, request: schedule_pb2.DisableScheduleRequest, context: Context
    ) -> schedule_pb2.DisableScheduleResponse:
        """Lets it rest."""
        view = await self._service.set_enabled(request.name, False)
        return schedule_pb2.DisableScheduleResponse(schedule=convert.from_view(view))

    async def RemoveSchedule(
        self, request: schedule_pb2.RemoveScheduleRequest, context: Context
    ) -> schedule_pb2.RemoveScheduleResponse:
        """Forgets it."""
        view = await self._service.remove(request.name)
        return schedule_pb2.RemoveScheduleResponse(schedule=convert.from_view(view))

    async def RunSchedule(
        self, request: schedule_pb2.RunScheduleRequest, context: Context
    ) -> schedule_pb2.RunScheduleResponse:
        """Begins or joins a run."""
        run, joined = await self._service.run(request.name)
        return schedule_pb2.RunScheduleResponse(run=convert.from_run(run), joined=joined)

    async def ListRuns(self, request: schedule_pb2.ListRunsRequest, context: Context) -> schedule_pb2.ListRunsResponse:
        """Runs of a schedule."""
        runs = await self._service.history(request.name, request.limit)
        return schedule_pb2.ListRunsResponse(runs=map(convert.from_run, runs))

    async def FollowRun(
        self, request: schedule_pb2.FollowRunRequest, context: Context
    ) -> AsyncIterator[schedule_pb2.FollowRunResponse]:
        """A run until it has ended."""
        async with aclosing(self._service.follow(request.run_id)) as runs:
            async for run in runs:
                yield schedule_pb2.FollowRunResponse(run=convert.from_run(run))
