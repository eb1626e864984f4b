# Written by proto/blocking.py from sanchay/calls/aio: edit that file.
"""Roots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

from sanchay import _requests, v1
from sanchay._call import STREAM_TIMEOUT_S
from sanchay._link import Link
from sanchay._requests import PathLike, RootName

if TYPE_CHECKING:
    from sanchay.v1 import root_pb2_grpc


class RootCalls:
    """The calls, blocking."""

    _link: Link

    @cached_property
    def _root(self) -> root_pb2_grpc.RootServiceStub:
        return self._link.stub(v1.root_pb2.DESCRIPTOR.services_by_name["RootService"])  # type: ignore[no-any-return]

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
        watch: str = "auto",
        poll_s: int = 0,
        no_scan: bool = False,
    ) -> v1.root_pb2.AddRootResponse:
        """Makes the folder (absolute) a root; its scan starts in the background unless `no_scan`."""
        return self._link.unary(
            self._root.AddRoot,
            _requests.add_root(
                folder,
                name,
                _requests.root_settings(hash_scope, algorithm, exclude, one_file_system, skip_hidden, watch, poll_s),
                no_scan,
            ),
        )

    def check_root(self, folder: PathLike, *, patience_ms: int | None = None) -> v1.root_pb2.CheckRootResponse:
        """What would come of adding the folder (absolute): a folder that cannot be a root is an answer, not an error.

        `patience_ms`: how long to count what it holds; 0: not at all, None: as long as the daemon thinks right.
        """
        request = v1.root_pb2.CheckRootRequest(path=_requests.path(folder), patience_ms=patience_ms)
        return self._link.unary(self._root.CheckRoot, request)

    def suggest_roots(self, *, patience_ms: int = 0) -> v1.root_pb2.SuggestRootsResponse:
        """The person's own folders and mounted drives, each checked; counted for so long where that is not 0."""
        request = v1.root_pb2.SuggestRootsRequest(patience_ms=patience_ms)
        return self._link.unary(self._root.SuggestRoots, request)

    def list_roots(self) -> v1.root_pb2.ListRootsResponse:
        """Every root."""
        return self._link.unary(self._root.ListRoots, v1.root_pb2.ListRootsRequest())

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
        watch: str | None = None,
        poll_s: int | None = None,
        accept: bool = False,
        expect_unreadable: Iterable[PathLike] | None = None,
        replace_expect_unreadable: bool = False,
    ) -> v1.root_pb2.UpdateRootResponse:
        """Changes what is not None. `exclude` adds globs, or replaces them all with `replace_exclude`. With `accept`
        the folder that is there is the root, whatever was there before; it is scanned in the background.

        `expect_unreadable` adds whole paths below the root that need not be readable, or replaces them all; the root is
        scanned in the background where these change.
        """
        return self._link.unary(
            self._root.UpdateRoot,
            _requests.update_root(
                root,
                name,
                hash_scope,
                algorithm,
                exclude,
                replace_exclude,
                one_file_system,
                skip_hidden,
                watch,
                poll_s,
                accept,
                expect_unreadable,
                replace_expect_unreadable,
            ),
        )

    def remove_root(self, root: RootName) -> v1.root_pb2.RemoveRootResponse:
        """Forgets a root and its rows; no file is touched."""
        request = v1.root_pb2.RemoveRootRequest(root=_requests.root_name(root))
        return self._link.unary(self._root.RemoveRoot, request, STREAM_TIMEOUT_S)

    def sync_root(self, root: RootName, *, timeout_s: float = STREAM_TIMEOUT_S) -> v1.root_pb2.SyncRootResponse:
        """Returns once all that was written below the root before the call is in the catalog, settled and hashed.

        Raises RootOffline where its folder is not there, and TimedOut after `timeout_s`; the work goes on then.
        """
        request = v1.root_pb2.SyncRootRequest(root=_requests.root_name(root))
        return self._link.unary(self._root.SyncRoot, request, timeout_s)
