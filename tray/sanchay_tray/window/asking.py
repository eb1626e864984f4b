"""Questions to the daemon, asked on threads and answered on the loop.

A page says what to ask and what to do with the answer; it never waits. Each question has a client for itself, so that
calling it off ends it in the daemon too. An answer to a page that is gone, or to a question that a newer one of the
same key has replaced, is dropped.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import shiboken6
from PySide6.QtCore import QObject, QTimer, Signal

from sanchay.address import Places
from sanchay.client import Client
from sanchay.errors import DaemonUnavailable, SanchayError, TimedOut
from sanchay_tray.window.posting import post

Answer = TypeVar("Answer")

THREADS = 6
#: A page's question has so long; what may take longer says so.
CALL_S = 30.0
#: An answer that takes longer than this has the daemon asked whether it still answers.
DOUBT_MS = 2_000

Failed = Callable[[SanchayError], None]


class Asked:
    """A question under way."""

    def __init__(self, owner: QObject) -> None:
        self.owner = owner
        self.is_off = False
        self.is_stream = False
        self._lock = threading.Lock()
        self._client: Client | None = None

    def call_off(self) -> None:
        """Drops the answer, and ends the call in the daemon."""
        with self._lock:
            self.is_off = True
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def begin(self, client: Client) -> bool:
        """Takes the client that the call is made with; False where it was called off before."""
        with self._lock:
            if not self.is_off:
                self._client = client
            return not self.is_off

    @property
    def is_wanted(self) -> bool:
        """Whether there is still one to answer to."""
        return not self.is_off and shiboken6.isValid(self.owner)


class Asker(QObject):
    """Asks for all pages of the window. `doubted` says that the daemon did not answer in time, or not at all."""

    doubted = Signal()

    def __init__(self, where: Places, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._where = where
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._threads = [threading.Thread(target=self._run, name="ask", daemon=True) for _ in range(THREADS)]
        for thread in self._threads:
            thread.start()
        self._asked: set[Asked] = set()
        self._keyed: dict[tuple[int, str], Asked] = {}
        self._lock = threading.Lock()
        self._closed = False

    def ask(
        self,
        owner: QObject,
        call: Callable[[Client], Answer],
        then: Callable[[Answer], None],
        failed: Failed,
        *,
        key: str = "",
        timeout_s: float = CALL_S,
        to_end: bool = False,
    ) -> Asked:
        """Makes a call; on the loop `then` gets its answer, or `failed` its error. A `key` replaces the one before.

        `to_end`: closing the window does not call it off, and the process ends after it.
        """

        def work() -> None:
            self._with_client(asked, timeout_s, failed, lambda client: self._tell(asked, then, call(client)))

        asked = self._new(owner, key, is_kept=not to_end)
        if to_end:
            threading.Thread(target=work, name="to-end", daemon=False).start()
        else:
            self._work.put(work)
        QTimer.singleShot(DOUBT_MS, self, lambda: self._doubt(asked))
        return asked

    def follow(
        self,
        owner: QObject,
        call: Callable[[Client], Iterator[Answer]],
        each: Callable[[Answer], None],
        failed: Failed,
        *,
        ended: Callable[[], None] | None = None,
        key: str = "",
    ) -> Asked:
        """A call with many answers, on a thread for itself: `each` gets them on the loop, then `ended` is called."""

        def listen(client: Client) -> None:
            for answer in call(client):
                self._tell(asked, each, answer)
            if ended is not None:
                self._tell(asked, lambda _: ended(), None)

        asked = self._new(owner, key)
        asked.is_stream = True
        work = (asked, CALL_S, failed, listen)
        threading.Thread(target=self._with_client, args=work, name="follow", daemon=True).start()
        return asked

    def run(
        self,
        owner: QObject,
        work: Callable[[], Answer],
        then: Callable[[Answer], None],
        failed: Callable[[Exception], None],
    ) -> Asked:
        """Does something else that takes its time, such as starting a daemon. It is not broken off, only forgotten."""

        def run() -> None:
            try:
                self._tell(asked, then, work())
            except (SanchayError, OSError) as error:
                self._tell(asked, failed, error)
            finally:
                with self._lock:
                    self._asked.discard(asked)

        asked = self._new(owner, "")
        threading.Thread(target=run, name="run", daemon=True).start()
        return asked

    @property
    def is_idle(self) -> bool:
        """Whether every question has its answer; those with many answers go on."""
        with self._lock:
            return all(asked.is_stream for asked in self._asked)

    @property
    def is_closed(self) -> bool:
        """Whether the window is closing, so that no error is news."""
        return self._closed

    def close(self) -> None:
        """Calls off everything. No thread is waited for: one may stand in a call to a daemon that hangs."""
        self._closed = True
        with self._lock:
            asked = list(self._asked)
        for each in asked:
            each.call_off()
        for _ in self._threads:
            self._work.put(None)

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()

    def _new(self, owner: QObject, key: str, *, is_kept: bool = True) -> Asked:
        asked = Asked(owner)
        with self._lock:
            if is_kept:
                self._asked.add(asked)
            before = self._keyed.pop((id(owner), key), None) if key else None
            if key:
                self._keyed[id(owner), key] = asked
        if before is not None:
            before.call_off()
        return asked

    def _doubt(self, asked: Asked) -> None:
        with self._lock:
            waits = asked in self._asked and not asked.is_off and not self._closed
        if waits:
            self.doubted.emit()

    def _with_client(self, asked: Asked, timeout_s: float, failed: Failed, work: Callable[[Client], None]) -> None:
        try:
            if not asked.is_off:
                with Client(self._where, timeout_s=timeout_s) as client:
                    if asked.begin(client):
                        work(client)
        except SanchayError as error:
            self._tell(asked, failed, error)
            if isinstance(error, (DaemonUnavailable, TimedOut)) and not asked.is_off and not self._closed:
                post(self, self.doubted.emit)
        except ValueError:
            if not asked.is_off:  # else the client was closed between two of its calls
                raise
        finally:
            with self._lock:
                self._asked.discard(asked)

    def _tell(self, asked: Asked, call: Callable[[Any], None], answer: object) -> None:
        if not asked.is_off and not self._closed:
            post(self, lambda: call(answer) if asked.is_wanted else None)
