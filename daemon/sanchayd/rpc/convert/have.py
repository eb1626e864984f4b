"""Messages of `have.proto`."""

from __future__ import annotations

from dataclasses import asdict

from sanchay.v1 import have_pb2
from sanchayd.engine_port.have_values import HaveRow
from sanchayd.have.kind import HaveQuestion, HaveResult
from sanchayd.have.service import AnsweredRows
from sanchayd.rpc.convert import common


def to_question(message: have_pb2.StartHaveRequest) -> HaveQuestion:
    """What is asked about."""
    hashes = tuple((listed.name, listed.hash, listed.algorithm) for listed in message.hashes)
    return HaveQuestion(tuple(message.paths), hashes)


def from_result(result: HaveResult) -> have_pb2.HaveResult:
    """What was found; both sides have the same names."""
    return have_pb2.HaveResult(**asdict(result))


def from_row(row: HaveRow, roots: dict[int, str]) -> have_pb2.HaveRow:
    """The answer about one file."""
    return have_pb2.HaveRow(
        path=common.path(row.path),
        state=row.state,
        reason=common.text(row.reason),
        size=row.size,
        copies=[
            have_pb2.HaveCopy(
                path=common.path(copy.path),
                root_id=copy.root_id,
                root=common.text(roots.get(copy.root_id, "")),
                device=copy.device,
                offline=copy.offline,
            )
            for copy in row.copies
        ],
    )


def from_rows(found: AnsweredRows) -> have_pb2.ListHaveRowsResponse:
    """A page of rows."""
    return have_pb2.ListHaveRowsResponse(
        rows=[from_row(row, found.roots) for row in found.page.rows],
        next_page_token=found.page.next_token,
        freshness=common.freshness(found.freshness),
    )
