"""Roots."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cached_property
from typing import cast

from sanchay import _requests
from sanchay._link import AsyncLink, Link
from sanchay._requests import PathLike, RootName
from sanchay.v1 import root_pb2, root_pb2_grpc


class RootCalls:
    """The calls, blocking."""

    _link: Link

    @cached_property
    def _root(self) -> root_pb2_grpc.RootServiceStub:
        return root_pb2_grpc.RootServiceStub(self._link.channel)

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
        return self._link.unary(
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
        return self._link.unary(self._root.ListRoots, root_pb2.ListRootsRequest())

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
        return self._link.unary(
            self._root.UpdateRoot,
            _requests.update_root(
                root, name, hash_scope, algorithm, exclude, replace_exclude, one_file_system, skip_hidden
            ),
        )

    def remove_root(self, root: RootName) -> root_pb2.RemoveRootResponse:
        """Forgets a root and its rows; no file is touched."""
        return self._link.unary(self._root.RemoveRoot, root_pb2.RemoveRootRequest(root=_requests.root_name(root)))


class AsyncRootCalls:
    """The calls, awaited."""

    _link: AsyncLink

    @cached_property
    def _root(self) -> root_pb2_grpc.RootServiceAsyncStub:
        # The generated stubs serve both kinds of channel; only their types have two names.
        return cast("root_pb2_grpc.RootServiceAsyncStub", root_pb2_grpc.RootServiceStub(self._link.channel))

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
        return await self._link.unary(
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
        return await self._link.unary(self._root.ListRoots, root_pb2.ListRootsRequest())

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
        return await self._link.unary(
            self._root.UpdateRoot,
            _requests.update_root(
                root, name, hash_scope, algorithm, exclude, replace_exclude, one_file_system, skip_hidden
            ),
        )

    async def remove_root(self, root: RootName) -> root_pb2.RemoveRootResponse:
        """Forgets a root and its rows; no file is touched."""
        return await self._link.unary(self._root.RemoveRoot, root_pb2.RemoveRootRequest(root=_requests.root_name(root)))
