# Written by proto/blocking.py from sanchay/calls/aio: edit that file.
"""Verifications, and what they found."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, v1
from sanchay._call import STREAM_TIMEOUT_S
from sanchay._link import Answers, Link
from sanchay._requests import RootName

if TYPE_CHECKING:
    from sanchay.v1 import verify_pb2_grpc


class VerifyCalls:
    """The calls, blocking."""

    _link: Link

    @cached_property
    def _verify(self) -> verify_pb2_grpc.VerifyServiceStub:
        return self._link.stub(v1.verify_pb2.DESCRIPTOR.services_by_name["VerifyService"])  # type: ignore[no-any-return]

    def start_verify(
        self, roots: Iterable[RootName] = (), *, budget_bytes: int = 0, budget_s: float = 0.0, background: bool = False
    ) -> v1.verify_pb2.StartVerifyResponse:
        """Starts, or joins, a verification of roots (all where none is named), oldest-checked first.

        It ends at a file that would lead past `budget_bytes`, or when `budget_s` are over; the next one goes on there.
        """
        request = v1.verify_pb2.StartVerifyRequest(
            roots=[_requests.root_name(root) for root in roots],
            background=background,
            budget_bytes=budget_bytes,
            budget_s=budget_s,
        )
        return self._link.unary(self._verify.StartVerify, request)

    def list_findings(
        self, *, with_closed: bool = False, limit: int = 0, page_token: str = ""
    ) -> v1.verify_pb2.ListFindingsResponse:
        """A page of damaged and suspect files, newest first; those that were dealt with, too, `with_closed`."""
        request = v1.verify_pb2.ListFindingsRequest(page=_requests.page(limit, page_token), with_closed=with_closed)
        return self._link.unary(self._verify.ListFindings, request)

    def accept_finding(self, finding_id: int) -> v1.verify_pb2.AcceptFindingResponse:
        """A file is right as it is: the catalog takes the content that was found, where the file still has it."""
        return self._link.unary(self._verify.AcceptFinding, v1.verify_pb2.AcceptFindingRequest(id=finding_id))

    def start_repair(self, finding_id: int) -> v1.verify_pb2.StartRepairResponse:
        """Starts, or joins, a repair: a copy of a healthy twin replaces the damaged file, which goes to the trash."""
        return self._link.unary(self._verify.StartRepair, v1.verify_pb2.StartRepairRequest(id=finding_id))

    def compare_listed(self, files: Iterable[v1.verify_pb2.ListedFile]) -> Answers[v1.verify_pb2.ListedRow]:
        """Compares what is on the disk with lines of a list; a row for each, in their order."""
        request = v1.verify_pb2.CompareListedRequest(files=files)
        with closing(self._link.stream(self._verify.CompareListed, request, STREAM_TIMEOUT_S)) as responses:
            for response in responses:
                for row in response.rows:
                    yield row
