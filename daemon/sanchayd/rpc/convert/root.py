"""Messages of `root.proto`."""

from __future__ import annotations

from collections.abc import Collection

from sanchay.sentences import Sentence
from sanchay.v1 import root_pb2
from sanchayd.engine_port.values import LiveStatus
from sanchayd.live import Synced
from sanchayd.roots.look import RootLook
from sanchayd.roots.root import POLL_S, HashAlgorithm, HashScope, RootSettings, WatchMode
from sanchayd.roots.service import AddedRoot, RootChange
from sanchayd.roots.view import RootView
from sanchayd.rpc.convert import common

_SCOPES = {
    HashScope.ALL: root_pb2.HASH_ALL,
    HashScope.DUPLICATES: root_pb2.HASH_DUPLICATES,
    HashScope.NONE: root_pb2.HASH_NONE,
}
_ALGORITHMS = {HashAlgorithm.BLAKE3: root_pb2.BLAKE3, HashAlgorithm.SHA256: root_pb2.SHA256}
_WATCHES = {
    WatchMode.AUTO: root_pb2.WATCH_AUTO,
    WatchMode.EVENTS: root_pb2.WATCH_EVENTS,
    WatchMode.POLL: root_pb2.WATCH_POLL,
    WatchMode.OFF: root_pb2.WATCH_OFF,
}
# An unset field is the default.
_FROM_SCOPE = {root_pb2.HASH_SCOPE_UNSPECIFIED: HashScope.ALL, **{wire: scope for scope, wire in _SCOPES.items()}}
_FROM_ALGORITHM = {
    root_pb2.HASH_ALGORITHM_UNSPECIFIED: HashAlgorithm.BLAKE3,
    **{wire: algorithm for algorithm, wire in _ALGORITHMS.items()},
}
_FROM_WATCH = {root_pb2.WATCH_MODE_UNSPECIFIED: WatchMode.AUTO, **{wire: mode for mode, wire in _WATCHES.items()}}


def to_settings(message: root_pb2.RootSettings) -> RootSettings:
    """A new root's settings; a value of a newer client becomes the default."""
    return RootSettings(
        hash=_FROM_SCOPE.get(message.hash, HashScope.ALL),
        algorithm=_FROM_ALGORITHM.get(message.algorithm, HashAlgorithm.BLAKE3),
        exclude=tuple(message.exclude),
        one_file_system=message.one_file_system,
        skip_hidden=message.skip_hidden,
        watch=_FROM_WATCH.get(message.watch, WatchMode.AUTO),
        poll_s=message.poll_s or POLL_S,
    )


def from_settings(settings: RootSettings, unreadable: Collection[str] = ()) -> root_pb2.RootSettings:
    """A root's settings, without those that cannot be read."""
    message = root_pb2.RootSettings(
        hash=_SCOPES[settings.hash],
        algorithm=_ALGORITHMS[settings.algorithm],
        exclude=settings.exclude,
        one_file_system=settings.one_file_system,
        skip_hidden=settings.skip_hidden,
        watch=_WATCHES[settings.watch],
        poll_s=settings.poll_s,
        expect_unreadable=[common.path(path) for path in settings.expect_unreadable],
    )
    for name in unreadable:
        message.ClearField(name)  # type: ignore[arg-type]  # the names of the settings are those of the fields
    return message


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
        watch=_FROM_WATCH.get(message.watch) if message.HasField("watch") else None,
        poll_s=message.poll_s if message.HasField("poll_s") else None,
        expect_unreadable=tuple(path.raw for path in message.expect_unreadable),
        replace_expect_unreadable=message.replace_expect_unreadable,
        accept=message.accept,
    )


def from_live(live: LiveStatus) -> root_pb2.RootLive:
    """How a root is kept up to date."""
    because, reason = Sentence.of_engine(live.chosen_because), Sentence.of_engine(live.reason)
    return root_pb2.RootLive(
        mode=live.mode,
        because=common.text(because),
        because_words=common.words(because),
        state=live.state,
        reason=common.text(reason),
        reason_words=common.words(reason) if reason else None,
        as_of_ns=live.as_of_ns,
        watched_folders=live.watched_folders,
        pending=live.pending,
        events=live.events,
        overflows=live.overflows,
        polled_parts=[
            root_pb2.PolledPart(path=common.path(part.path), file_system=part.file_system) for part in live.polled_parts
        ],
    )


def from_view(view: RootView) -> root_pb2.Root:
    """A root as it stands."""
    unreadable = view.root.unreadable.settings if view.root.unreadable else ()
    return root_pb2.Root(
        id=view.root.id,
        name=view.root.name,
        path=common.path(view.root.path),
        settings=from_settings(view.root.settings, unreadable),
        unreadable_settings=unreadable,
        state=view.state,
        freshness=common.freshness(view.freshness),
        files=view.files,
        directories=view.directories,
        bytes=view.bytes,
        created_ns=view.root.created_ns,
        live=from_live(view.live),
    )


def from_added(added: AddedRoot) -> root_pb2.AddRootResponse:
    """What became of an AddRoot."""
    return root_pb2.AddRootResponse(
        root=from_view(added.view),
        existed=added.existed,
        job_id=added.job_id,
        notices=[common.text(notice) for notice in added.notices],
        notice_words=[common.words(notice) for notice in added.notices],
    )


def from_look(look: RootLook) -> root_pb2.RootCheck:
    """A folder as it would be as a root."""
    tally = look.tally
    return root_pb2.RootCheck(
        path=common.path(look.path),
        state=look.state,
        message=common.text(look.message),
        message_words=common.words(look.message) if look.message else None,
        root=look.root,
        inside=look.inside,
        contains=look.contains,
        kind=look.kind.value,
        file_system=look.file_system,
        mount_point=common.path(look.mount_point) if look.mount_point else None,
        mode=look.mode.value if look.mode is not None else "",
        poll_s=look.poll_s,
        because=common.text(look.because),
        because_words=common.words(look.because) if look.because else None,
        total_bytes=look.total_bytes,
        free_bytes=look.free_bytes,
        count=(
            root_pb2.FolderCount(
                files=tally.files,
                folders=tally.folders,
                bytes=tally.size_bytes,
                complete=tally.complete,
                from_catalog=tally.of_catalog,
            )
            if tally is not None
            else None
        ),
        what=look.what,
    )


def from_synced(synced: Synced) -> root_pb2.SyncRootResponse:
    """How a sync ended."""
    return root_pb2.SyncRootResponse(
        state=synced.state,
        freshness=common.freshness(synced.freshness),
        message=common.text(synced.message),
        message_words=common.words(synced.message) if synced.message else None,
        root=from_view(synced.view),
    )
