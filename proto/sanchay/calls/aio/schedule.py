"""Schedules and their runs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, errors, v1
from sanchay._call import STREAM_TIMEOUT_S
from sanchay._link import AsyncAnswers, AsyncLink
from sanchay._requests import PathLike, RootName

if TYPE_CHECKING:
    from sanchay.v1 import schedule_pb2_grpc


class AsyncScheduleCalls:
    """The calls, awaited."""

    _link: AsyncLink

    @cached_property
    def _schedule(self) -> schedule_pb2_grpc.ScheduleServiceAsyncStub:
        return self._link.stub(v1.schedule_pb2.DESCRIPTOR.services_by_name["ScheduleService"])  # type: ignore[no-any-return]

    async def add_schedule(
        self,
        name: str,
        action: str,
        *,
        cron: str = "",
        every_s: int = 0,
        roots: Iterable[RootName] = (),
        expression: str = "",
        to_folder: PathLike | None = None,
    ) -> v1.schedule_pb2.AddScheduleResponse:
        """A new schedule by `cron` (five fields, local time) or `every_s` seconds, whose `action` is scan or report.

        A scan names `roots` (all where none is named), a report has an `expression`; `to_folder` is where its file
        goes. Raises ScheduleNameTaken, RootNotFound, InvalidQuery, InvalidArgument, and PermissionDenied for a folder
        that the daemon's settings do not allow.
        """
        return await self._link.unary(
            self._schedule.AddSchedule,
            _requests.add_schedule(name, action, cron, every_s, roots, expression, to_folder),
        )

    async def update_schedule(
        self,
        name: str,
        *,
        new_name: str | None = None,
        cron: str | None = None,
        every_s: int | None = None,
        action: str | None = None,
        roots: Iterable[RootName] | None = None,
        expression: str | None = None,
        to_folder: PathLike | None = None,
        no_file: bool = False,
        enabled: bool | None = None,
    ) -> v1.schedule_pb2.UpdateScheduleResponse:
        """Changes what is given; runs and reports stay. `cron` and `every_s` take one another's place.

        No `roots` (an empty list) are every root; `no_file`: reports are written to no folder any more. Another action
        drops the expression, and roots and folder where it takes none. Raises what `add_schedule` does, and
        ScheduleNotFound.
        """
        return await self._link.unary(
            self._schedule.UpdateSchedule,
            _requests.update_schedule(
                name, new_name, cron, every_s, action, roots, expression, to_folder, no_file, enabled
            ),
        )

    async def preview_schedule(
        self, name: str = "", *, cron: str = "", every_s: int = 0, count: int = 0
    ) -> v1.schedule_pb2.PreviewScheduleResponse:
        """When a schedule runs next, or one that would be added now by `cron` or `every_s`; a `count` of 0: five times.

        Raises InvalidArgument with the term and position of a bad cron expression.
        """
        request = _requests.preview_schedule(name, cron, every_s, count)
        return await self._link.unary(self._schedule.PreviewSchedule, request)

    async def list_schedules(self) -> v1.schedule_pb2.ListSchedulesResponse:
        """Every schedule."""
        return await self._link.unary(self._schedule.ListSchedules, v1.schedule_pb2.ListSchedulesRequest())

    async def get_schedule(self, name: str) -> v1.schedule_pb2.GetScheduleResponse:
        """One schedule."""
        return await self._link.unary(self._schedule.GetSchedule, v1.schedule_pb2.GetScheduleRequest(name=name))

    async def enable_schedule(self, name: str) -> v1.schedule_pb2.EnableScheduleResponse:
        """Lets it run; what was missed is not made up for."""
        return await self._link.unary(self._schedule.EnableSchedule, v1.schedule_pb2.EnableScheduleRequest(name=name))

    async def disable_schedule(self, name: str) -> v1.schedule_pb2.DisableScheduleResponse:
        """Lets it rest."""
        return await self._link.unary(self._schedule.DisableSchedule, v1.schedule_pb2.DisableScheduleRequest(name=name))

    async def remove_schedule(self, name: str) -> v1.schedule_pb2.RemoveScheduleResponse:
        """Forgets it with its runs and reports."""
        return await self._link.unary(self._schedule.RemoveSchedule, v1.schedule_pb2.RemoveScheduleRequest(name=name))

    async def run_schedule(self, name: str) -> v1.schedule_pb2.RunScheduleResponse:
        """Begins a run, or joins the one under way; does not wait for its end (see `follow_run`)."""
        return await self._link.unary(self._schedule.RunSchedule, v1.schedule_pb2.RunScheduleRequest(name=name))

    async def list_runs(self, name: str, *, limit: int = 0) -> v1.schedule_pb2.ListRunsResponse:
        """Runs of a schedule, newest first; a `limit` of 0 leaves it to the daemon."""
        return await self._link.unary(self._schedule.ListRuns, v1.schedule_pb2.ListRunsRequest(name=name, limit=limit))

    async def follow_run(self, run_id: int) -> AsyncAnswers[v1.schedule_pb2.Run]:
        """The run at once, then at each step, until it has ended or the caller stops."""
        ended = False
        while not ended:
            request = v1.schedule_pb2.FollowRunRequest(run_id=run_id)
            try:
                async with aclosing(
                    self._link.stream(self._schedule.FollowRun, request, STREAM_TIMEOUT_S)
                ) as responses:
                    async for response in responses:
                        yield response.run
                ended = True
            except errors.TimedOut:
                continue  # a run may take longer than a call: follow it again
