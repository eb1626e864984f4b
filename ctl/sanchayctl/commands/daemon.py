"""`sanchayctl daemon`: starts and stops the daemon."""

from __future__ import annotations

import contextlib
import time

import click

from sanchay import paths
from sanchay.errors import DaemonUnavailable, SanchayError, ShuttingDown, TimedOut
from sanchay.names import shown_path
from sanchayctl import exit_codes, interrupt, output, reaching
from sanchayctl.command import Example, Group
from sanchayctl.session import Session

STOP_TIMEOUT_S = 10.0


@click.group(
    cls=Group,
    examples=[
        Example("daemon start", "start it; says so where it runs already"),
        Example("daemon restart", "end it and start it again; interrupted scans go on"),
    ],
)
def daemon() -> None:
    """Start, stop or restart sanchayd. It keeps running after this program and your log-in shell have ended."""


@daemon.command(examples=[Example("daemon start", "start the daemon and wait until it answers")])
@click.pass_obj
def start(session: Session) -> int:
    """Start the daemon; done at once where it runs already."""
    if not session.may_start:
        raise click.UsageError("--no-start forbids what daemon start is for.")
    return _start(session, restarted=False)


@daemon.command(examples=[Example("daemon stop", "end the daemon; scans under way go on at its next start")])
@click.pass_obj
def stop(session: Session) -> int:
    """Stop the daemon and wait until it has ended; done at once where none runs."""
    pid = stop_running(session)
    if session.as_json:
        output.document({"running": False, "stopped": pid is not None, "pid": pid})
    elif pid is None:
        output.line("No sanchayd was running.")
    else:
        output.line(f"Stopped sanchayd (process {pid}). Scans under way go on when it is started again.")
    return exit_codes.DONE


@daemon.command(examples=[Example("daemon restart", "end the daemon and start it again, such as after an update")])
@click.pass_obj
def restart(session: Session) -> int:
    """Stop the daemon where it runs, and start it."""
    if not session.may_start:
        raise click.UsageError("--no-start forbids what daemon restart is for.")
    stop_running(session)
    return _start(session, restarted=True)


def _start(session: Session, *, restarted: bool) -> int:
    from sanchay.launcher import start_daemon

    with interrupt.first(lambda: interrupt.say("Stopped waiting; sanchayd goes on with its start.")):
        started = start_daemon(session.where.home, tell=session.remark)
    if session.as_json:
        output.document({"running": True, "pid": started.pid, "already": started.already})
    elif started.already:
        output.line(f"sanchayd is running already (process {started.pid}).")
    else:
        output.line(f"{'Restarted' if restarted else 'Started'} sanchayd (process {started.pid}).")
        with contextlib.suppress(SanchayError):  # it has started: what there is to know is in the status, too
            for notice in session.running_client().status().notices:
                output.note(paths.safe_text(notice))
    return exit_codes.DONE


def stop_running(session: Session) -> int | None:
    """The process that was stopped, or None where none ran.

    Raises DaemonUnavailable or TimedOut where it does not end.
    """
    from sanchay.launcher import Telling, wait_stopped
    from sanchay.owner import Phase, find_owner

    deadline_s = time.monotonic() + STOP_TIMEOUT_S
    pid, told = None, Telling(session.remark)
    while pid is None and (owner := find_owner(session.where)) is not None:
        if owner.is_stopped:
            raise reaching.NoAnswer(owner, session.where)
        pid = _ask_to_stop(session)
        if pid is None and owner.phase is Phase.SERVING and owner.ask_to_end(session.where):
            pid = owner.pid
        if pid is None and time.monotonic() > deadline_s:
            raise reaching.NoAnswer(owner, session.where)
        if pid is None:  # it is still starting, or ending by itself
            told.say(f"Waiting for {owner.name} ...")
            time.sleep(0.05)
    session.close()
    with reaching.saying(session, f"Waiting for sanchayd (process {pid}) to end ..."):
        if not wait_stopped(session.where, STOP_TIMEOUT_S, pid or 0):
            raise TimedOut(
                f"sanchayd has not ended within {STOP_TIMEOUT_S:g} s; its log is {shown_path(session.where.log_file)}",
                details={"pid": str(pid or "")},
            )
    return pid


def _ask_to_stop(session: Session) -> int | None:
    """The process that will stop, or None where no answer came in time."""
    try:
        return session.running_client(reaching.ANSWER_LIMIT_S).stop_daemon().pid
    except (DaemonUnavailable, ShuttingDown, TimedOut):
        session.close()
        return None
