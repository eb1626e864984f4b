# Written by proto/blocking.py from sanchay/calls/aio: edit that file.
"""Reports: what the runs of schedules found."""

from __future__ import annotations

from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import v1
from sanchay._call import STREAM_TIMEOUT_S
from sanchay._link import Answers, Link

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

    def get_report(self, name: str, run_id: int = 0) -> Answers[v1.report_pb2.GetReportResponse]:
        """A report in pieces, the run in the first of them; the newest report where no run is named."""
        request = v1.report_pb2.GetReportRequest(name=name, run_id=run_id)
        with closing(self._link.stream(self._report.GetReport, request, STREAM_TIMEOUT_S)) as responses:
            for response in responses:
                yield response
