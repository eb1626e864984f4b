"""Jobs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import aclosing
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, errors, v1
from sanchay._call import STREAM_TIMEOUT_S
from sanchay._link import AsyncAnswers, AsyncLink
from sanchay._requests import RootName

if TYPE_CHECKING:
    from sanchay.v1 import job_pb2_grpc


class AsyncJobCalls:
    """The calls, awaited."""

    _link: AsyncLink

    @cached_property
    def _job(self) -> job_pb2_grpc.JobServiceAsyncStub:
        return self._link.stub(v1.job_pb2.DESCRIPTOR.services_by_name["JobService"])  # type: ignore[no-any-return]

    async def start_scan(
        self, roots: Iterable[RootName] = (), *, background: bool = False
    ) -> v1.job_pb2.StartScanResponse:
        """Starts, or joins, a scan of each root (all where none is named); an absolute path may become a root."""
        return await self._link.unary(self._job.StartScan, _requests.start_scan(roots, background))

    async def list_jobs(
        self, *, active_only: bool = False, limit: int = 0, page_token: str = ""
    ) -> v1.job_pb2.ListJobsResponse:
        """A page of jobs, newest first."""
        return await self._link.unary(
            self._job.ListJobs,
            v1.job_pb2.ListJobsRequest(page=_requests.page(limit, page_token), active_only=active_only),
        )

    async def get_job(self, job_id: int) -> v1.job_pb2.GetJobResponse:
        """One job with its first hundred errors."""
        return await self._link.unary(self._job.GetJob, v1.job_pb2.GetJobRequest(id=job_id))

    async def cancel_job(self, job_id: int) -> v1.job_pb2.CancelJobResponse:
        """Cancels a job; what it found stays."""
        return await self._link.unary(self._job.CancelJob, v1.job_pb2.CancelJobRequest(id=job_id))

    async def pause_job(self, job_id: int) -> v1.job_pb2.PauseJobResponse:
        """Pauses a running job."""
        return await self._link.unary(self._job.PauseJob, v1.job_pb2.PauseJobRequest(id=job_id))

    async def resume_job(self, job_id: int) -> v1.job_pb2.ResumeJobResponse:
        """Goes on with a paused job."""
        return await self._link.unary(self._job.ResumeJob, v1.job_pb2.ResumeJobRequest(id=job_id))

    async def iter_jobs(self, *, active_only: bool = False) -> AsyncAnswers[v1.job_pb2.Job]:
        """Every job, newest first, a page at a time."""
        token = ""
        while True:
            page = await self.list_jobs(active_only=active_only, page_token=token)
            for item in page.jobs:
                yield item
            token = page.next_page_token
            if not token:
                return

    async def follow_job(self, job_id: int) -> AsyncAnswers[v1.job_pb2.Job]:
        """The job at once, then at each change (5 Hz at most), until it has ended or the caller stops."""
        ended = False
        while not ended:
            request = v1.job_pb2.FollowJobRequest(id=job_id)
            try:
                async with aclosing(self._link.stream(self._job.FollowJob, request, STREAM_TIMEOUT_S)) as responses:
                    async for response in responses:
                        yield response.job
                ended = True
            except errors.TimedOut:
                continue  # a scan may take longer than a call: follow it again
