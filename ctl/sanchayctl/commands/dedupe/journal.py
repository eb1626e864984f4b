"""`sanchayctl dedupe journal`: what was done to files, and what was taken back."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import click

from sanchay import dedupe_documents, paths, reasons, units
from sanchayctl import arguments, exit_codes, listing, output
from sanchayctl.command import Command, Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import dedupe_pb2


@click.command(
    cls=Command,
    examples=[
        Example("dedupe journal", "every run, newest first"),
        Example("dedupe journal 5", "each file of run 5"),
        Example("dedupe journal 5 --left", "only files that it left as they are, and why"),
    ],
)
@click.argument("run_id", metavar="[RUN]", required=False, type=click.IntRange(min=1), shell_complete=arguments.runs)
@click.option("--left", is_flag=True, help="Only files that the run left as they are.")
@click.pass_obj
def journal(session: Session, run_id: int | None, left: bool) -> int:
    """List the runs that changed files, newest first; or each file of one RUN."""
    if run_id is None:
        if left:
            raise click.UsageError("--left is about one run: name its number.")
        _list_runs(session)
        return exit_codes.DONE
    acts = (act for act in session.client().iter_acts(run_id) if not left or act.state == "left")
    if session.as_json:
        output.document_list("rows", map(dedupe_documents.act, acts))
        output.document_end({"run": run_id})
    else:
        runs = {run.id: run.kind for run in session.client().list_journal_runs().runs}
        _show_acts(acts, is_repair=runs.get(run_id) == "repair")
    return exit_codes.DONE


def _list_runs(session: Session) -> None:
    runs = session.client().list_journal_runs().runs
    if session.as_json:
        output.document({"rows": [dedupe_documents.journal_run(run) for run in runs]})
    elif runs:
        columns = [output.Column("RUN", right=True), output.Column("BEGAN"), output.Column("ENDED")]
        columns += [output.Column(title, right=True) for title in ("FILES", "LEFT", "FREED")]
        output.table([*columns, output.Column("WHAT")], [_cells(run) for run in runs])
    else:
        output.line("No file was changed yet.")


def _cells(run: dedupe_pb2.JournalRun) -> list[str]:
    ended = units.moment(run.ended_ns) or "not yet"
    figures = [units.count(run.acted), units.count(run.skipped + run.failed), units.size(run.freed_bytes)]
    return [str(run.id), units.moment(run.began_ns), ended, *figures, _what(run)]


def _what(run: dedupe_pb2.JournalRun) -> str:
    if run.kind == "dedupe":
        return f"{run.action}, plan {run.of}" if run.HasField("of") else run.action
    of = "finding" if run.kind == "repair" else "run"
    return f"{run.kind} of {of} {run.of}" if run.HasField("of") else run.kind


def _show_acts(acts: Iterable[dedupe_pb2.Act], *, is_repair: bool) -> None:
    for number, act in enumerate(acts):
        if number == 0:
            listing.header(f"{'SIZE':>6}  {'STATE':10}  PATH")
        output.line(f"{units.size(act.size):>6}  {act.state:10}  {paths.shown(act.path)}{_why(act, is_repair)}")


def _why(act: dedupe_pb2.Act, is_repair: bool) -> str:
    """Why a file was left; of others, which copy stayed for it, or was copied."""
    if act.reason:
        detail = f": {paths.safe_text(act.detail)}" if act.detail else ""
        return f"  ({reasons.phrase(act.reason)}{detail})"
    if not act.HasField("kept"):
        return ""
    return f"  (by a copy of {paths.shown(act.kept)})" if is_repair else f"  ({paths.shown(act.kept)} stays)"
