"""ReportService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import grpc

from sanchay.v1 import report_pb2, report_pb2_grpc
from sanchayd.reports.service import ReportService
from sanchayd.rpc.convert import report as convert
from sanchayd.rpc.convert import schedule as convert_schedule
from sanchayd.schedules.schedule import Action
from sanchayd.schedules.service import ScheduleService

Context = grpc.aio.ServicerContext[Any, Any]


class ReportServicer(report_pb2_grpc.ReportServiceServicer):
    """Converts, and leaves the rest to `ReportService`."""

    def __init__(self, service: ReportService, schedules: ScheduleService) -> None:
        self._service = service
        self._schedules = schedules

    async def ListReports(
        self, request: report_pb2.ListReportsRequest, context: Context
    ) -> report_pb2.ListReportsResponse:
        """The schedules that report."""
        reports = []
        for view in self._schedules.list_schedules():
            if view.schedule.action is Action.REPORT:
                run = await self._service.newest(view.schedule)
                message = convert_schedule.from_run(run) if run is not None else None
                reports.append(report_pb2.ReportInfo(schedule=convert_schedule.from_view(view), run=message))
        return report_pb2.ListReportsResponse(reports=reports)

    async def GetReport(
        self, request: report_pb2.GetReportRequest, context: Context
    ) -> AsyncIterator[report_pb2.GetReportResponse]:
        """A report in pieces."""
        run, report = await self._service.read(self._schedules.named(request.name), request.run_id)
        pieces = convert.from_report(run, report)
        while (piece := await asyncio.to_thread(next, pieces, None)) is not None:  # of thousands of rows each
            yield piece
