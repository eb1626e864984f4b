"""Reports: what the runs of schedules found."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from functools import cached_property
from typing import TYPE_CHECKING, cast

from sanchay import v1
from sanchay._call import STREAM_TIMEOUT_S
from sanchay._link import AsyncLink, Link

if TYPE_CHECKING:
    from sanchay.v1 import report_pb2_grpc


class ReportCalls:
    """The calls, blocking."""

    _link: Link

    @cached_property
    def _report(self) -> report_pb2_grpc.ReportServiceStub:
        return self._link.stub(v1.report_pb2.DESCRIPTOR.services_by_name["ReportService"])  # type: ignore[no-any-return]

    def list_reports(self) -> v1.report_pb2.ListReportsResponse:
        """The schedules that report, each with its newest run that has a report."""
        return self._link.unary(self._report.ListReports, v1.report_pb2.ListReportsRequest())

    def get_report(self, name: str, run_id: int = 0) -> Generator[v1.report_pb2.GetReportResponse, None, None]:
        """A report in pieces, the run in the first of them; the newest report where no run is named."""
        request = v1.report_pb2.GetReportRequest(name=name, run_id=run_id)
        yield from self._link.stream(self._report.GetReport, request, STREAM_TIMEOUT_S)


class AsyncReportCalls:
    """The calls, awaited."""

    _link: AsyncLink

    @cached_property
    def _report(self) -> report_pb2_grpc.ReportServiceAsyncStub:
        from sanchay.v1 import report_pb2_grpc

        # The generated stubs serve both kinds of channel; only their types have two names.
        return cast("report_pb2_grpc.ReportServiceAsyncStub", report_pb2_grpc.ReportServiceStub(self._link.channel))

    async def list_reports(self) -> v1.report_pb2.ListReportsResponse:
        """The schedules that report, each with its newest run that has a report."""
        return await self._link.unary(self._report.ListReports, v1.report_pb2.ListReportsRequest())

    async def get_report(self, name: str, run_id: int = 0) -> AsyncGenerator[v1.report_pb2.GetReportResponse, None]:
        """A report in pieces, the run in the first of them; the newest report where no run is named."""
        request = v1.report_pb2.GetReportRequest(name=name, run_id=run_id)
        async for response in self._link.stream(self._report.GetReport, request, STREAM_TIMEOUT_S):
            yield response
