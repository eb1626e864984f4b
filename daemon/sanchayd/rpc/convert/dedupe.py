"""Messages of `dedupe.proto`. Built by keyword in one step: a page has thousands of rows."""

from __future__ import annotations

from collections.abc import Sequence

from sanchay.v1 import dedupe_pb2
from sanchayd.dedupe.question import PlanQuestion
from sanchayd.dedupe.service import IgnoredPage, MadePlan
from sanchayd.engine_port.dedupe_values import (
    Act,
    ActPage,
    FoundGroup,
    GroupState,
    IgnoredGroup,
    JournalRun,
    Plan,
    PlanGroup,
    PlanPage,
)
from sanchayd.rpc.convert import common


def to_question(message: dedupe_pb2.MakePlanRequest) -> PlanQuestion:
    """What a plan is asked for with."""
    return PlanQuestion(
        under=message.under.raw if message.HasField("under") and message.under.raw else None,
        min_size=message.min_size if message.HasField("min_size") else None,
        extensions=tuple(message.extensions),
        types=tuple(message.types),
        drop=message.drop,
        keep=message.keep,
        prefer=tuple(message.prefer),
        isolate=tuple(folder.raw for folder in message.isolate),
        min_copies=message.min_copies,
        min_devices=message.min_devices,
        one_of_each_name=message.one_of_each_name,
        everywhere=message.everywhere,
        action=message.action,
        time_zone=message.time_zone,
        keep_in=tuple(folder.raw for folder in message.keep_in),
        drop_in=tuple(folder.raw for folder in message.drop_in),
    )


def from_plan(plan: Plan) -> dedupe_pb2.Plan:
    """A plan as a whole."""
    return dedupe_pb2.Plan(
        id=plan.id,
        made_ns=plan.made_ns,
        action=plan.action,
        asked=plan.asked,
        version=plan.version,
        groups=plan.groups,
        undecided=plan.undecided,
        files=plan.files,
        freed_bytes=plan.freed_bytes,
        skipped=[dedupe_pb2.PlanSkipped(reason=each.reason, files=each.files) for each in plan.skipped],
        broken_links=plan.broken_links,
        links=[
            dedupe_pb2.PlanLink(path=common.path(link.path), target=common.path(link.target)) for link in plan.links
        ],
    )


def from_made(made: MadePlan) -> dedupe_pb2.MakePlanResponse:
    """A new plan."""
    return dedupe_pb2.MakePlanResponse(plan=from_plan(made.plan), freshness=common.freshness(made.freshness))


def from_group(group: PlanGroup) -> dedupe_pb2.PlanGroup:
    """Equal files of a plan."""
    return dedupe_pb2.PlanGroup(
        number=group.number,
        size=group.size_bytes,
        algorithm=group.algorithm,
        hash=group.hash,
        copies=[
            dedupe_pb2.PlanCopy(
                path=common.path(copy.path),
                decision=copy.decision,
                reason=copy.reason,
                freed_bytes=copy.freed_bytes,
                kept=common.path(copy.kept) if copy.kept else None,
            )
            for copy in group.copies
        ],
    )


def from_groups(page: PlanPage) -> dedupe_pb2.ListPlanGroupsResponse:
    """A page of a plan's groups."""
    return dedupe_pb2.ListPlanGroupsResponse(
        groups=[from_group(group) for group in page.groups], next_page_token=page.next_token
    )


def from_found(found: FoundGroup) -> dedupe_pb2.GetPlanGroupResponse:
    """A group that was asked for."""
    return dedupe_pb2.GetPlanGroupResponse(
        group=from_group(found.group) if found.group is not None else None,
        copies=found.copies,
        next_undecided=found.next_undecided,
    )


def from_decided(decided: tuple[Plan, FoundGroup]) -> dedupe_pb2.DecidePlanGroupResponse:
    """A group that was decided."""
    plan, found = decided
    return dedupe_pb2.DecidePlanGroupResponse(
        plan=from_plan(plan),
        group=from_group(found.group) if found.group is not None else None,
        copies=found.copies,
        next_undecided=found.next_undecided,
    )


def from_states(states: Sequence[GroupState | None]) -> dedupe_pb2.GetPlanGroupStatesResponse:
    """How groups stand."""
    return dedupe_pb2.GetPlanGroupStatesResponse(
        states=[
            (
                dedupe_pb2.PlanGroupState(number=-1)
                if state is None
                else dedupe_pb2.PlanGroupState(number=state.number, is_undecided=state.is_undecided)
            )
            for state in states
        ]
    )


def from_ignored(group: IgnoredGroup) -> dedupe_pb2.IgnoredGroup:
    """A group whose copies are wanted."""
    return dedupe_pb2.IgnoredGroup(
        size=group.size_bytes,
        algorithm=group.algorithm,
        hash=group.hash,
        since_ns=group.since_ns,
        paths=[common.path(path) for path in group.paths],
    )


def from_ignored_page(page: IgnoredPage) -> dedupe_pb2.ListIgnoredResponse:
    """A page of them."""
    return dedupe_pb2.ListIgnoredResponse(
        groups=[from_ignored(group) for group in page.groups], next_page_token=page.next_token
    )


def from_run(run: JournalRun) -> dedupe_pb2.JournalRun:
    """A run in the journal."""
    return dedupe_pb2.JournalRun(
        id=run.id,
        kind=run.kind,
        action=run.action,
        of=run.of,
        began_ns=run.began_ns,
        ended_ns=run.ended_ns or 0,
        acted=run.acted,
        skipped=run.skipped,
        failed=run.failed,
        freed_bytes=run.freed_bytes,
    )


def from_act(act: Act) -> dedupe_pb2.Act:
    """What became of one file."""
    return dedupe_pb2.Act(
        number=act.number,
        state=act.state,
        path=common.path(act.path),
        kept=common.path(act.kept_path) if act.kept_path else None,
        size=act.size_bytes,
        freed_bytes=act.freed_bytes,
        reason=act.reason,
        detail=common.text(act.detail),
    )


def from_acts(page: ActPage) -> dedupe_pb2.ListActsResponse:
    """A page of what became of files."""
    return dedupe_pb2.ListActsResponse(acts=[from_act(act) for act in page.acts], next_page_token=page.next_token)
