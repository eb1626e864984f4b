# Written by proto/blocking.py from sanchay/calls/aio: edit that file.
"""Whether files are in the catalog already."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, v1
from sanchay._link import Answers, Link
from sanchay._requests import PathLike

if TYPE_CHECKING:
    from sanchay.v1 import have_pb2_grpc


class HaveCalls:
    """The calls, blocking."""

    _link: Link

    @cached_property
    def _have(self) -> have_pb2_grpc.HaveServiceStub:
        return self._link.stub(v1.have_pb2.DESCRIPTOR.services_by_name["HaveService"])  # type: ignore[no-any-return]

    def start_have(
        self, files: Iterable[PathLike] = (), *, hashes: Iterable[tuple[PathLike, bytes, str]] = ()
    ) -> v1.have_pb2.StartHaveResponse:
        """Begins to compare files, and all below folders, with the catalog; or hashes: a name, 32 bytes, an algorithm.

        Paths are absolute. The algorithm is blake3, sha256, or empty where it is not known.
        """
        return self._link.unary(self._have.StartHave, _requests.start_have(files, hashes))

    def list_have_rows(
        self, job_id: int, *, states: Iterable[str] = (), limit: int = 0, page_token: str = ""
    ) -> v1.have_pb2.ListHaveRowsResponse:
        """A page of the rows of a job that has ended. Raises JobNotFound once the daemon has let them go."""
        request = _requests.list_have_rows(job_id, states, limit, page_token)
        return self._link.unary(self._have.ListHaveRows, request)

    def iter_have_rows(
        self, job_id: int, *, states: Sequence[str] = (), page_size: int = 1000
    ) -> Answers[v1.have_pb2.HaveRow]:
        """Every row in one of these states, a page at a time; all rows where none is named."""
        token = ""
        while True:
            page = self.list_have_rows(job_id, states=states, limit=page_size, page_token=token)
            for item in page.rows:
                yield item
            token = page.next_page_token
            if not token:
                return
