"""Messages of `view.proto`."""

from __future__ import annotations

from sanchay.errors import InvalidArgument
from sanchay.v1 import view_pb2
from sanchayd.rpc.convert import catalog, common
from sanchayd.views.view import GroupRows, GroupsAsked, HitRows, HitsAsked, MovedOn, News, Opened


def to_asked(message: view_pb2.OpenViewRequest) -> GroupsAsked | HitsAsked:
    """What is to be ordered. Raises invalid_argument where it is neither groups nor hits."""
    if message.HasField("groups"):
        groups = message.groups
        return GroupsAsked(
            under=tuple(folder.raw for folder in groups.under),
            roots=tuple(groups.roots),
            min_size=groups.min_size if groups.HasField("min_size") else None,
            extensions=tuple(groups.extensions),
            types=tuple(groups.types),
            text=groups.text,
            sort=groups.sort,
            with_ignored=groups.with_ignored,
        )
    if message.HasField("hits"):
        return HitsAsked(message.hits.expression, message.hits.sort, message.hits.time_zone)
    raise InvalidArgument("A view is of groups or of hits: name one of them.")


def from_news(news: News) -> view_pb2.OpenViewResponse:
    """What is said of a view."""
    if isinstance(news, Opened):
        return view_pb2.OpenViewResponse(opened=_opened(news))
    if isinstance(news, MovedOn):
        return view_pb2.OpenViewResponse(moved_on=view_pb2.ViewMovedOn())
    return view_pb2.OpenViewResponse(let_go=view_pb2.ViewLetGo(reason=news.reason))


def _opened(news: Opened) -> view_pb2.ViewOpened:
    view = news.view
    opened = view_pb2.ViewOpened(
        view_id=news.view_id,
        rows=len(view),
        bytes=view.bytes,
        freshness=common.freshness(news.freshness),
        not_compared=catalog.from_not_compared(news.not_compared),
    )
    if view.kind == "groups":
        opened.total = view.total_groups
        opened.redundant_files = view.total_redundant_files
        opened.reclaimable_bytes = view.total_reclaimable_bytes
        opened.freed_bytes = view.total_freed_bytes
        opened.ignored_groups = view.ignored_groups
    else:
        opened.total = view.total
        opened.folders = view.folders
        if view.total_bytes is not None:
            opened.total_bytes = view.total_bytes
    return opened


def weight(found: GroupRows | HitRows) -> int:
    """How many paths there are to convert."""
    if isinstance(found, HitRows):
        return len(found.rows)
    return sum(len(group.paths) if group is not None else 1 for group in found.rows)


def from_rows(found: GroupRows | HitRows) -> view_pb2.ReadViewResponse:
    """Rows, and a mark for each that is gone."""
    if isinstance(found, HitRows):
        rows = [_gone() if row is None else view_pb2.ViewRow(file=catalog.from_row(row)) for row in found.rows]
    else:
        rows = [_gone() if row is None else view_pb2.ViewRow(group=catalog.from_group(row)) for row in found.rows]
    return view_pb2.ReadViewResponse(rows=rows, total=found.total, moved_on=found.moved_on)


def _gone() -> view_pb2.ViewRow:
    return view_pb2.ViewRow(gone=True)
