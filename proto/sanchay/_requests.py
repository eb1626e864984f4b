"""Builds the request messages that both clients send: arguments as people have them become exact wire values."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar, Union

from sanchay import names, v1
from sanchay.errors import InvalidArgument

PathLike = Union[str, bytes, "os.PathLike[str]", "os.PathLike[bytes]"]
RootName = int | PathLike
Value = TypeVar("Value")


def hash_scope_of(word: str) -> v1.root_pb2.HashScope.ValueType:
    """What is hashed: all, duplicates or none."""
    scopes = {"all": v1.root_pb2.HASH_ALL, "duplicates": v1.root_pb2.HASH_DUPLICATES, "none": v1.root_pb2.HASH_NONE}
    return choice(word, scopes, "hash setting")


def algorithm_of(word: str) -> v1.root_pb2.HashAlgorithm.ValueType:
    """How it is hashed: blake3 or sha256."""
    return choice(word, {"blake3": v1.root_pb2.BLAKE3, "sha256": v1.root_pb2.SHA256}, "algorithm")


def watch_mode_of(word: str) -> v1.root_pb2.WatchMode.ValueType:
    """How changes are noticed: auto, events, poll or off."""
    modes = {
        "auto": v1.root_pb2.WATCH_AUTO,
        "events": v1.root_pb2.WATCH_EVENTS,
        "poll": v1.root_pb2.WATCH_POLL,
        "off": v1.root_pb2.WATCH_OFF,
    }
    return choice(word, modes, "way of watching")


def path(value: PathLike) -> v1.common_pb2.Path:
    """The path as exact bytes with its display form. Windows' lone surrogates pass through (WTF-8)."""
    raw = raw_bytes(value)
    return v1.common_pb2.Path(raw=raw, display=raw.decode("utf-8", "replace"))


def maybe_path(value: PathLike | None) -> v1.common_pb2.Path | None:
    """The same for a path that may be left out."""
    return path(value) if value is not None else None


def raw_bytes(value: PathLike) -> bytes:
    """The exact bytes of a path or a name."""
    plain = os.fspath(value)
    return plain if isinstance(plain, bytes) else os.fsencode(plain)


def root_name(value: RootName) -> bytes:
    """How a root is named: its name, its id or its path."""
    return str(value).encode("ascii") if isinstance(value, int) else raw_bytes(value)


def text(value: str, what: str) -> str:
    """The text, refused here where it could not travel: gRPC's strings are UTF-8."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidArgument(
            f"The {what} {names.shown_text(value)} holds bytes that are not UTF-8 at {error.start}."
        ) from error
    return value


def choice(value: str, choices: Mapping[str, Value], what: str) -> Value:
    """The wire value of a word."""
    if value not in choices:
        raise InvalidArgument(f"{names.quoted(value)} is not a valid {what}; choose from {', '.join(choices)}.")
    return choices[value]


def page(limit: int, token: str) -> v1.common_pb2.PageRequest:
    """A page request; a limit of 0 leaves it to the daemon."""
    return v1.common_pb2.PageRequest(limit=_count(limit, "limit"), page_token=token)


def root_settings(
    hash_scope: str,
    algorithm: str,
    exclude: Iterable[str],
    one_file_system: bool,
    skip_hidden: bool,
    watch: str = "auto",
    poll_s: int = 0,
) -> v1.root_pb2.RootSettings:
    """The settings of a new root.

    `hash_scope` is all, duplicates or none, `algorithm` blake3 or sha256, `watch` auto, events, poll or off; a `poll_s`
    of 0 is the daemon's default.
    """
    return v1.root_pb2.RootSettings(
        hash=hash_scope_of(hash_scope),
        algorithm=algorithm_of(algorithm),
        exclude=[text(glob, "glob") for glob in exclude],
        one_file_system=one_file_system,
        skip_hidden=skip_hidden,
        watch=watch_mode_of(watch),
        poll_s=_count(poll_s, "poll interval"),
    )


def add_root(
    folder: PathLike, name: str, settings: v1.root_pb2.RootSettings, no_scan: bool
) -> v1.root_pb2.AddRootRequest:
    return v1.root_pb2.AddRootRequest(path=path(folder), name=text(name, "name"), settings=settings, no_scan=no_scan)


def update_root(
    root: RootName,
    name: str | None,
    hash_scope: str | None,
    algorithm: str | None,
    exclude: Sequence[str] | None,
    replace_exclude: bool,
    one_file_system: bool | None,
    skip_hidden: bool | None,
    watch: str | None = None,
    poll_s: int | None = None,
    accept: bool = False,
    expect_unreadable: Iterable[PathLike] | None = None,
    replace_expect_unreadable: bool = False,
) -> v1.root_pb2.UpdateRootRequest:
    request = v1.root_pb2.UpdateRootRequest(root=root_name(root), replace_exclude=replace_exclude, accept=accept)
    request.expect_unreadable.extend(path(each) for each in expect_unreadable or ())
    request.replace_expect_unreadable = replace_expect_unreadable
    request.exclude.extend(text(glob, "glob") for glob in exclude or ())
    if name is not None:
        request.name = text(name, "name")
    if hash_scope is not None:
        request.hash = hash_scope_of(hash_scope)
    if algorithm is not None:
        request.algorithm = algorithm_of(algorithm)
    if one_file_system is not None:
        request.one_file_system = one_file_system
    if skip_hidden is not None:
        request.skip_hidden = skip_hidden
    if watch is not None:
        request.watch = watch_mode_of(watch)
    if poll_s is not None:
        request.poll_s = _count(poll_s, "poll interval")
    return request


def subscribe(
    kinds: Iterable[str], roots: Iterable[RootName], recent: bool, follow: bool
) -> v1.event_pb2.SubscribeRequest:
    return v1.event_pb2.SubscribeRequest(
        kinds=[text(kind, "kind of event") for kind in kinds],
        roots=[root_name(root) for root in roots],
        recent=recent,
        follow=follow,
    )


def start_scan(roots: Iterable[RootName], background: bool) -> v1.job_pb2.StartScanRequest:
    return v1.job_pb2.StartScanRequest(roots=[root_name(root) for root in roots], background=background)


def start_have(
    files: Iterable[PathLike], hashes: Iterable[tuple[PathLike, bytes, str]]
) -> v1.have_pb2.StartHaveRequest:
    return v1.have_pb2.StartHaveRequest(
        paths=[raw_bytes(file) for file in files],
        hashes=[
            v1.have_pb2.ListedHash(name=raw_bytes(name), hash=digest, algorithm=text(algorithm, "algorithm"))
            for name, digest, algorithm in hashes
        ],
    )


def list_have_rows(job_id: int, states: Iterable[str], limit: int, token: str) -> v1.have_pb2.ListHaveRowsRequest:
    return v1.have_pb2.ListHaveRowsRequest(
        job_id=job_id, states=[text(state, "state") for state in states], page=page(limit, token)
    )


def add_schedule(
    name: str,
    action: str,
    cron: str,
    every_s: int,
    roots: Iterable[RootName],
    expression: str,
    to_folder: PathLike | None,
) -> v1.schedule_pb2.AddScheduleRequest:
    request = v1.schedule_pb2.AddScheduleRequest(
        name=text(name, "name"),
        cron=text(cron, "cron expression"),
        every_s=_count(every_s, "interval"),
        action=text(action, "action"),
        roots=[root_name(root) for root in roots],
        expression=text(expression, "query"),
    )
    if to_folder is not None:
        request.to_folder.CopyFrom(path(to_folder))
    return request


def update_schedule(
    name: str,
    new_name: str | None,
    cron: str | None,
    every_s: int | None,
    action: str | None,
    roots: Iterable[RootName] | None,
    expression: str | None,
    to_folder: PathLike | None,
    no_file: bool,
    enabled: bool | None,
) -> v1.schedule_pb2.UpdateScheduleRequest:
    request = v1.schedule_pb2.UpdateScheduleRequest(
        name=text(name, "name"),
        new_name=None if new_name is None else text(new_name, "name"),
        cron=None if cron is None else text(cron, "cron expression"),
        every_s=None if every_s is None else _count(every_s, "interval"),
        action=None if action is None else text(action, "action"),
        roots=[root_name(root) for root in roots or ()],
        replace_roots=roots is not None,
        expression=None if expression is None else text(expression, "query"),
        enabled=enabled,
    )
    if to_folder is not None:
        request.to_folder.CopyFrom(path(to_folder))
    elif no_file:
        request.to_folder.SetInParent()
    return request


def preview_schedule(name: str, cron: str, every_s: int, count: int) -> v1.schedule_pb2.PreviewScheduleRequest:
    return v1.schedule_pb2.PreviewScheduleRequest(
        name=text(name, "name"),
        cron=text(cron, "cron expression"),
        every_s=_count(every_s, "interval"),
        count=_count(count, "count"),
    )


def find(expression: str, sort: str, limit: int, token: str, patience_ms: int = 0) -> v1.catalog_pb2.FindRequest:
    return v1.catalog_pb2.FindRequest(
        expression=text(expression, "query"),
        sort=sort,
        page=page(limit, token),
        time_zone=time_zone(),
        patience_ms=_count(patience_ms, "patience"),
    )


def duplicates(
    under: PathLike | None,
    min_size_bytes: int | None,
    extensions: Iterable[str],
    types: Iterable[str],
    sort: str,
    with_ignored: bool,
    limit: int,
    token: str,
) -> v1.catalog_pb2.DuplicatesRequest:
    request = v1.catalog_pb2.DuplicatesRequest(
        extensions=[text(extension, "extension") for extension in extensions],
        types=[text(kind, "type") for kind in types],
        sort=sort,
        with_ignored=with_ignored,
        page=page(limit, token),
    )
    if under is not None:
        request.under.CopyFrom(path(under))
    if min_size_bytes is not None:
        request.min_size = _count(min_size_bytes, "least size", bits=64)
    return request


def shared_folders(
    under: PathLike | None,
    min_size_bytes: int | None,
    extensions: Iterable[str],
    types: Iterable[str],
    with_ignored: bool,
    limit: int,
) -> v1.catalog_pb2.SharedFoldersRequest:
    return v1.catalog_pb2.SharedFoldersRequest(
        under=path(under) if under is not None else None,
        min_size=_count(min_size_bytes, "least size", bits=64) if min_size_bytes is not None else None,
        extensions=[text(extension, "extension") for extension in extensions],
        types=[text(kind, "type") for kind in types],
        with_ignored=with_ignored,
        limit=_count(limit, "limit"),
    )


def view_of_groups(
    under: Iterable[PathLike],
    roots: Iterable[RootName],
    min_size_bytes: int | None,
    extensions: Iterable[str],
    types: Iterable[str],
    part: str,
    sort: str,
    with_ignored: bool,
) -> v1.view_pb2.ViewOfGroups:
    return v1.view_pb2.ViewOfGroups(
        under=[path(folder) for folder in under],
        roots=[root_name(root) for root in roots],
        min_size=_count(min_size_bytes, "least size", bits=64) if min_size_bytes is not None else None,
        extensions=[text(extension, "extension") for extension in extensions],
        types=[text(kind, "type") for kind in types],
        text=text(part, "text"),
        sort=sort,
        with_ignored=with_ignored,
    )


def view_of_hits(expression: str, sort: str) -> v1.view_pb2.ViewOfHits:
    return v1.view_pb2.ViewOfHits(expression=text(expression, "query"), sort=sort, time_zone=time_zone())


def make_plan(
    under: PathLike | None,
    min_size_bytes: int | None,
    extensions: Iterable[str],
    types: Iterable[str],
    drop: str,
    keep: str,
    prefer: Iterable[str],
    isolate: Iterable[PathLike],
    min_copies: int,
    min_devices: int,
    one_of_each_name: bool,
    everywhere: bool,
    action: str,
    keep_in: Iterable[PathLike],
    drop_in: Iterable[PathLike],
) -> v1.dedupe_pb2.MakePlanRequest:
    return v1.dedupe_pb2.MakePlanRequest(
        under=maybe_path(under),
        min_size=_count(min_size_bytes, "least size", bits=64) if min_size_bytes is not None else None,
        extensions=[text(extension, "extension") for extension in extensions],
        types=[text(kind, "type") for kind in types],
        drop=text(drop, "query"),
        keep=text(keep, "query"),
        prefer=[text(rule, "rule") for rule in prefer],
        isolate=[path(folder) for folder in isolate],
        min_copies=_count(min_copies, "number of copies"),
        min_devices=_count(min_devices, "number of devices"),
        one_of_each_name=one_of_each_name,
        everywhere=everywhere,
        action=text(action, "action"),
        time_zone=time_zone(),
        keep_in=[path(folder) for folder in keep_in],
        drop_in=[path(folder) for folder in drop_in],
    )


def summary(by: str, roots: Iterable[RootName]) -> v1.catalog_pb2.SummaryRequest:
    return v1.catalog_pb2.SummaryRequest(by=by, roots=[root_name(root) for root in roots])


def disk_usage(
    folder: PathLike | None,
    depth: int,
    with_files: bool,
    with_types: bool,
    least_share: float,
    limit: int,
    token: str,
) -> v1.catalog_pb2.DiskUsageRequest:
    if not 0 <= least_share <= 1:
        raise InvalidArgument(f"The least share {least_share} is not between 0 and 1.")
    request = v1.catalog_pb2.DiskUsageRequest(
        depth=_count(depth, "depth"),
        with_files=with_files,
        with_types=with_types,
        least_share=least_share,
        limit=_count(limit, "limit"),
        page_token=token,
    )
    if folder is not None:
        request.path.CopyFrom(path(folder))
    return request


def list_changes(
    cursor: str, since_ns: int | None, under: PathLike | None, limit: int
) -> v1.change_pb2.ListChangesRequest:
    return v1.change_pb2.ListChangesRequest(
        cursor=text(cursor, "cursor"),
        since_ns=since_ns,
        under=path(under) if under is not None else None,
        limit=_count(limit, "limit"),
    )


def get_growth(folder: PathLike | None, days: int, limit: int) -> v1.change_pb2.GetGrowthRequest:
    return v1.change_pb2.GetGrowthRequest(
        path=path(folder) if folder is not None else None,
        days=_count(days, "number of days"),
        limit=_count(limit, "limit"),
    )


def export(expression: str, file_format: str) -> v1.catalog_pb2.ExportRequest:
    return v1.catalog_pb2.ExportRequest(
        expression=text(expression, "query"), format=text(file_format, "format"), time_zone=time_zone()
    )


def time_zone() -> str:
    """What this process's clocks go by: its `TZ` variable, else what the machine is set to."""
    zone = os.environ.get("TZ")
    if zone is None:
        return "system"
    try:
        zone.encode("utf-8")
    except UnicodeEncodeError:
        return "UTC"
    return zone or "UTC"  # as everywhere, an empty one is universal time


def _count(value: int, what: str, bits: int = 32) -> int:
    if not 0 <= value < 1 << bits:
        raise InvalidArgument(f"The {what} {value} is out of range.")
    return value
