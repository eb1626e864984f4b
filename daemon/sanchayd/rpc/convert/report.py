"""Messages of `report.proto`: a report is cut into messages of a bounded size."""

from __future__ import annotations

from collections.abc import Iterator

from sanchay.v1 import report_pb2
from sanchayd.reports.report import Report, ReportRow
from sanchayd.rpc.convert import common
from sanchayd.rpc.convert.schedule import from_run
from sanchayd.schedules.schedule import Run

# Paths have at most 4,096 bytes, twice: a message stays below 4 MiB.
ROWS_BYTES = 1 << 20


def from_row(row: ReportRow) -> report_pb2.ReportRow:
    """A file of a report."""
    return report_pb2.ReportRow(
        path=common.path(row.path),
        size=row.size,
        allocated=row.allocated,
        modified_ns=row.modified_ns,
        type=row.type,
        hash=row.hash,
        root_id=row.root_id,
        size_before=row.size_before,
    )


def from_report(run: Run, report: Report) -> Iterator[report_pb2.GetReportResponse]:
    """The run with the first rows, then the others."""
    response = report_pb2.GetReportResponse(run=from_run(run))
    room_bytes = ROWS_BYTES
    for part in ("rows", "new", "grown", "gone"):
        for row in getattr(report, part):
            if room_bytes <= 0:
                yield response
                response = report_pb2.GetReportResponse()
                room_bytes = ROWS_BYTES
            getattr(response, part).append(from_row(row))
            room_bytes -= 200 + 3 * len(row.path)
    yield response
