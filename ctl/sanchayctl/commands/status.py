"""`sanchayctl status`: what the daemon is doing, its catalog and its roots."""

from __future__ import annotations

import contextlib
import io
import os
import sys
import time
from typing import TYPE_CHECKING

import click

from sanchay import documents, freshness, last_words, paths, units
from sanchay.errors import DaemonUnavailable, ShuttingDown
from sanchay.owner import Phase
from sanchayctl import exit_codes, interrupt, output, reaching
from sanchayctl.command import Command, Example
from sanchayctl.commands import background
from sanchayctl.session import Session

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sanchay.v1 import daemon_pb2, root_pb2, schedule_pb2


@click.command(
    cls=Command,
    examples=[
        Example("status", "is the daemon running, and how fresh is the catalog"),
        Example("--json status", "the same for a script; exit 69 where no daemon runs"),
        Example("status --watch", "the same again and again, until Ctrl-C"),
    ],
)
@click.option("--watch", is_flag=True, help="Show it again and again, until Ctrl-C; with --json a document a line.")
@click.option(
    "--interval",
    "interval_s",
    metavar="SECONDS",
    type=click.FloatRange(0.2, 3600),
    default=2.0,
    show_default=True,
    help="How long --watch waits in between.",
)
@click.pass_obj
def status(session: Session, watch: bool, interval_s: float) -> int:
    """Show the daemon, its catalog and its roots. Never starts a daemon; exit 69 where none runs."""
    if not watch:
        return _once(session)
    with interrupt.first(lambda: exit_codes.DONE):
        while True:
            _again(session)
            time.sleep(interval_s)


def _again(session: Session) -> None:
    """The answer in the place of the one before, or below it off a terminal. A daemon may end and begin in between."""
    if session.as_json:
        try:
            output.json_line(documents.status(reaching.ask(session, lambda client: client.status())))
        except (DaemonUnavailable, ShuttingDown) as error:
            session.close()
            output.json_line({"running": False, "message": error.message})
        return
    shown = io.StringIO()
    with contextlib.redirect_stdout(shown):
        try:
            _once(session)
        except ShuttingDown as error:
            output.line(error.message)
    if output.is_terminal(sys.stdout):
        click.clear()
    output.line(f"{shown.getvalue()}\n{time.strftime('%X')}; end with Ctrl-C")


def _once(session: Session) -> int:
    try:
        answer = reaching.ask(session, lambda client: client.status())
    except reaching.NoAnswer as error:
        return _no_answer(session, error)
    except DaemonUnavailable as error:
        session.close()
        return _not_running(session, error)
    if session.as_json:
        output.document(documents.status(answer))
    else:
        _show(session, answer)
    return exit_codes.DONE


def _no_answer(session: Session, error: reaching.NoAnswer) -> int:
    """A daemon that holds its lock: how far it is, and what to do. It may hang, so nothing more is known of it."""
    owner = error.owner
    state = "held" if owner.is_stopped else "hanging" if owner.phase is Phase.SERVING else owner.phase.value
    if session.as_json:
        folder = str(session.where.data_folder)
        document = {"running": True, "answers": False, "state": state, "pid": owner.pid or None}
        output.document({**document, "data_folder": folder, "message": error.message})
    else:
        output.line(paths.safe_text(error.message))
    return exit_codes.UNAVAILABLE


def _not_running(session: Session, error: DaemonUnavailable) -> int:
    folder = session.where.data_folder
    failed = last_words.read(session.where)
    if session.as_json:
        output.document(
            {
                "running": False,
                "data_folder": str(folder),
                "message": error.message,
                "last_error": _start_error(failed) if failed is not None else None,
            }
        )
    else:
        output.line(f"No sanchayd is running for {paths.shown_bytes(os.fsencode(folder))}.")
        if failed is not None:
            when = units.ago(failed.at_ns, time.time_ns())
            output.line(f"Its last start failed ({when}): {paths.safe_text(failed.error.message)}")
        output.line(f"Start it with: {session.next('daemon start')}")
    return exit_codes.UNAVAILABLE


def _start_error(failed: last_words.StartError) -> documents.Document:
    return {
        "kind": failed.error.kind,
        "message": failed.error.message,
        "at": documents.moment(failed.at_ns),
        **failed.error.details,
    }


def _show(session: Session, answer: daemon_pb2.GetStatusResponse) -> None:
    catalog = answer.catalog
    output.line(
        f"sanchayd {answer.version} has been running for {units.duration(answer.uptime_s)} "
        f"(process {answer.pid}, {units.size(answer.rss_bytes)} of memory)."
    )
    output.line(
        f"The catalog holds {units.counted(catalog.files, 'file')} in {units.counted(catalog.directories, 'folder')}, "
        f"{units.size(catalog.bytes)}. It takes {units.size(catalog.db_bytes)} in {paths.shown(catalog.path)}"
    )
    if catalog.name_index == "building":
        output.line("The name index is still being built: searches by name are slower until it is ready.")
    if catalog.message:
        output.line(f"Catalog: {paths.safe_text(catalog.message)}")
    if answer.config_error:
        output.line(f"The last change of the configuration was not taken: {paths.safe_text(answer.config_error)}")
    held = background.words(answer.background)
    if held:
        output.line(held)
    for notice in answer.notices:
        if notice != catalog.message:  # that was said just now
            output.line(paths.safe_text(notice))
    if answer.damaged_files:
        damaged = units.counted(answer.damaged_files, "damaged file")
        output.line(f"{damaged} found, and not dealt with yet; see: {session.next('damage list')}")
    if answer.active_jobs:
        output.line(f"{units.counted(answer.active_jobs, 'job')} under way; see: {session.next('jobs')}")
    _show_schedules(session, answer.schedules)
    output.line()
    if answer.roots:
        show_roots(answer.roots)
    else:
        output.line(f"No folder is cataloged yet. Add one with: {session.next('scan FOLDER')}")


def _show_schedules(session: Session, schedules: Iterable[schedule_pb2.Schedule]) -> None:
    """What comes next by the clock, and which last runs did not end well."""
    known = list(schedules)
    coming = min((each for each in known if each.next_ns), key=lambda each: each.next_ns, default=None)
    if coming is not None:
        when = units.coming(coming.next_ns, time.time_ns())
        output.line(f"Next run: {paths.safe_text(coming.name)} ({coming.action}), {when}.")
    for each in known:
        last = each.last_run
        if last.state in ("failed", "partial"):
            words = f"The last run of {paths.safe_text(each.name)}, {units.moment(last.started_ns)}: {last.state}."
            why = paths.safe_text(last.message)
            more = session.next(f"schedule history {output.command([each.name])}")
            output.line(" ".join(filter(None, [words, why, f"See: {more}"])))


def show_roots(roots: Iterable[root_pb2.Root], *, titles: bool = True) -> None:
    """The table of roots, and below it why one is not as fresh as it might be: beside it, where only rows are due."""
    output.table(
        [
            output.Column("ID", right=True),
            output.Column("NAME"),
            output.Column("STATE"),
            output.Column("FILES", right=True),
            output.Column("SIZE", right=True),
            output.Column("WATCH"),
            output.Column("FRESHNESS"),
            output.Column("PATH"),
        ],
        [
            [
                str(root.id),
                paths.safe_text(root.name),
                root.state,
                units.count(root.files),
                units.size(root.bytes),
                _watching(root),
                freshness.brief(root.freshness),
                paths.shown(root.path),
            ]
            for root in roots
        ],
        titles=titles,
    )
    remark = output.line if titles else output.note
    for root in roots:
        why = _why(root)
        if why:
            remark(why)
        if root.settings.expect_unreadable:
            named = ", ".join(paths.shown(path) for path in root.settings.expect_unreadable)
            remark(f"{paths.safe_text(root.name)}: need not be readable: {named}")


def _watching(root: root_pb2.Root) -> str:
    """How changes of a root are noticed, in a word or two."""
    every = f" {units.duration(root.settings.poll_s)}" if root.live.mode == "poll" else ""
    return f"{root.live.mode or 'off'}{every}"


def _why(root: root_pb2.Root) -> str:
    """A sentence on a root that is not as fresh as its person may think, or followed otherwise than was asked for."""
    live, name = root.live, paths.safe_text(root.name)
    if root.freshness.reason:
        return f"{name}: {paths.safe_text(root.freshness.reason).rstrip('.')}."
    if documents.watch_mode(root.settings) == live.mode or live.state == "offline":
        return ""
    if live.mode == "poll" and live.because:
        every = units.duration(root.settings.poll_s)
        return f"{name} is looked at every {every}: {paths.safe_text(live.because)}."
    if live.state == "degraded" and live.reason:
        return f"{name}: {paths.safe_text(live.reason)}."
    return ""
