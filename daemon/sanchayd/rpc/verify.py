"""VerifyService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from sanchay.v1 import verify_pb2, verify_pb2_grpc
from sanchayd.rpc.convert import common
from sanchayd.rpc.convert import verify as convert
from sanchayd.rpc.interceptors import request_id
from sanchayd.verify.service import VerifyService

Context = grpc.aio.ServicerContext[Any, Any]


class VerifyServicer(verify_pb2_grpc.VerifyServiceServicer):
    """Converts, and leaves the rest to `VerifyService`."""

    def __init__(self, service: VerifyService) -> None:
        self._service = service

    async def StartVerify(
        self, request: verify_pb2.StartVerifyRequest, context: Context
    ) -> verify_pb2.StartVerifyResponse:
        """Starts or joins a verification."""
        job = await self._service.start(
            list(request.roots),
            budget_bytes=request.budget_bytes,
            budget_s=request.budget_s,
            background=request.background,
            request_id=request_id(),
        )
        return verify_pb2.StartVerifyResponse(job_id=job.id)

    async def ListFindings(
        self, request: verify_pb2.ListFindingsRequest, context: Context
    ) -> verify_pb2.ListFindingsResponse:
        """A page of damaged and suspect files."""
        page = await self._service.findings(
            with_closed=request.with_closed, limit=request.page.limit, token=request.page.page_token
        )
        return verify_pb2.ListFindingsResponse(
            findings=[convert.from_finding(finding) for finding in page.findings], next_page_token=page.next_token
        )

    async def AcceptFinding(
        self, request: verify_pb2.AcceptFindingRequest, context: Context
    ) -> verify_pb2.AcceptFindingResponse:
        """A file is right as it is."""
        return verify_pb2.AcceptFindingResponse(finding=convert.from_finding(await self._service.accept(request.id)))

    async def StartRepair(
        self, request: verify_pb2.StartRepairRequest, context: Context
    ) -> verify_pb2.StartRepairResponse:
        """Starts or joins a repair."""
        job = await self._service.repair(request.id, request_id=request_id())
        return verify_pb2.StartRepairResponse(job_id=job.id)

    async def CompareListed(
        self, request: verify_pb2.CompareListedRequest, context: Context
    ) -> AsyncIterator[verify_pb2.CompareListedResponse]:
        """The state of each line."""
        lines = [(file.path, file.algorithm, file.hash) for file in request.files]
        async with aclosing(self._service.compare(lines)) as answers:
            async for rows in answers:
                yield verify_pb2.CompareListedResponse(
                    rows=[verify_pb2.ListedRow(state=state, reason=common.text(reason)) for state, reason in rows]
                )
