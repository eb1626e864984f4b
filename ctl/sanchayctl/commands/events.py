"""`sanchayctl events`: what happens, a line for each event; with `--json` an object."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from sanchay import documents, hosts, paths, units
from sanchay.errors import CatalogClosed, DaemonUnavailable, ShuttingDown
from sanchayctl import exit_codes, interrupt, output, progress
from sanchayctl.arguments import Choice, RootOrFolder
from sanchayctl.command import Command, Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import event_pb2, job_pb2

KINDS = (
    "file",
    "added",
    "changed",
    "removed",
    "moved",
    "duplicate",
    "damage",
    "root",
    "root_offline",
    "root_online",
    "degraded",
    "recovered",
    "reconciled",
    "job",
    "schedule",
    "forecast",
    "status",
)
#: What the other path of an event is.
_OTHER_PATH = {"duplicate": "is a copy of {}", "damage": "is damaged; a healthy copy is {}"}
# How often a daemon that has ended is looked for while its events are followed.
RETRY_S = 0.5


@click.command(
    cls=Command,
    examples=[
        Example("events", "what the daemon remembers of the last time"),
        Example("events --follow --kind duplicate", "a line for each copy as it arrives"),
        Example("--json events --follow --kind file --root photos | jq .path", "the paths of files as they change"),
    ],
)
@click.option("--follow", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@click.option(
    "--kind",
    "kinds",
    metavar="KIND",
    type=Choice(KINDS),
    multiple=True,
    help=f"Only events of this kind; repeatable. One of {', '.join(KINDS)}.",
)
@click.option(
    "--root", "roots", metavar="ROOT", type=RootOrFolder(), multiple=True, help="Only events of this root; repeatable."
)
@click.pass_obj
def events(session: Session, follow: bool, kinds: tuple[str, ...], roots: tuple[str, ...]) -> int:
    """Print what happens: files that change, copies that arrive, jobs, roots that come and go.

    A line for each; with --json, one JSON object a line. Events of the kind status, which are meant for programs, are
    printed only where --kind names them.

    Without --follow it prints what the daemon remembers, and ends. With it, it goes on, and waits for a daemon that is
    started again; what the new one has seen since its start is printed as well.
    """
    with interrupt.first(lambda: exit_codes.DONE if follow else None):
        for event in _events(session, follow, kinds, roots):
            if event.kind == "status" and "status" not in kinds:
                continue
            if session.as_json:
                output.json_line(documents.event(event))
            else:
                output.line(f"{units.second(event.at_ns)}  {event.kind:12}  {words(event)}".rstrip())
    return exit_codes.DONE


def words(event: event_pb2.Event) -> str:
    """What happened, in a line: to which file, root, job or schedule, and what is said of it."""
    parts = []
    if event.HasField("path"):
        parts.append(paths.shown(event.path))
    elif event.root and not event.HasField("job"):
        parts.append(paths.safe_text(event.root))
    if event.HasField("other_path"):
        other = paths.shown(event.other_path)
        parts.append(_OTHER_PATH.get(event.kind, "(was {})").format(other))
    if event.kind in documents.FILE_EVENTS and event.kind != "moved":
        parts.append(f"({units.size(event.size)})")
    if event.HasField("job"):
        parts.append(_job(event.job))
    if event.HasField("schedule_run"):
        run = event.schedule_run
        parts.append(f"{paths.safe_text(run.schedule)}, run {run.run_id}: {run.state}")
    if event.topics:
        parts.append(", ".join(event.topics))
    said = " ".join(parts)
    if not event.message or event.HasField("job"):
        return said
    return f"{said}: {paths.safe_text(event.message)}" if said else paths.safe_text(event.message)


def _job(job: job_pb2.Job) -> str:
    state = f"{progress.phase(job).lower()}" if job.state == "running" else job.state
    counts = job.result if job.HasField("result") else job.progress
    known = f" {job.progress.percent:.0f}%" if job.state == "running" and job.progress.HasField("percent") else ""
    names = paths.safe_text(", ".join(job.root_names))
    return f"job {job.id}, {job.kind} of {names}: {state}{known}, {units.counted(counts.files, 'file')}"


def _events(
    session: Session, follow: bool, kinds: tuple[str, ...], roots: tuple[str, ...]
) -> Iterator[event_pb2.Event]:
    """The events of this daemon and, with `follow`, of those that come after it."""
    words = session.root_names(roots)
    told = False
    while True:
        try:
            for event in session.client().events(kinds=kinds, roots=words, recent=True, follow=follow):
                told = False
                yield event
        except (DaemonUnavailable, ShuttingDown, CatalogClosed):
            if not follow:
                raise
        if not follow:
            return
        if not told:
            output.note("sanchayd has ended; its events go on here once it is started again.")
            told = True
        session.close()
        session.may_start = False  # it was ended for a reason
        time.sleep(RETRY_S)
        while not hosts.is_locked(session.where.lock_file):
            time.sleep(RETRY_S)
