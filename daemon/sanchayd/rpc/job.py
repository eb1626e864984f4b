"""JobService on the wire."""

# ruff: noqa: N802, ARG002 - gRPC gives the names of the calls and their arguments

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

import grpc

from sanchay.v1 import job_pb2, job_pb2_grpc
from sanchayd.jobs.scans import ScanService
from sanchayd.jobs.service import JobService
from sanchayd.rpc.convert import common
from sanchayd.rpc.convert import job as convert
from sanchayd.rpc.interceptors import request_id

Context = grpc.aio.ServicerContext[Any, Any]


class JobServicer(job_pb2_grpc.JobServiceServicer):
    """Converts, and leaves the rest to `JobService` and `ScanService`."""

    def __init__(self, service: JobService, scans: ScanService) -> None:
        self._service = service
        self._scans = scans

    async def StartScan(self, request: job_pb2.StartScanRequest, context: Context) -> job_pb2.StartScanResponse:
        """Starts or joins scans."""
        started = await self._scans.start_all(
            list(request.roots), background=request.background, request_id=request_id()
        )
        return job_pb2.StartScanResponse(
            jobs=[convert.from_job(job) for job in started.jobs],
            notices=[common.text(notice) for notice in started.notices],
            notice_words=[common.words(notice) for notice in started.notices],
        )

    async def ListJobs(self, request: job_pb2.ListJobsRequest, context: Context) -> job_pb2.ListJobsResponse:
        """A page of jobs."""
        page = await self._service.list_jobs(
            active_only=request.active_only, limit=request.page.limit, token=request.page.page_token
        )
        return job_pb2.ListJobsResponse(
            jobs=[convert.from_job(job) for job in page.jobs], next_page_token=page.next_token
        )

    async def GetJob(self, request: job_pb2.GetJobRequest, context: Context) -> job_pb2.GetJobResponse:
        """One job with its errors."""
        return job_pb2.GetJobResponse(job=convert.from_job(await self._service.get(request.id), with_errors=True))

    async def FollowJob(
        self, request: job_pb2.FollowJobRequest, context: Context
    ) -> AsyncIterator[job_pb2.FollowJobResponse]:
        """A job at each change until it has ended."""
        async with aclosing(self._service.follow(request.id)) as jobs:
            async for job in jobs:
                yield job_pb2.FollowJobResponse(job=convert.from_job(job))

    async def CancelJob(self, request: job_pb2.CancelJobRequest, context: Context) -> job_pb2.CancelJobResponse:
        """Ends a job."""
        return job_pb2.CancelJobResponse(job=convert.from_job(await self._service.cancel(request.id)))

    async def PauseJob(self, request: job_pb2.PauseJobRequest, context: Context) -> job_pb2.PauseJobResponse:
        """Holds a job still."""
        return job_pb2.PauseJobResponse(job=convert.from_job(await self._service.pause(request.id)))

    async def ResumeJob(self, request: job_pb2.ResumeJobRequest, context: Context) -> job_pb2.ResumeJobResponse:
        """Goes on with a job."""
        return job_pb2.ResumeJobResponse(job=convert.from_job(await self._service.resume(request.id)))
