"""`sanchayctl scan`: scans roots, or makes folders roots and scans them, and waits for the result."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from sanchay import documents, paths, units
from sanchay.errors import RootNotFound
from sanchayctl import exit_codes, output, unreadable
from sanchayctl.arguments import RootOrFolder
from sanchayctl.command import Command, Example
from sanchayctl.following import follow
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import job_pb2

ERRORS_SHOWN = 5


@click.command(
    cls=Command,
    examples=[
        Example("scan ~/Pictures", "catalog a folder; it becomes a root"),
        Example("scan", "look at every root again; only what changed is read"),
        Example("scan photos --detach", "start it and do not wait"),
    ],
)
@click.argument("roots", metavar="[ROOT|PATH]...", nargs=-1, type=RootOrFolder())
@click.option("--detach", is_flag=True, help="Return at once; the scan goes on in the daemon.")
@click.pass_obj
def scan(session: Session, roots: tuple[str, ...], detach: bool) -> int:
    """Scan roots (all, where none is named) and wait until what they ask for is read and hashed.

    A PATH that is not a root yet becomes one. A scan that is under way already is joined. Ctrl-C stops the waiting, not
    the scan. Exit 3 where something could not be read.
    """
    try:
        answer = session.client().start_scan(session.root_names(roots), background=detach)
    except RootNotFound as error:
        if roots and not all(map(os.path.lexists, roots)):
            error.message += " There is no such folder here, either."
        raise
    if not answer.jobs:
        raise RootNotFound(f"There is no root to scan yet. Name a folder: {session.next('scan FOLDER')}")
    if not session.as_json:
        for notice in answer.notices:
            output.note(paths.safe_text(notice))
    if detach:
        _show_started(session, answer)
        return exit_codes.DONE
    job_ids = [job.id for job in answer.jobs]
    ended = follow(session, job_ids)
    if session.as_json:
        output.document(documents.scan(ended, answer.notices))
    else:
        for job in ended:
            show_result(session, job)
    return exit_codes.of_job_states(job.state for job in ended)


def show_result(session: Session, job: job_pb2.Job, *, errors: bool = True) -> None:
    """What an ended scan found, for people, with the first of its `errors`."""
    result = job.result
    names = paths.safe_text(", ".join(job.root_names))
    if job.state == "failed":
        output.line(f"Could not scan {names}: {paths.safe_text(job.message) or 'the log of sanchayd says why'}")
        return
    verb = "Cancelled the scan of" if job.state == "cancelled" else "Scanned"
    speed = f", {units.count(round(result.files_per_s))} files/s" if result.files_per_s else ""
    output.line(
        f"{verb} {names} in {units.duration(result.duration_s)}{speed}: {units.counted(result.files, 'file')} in "
        f"{units.counted(result.directories, 'folder')}, {units.size(result.bytes)}."
    )
    changes = ((result.added, "new"), (result.changed, "changed"), (result.removed, "gone"))
    output.line(
        f"  {', '.join(f'{units.count(number)} {word}' for number, word in changes)}; "
        f"{units.counted(result.hashed_files, 'file')} hashed ({units.size(result.hashed_bytes)}); "
        f"at most {units.size(result.peak_rss_bytes)} of memory used."
    )
    if job.message and not (result.errors and unreadable.is_told_by_errors(job.message)):
        output.line(f"  {paths.safe_text(job.message)}")
    skipped = _skipped(result)
    if skipped:
        output.line(f"  Not read: {'; '.join(skipped)}.")
    if errors and result.errors:
        _show_errors(session, job)


def _skipped(result: job_pb2.ScanResult) -> list[str]:
    """What a scan passes over on purpose, in words."""
    words = []
    if result.symlinks:
        words.append(f"{units.counted(result.symlinks, 'symlink')} (recorded, never followed)")
    if result.special:
        words.append(f"{units.counted(result.special, 'FIFO, socket or device', 'FIFOs, sockets and devices')}")
    if result.excluded:
        words.append(f"{units.counted(result.excluded, 'entry', 'entries')} left out by the root's settings")
    if result.skipped_mounts:
        words.append(f"{units.counted(result.skipped_mounts, 'mounted file system')}")
    if result.expected_unreadable:
        words.append(f"{units.counted(result.expected_unreadable, 'item')} that need not be readable")
    if result.unstable:
        words.append(
            f"{units.counted(result.unstable, 'file')} that changed while it was read (tried again at the next scan)"
        )
    return words


def _show_errors(session: Session, job: job_pb2.Job) -> None:
    output.line(f"  {units.count(job.result.errors)} could not be read; what the catalog knew of them is kept:")
    errors = session.client().get_job(job.id).job.errors
    for error in errors[:ERRORS_SHOWN]:
        output.line(f"    {unreadable.line(error)}")
    if job.result.errors > ERRORS_SHOWN:
        output.line(f"    … see more of them with: {session.next(f'job show {job.id}')}")


def _show_started(session: Session, answer: job_pb2.StartScanResponse) -> None:
    if session.as_json:
        output.document(documents.scan(answer.jobs, answer.notices))
        return
    for job in answer.jobs:
        output.line(
            f"Job {job.id} scans {paths.safe_text(', '.join(job.root_names))} in the background. "
            f"Watch it: {session.next(f'job follow {job.id}')}"
        )
