"""HaveService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from typing import Any

import grpc

from sanchay.v1 import have_pb2, have_pb2_grpc
from sanchayd.have.service import HaveService
from sanchayd.rpc import fitting
from sanchayd.rpc.convert import have as convert
from sanchayd.rpc.interceptors import request_id

Context = grpc.aio.ServicerContext[Any, Any]


class HaveServicer(have_pb2_grpc.HaveServiceServicer):
    """Converts, and leaves the rest to `HaveService`."""

    def __init__(self, service: HaveService) -> None:
        self._service = service

    async def StartHave(self, request: have_pb2.StartHaveRequest, context: Context) -> have_pb2.StartHaveResponse:
        """Begins to compare."""
        job = await self._service.start(convert.to_question(request), request_id=request_id())
        return have_pb2.StartHaveResponse(job_id=job.id)

    async def ListHaveRows(
        self, request: have_pb2.ListHaveRowsRequest, context: Context
    ) -> have_pb2.ListHaveRowsResponse:
        """A page of rows."""
        found = await self._service.rows(
            request.job_id,
            states=list(request.states),
            limit=request.page.limit,
            token=request.page.page_token,
            max_bytes=fitting.PAGE_MAX_BYTES,
        )
        return await fitting.converted(convert.from_rows, found, len(found.page.rows))
