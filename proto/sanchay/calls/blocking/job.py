# Written by proto/blocking.py from sanchay/calls/aio: edit that file.
"""Jobs."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, errors, v1
from sanchay._call import STREAM_TIMEOUT_S
from sanchay._link import Answers, Link
from sanchay._requests import RootName

if TYPE_CHECKING:
    from sanchay.v1 import job_pb2_grpc


class JobCalls:
    """The calls, blocking."""

    _link: Link

    @cached_property
    def _job(self) -> job_pb2_grpc.JobServiceStub:
        return self._link.stub(v1.job_pb2.DESCRIPTOR.services_by_name["JobService"])  # type: ignore[no-any-return]

    def start_scan(self, roots: Iterable[RootName] = (), *, background: bool = False) -> v1.job_pb2.StartScanResponse:
        """Starts, or joins, a scan of each root (all where none is named); an absolute path may become a root."""
        return self._link.unary(self._job.StartScan, _requests.start_scan(roots, background))

    def list_jobs(
        self, *, active_only: bool = False, limit: int = 0, page_token: str = ""
    ) -> v1.job_pb2.ListJobsResponse:
        """A page of jobs, newest first."""
        return self._link.unary(
            self._job.ListJobs,
            v1.job_pb2.ListJobsRequest(page=_requests.page(limit, page_token), active_only=active_only),
        )

    def get_job(self, job_id: int) -> v1.job_pb2.GetJobResponse:
        """One job with its first hundred errors."""
        return self._link.unary(self._job.GetJob, v1.job_pb2.GetJobRequest(id=job_id))

    def cancel_job(self, job_id: int) -> v1.job_pb2.CancelJobResponse:
        """Cancels a job; what it found stays."""
        return self._link.unary(self._job.CancelJob, v1.job_pb2.CancelJobRequest(id=job_id))

    def pause_job(self, job_id: int) -> v1.job_pb2.PauseJobResponse:
        """Pauses a running job."""
        return self._link.unary(self._job.PauseJob, v1.job_pb2.PauseJobRequest(id=job_id))

    def resume_job(self, job_id: int) -> v1.job_pb2.ResumeJobResponse:
        """Goes on with a paused job."""
        return self._link.unary(self._job.ResumeJob, v1.job_pb2.ResumeJobRequest(id=job_id))

    def iter_jobs(self, *, active_only: bool = False) -> Answers[v1.job_pb2.Job]:
        """Every job, newest first, a page at a time."""
        token = ""
        while True:
            page = self.list_jobs(active_only=active_only, page_token=token)
            for item in page.jobs:
                yield item
            token = page.next_page_token
            if not token:
                return

    def follow_job(self, job_id: int) -> Answers[v1.job_pb2.Job]:
        """The job at once, then at each change (5 Hz at most), until it has ended or the caller stops."""
        ended = False
        while not ended:
            request = v1.job_pb2.FollowJobRequest(id=job_id)
            try:
                with closing(self._link.stream(self._job.FollowJob, request, STREAM_TIMEOUT_S)) as responses:
                    for response in responses:
                        yield response.job
                ended = True
            except errors.TimedOut:
                continue  # a scan may take longer than a call: follow it again
