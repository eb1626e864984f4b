"""Groups of a plan as the review holds them: read with what the catalog knows of their files, and decided at once."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from sanchay.client import Client
from sanchay.v1 import catalog_pb2, dedupe_pb2
from sanchay_tray.decisions import Group, Member, Told

#: Files of a group that the catalog is asked for.
FILES_MOST = 1_000

Answer = dedupe_pb2.GetPlanGroupResponse | dedupe_pb2.DecidePlanGroupResponse


class Seen(NamedTuple):
    """A group of a plan as it was read: what becomes of it, what the catalog knows of its files by their paths, and
    another group that is undecided: the next behind it, or from the first again; None: there was none."""

    group: Group
    files: Mapping[bytes, catalog_pb2.FileRow]
    next_undecided: int | None


class Standing(NamedTuple):
    """How a group stands in the plan."""

    number: int
    is_decided: bool


def read(client: Client, found: dedupe_pb2.GetPlanGroupResponse) -> Seen | None:
    """A group that was asked for, with its files; None: there is none such."""
    if not found.HasField("group"):
        return None
    rows = client.find(f"hash:{found.group.hash.hex()}", limit=FILES_MOST).rows
    return seen_of(found, {row.path.raw: row for row in rows})


def seen_of(answer: Answer, files: Mapping[bytes, catalog_pb2.FileRow]) -> Seen | None:
    """A group as an answer has it."""
    group = group_of(answer, files)
    following = answer.next_undecided if answer.HasField("next_undecided") else None
    return Seen(group, files, following) if group is not None else None


def decide(client: Client, plan: int, number: int, told: Told) -> dedupe_pb2.DecidePlanGroupResponse:
    """Tells the daemon what becomes of a group."""
    return client.decide_plan_group(
        plan, number, keep=told.keep, drop=told.drop, undecided=told.undecided, rest=told.rest
    )


def group_of(answer: Answer, files: Mapping[bytes, catalog_pb2.FileRow]) -> Group | None:
    """The group of an answer."""
    if not answer.HasField("group"):
        return None
    group = answer.group
    members = tuple(member_of(copy, files.get(copy.path.raw)) for copy in group.copies)
    return Group(group.number, group.size, group.hash, members, int(answer.copies) - len(members))


def member_of(copy: dedupe_pb2.PlanCopy, file: catalog_pb2.FileRow | None = None) -> Member:
    """A copy. Names with one number on the disk are taken for one file, as the daemon takes them."""
    whose = None
    if file is not None and file.links > 1 and file.inode:
        whose = (file.inode, file.modified_ns, file.created_ns)
    return Member(copy.path.raw, copy.decision, whose, copy.reason, copy.freed_bytes)
