"""The client of `sanchayd`, blocking (`Client`) and asyncio (`AsyncClient`): the same calls, the same arguments.

Every call carries the token and a deadline, returns the daemon's message (see `sanchay/v1/*.pyi`), and raises a
`sanchay.errors.SanchayError` by its reason. Sizes are bytes, times are Unix nanoseconds. Paths go in as str, bytes or
PathLike and travel as exact bytes; a root is named by its name, its id or its path. A client is made for one daemon:
after that daemon has ended, make a new one.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar, cast, final

from sanchay import _requests, errors
from sanchay._channel import CALL_TIMEOUT_S, OPTIONS, STREAM_TIMEOUT_S, call_metadata, grpc, to_error
from sanchay._requests import PathLike, RootName
from sanchay.address import Places, find_daemon, places
from sanchay.v1 import (
    catalog_pb2,
    catalog_pb2_grpc,
    daemon_pb2,
    daemon_pb2_grpc,
    job_pb2,
    job_pb2_grpc,
    root_pb2,
    root_pb2_grpc,
)

if TYPE_CHECKING:
    from types import TracebackType

__all__ = ["AsyncClient", "Client"]

Request = TypeVar("Request")
Response = TypeVar("Response")


@final
class Client:
    """A blocking client; safe to share between threads. Use it as a context manager, or close it.

    `where` is the daemon's home (see `sanchay.address.places`); `timeout_s` is the deadline of each plain call. Raises
    DaemonUnavailable at once where no daemon runs.
    """

    def __init__(self, where: Places | None = None, *, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._where = where or places()
        self._timeout_s = timeout_s
        self._channel = grpc.insecure_channel(find_daemon(self._where).uri, options=OPTIONS)
        self._catalog = catalog_pb2_grpc.CatalogServiceStub(self._channel)
        self._daemon = daemon_pb2_grpc.DaemonServiceStub(self._channel)
        self._job = job_pb2_grpc.JobServiceStub(self._channel)
        self._root = root_pb2_grpc.RootServiceStub(self._channel)

    def close(self) -> None:
        """Ends every call of this client."""
        self._channel.close()

    def __enter__(self) -> Client:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _unary(self, method: grpc.UnaryUnaryMultiCallable[Request, Response], request: Request) -> Response:
        try:
            return method(request, timeout=self._timeout_s, metadata=call_metadata(self._where))
        except grpc.RpcError as error:
            raise to_error(error) from None

    def _stream(
        self, method: grpc.UnaryStreamMultiCallable[Request, Response], request: Request, timeout_s: float
    ) -> Generator[Response, None, None]:
        call = method(request, timeout=timeout_s, metadata=call_metadata(self._where))
        try:
            yield from call
        except grpc.RpcError as error:
            raise to_error(error) from None
        finally:
            call.cancel()  # type: ignore[no-untyped-call]  # a caller that stops early frees the daemon's side at once

    def status(self) -> daemon_pb2.GetStatusResponse:
        """What the daemon is doing, its catalog and its roots."""
        return self._unary(self._daemon.GetStatus, daemon_pb2.GetStatusRequest())

    def stop_daemon(self) -> daemon_pb2.StopDaemonResponse:
        """Asks the daemon to stop; running scans go on at its next start."""
        return self._unary(self._daemon.StopDaemon, daemon_pb2.StopDaemonRequest())

    def settings(self) -> daemon_pb2.GetSettingsResponse:
        """Every setting with its value and where it came from."""
        return self._unary(self._daemon.GetSettings, daemon_pb2.GetSettingsRequest())

    def add_root(
        self,
        folder: PathLike,
        *,
        name: str = "",
        hash_scope: str = "all",
        algorithm: str = "blake3",
        exclude: Iterable[str] = (),
        one_file_system: bool = False,
        skip_hidden: bool = False,
        no_scan: bool = False,
    ) -> root_pb2.AddRootResponse:
        """Makes the folder (absolute) a root; its scan starts in the background unless `no_scan`."""
        return self._unary(
            self._root.AddRoot,
            _requests.add_root(
                folder,
                name,
                _requests.root_settings(hash_scope, algorithm, exclude, one_file_system, skip_hidden),
                no_scan,
            ),
        )

    def list_roots(self) -> root_pb2.ListRootsResponse:
        """Every root."""
        return self._unary(self._root.ListRoots, root_pb2.ListRootsRequest())

    def update_root(
        self,
        root: RootName,
        *,
        name: str | None = None,
        hash_scope: str | None = None,
        algorithm: str | None = None,
        exclude: Sequence[str] | None = None,
        replace_exclude: bool = False,
        one_file_system: bool | None = None,
        skip_hidden: bool | None = None,
    ) -> root_pb2.UpdateRootResponse:
        """Changes what is not None. `exclude` adds globs, or replaces them all with `replace_exclude`."""
        return self._unary(
            self._root.UpdateRoot,
            _requests.update_root(
                root, name, hash_scope, algorithm, exclude, replace_exclude, one_file_system, skip_hidden
            ),
        )

    def remove_root(self, root: RootName) -> root_pb2.RemoveRootResponse:
        """Forgets a root and its rows; no file is touched."""
        return self._unary(self._root.RemoveRoot, root_pb2.RemoveRootRequest(root=_requests.root_name(root)))

    def start_scan(self, roots: Iterable[RootName] = (), *, background: bool = False) -> job_pb2.StartScanResponse:
        """Starts, or joins, a scan of each root (all where none is named); an absolute path may become a root."""
        return self._unary(self._job.StartScan, _requests.start_scan(roots, background))

    def list_jobs(self, *, active_only: bool = False, limit: int = 0, page_token: str = "") -> job_pb2.ListJobsResponse:
        """A page of jobs, newest first."""
        return self._unary(
            self._job.ListJobs, job_pb2.ListJobsRequest(page=_requests.page(limit, page_token), active_only=active_only)
        )

    def get_job(self, job_id: int) -> job_pb2.GetJobResponse:
        """One job with its first hundred errors."""
        return self._unary(self._job.GetJob, job_pb2.GetJobRequest(id=job_id))

    def cancel_job(self, job_id: int) -> job_pb2.CancelJobResponse:
        """Cancels a job; what it found stays."""
        return self._unary(self._job.CancelJob, job_pb2.CancelJobRequest(id=job_id))

    def pause_job(self, job_id: int) -> job_pb2.PauseJobResponse:
        """Pauses a running job."""
        return self._unary(self._job.PauseJob, job_pb2.PauseJobRequest(id=job_id))

    def resume_job(self, job_id: int) -> job_pb2.ResumeJobResponse:
        """Goes on with a paused job."""
        return self._unary(self._job.ResumeJob, job_pb2.ResumeJobRequest(id=job_id))

    def find(
        self, expression: str, *, sort: str = "", limit: int = 0, page_token: str = ""
    ) -> catalog_pb2.FindResponse:
        """A page of the files that the expression names, and their exact total. Raises InvalidQuery."""
        return self._unary(self._catalog.Find, _requests.find(expression, sort, limit, page_token))

    def duplicates(
        self,
        *,
        under: PathLike | None = None,
        min_size_bytes: int | None = None,
        extensions: Iterable[str] = (),
        types: Iterable[str] = (),
        sort: str = "reclaimable",
        limit: int = 0,
        page_token: str = "",
    ) -> catalog_pb2.DuplicatesResponse:
        """A page of groups of files with equal content, and the totals of all of them."""
        return self._unary(
            self._catalog.Duplicates,
            _requests.duplicates(under, min_size_bytes, extensions, types, sort, limit, page_token),
        )

    def summary(self, by: str = "", *, roots: Iterable[RootName] = ()) -> catalog_pb2.SummaryResponse:
        """Files and bytes by type, ext, age, size or owner."""
        return self._unary(self._catalog.Summary, _requests.summary(by, roots))

    def disk_usage(
        self, folder: PathLike | None = None, *, depth: int = 1, limit: int = 0
    ) -> catalog_pb2.DiskUsageResponse:
        """What a folder and those below it hold; every root where none is named."""
        return self._unary(self._catalog.DiskUsage, _requests.disk_usage(folder, depth, limit))

    def iter_jobs(self, *, active_only: bool = False) -> Generator[job_pb2.Job, None, None]:
        """Every job, newest first, a page at a time."""
        token = ""
        while True:
            page = self.list_jobs(active_only=active_only, page_token=token)
            yield from page.jobs
            token = page.next_page_token
            if not token:
                return

    def iter_find(
        self, expression: str, *, sort: str = "", page_size: int = 1000
    ) -> Generator[catalog_pb2.FileRow, None, None]:
        """Every file that the expression names, a page at a time."""
        token = ""
        while True:
            page = self.find(expression, sort=sort, limit=page_size, page_token=token)
            yield from page.rows
            token = page.next_page_token
            if not token:
                return

    def iter_duplicates(
        self,
        *,
        under: PathLike | None = None,
        min_size_bytes: int | None = None,
        extensions: Sequence[str] = (),
        types: Sequence[str] = (),
        sort: str = "reclaimable",
        page_size: int = 100,
    ) -> Generator[catalog_pb2.DuplicateGroup, None, None]:
        """Every group of duplicates, a page at a time."""
        token = ""
        while True:
            page = self.duplicates(
                under=under,
                min_size_bytes=min_size_bytes,
                extensions=extensions,
                types=types,
                sort=sort,
                limit=page_size,
                page_token=token,
            )
            yield from page.groups
            token = page.next_page_token
            if not token:
                return

    def follow_job(self, job_id: int) -> Generator[job_pb2.Job, None, None]:
        """The job at once, then at each change (5 Hz at most), until it has ended or the caller stops."""
        ended = False
        while not ended:
            request = job_pb2.FollowJobRequest(id=job_id)
            try:
                for response in self._stream(self._job.FollowJob, request, STREAM_TIMEOUT_S):
                    yield response.job
                ended = True
            except errors.TimedOut:
                continue  # a scan may take longer than a call: follow it again

    def export(
        self, expression: str, file_format: str, *, timeout_s: float = 6 * STREAM_TIMEOUT_S
    ) -> Generator[catalog_pb2.ExportResponse, None, None]:
        """The rendered file in pieces of at most 1 MiB; the last has `complete` set and says what was left out."""
        yield from self._stream(self._catalog.Export, _requests.export(expression, file_format), timeout_s)


@final
class AsyncClient:
    """The asyncio client: make and use it inside one running event loop. Otherwise as `Client`."""

    def __init__(self, where: Places | None = None, *, timeout_s: float = CALL_TIMEOUT_S) -> None:
        self._where = where or places()
        self._timeout_s = timeout_s
        self._channel = grpc.aio.insecure_channel(find_daemon(self._where).uri, options=OPTIONS)
        # The generated stubs serve both kinds of channel; only their types have two names.
        self._catalog = cast(
            "catalog_pb2_grpc.CatalogServiceAsyncStub", catalog_pb2_grpc.CatalogServiceStub(self._channel)
        )
        self._daemon = cast("daemon_pb2_grpc.DaemonServiceAsyncStub", daemon_pb2_grpc.DaemonServiceStub(self._channel))
        self._job = cast("job_pb2_grpc.JobServiceAsyncStub", job_pb2_grpc.JobServiceStub(self._channel))
        self._root = cast("root_pb2_grpc.RootServiceAsyncStub", root_pb2_grpc.RootServiceStub(self._channel))

    async def close(self) -> None:
        """Ends every call of this client."""
        await self._channel.close(None)

    async def __aenter__(self) -> AsyncClient:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _unary(self, method: grpc.aio.UnaryUnaryMultiCallable[Request, Response], request: Request) -> Response:
        try:
            return await method(request, timeout=self._timeout_s, metadata=call_metadata(self._where))
        except grpc.RpcError as error:
            raise to_error(error) from None

    async def _stream(
        self, method: grpc.aio.UnaryStreamMultiCallable[Request, Response], request: Request, timeout_s: float
    ) -> AsyncGenerator[Response, None]:
        call = method(request, timeout=timeout_s, metadata=call_metadata(self._where))
        try:
            async for response in call:
                yield response
        except grpc.RpcError as error:
            raise to_error(error) from None
        finally:
            call.cancel()

    async def status(self) -> daemon_pb2.GetStatusResponse:
        """What the daemon is doing, its catalog and its roots."""
        return await self._unary(self._daemon.GetStatus, daemon_pb2.GetStatusRequest())

    async def stop_daemon(self) -> daemon_pb2.StopDaemonResponse:
        """Asks the daemon to stop; running scans go on at its next start."""
        return await self._unary(self._daemon.StopDaemon, daemon_pb2.StopDaemonRequest())

    async def settings(self) -> daemon_pb2.GetSettingsResponse:
        """Every setting with its value and where it came from."""
        return await self._unary(self._daemon.GetSettings, daemon_pb2.GetSettingsRequest())

    async def add_root(
        self,
        folder: PathLike,
        *,
        name: str = "",
        hash_scope: str = "all",
        algorithm: str = "blake3",
        exclude: Iterable[str] = (),
        one_file_system: bool = False,
        skip_hidden: bool = False,
        no_scan: bool = False,
    ) -> root_pb2.AddRootResponse:
        """Makes the folder (absolute) a root; its scan starts in the background unless `no_scan`."""
        return await self._unary(
            self._root.AddRoot,
            _requests.add_root(
                folder,
                name,
                _requests.root_settings(hash_scope, algorithm, exclude, one_file_system, skip_hidden),
                no_scan,
            ),
        )

    async def list_roots(self) -> root_pb2.ListRootsResponse:
        """Every root."""
        return await self._unary(self._root.ListRoots, root_pb2.ListRootsRequest())

    async def update_root(
        self,
        root: RootName,
        *,
        name: str | None = None,
        hash_scope: str | None = None,
        algorithm: str | None = None,
        exclude: Sequence[str] | None = None,
        replace_exclude: bool = False,
        one_file_system: bool | None = None,
        skip_hidden: bool | None = None,
    ) -> root_pb2.UpdateRootResponse:
        """Changes what is not None. `exclude` adds globs, or replaces them all with `replace_exclude`."""
        return await self._unary(
            self._root.UpdateRoot,
            _requests.update_root(
                root, name, hash_scope, algorithm, exclude, replace_exclude, one_file_system, skip_hidden
            ),
        )

    async def remove_root(self, root: RootName) -> root_pb2.RemoveRootResponse:
        """Forgets a root and its rows; no file is touched."""
        return await self._unary(self._root.RemoveRoot, root_pb2.RemoveRootRequest(root=_requests.root_name(root)))

    async def start_scan(
        self, roots: Iterable[RootName] = (), *, background: bool = False
    ) -> job_pb2.StartScanResponse:
        """Starts, or joins, a scan of each root (all where none is named); an absolute path may become a root."""
        return await self._unary(self._job.StartScan, _requests.start_scan(roots, background))

    async def list_jobs(
        self, *, active_only: bool = False, limit: int = 0, page_token: str = ""
    ) -> job_pb2.ListJobsResponse:
        """A page of jobs, newest first."""
        return await self._unary(
            self._job.ListJobs, job_pb2.ListJobsRequest(page=_requests.page(limit, page_token), active_only=active_only)
        )

    async def get_job(self, job_id: int) -> job_pb2.GetJobResponse:
        """One job with its first hundred errors."""
        return await self._unary(self._job.GetJob, job_pb2.GetJobRequest(id=job_id))

    async def cancel_job(self, job_id: int) -> job_pb2.CancelJobResponse:
        """Cancels a job; what it found stays."""
        return await self._unary(self._job.CancelJob, job_pb2.CancelJobRequest(id=job_id))

    async def pause_job(self, job_id: int) -> job_pb2.PauseJobResponse:
        """Pauses a running job."""
        return await self._unary(self._job.PauseJob, job_pb2.PauseJobRequest(id=job_id))

    async def resume_job(self, job_id: int) -> job_pb2.ResumeJobResponse:
        """Goes on with a paused job."""
        return await self._unary(self._job.ResumeJob, job_pb2.ResumeJobRequest(id=job_id))

    async def find(
        self, expression: str, *, sort: str = "", limit: int = 0, page_token: str = ""
    ) -> catalog_pb2.FindResponse:
        """A page of the files that the expression names, and their exact total. Raises InvalidQuery."""
        return await self._unary(self._catalog.Find, _requests.find(expression, sort, limit, page_token))

    async def duplicates(
        self,
        *,
        under: PathLike | None = None,
        min_size_bytes: int | None = None,
        extensions: Iterable[str] = (),
        types: Iterable[str] = (),
        sort: str = "reclaimable",
        limit: int = 0,
        page_token: str = "",
    ) -> catalog_pb2.DuplicatesResponse:
        """A page of groups of files with equal content, and the totals of all of them."""
        return await self._unary(
            self._catalog.Duplicates,
            _requests.duplicates(under, min_size_bytes, extensions, types, sort, limit, page_token),
        )

    async def summary(self, by: str = "", *, roots: Iterable[RootName] = ()) -> catalog_pb2.SummaryResponse:
        """Files and bytes by type, ext, age, size or owner."""
        return await self._unary(self._catalog.Summary, _requests.summary(by, roots))

    async def disk_usage(
        self, folder: PathLike | None = None, *, depth: int = 1, limit: int = 0
    ) -> catalog_pb2.DiskUsageResponse:
        """What a folder and those below it hold; every root where none is named."""
        return await self._unary(self._catalog.DiskUsage, _requests.disk_usage(folder, depth, limit))

    async def iter_jobs(self, *, active_only: bool = False) -> AsyncGenerator[job_pb2.Job, None]:
        """Every job, newest first, a page at a time."""
        token = ""
        while True:
            page = await self.list_jobs(active_only=active_only, page_token=token)
            for item in page.jobs:
                yield item
            token = page.next_page_token
            if not token:
                return

    async def iter_find(
        self, expression: str, *, sort: str = "", page_size: int = 1000
    ) -> AsyncGenerator[catalog_pb2.FileRow, None]:
        """Every file that the expression names, a page at a time."""
        token = ""
        while True:
            page = await self.find(expression, sort=sort, limit=page_size, page_token=token)
            for item in page.rows:
                yield item
            token = page.next_page_token
            if not token:
                return

    async def iter_duplicates(
        self,
        *,
        under: PathLike | None = None,
        min_size_bytes: int | None = None,
        extensions: Sequence[str] = (),
        types: Sequence[str] = (),
        sort: str = "reclaimable",
        page_size: int = 100,
    ) -> AsyncGenerator[catalog_pb2.DuplicateGroup, None]:
        """Every group of duplicates, a page at a time."""
        token = ""
        while True:
            page = await self.duplicates(
                under=under,
                min_size_bytes=min_size_bytes,
                extensions=extensions,
                types=types,
                sort=sort,
                limit=page_size,
                page_token=token,
            )
            for item in page.groups:
                yield item
            token = page.next_page_token
            if not token:
                return

    async def follow_job(self, job_id: int) -> AsyncGenerator[job_pb2.Job, None]:
        """The job at once, then at each change (5 Hz at most), until it has ended or the caller stops."""
        ended = False
        while not ended:
            request = job_pb2.FollowJobRequest(id=job_id)
            try:
                async for response in self._stream(self._job.FollowJob, request, STREAM_TIMEOUT_S):
                    yield response.job
                ended = True
            except errors.TimedOut:
                continue  # a scan may take longer than a call: follow it again

    async def export(
        self, expression: str, file_format: str, *, timeout_s: float = 6 * STREAM_TIMEOUT_S
    ) -> AsyncGenerator[catalog_pb2.ExportResponse, None]:
        """The rendered file in pieces of at most 1 MiB; the last has `complete` set and says what was left out."""
        async for response in self._stream(self._catalog.Export, _requests.export(expression, file_format), timeout_s):
            yield response
