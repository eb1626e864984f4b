"""What a page is given: how to ask, what is known, where to go, and how to say that something is done.

Pages know nothing of one another, and no more of the daemon than the client's answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Protocol, TypeVar

from PySide6.QtCore import QObject

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay_tray.model import State
from sanchay_tray.window.asking import Asked
from sanchay_tray.window.memory import Memory

Answer = TypeVar("Answer")


class Desk(Protocol):
    """The window, as a page sees it."""

    memory: Memory

    @property
    def state(self) -> State:
        """All that is known of the daemon now."""

    def ask(
        self,
        owner: QObject,
        call: Callable[[Client], Answer],
        then: Callable[[Answer], None],
        *,
        failed: Callable[[SanchayError], None] | None = None,
        key: str = "",
        timeout_s: float = 30.0,
        to_end: bool = False,
    ) -> Asked:
        """Makes a call on a thread; `then` gets its answer on the loop.

        `to_end`: closing the window does not call it off.

        Without `failed` an error is shown in a banner. A `key` calls off the owner's question before of that key. The
        client may be used for several calls one after another.
        """

    def follow(
        self,
        owner: QObject,
        call: Callable[[Client], Iterator[Answer]],
        each: Callable[[Answer], None],
        *,
        failed: Callable[[SanchayError], None] | None = None,
        ended: Callable[[], None] | None = None,
        key: str = "",
    ) -> Asked:
        """A call with many answers, until it ends or is called off."""

    def work(
        self,
        owner: QObject,
        work: Callable[[], Answer],
        then: Callable[[Answer], None],
        failed: Callable[[Exception], None] | None = None,
    ) -> Asked:
        """Does something else that takes its time, such as asking the desktop, on a thread. It is not broken off."""

    def go(self, page: str, select: str = "") -> None:
        """Shows a page; `select` says what on it, in the page's own way."""

    def start_daemon(self) -> None:
        """Starts a daemon where none runs."""

    def say_done(self, text: str, action: str = "", pressed: Callable[[], object] | None = None) -> None:
        """Says for a while what was done, with a button such as Undo."""

    def say_failed(self, error: SanchayError) -> None:
        """Says in a banner what did not work, until it is read."""

    def did(self, what: str) -> None:
        """Notes that this person just did something here, so that the icon need not tell them of it.

        `what` is `job ID`, `root ID` or `schedule NAME`.
        """
