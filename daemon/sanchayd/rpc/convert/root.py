"""Messages of `root.proto`."""

from __future__ import annotations

from sanchay.v1 import root_pb2
from sanchayd.models import HashAlgorithm, HashScope, RootSettings, RootView
from sanchayd.rpc.convert import common
from sanchayd.services.roots import AddedRoot, RootChange

_SCOPES = {
    HashScope.ALL: root_pb2.HASH_ALL,
    HashScope.DUPLICATES: root_pb2.HASH_DUPLICATES,
    HashScope.NONE: root_pb2.HASH_NONE,
}
_ALGORITHMS = {HashAlgorithm.BLAKE3: root_pb2.BLAKE3, HashAlgorithm.SHA256: root_pb2.SHA256}
# An unset field is the default.
_FROM_SCOPE = {root_pb2.HASH_SCOPE_UNSPECIFIED: HashScope.ALL, **{wire: scope for scope, wire in _SCOPES.items()}}
_FROM_ALGORITHM = {
    root_pb2.HASH_ALGORITHM_UNSPECIFIED: HashAlgorithm.BLAKE3,
    **{wire: algorithm for algorithm, wire in _ALGORITHMS.items()},
}


def to_settings(message: root_pb2.RootSettings) -> RootSettings:
    """A new root's settings; a value of a newer client becomes the default."""
    return RootSettings(
        hash=_FROM_SCOPE.get(message.hash, HashScope.ALL),
        algorithm=_FROM_ALGORITHM.get(message.algorithm, HashAlgorithm.BLAKE3),
        exclude=tuple(message.exclude),
        one_file_system=message.one_file_system,
        skip_hidden=message.skip_hidden,
    )


def from_settings(settings: RootSettings) -> root_pb2.RootSettings:
    """A root's settings."""
    return root_pb2.RootSettings(
        hash=_SCOPES[settings.hash],
        algorithm=_ALGORITHMS[settings.algorithm],
        exclude=settings.exclude,
        one_file_system=settings.one_file_system,
        skip_hidden=settings.skip_hidden,
    )


def to_change(message: root_pb2.UpdateRootRequest) -> RootChange:
    """Only the fields that are set."""
    return RootChange(
        name=message.name if message.HasField("name") else None,
        hash=_FROM_SCOPE.get(message.hash) if message.HasField("hash") else None,
        algorithm=_FROM_ALGORITHM.get(message.algorithm) if message.HasField("algorithm") else None,
        exclude=tuple(message.exclude),
        replace_exclude=message.replace_exclude,
        one_file_system=message.one_file_system if message.HasField("one_file_system") else None,
        skip_hidden=message.skip_hidden if message.HasField("skip_hidden") else None,
    )


def from_view(view: RootView) -> root_pb2.Root:
    """A root as it stands."""
    return root_pb2.Root(
        id=view.root.id,
        name=view.root.name,
        path=common.path(view.root.path),
        settings=from_settings(view.root.settings),
        state=view.state,
        freshness=common.freshness(view.freshness),
        files=view.files,
        directories=view.directories,
        bytes=view.bytes,
        created_ns=view.root.created_ns,
    )


def from_added(added: AddedRoot) -> root_pb2.AddRootResponse:
    """What became of an AddRoot."""
    return root_pb2.AddRootResponse(
        root=from_view(added.view),
        existed=added.existed,
        job_id=added.job_id,
        notices=[common.text(notice) for notice in added.notices],
    )
