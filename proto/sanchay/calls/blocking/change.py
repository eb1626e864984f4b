# Written by proto/blocking.py from sanchay/calls/aio: edit that file.
"""What changed, and what grew."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, v1
from sanchay._link import Link
from sanchay._requests import PathLike

if TYPE_CHECKING:
    from sanchay.v1 import change_pb2_grpc


class ChangeCalls:
    """The calls, blocking."""

    _link: Link

    @cached_property
    def _change(self) -> change_pb2_grpc.ChangeServiceStub:
        return self._link.stub(v1.change_pb2.DESCRIPTOR.services_by_name["ChangeService"])  # type: ignore[no-any-return]

    def list_changes(
        self, cursor: str = "", *, since_ns: int | None = None, under: PathLike | None = None, limit: int = 0
    ) -> v1.change_pb2.ListChangesResponse:
        """A page of changes, oldest first, from a cursor or a time on, or of all that is kept.

        Its `cursor` is where to go on. Raises InvalidArgument for a cursor that is none.
        """
        return self._link.unary(self._change.ListChanges, _requests.list_changes(cursor, since_ns, under, limit))

    def growth(
        self, folder: PathLike | None = None, *, days: int = 0, limit: int = 0
    ) -> v1.change_pb2.GetGrowthResponse:
        """The folders below `folder` that grew most over `days` (0: 30). Raises UnknownPath."""
        return self._link.unary(self._change.GetGrowth, _requests.get_growth(folder, days, limit))
