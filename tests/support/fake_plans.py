"""Plans of the catalog in memory, and their groups."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sanchayd.engine_port.values import RawBytes


@dataclass
class Skipped:
    """How many files were left out for a reason."""

    reason: str
    files: int


@dataclass
class Link:
    """One of `dedupe_values.PlanLink`."""

    path: RawBytes
    target: RawBytes


@dataclass
class Plan:
    """One of `dedupe_values.Plan`."""

    id: int
    made_ns: int
    action: str
    asked: str
    version: int
    groups: int = 0
    undecided: int = 0
    files: int = 0
    freed_bytes: int = 0
    broken_links: int = 0
    skipped: list[Skipped] = field(default_factory=list)
    links: list[Link] = field(default_factory=list)


@dataclass
class Copy:
    """One of `dedupe_values.PlanCopy`."""

    path: RawBytes
    decision: str
    reason: str
    freed_bytes: int
    kept: RawBytes = b""


@dataclass
class Group:
    """One of `dedupe_values.PlanGroup`."""

    number: int
    size_bytes: int
    algorithm: str
    hash: RawBytes
    copies: list[Copy]


@dataclass
class PlanPage:
    """One of `dedupe_values.PlanPage`."""

    groups: list[Group]
    next_token: str


@dataclass
class Found:
    """One of `dedupe_values.FoundGroup`."""

    group: Group | None
    copies: int = 0
    next_undecided: int | None = None


@dataclass
class State:
    """One of `dedupe_values.GroupState`."""

    number: int
    is_undecided: bool


def decided(paths: Sequence[bytes], size: int, prefer: Sequence[str]) -> list[Copy]:
    kept, reason = paths[0], "first-in-order"
    folders = [os.fsencode(rule.removeprefix("under:")) for rule in prefer if rule.startswith("under:")]
    if folders:
        below = [path for path in paths if any(path.startswith(folder + b"/") for folder in folders)]
        if len(below) != 1:
            return [Copy(path, "undecided", "no-rule-decides", size) for path in paths]
        kept, reason = below[0], "preferred-folder"
    return [
        Copy(path, "keep", reason, size) if path == kept else Copy(path, "drop", "copy-of-kept", size, kept)
        for path in paths
    ]


def given_way(paths: Sequence[bytes], size: int, keep_in: Sequence[bytes], drop_in: Sequence[bytes]) -> list[Copy]:
    """Copies in some folders go where others have the content; none where nothing goes."""
    stay = [path for path in paths if os.path.dirname(path) in keep_in]
    go = [path for path in paths if os.path.dirname(path) in drop_in]
    if not stay or not go:
        return []
    kept = [Copy(path, "keep", "not-to-drop", size) for path in stay]
    return [*kept, *(Copy(path, "drop", "copy-of-kept", size, stay[0]) for path in go)]


def is_undecided(group: Group) -> bool:
    return any(copy.decision == "undecided" for copy in group.copies)


def counted(plan: Plan, groups: Sequence[Group]) -> Plan:
    going = [copy for group in groups for copy in group.copies if copy.decision == "drop"]
    plan.groups, plan.files = len(groups), len(going)
    plan.undecided = sum(map(is_undecided, groups))
    plan.freed_bytes = sum(copy.freed_bytes for copy in going)
    return replace(plan)
