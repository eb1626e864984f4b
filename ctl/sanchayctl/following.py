"""Waits for jobs and shows how far they have come. The jobs are the daemon's: to stop watching stops nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from sanchay.errors import CatalogClosed, DaemonUnavailable, ShuttingDown
from sanchayctl import interrupt, progress
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import job_pb2

CANCEL_TIMEOUT_S = 3.0
ENDED = frozenset({"done", "partial", "failed", "cancelled"})
# One of these that a daemon left goes on only when someone asks for it.
NOT_BY_THEMSELVES = frozenset({"dedupe", "undo", "have", "repair"})


def follow(
    session: Session,
    job_ids: Iterable[int],
    *,
    again: str = "",
    leave: Callable[[Session, Iterable[int]], None] | None = None,
) -> list[job_pb2.Job]:
    """The jobs as they ended, one after the other; `again` goes on with one that does not by itself.

    `leave` is what Ctrl-C does about those that have not ended, where they are not left to go on.

    Raises DaemonUnavailable where the daemon ends before a job does. Ctrl-C tells what goes on, and ends the program.
    """
    client = session.client()
    left = list(job_ids)
    ended = []
    with (
        interrupt.first(lambda: (leave or say_detached)(session, left)),
        progress.display(quiet=session.as_json) as display,
        interrupt.first(display.wipe),
    ):
        for job_id in list(left):
            last = None
            try:
                for last in client.follow_job(job_id):
                    display.show(last)
            except (DaemonUnavailable, ShuttingDown, CatalogClosed) as error:
                raise _daemon_ended(session, job_id, last, again) from error
            if last is None or last.state not in ENDED:
                raise _daemon_ended(session, job_id, last, again)
            ended.append(last)
            left.remove(job_id)
    return ended


def say_detached(session: Session, job_ids: Iterable[int]) -> None:
    """Tells the person who pressed Ctrl-C what goes on without them."""
    for job_id in job_ids:
        again, cancel = session.next(f"job follow {job_id}"), session.next(f"job cancel {job_id}")
        interrupt.say(
            f"Stopped watching; job {job_id} goes on in the background. Watch it: {again} · cancel it: {cancel}"
        )


def cancel(session: Session, job_ids: Iterable[int]) -> None:
    """Ends jobs that no one else waits for, by another connection: the first may be in the middle of an answer."""
    for job_id in job_ids:
        with session.another_client(CANCEL_TIMEOUT_S) as client:
            client.cancel_job(job_id)


def _daemon_ended(session: Session, job_id: int, last: job_pb2.Job | None, again: str) -> DaemonUnavailable:
    then = f"it goes on when the daemon is started again: {session.next('daemon start')}"
    if again or (last is not None and last.kind in NOT_BY_THEMSELVES):
        then = "it goes on when it is asked for again" + (f": {session.next(again)}" if again else ".")
    return DaemonUnavailable(
        f"sanchayd ended while job {job_id} was under way. What it did is kept, and {then}",
        details={"job_id": str(job_id)},
    )
