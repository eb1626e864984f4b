"""`sanchayctl dedupe run` and `dedupe undo`: the two commands that change files."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import click

from sanchay import dedupe_documents, paths, units
from sanchayctl import acts, arguments, exit_codes, output
from sanchayctl.command import Command, Example
from sanchayctl.commands.dedupe.plans import PLAN
from sanchayctl.following import follow
from sanchayctl.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sanchay.v1 import dedupe_pb2, job_pb2


@click.command(
    cls=Command,
    examples=[
        Example("dedupe run 3", "do what plan 3 says, after a question"),
        Example("dedupe run 3 --yes", "without a question, such as in a script"),
    ],
)
@PLAN
@click.option("--yes", is_flag=True, help="Ask no question; needed where there is no terminal.")
@click.option(
    "--if-version", metavar="N", type=click.IntRange(min=1), help="Refuse a plan that was edited since version N."
)
@click.option("--any-metadata", is_flag=True, help="Link files though owner, mode or attributes differ.")
@click.option("--empty-folders", is_flag=True, help="Remove folders that this leaves empty.")
@click.pass_obj
def run(
    session: Session, plan_id: int, yes: bool, if_version: int | None, any_metadata: bool, empty_folders: bool
) -> int:
    """Do what a plan says, and wait for the end.

    Each file must be as the plan saw it, and its bytes equal to those of the copy that stays; any other is left, with
    the reason. Ctrl-C stops the waiting, not the run. Exit 3 where a file was left.
    """
    plan = session.client().get_plan(plan_id).plan
    if not yes and not _is_wanted(session, plan):
        output.note("Nothing was changed.")
        return exit_codes.FAILED
    started = session.client().start_run(
        plan_id, if_version or plan.version, any_metadata=any_metadata, empty_folders=empty_folders
    )
    (ended,) = follow(session, [started.job_id], again=f"dedupe run {plan_id}")
    if session.as_json:
        output.document(dedupe_documents.run(ended))
    else:
        acts.show_run(session, ended)
    return exit_codes.of_job_state(ended.state)


def _is_wanted(session: Session, plan: dedupe_pb2.Plan) -> bool:
    """Asks the one at the terminal, with the numbers."""
    if session.as_json or not (output.is_terminal(sys.stdin) and output.is_terminal(sys.stderr)):
        raise click.UsageError("There is no terminal to ask at: add --yes to run the plan.")
    frees = acts.freeing(plan.freed_bytes, when_emptied=plan.action == "trash")
    output.note(f"Plan {plan.id}: {acts.planned(plan.action, plan.files)}. That {frees}.")
    if plan.undecided:
        output.note(f"{units.counted(plan.undecided, 'group')} undecided, and left as they are.")
    try:
        return click.confirm("Do it?", err=True)
    except click.Abort:  # the end of the input
        return False


@click.command(
    cls=Command,
    examples=[
        Example("dedupe undo 5", "take back all that run 5 did"),
        Example("dedupe undo 5 ~/Pictures/a.jpg", "only this file"),
    ],
)
@click.argument("run_id", metavar="RUN", type=click.IntRange(min=1), shell_complete=arguments.runs)
@click.argument("files", metavar="[PATH]...", nargs=-1, type=click.Path())
@click.pass_obj
def undo(session: Session, run_id: int, files: tuple[str, ...]) -> int:
    """Take back what a run did: to the files and folders named, or to all.

    Files come back from the trash, and links become files again. What was emptied from the trash, or deleted, is made
    again from a copy that is still there. What was changed since is left, with the reason. Exit 3 where a file was
    left.
    """
    started = session.client().start_undo(run_id, [paths.absolute(file) for file in files])
    words = output.command(["dedupe", "undo", str(run_id), *files])
    (ended,) = follow(session, [started.job_id], again=words)
    if session.as_json:
        output.document(dedupe_documents.undo(ended, _left(session, ended)))
    else:
        acts.show_undo(session, ended)
    return exit_codes.of_job_state(ended.state)


def _left(session: Session, ended: job_pb2.Job) -> Iterable[tuple[bytes, str]]:
    """Each file that was left, with the reason."""
    if not ended.undo.skipped + ended.undo.failed:
        return
    for act in session.client().iter_acts(ended.undo.run):
        if act.state == "left":
            yield act.path.raw, act.reason
