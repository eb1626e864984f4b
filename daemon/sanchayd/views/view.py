"""What a view is asked for with, and what is said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sanchayd.catalog.freshness import Freshness
from sanchayd.engine_port.values import DuplicateGroup, FileRow, NotCompared
from sanchayd.engine_port.views import GroupViewPort, HitViewPort

AnyView = GroupViewPort | HitViewPort


@dataclass(frozen=True)
class GroupsAsked:
    """Groups below any of these folders or in any of these roots, everywhere where there are none.

    `min_size` in bytes, None for 1 (empty files are left out); `text`: only groups of which a path contains it.
    """

    under: tuple[bytes, ...] = ()
    roots: tuple[bytes, ...] = ()
    min_size: int | None = None
    extensions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    text: str = ""
    sort: str = ""
    with_ignored: bool = False


@dataclass(frozen=True)
class HitsAsked:
    """Hits of an expression; its dates are by the clocks of `time_zone`."""

    expression: str
    sort: str = ""
    time_zone: str = ""


@dataclass(frozen=True)
class Opened:
    """The order stands."""

    view_id: int
    view: AnyView
    freshness: Freshness
    not_compared: NotCompared | None


@dataclass(frozen=True)
class MovedOn:
    """The catalog has changed, and the order is not quite what would be made now."""


@dataclass(frozen=True)
class LetGo:
    """The view is no longer held; `reason` is idle or closed."""

    reason: str


News = Opened | MovedOn | LetGo


@dataclass(frozen=True)
class GroupRows:
    """Groups from a position on; None is one that is gone."""

    rows: Sequence[DuplicateGroup | None]
    total: int
    moved_on: bool


@dataclass(frozen=True)
class HitRows:
    """Files from a position on; None is one that is gone."""

    rows: Sequence[FileRow | None]
    total: int
    moved_on: bool
