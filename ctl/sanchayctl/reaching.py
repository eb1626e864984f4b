"""Reaching a daemon that may be absent, starting, ending or hanging: which of them it is, and never in silence."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeVar

from sanchay.errors import DaemonUnavailable, ShuttingDown, TimedOut
from sanchay.names import shown_path
from sanchay.owner import Owner, Phase, find_owner

if TYPE_CHECKING:
    from sanchay.address import Places
    from sanchay.client import Client
    from sanchayctl.session import Session

Answer = TypeVar("Answer")

ANSWER_LIMIT_S = 5.0
TELL_AFTER_S = 1.0
POLL_S = 0.05


class NoAnswer(DaemonUnavailable):
    """A daemon holds the lock and does not answer: `owner` is what is known of it."""

    def __init__(self, owner: Owner, where: Places) -> None:
        super().__init__(f"{owner.why_no_answer(where)}.", details={"pid": str(owner.pid or "")})
        self.owner = owner


def ask(session: Session, call: Callable[[Client], Answer]) -> Answer:
    """What a running daemon answers within five seconds. A socket that was removed is made again by then.

    Raises DaemonUnavailable where none runs, and NoAnswer where one does and does not answer.
    """
    deadline_s = time.monotonic() + ANSWER_LIMIT_S
    while True:
        owner = find_owner(session.where)
        if owner is not None and owner.is_stopped:
            raise NoAnswer(owner, session.where)
        try:
            return call(session.running_client(ANSWER_LIMIT_S))
        except (DaemonUnavailable, ShuttingDown, TimedOut) as error:
            session.close()
            owner = find_owner(session.where)
            if owner is None:
                raise DaemonUnavailable(
                    f"No sanchayd is running for {shown_path(session.where.data_folder)}."
                ) from error
            if owner.phase is not Phase.SERVING or time.monotonic() > deadline_s:
                raise NoAnswer(owner, session.where) from error
            time.sleep(POLL_S)


@contextmanager
def saying(session: Session, text: str) -> Iterator[None]:
    """Says what is waited for, once that takes more than a second."""
    timer = threading.Timer(TELL_AFTER_S, session.remark, [text])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
