"""`sanchayctl dedupe show`, `edit`, `plans` and `forget`: plans that were made."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

import click

from sanchay import dedupe_documents, paths, reasons, units
from sanchayctl import arguments, exit_codes, listing, output
from sanchayctl.arguments import Choice
from sanchayctl.command import Command, Example
from sanchayctl.commands.dedupe.making import show_plan, what_next
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import dedupe_pb2

CSV_COLUMNS = ("group", "size", "algorithm", "hash", "decision", "reason", "freed_bytes", "path", "kept")
PLAN = click.argument("plan_id", metavar="PLAN", type=click.IntRange(min=1), shell_complete=arguments.plans)


@click.command(
    cls=Command,
    examples=[
        Example("dedupe show 3", "each file of plan 3, group by group"),
        Example("dedupe show 3 --undecided", "only groups in which nothing was decided"),
        Example("dedupe show 3 --group 17", "only group 17"),
        Example("dedupe show 3 --format csv > plan.csv", "for a spreadsheet"),
    ],
)
@PLAN
@click.option("--undecided", is_flag=True, help="Only groups in which nothing was decided.")
@click.option("--group", "only", metavar="N", type=click.IntRange(min=0), help="Only the group of this number, from 0.")
@click.option(
    "--format",
    "file_format",
    type=Choice(["table", "csv"]),
    help="How it is printed; table is the default.",
)
@click.pass_obj
def show(session: Session, plan_id: int, undecided: bool, only: int | None, file_format: str | None) -> int:
    """Show each file of a plan: whether it goes or stays, why, and for which copy it goes."""
    listing.check(session, file_format)
    plan = session.client().get_plan(plan_id).plan
    if only is not None and undecided:
        raise click.UsageError("Use either --group or --undecided.")
    if only is not None and only >= plan.groups:
        raise click.UsageError(f"Plan {plan_id} has {units.counted(plan.groups, 'group')}, numbered from 0.")
    groups = _groups(session, plan_id, only_undecided=undecided) if only is None else _group(session, plan_id, only)
    if session.as_json:
        output.document_list("rows", map(dedupe_documents.plan_group, groups))
        output.document_end(dedupe_documents.plan(plan))
    elif file_format == "csv":
        listing.print_csv(CSV_COLUMNS, (row for group in groups for row in _csv_rows(group)))
    else:
        _show_groups(groups)
        if output.for_people() and only is None:
            output.line()
            show_plan(plan)
            _show_runs(session, plan_id)
            if plan.files:
                output.line(f"Do it: {session.next(f'dedupe run {plan.id}')}")
    return exit_codes.DONE


def _show_runs(session: Session, plan_id: int) -> None:
    """What was done by the plan already."""
    for run in reversed(session.client().list_journal_runs().runs):
        if run.kind == "dedupe" and run.of == plan_id:
            done, left = units.counted(run.acted, "file"), units.count(run.skipped + run.failed)
            output.line(f"Run {run.id} of it, {units.moment(run.began_ns)}: {done} done, {left} left.")


def _group(session: Session, plan_id: int, number: int) -> Iterator[dedupe_pb2.PlanGroup]:
    yield next(iter(session.client().iter_plan_groups(plan_id, first_group=number)))


def _groups(session: Session, plan_id: int, *, only_undecided: bool) -> Iterator[dedupe_pb2.PlanGroup]:
    for group in session.client().iter_plan_groups(plan_id):
        if not only_undecided or any(copy.decision == "undecided" for copy in group.copies):
            yield group


def _show_groups(groups: Iterable[dedupe_pb2.PlanGroup]) -> None:
    for number, group in enumerate(groups):
        if number == 0:
            listing.header(f"{'SIZE':>6}  {'DECISION':9}  PATH")
        elif output.for_people():
            output.line()
        for copy in group.copies:
            output.line(f"{units.size(group.size):>6}  {copy.decision:9}  {paths.shown(copy.path)}  ({_why(copy)})")


def _why(copy: dedupe_pb2.PlanCopy) -> str:
    """Why a copy stays or goes; of one that goes, which one stays for it."""
    if not copy.HasField("kept"):
        return reasons.phrase(copy.reason)
    stays = f"{paths.shown(copy.kept)} stays"
    return stays if copy.reason == "copy-of-kept" else f"{reasons.phrase(copy.reason)}; {stays}"


def _csv_rows(group: dedupe_pb2.PlanGroup) -> Iterator[dict[str, object]]:
    for copy in group.copies:
        yield {
            "group": group.number,
            "size": group.size,
            "algorithm": group.algorithm,
            "hash": group.hash.hex(),
            "decision": copy.decision,
            "reason": copy.reason,
            "freed_bytes": copy.freed_bytes,
            "path": listing.csv_path(copy.path.raw),
            "kept": listing.csv_path(copy.kept.raw),
        }


@click.command(
    cls=Command,
    examples=[
        Example("dedupe edit 3 --keep ~/Pictures/a.jpg", "this file stays"),
        Example("dedupe edit 3 --keep a.jpg --drop b.jpg", "this one stays and that one goes"),
        Example("dedupe edit 3 --group 17 --keep a.jpg --rest drop", "of group 17 only this one stays"),
    ],
)
@PLAN
@click.option("--keep", metavar="PATH", type=click.Path(), multiple=True, help="This copy stays; repeatable.")
@click.option("--drop", metavar="PATH", type=click.Path(), multiple=True, help="This copy goes; repeatable.")
@click.option(
    "--undecided", metavar="PATH", type=click.Path(), multiple=True, help="Nothing is decided of it; repeatable."
)
@click.option("--group", "number", metavar="N", type=click.IntRange(min=0), help="Decide this group at once, or not.")
@click.option(
    "--rest",
    type=Choice(["keep", "drop", "undecided"]),
    help="With --group: what becomes of its other copies.",
)
@click.pass_obj
def edit(
    session: Session,
    plan_id: int,
    keep: tuple[str, ...],
    drop: tuple[str, ...],
    undecided: tuple[str, ...],
    number: int | None,
    rest: str | None,
) -> int:
    """Decide copies of a plan again. The last copy of a group cannot go."""
    named = {"keep": keep, "undecided": undecided, "drop": drop}  # so that one stays before another goes
    wanted = {decision: [paths.absolute(path) for path in each] for decision, each in named.items()}
    plan = None
    if number is not None and (rest or any(wanted.values())):
        plan = session.client().decide_plan_group(plan_id, number, **wanted, rest=rest or "").plan
    elif number is None and rest:
        raise click.UsageError("--rest is for a group: name it with --group.")
    for decision, each in wanted.items() if number is None else ():
        for path in each:
            plan = session.client().edit_plan(plan_id, path, decision).plan
    if plan is None:
        raise click.UsageError("Name a file with --keep, --drop or --undecided.")
    if session.as_json:
        output.document(dedupe_documents.plan(plan))
    else:
        show_plan(plan)
        output.line(what_next(session, plan))
    return exit_codes.DONE


@click.command(cls=Command, examples=[Example("dedupe plans", "the plans that there are, newest first")])
@click.pass_obj
def plans(session: Session) -> int:
    """List plans, newest first."""
    listed = session.client().list_plans().plans
    if session.as_json:
        output.document({"rows": [dedupe_documents.plan(plan) for plan in listed]})
    elif listed:
        columns = [output.Column("PLAN", right=True), output.Column("MADE"), output.Column("ACTION")]
        columns += [output.Column(title, right=True) for title in ("FILES", "FREES", "UNDECIDED")]
        output.table([*columns, output.Column("ASKED")], [_cells(plan) for plan in listed])
    else:
        output.line(f"No plan yet. Make one with: {session.next('dedupe plan')}")
    return exit_codes.DONE


def _cells(plan: dedupe_pb2.Plan) -> list[str]:
    figures = [units.count(plan.files), units.size(plan.freed_bytes), units.count(plan.undecided)]
    return [str(plan.id), units.moment(plan.made_ns), plan.action, *figures, asked(plan)]


def asked(plan: dedupe_pb2.Plan) -> str:
    """The options that a plan was made with, as they are typed."""
    words: list[str] = []
    for key, value in json.loads(plan.asked or "{}").items():
        option = {"extensions": "--ext", "types": "--type"}.get(key, f"--{key.replace('_', '-')}")
        for each in value if isinstance(value, list) else [value]:
            text = each["path"] if isinstance(each, dict) else str(each)
            words += [option] if each is True else [option, text]
    return output.command(words)


@click.command(cls=Command, examples=[Example("dedupe forget 3", "forget plan 3; the journal keeps what was done")])
@PLAN
@click.pass_obj
def forget(session: Session, plan_id: int) -> int:
    """Forget a plan. What was done by it stays in the journal, and can still be taken back."""
    session.client().forget_plan(plan_id)
    if session.as_json:
        output.document({"plan": plan_id})
    else:
        output.line(f"Forgot plan {plan_id}. What was done by it stays in the journal.")
    return exit_codes.DONE
