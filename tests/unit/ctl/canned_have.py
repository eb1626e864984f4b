"""Canned answers whether files are there, with the names that hurt."""

from __future__ import annotations

from sanchay.v1 import have_pb2, job_pb2
from tests.unit.ctl import canned

JOB_ID = 70


def rows() -> list[have_pb2.HaveRow]:
    """A row in each state."""
    copy = have_pb2.HaveCopy(path=canned.path(canned.NOT_UTF8), root_id=1, root="photos", device="12ab")
    away = have_pb2.HaveCopy(path=canned.path(b"/usb/a"), root_id=2, root="usb", offline=True)
    return [
        have_pb2.HaveRow(path=canned.path(b"/media/card/known"), state="known", size=5, copies=[copy, copy]),
        have_pb2.HaveRow(path=canned.path(b"/media/card/away"), state="offline", size=5, copies=[away]),
        have_pb2.HaveRow(path=canned.path(canned.HOSTILE), state="maybe", size=5, reason="/usb/b is being changed"),
        have_pb2.HaveRow(path=canned.path(canned.QUOTED), state="new", size=2048),
        have_pb2.HaveRow(path=canned.path(b"/media/card/bad"), state="unreadable", size=5, reason="input/output error"),
    ]


def job() -> job_pb2.Job:
    """The ended question."""
    made = canned.job(JOB_ID, "partial", errors=1)
    made.kind = "have"
    made.ClearField("result")
    made.have.CopyFrom(
        have_pb2.HaveResult(known=1, offline=1, maybe=1, new=1, unreadable=1, bytes=2068, new_bytes=2048, symlinks=2)
    )
    return made


def page(request: have_pb2.ListHaveRowsRequest) -> have_pb2.ListHaveRowsResponse:
    """The rows in the states that are asked for."""
    wanted = [row for row in rows() if not request.states or row.state in request.states]
    return have_pb2.ListHaveRowsResponse(rows=wanted, freshness=canned.freshness())
