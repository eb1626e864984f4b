"""`sanchayctl jobs` and `sanchayctl job`: the daemon's work, under way and ended."""

from __future__ import annotations

import time
from itertools import islice
from typing import TYPE_CHECKING

import click

from sanchay import documents, paths, units
from sanchayctl import acts, arguments, exit_codes, output, progress, questions, unreadable
from sanchayctl.command import Command, Example, Group
from sanchayctl.commands import verify
from sanchayctl.commands.scan import show_result
from sanchayctl.following import ENDED, follow
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import job_pb2

JOB_ID = click.IntRange(min=1)
#: How an ended job is told to people, by its kind.
_SHOW = {
    "scan": show_result,
    "dedupe": acts.show_run,
    "undo": acts.show_undo,
    "verify": verify.show_result,
    "repair": acts.show_repair,
    "have": questions.show_have,
}


@click.command(
    cls=Command,
    examples=[
        Example("jobs", "what was done and what is under way, newest first"),
        Example("jobs --active", "only that"),
    ],
)
@click.option("--active", is_flag=True, help="Only jobs that have not ended.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Maximum number of rows.")
@click.pass_obj
def jobs(session: Session, active: bool, limit: int) -> int:
    """List jobs, newest first. A job outlives the program that asked for it; a scan outlives the daemon, too."""
    listed = list(islice(session.client().iter_jobs(active_only=active), limit))
    if session.as_json:
        output.document({"jobs": [documents.job(job) for job in listed]})
    elif listed:
        _show_table(listed)
    else:
        output.line("No job is under way." if active else f"No job yet. Start one with: {session.next('scan FOLDER')}")
    return exit_codes.DONE


@click.group(
    cls=Group,
    examples=[
        Example("job show 3", "one job with the files that it could not read"),
        Example("job follow 3", "watch it until it ends"),
    ],
)
def job() -> None:
    """Show, follow, cancel, pause or resume a job. `sanchayctl jobs` lists their ids."""


@job.command(examples=[Example("job show 3", "how far it has come, or its result, and what it could not read")])
@click.argument("job_id", metavar="ID", type=JOB_ID, shell_complete=arguments.jobs)
@click.pass_obj
def show(session: Session, job_id: int) -> int:
    """Show a job with the first hundred files that it could not read."""
    answer = session.client().get_job(job_id).job
    if session.as_json:
        output.document(documents.job(answer, with_errors=True))
        return exit_codes.DONE
    _show_job(session, answer)
    return exit_codes.DONE


@job.command(
    name="follow", examples=[Example("job follow 3", "wait for it with a progress bar; Ctrl-C leaves it running")]
)
@click.argument("job_id", metavar="ID", type=JOB_ID, shell_complete=arguments.jobs)
@click.pass_obj
def follow_(session: Session, job_id: int) -> int:
    """Watch a job until it ends; the exit code is that of its outcome."""
    ended = follow(session, [job_id])[0]
    if session.as_json:
        output.document(documents.job(ended))
    else:
        _tell(session, ended)
    return verify.exit_code(ended) if ended.kind == verify.KIND else exit_codes.of_job_state(ended.state)


@job.command(examples=[Example("job cancel 3", "end it; what it has found or done stays")])
@click.argument("job_id", metavar="ID", type=JOB_ID, shell_complete=arguments.jobs)
@click.pass_obj
def cancel(session: Session, job_id: int) -> int:
    """Cancel a job. What it has found or done stays."""
    return _changed(session, session.client().cancel_job(job_id).job, "Cancelled job {id}; what it found or did stays.")


@job.command(examples=[Example("job pause 3", "let it rest, such as while the disk is needed")])
@click.argument("job_id", metavar="ID", type=JOB_ID, shell_complete=arguments.jobs)
@click.pass_obj
def pause(session: Session, job_id: int) -> int:
    """Pause a job."""
    again = session.next(f"job resume {job_id}")
    return _changed(session, session.client().pause_job(job_id).job, f"Paused job {{id}}. Go on with: {again}")


@job.command(examples=[Example("job resume 3", "go on where it was paused")])
@click.argument("job_id", metavar="ID", type=JOB_ID, shell_complete=arguments.jobs)
@click.pass_obj
def resume(session: Session, job_id: int) -> int:
    """Go on with a paused job."""
    watch = session.next(f"job follow {job_id}")
    return _changed(session, session.client().resume_job(job_id).job, f"Job {{id}} goes on. Watch it: {watch}")


def _tell(session: Session, ended: job_pb2.Job, *, errors: bool = True) -> None:
    """How a job ended, in the words of its kind; one that only a newer daemon knows in a few."""
    if ended.kind in _SHOW:
        _SHOW[ended.kind](session, ended, errors=errors)
    else:
        output.line(f"Job {ended.id} ({ended.kind}): {ended.state}. {paths.safe_text(ended.message)}".rstrip())


def _changed(session: Session, answer: job_pb2.Job, sentence: str) -> int:
    if session.as_json:
        output.document(documents.job(answer))
    else:
        output.line(sentence.format(id=answer.id))
    return exit_codes.DONE


def _show_table(listed: list[job_pb2.Job]) -> None:
    columns = [output.Column("ID", right=True), output.Column("KIND"), output.Column("STATE"), output.Column("STARTED")]
    columns += [output.Column(title, right=True) for title in ("DURATION", "FILES", "HASHED", "ERRORS")]
    columns += [output.Column("ROOTS")]
    rows = []
    for each in listed:
        counts = each.result if each.HasField("result") else each.progress
        rows.append(
            [
                str(each.id),
                each.kind,
                "held" if progress.is_held(each) else each.state,
                units.moment(each.started_ns or each.created_ns),
                _lasted(each),
                units.count(counts.files),
                units.size(counts.hashed_bytes) if each.kind == "scan" else "",
                units.count(counts.errors),
                paths.safe_text(", ".join(each.root_names)),
            ]
        )
    output.table(columns, rows)
    for each in filter(progress.is_held, listed):
        output.line(f"Job {each.id} is held: {paths.safe_text(each.message)}.")


def _lasted(job: job_pb2.Job) -> str:
    if not job.started_ns:
        return ""
    return units.duration(((job.ended_ns or time.time_ns()) - job.started_ns) / 1e9)


def _show_job(session: Session, job: job_pb2.Job) -> None:
    output.line(f"Job {job.id} ({job.kind}) is {job.state}. Started {units.moment(job.started_ns) or 'not yet'}.")
    if job.state in ENDED:
        _tell(session, job, errors=False)
    else:
        known = f" {job.progress.percent:.0f}%" if job.progress.HasField("percent") else ""
        output.line(f"{progress.phase(job)}{known}: {', '.join(progress.facts(job))}.")
        if job.message and not progress.is_held(job):
            output.line(paths.safe_text(job.message))
    count = job.result.errors if job.HasField("result") else job.progress.errors
    if count:
        reads = job.kind in ("scan", "have", verify.KIND)
        output.line(f"{units.count(count)} {'could not be read' if reads else 'left as they are'}:")
        for error in job.errors:
            output.line(f"  {unreadable.line(error) if reads else acts.line(error)}")
        if count > len(job.errors):
            output.line(f"  … and {units.count(count - len(job.errors))} more, which were counted but not kept.")
