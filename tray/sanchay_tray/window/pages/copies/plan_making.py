"""Plans as the daemon keeps them: found again, made with rules, and what was decided by hand taken over."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import NamedTuple

from sanchay.client import Client
from sanchay.v1 import dedupe_pb2
from sanchay_tray import decisions
from sanchay_tray.window.pages.copies.plan_groups import decide, group_of, member_of

#: Every copy may go, and no rule says which one stays: so a plan is made in which nothing is decided yet.
ALL_MAY_GO = "size:>=0"
PLAN_S = 3_600.0


class Scope(NamedTuple):
    """Which copies a plan is about."""

    under: bytes | None = None
    min_size: int = 0
    type: str = ""


def same_scope(asked: str, scope: Scope) -> bool:
    """Whether a plan is one of a review with this scope, by what is kept with it."""
    kept = json.loads(asked)
    place = kept.get("under") or {}
    under = b64decode(place["path_bytes"]) if "path_bytes" in place else str(place.get("path", "")).encode()
    kinds = [scope.type] if scope.type else []
    mine = (scope.under or b"", scope.min_size, kinds)
    return kept.get("drop") == ALL_MAY_GO and (under, kept.get("min_size", 0), kept.get("types", [])) == mine


def rules_of(asked: str) -> tuple[str, ...]:
    """The rules that a plan was made with, the first that decides first."""
    return tuple(json.loads(asked).get("prefer", ()))


def make(client: Client, scope: Scope, rules: tuple[str, ...] = ()) -> dedupe_pb2.Plan:
    """Has the daemon make a plan; without rules nothing in it is decided."""
    answer = client.make_plan(
        under=scope.under,
        min_size_bytes=scope.min_size or None,
        types=(scope.type,) if scope.type else (),
        drop=ALL_MAY_GO,
        prefer=rules,
    )
    return answer.plan


def open_plan(client: Client, scope: Scope, remembered: int) -> dedupe_pb2.Plan | None:
    """The plan of this scope that is under way: the one that is remembered, else the last one that was edited."""
    done = {run.of for run in client.list_journal_runs().runs if run.kind == "dedupe"}
    mine = [
        plan
        for plan in client.list_plans().plans
        if plan.id not in done and plan.action == "trash" and same_scope(plan.asked, scope)
    ]
    return max(mine, key=lambda plan: (plan.id == remembered, plan.version > 1, plan.id), default=None)


def find_or_make(client: Client, scope: Scope, remembered: int) -> dedupe_pb2.Plan:
    """The plan that is under way, else a new one."""
    return open_plan(client, scope, remembered) or make(client, scope)


def carry_over(client: Client, old: int, new: dedupe_pb2.Plan) -> dedupe_pb2.Plan:
    """Takes what was decided by hand in a plan over to another one."""
    for group in client.iter_plan_groups(old):
        by_hand = [member_of(copy) for copy in group.copies if copy.reason == "by-hand"]
        if not by_hand:
            continue
        found = client.get_plan_group(new.id, content_hash=group.hash)
        made = group_of(found, {})
        edits = decisions.carried(by_hand, made) if made is not None else ()
        if made is not None and edits:
            new = decide(client, new.id, made.number, decisions.told(edits, made)).plan
    return new
