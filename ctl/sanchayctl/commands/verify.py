"""`sanchayctl verify`: reads files from their disks and compares them with their hashes."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

import click

from sanchay import paths, units, verify_documents
from sanchayctl import exit_codes, output, unreadable
from sanchayctl.arguments import RootOrFolder
from sanchayctl.command import Command, Example
from sanchayctl.commands.comparing import against
from sanchayctl.following import follow
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import job_pb2, verify_pb2

KIND = "verify"
SHOWN_MOST = 20
ERRORS_SHOWN = 5


class BudgetType(click.ParamType):  # type: ignore[type-arg]  # generic in newer versions only
    """How long or how much, as a person types it."""

    name = "budget"

    def convert(self, value: object, parameter: click.Parameter | None, context: click.Context | None) -> units.Budget:
        """Bytes or seconds; a usage error says what would do."""
        if isinstance(value, units.Budget):
            return value
        try:
            return units.parse_budget(str(value))
        except ValueError as error:
            self.fail(f"{error}.", parameter, context)


@click.command(
    cls=Command,
    examples=[
        Example("verify photos --budget 30m", "read for half an hour, what was checked longest ago first"),
        Example("verify", "read every file of every root"),
        Example("verify --history", "what the last ones found"),
        Example("verify --against SHA256SUMS", "compare the files of a list with it"),
    ],
)
@click.argument("roots", metavar="[ROOT]...", nargs=-1, type=RootOrFolder())
@click.option("--budget", metavar="TIME|SIZE", type=BudgetType(), help="Stop after so long or so much, as 30m or 50G.")
@click.option("--detach", is_flag=True, help="Return at once; the verification goes on in the daemon.")
@click.option(
    "--against",
    "listed",
    metavar="FILE|-",
    type=click.Path(exists=True, dir_okay=False, allow_dash=True),
    help="Compare with a list of b3sum or sha256sum instead of the catalog.",
)
@click.option("--history", is_flag=True, help="Show the last verifications, and read nothing.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=20, show_default=True, help="Maximum number of rows of --history."
)
@click.pass_obj
def verify(
    session: Session,
    roots: tuple[str, ...],
    budget: units.Budget | None,
    detach: bool,
    listed: str | None,
    history: bool,
    limit: int,
) -> int:
    """Find rot: read files from their disks, and compare them with the hashes that the catalog has.

    What was never checked comes first, then what was checked longest ago; the next verification goes on where a budget
    ended. Files are read at idle priority and past the page cache. Ctrl-C stops the waiting, not the reading.

    Exit 1 where a file is damaged, 3 where one could not be read or reached.
    """
    if history:
        return _history(session, limit)
    if listed is not None:
        if roots or budget or detach:
            raise click.UsageError("A list says what is read: --against takes no root, no --budget and no --detach.")
        return against(session, listed)
    most = budget or units.Budget()
    client = session.client()
    job_id = client.start_verify(
        session.root_names(roots), budget_bytes=most.bytes, budget_s=most.seconds, background=detach
    ).job_id
    if detach:
        return _started(session, client.get_job(job_id).job)
    follow(session, [job_id])
    ended = client.get_job(job_id).job
    if session.as_json:
        output.document(verify_documents.verify(ended))
    else:
        show_result(session, ended)
    return exit_code(ended)


def exit_code(job: job_pb2.Job) -> int:
    """Damage outweighs what could not be read."""
    if job.verify.damaged_files or job.state in ("failed", "cancelled"):
        return exit_codes.FAILED
    result = job.verify
    return exit_codes.PARTIAL if result.errors or result.skipped or job.state == "partial" else exit_codes.DONE


def show_result(session: Session, job: job_pb2.Job, *, errors: bool = True) -> None:
    """What an ended verification found, for people."""
    names = paths.safe_text(", ".join(job.root_names))
    if not job.HasField("verify"):
        output.line(f"Could not verify {names}: {paths.safe_text(job.message) or 'the log of sanchayd says why'}")
        return
    result = job.verify
    verb = "Cancelled verifying" if job.state == "cancelled" else "Verified"
    speed = f", {units.size(result.bytes / result.duration_s)}/s" if result.bytes and result.duration_s else ""
    output.line(
        f"{verb} {names} in {units.duration(result.duration_s)}{speed}: {units.counted(result.checked, 'file')}, "
        f"{units.size(result.bytes)}."
    )
    for text in _remarks(result):
        output.line(f"  {text}")
    if job.message:
        output.line(f"  {paths.safe_text(job.message)}")
    if result.damaged_files:
        _show_damaged(session, job)
    elif result.checked:
        output.line("  No damage was found.")
    if result.suspect_files:
        _show_suspect(session, job)
    if errors and result.errors:
        _show_errors(session, job)


def _remarks(result: verify_pb2.VerifyResult) -> list[str]:
    """What a person should know of the files that were not compared, or not as they should be."""
    words = []
    if result.left:
        words.append(f"{units.counted(result.left, 'file')} left for the next time.")
    if result.changed:
        words.append(f"{units.counted(result.changed, 'file')} changed since the last scan, and not compared.")
    if result.skipped:
        words.append(f"{units.counted(result.skipped, 'file')} not reached.")
    if result.not_verifiable:
        words.append(f"{units.counted(result.not_verifiable, 'file')} not verifiable: the catalog has no hash of them.")
    if result.cached:
        words.append(f"{units.counted(result.cached, 'file')} may have been read from memory, not from the disk.")
    return words


def _show_damaged(session: Session, job: job_pb2.Job) -> None:
    count = job.verify.damaged_files
    output.line(f"  {units.counted(count, 'file')} damaged: the content is not what it was, and nothing wrote it.")
    damaged = session.client().get_job(job.id).job.verify.damaged[:SHOWN_MOST]
    for file in damaged:
        output.line(f"    {file.id}: {paths.shown(file.path)}")
        for twin in file.twins:
            output.line(f"      healthy copy: {paths.shown(twin)}")
        if not file.twins:
            output.line("      no healthy copy was found")
    if count > len(damaged):
        output.line(f"    … and {units.count(count - len(damaged))} more")
    repairable = next((file.id for file in damaged if file.twins), 0)
    if repairable:
        output.line(f"  Replace one by its healthy copy: {session.next(f'damage repair {repairable}')}")
    output.line(f"  See all: {session.next('damage list')}")


def _show_suspect(session: Session, job: job_pb2.Job) -> None:
    count = job.verify.suspect_files
    output.line(f"  {units.counted(count, 'file')} suspect: other content, with the old size and time of change.")
    suspect = session.client().get_job(job.id).job.verify.suspect[:SHOWN_MOST]
    for file in suspect:
        output.line(f"    {file.id}: {paths.shown(file.path)}")
    if count > len(suspect):
        output.line(f"    … and {units.count(count - len(suspect))} more")


def _show_errors(session: Session, job: job_pb2.Job) -> None:
    count = job.verify.errors
    output.line(f"  {units.count(count)} could not be read:")
    listed = session.client().get_job(job.id).job.errors[:ERRORS_SHOWN]
    for error in listed:
        output.line(f"    {unreadable.line(error)}")
    if count > len(listed):
        output.line(f"    … see more of them with: {session.next(f'job show {job.id}')}")


def _started(session: Session, job: job_pb2.Job) -> int:
    if session.as_json:
        output.document({"job_id": job.id, "state": job.state, "roots": list(job.root_names)})
    else:
        names = paths.safe_text(", ".join(job.root_names))
        watch = session.next(f"job follow {job.id}")
        output.line(f"Job {job.id} verifies {names} in the background. Watch it: {watch}")
    return exit_codes.DONE


def _history(session: Session, limit: int) -> int:
    jobs = list(islice((job for job in session.client().iter_jobs() if job.kind == KIND), limit))
    if session.as_json:
        output.document(verify_documents.history(jobs))
        return exit_codes.DONE
    if not jobs:
        output.line(f"Nothing was verified yet. Begin with: {session.next('verify')}")
        return exit_codes.DONE
    right = ("JOB", "DURATION", "CHECKED", "SIZE", "DAMAGED", "SUSPECT", "UNREADABLE", "LEFT")
    titles = ("JOB", "STARTED", "STATE", *right[1:], "ROOTS")
    output.table([output.Column(title, right=title in right) for title in titles], [_row(job) for job in jobs])
    return exit_codes.DONE


def _row(job: job_pb2.Job) -> list[str]:
    result = job.verify
    counts = (result.damaged_files, result.suspect_files, result.errors, result.left)
    return [
        str(job.id),
        units.moment(job.started_ns or job.created_ns),
        job.state,
        units.duration(result.duration_s) if job.HasField("verify") else "",
        units.count(result.checked),
        units.size(result.bytes),
        *map(units.count, counts),
        paths.safe_text(", ".join(job.root_names)),
    ]
