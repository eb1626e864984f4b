"""Follows one daemon for icon and window: over its ends, its starts and its silences, and without polling it.

One thread follows the daemon's events; another asks again what an event made old. While none answers, only the lock
file is looked at, by a back-off of at most `BACKOFF_MAX_S`. What is found out is told as the model's news, from these
threads: the receiver brings it to its own.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import TYPE_CHECKING

from sanchay.address import Places
from sanchay.client import Client
from sanchay.errors import DaemonUnavailable, SanchayError, ShuttingDown, TimedOut
from sanchay.owner import Phase, find_owner
from sanchay_tray import model

if TYPE_CHECKING:
    from sanchay.v1 import event_pb2, job_pb2

BACKOFF_FIRST_S = 0.1
BACKOFF_MAX_S = 2.0
#: A daemon that serves has so long to answer a question for its status.
ANSWER_S = 5.0
#: While a job is under way its events come about each second: after so long without one the daemon is doubted.
QUIET_S = 5.0
#: Events come in crowds: what they make old is asked again at most so often.
AGAIN_S = 0.3
COPIES_AGAIN_S = 2.0
JOBS_ASKED = 100
#: Events that are known again where a daemon that is reached again remembers them: more than it does.
TOLD_KEPT = 5_000
#: The daemon's clock is ours, but events are stamped before they are heard.
LEEWAY_NS = 5_000_000_000
#: All that the model makes use of; files that come and go are not among them, for there may be thousands a second.
KINDS = ("job", "root", "duplicate", "damage", "schedule", "forecast", "status")

Tell = Callable[[model.News], None]


class Feed:
    """Tells `tell` what becomes of the daemon of `where`, from threads of its making, until it is closed."""

    def __init__(self, where: Places, tell: Tell, *, client: Callable[[Places], Client] | None = None) -> None:
        self._where = where
        self._tell = tell
        self._new_client = client or (lambda where: Client(where, timeout_s=ANSWER_S))
        self._closing = threading.Event()
        self._wake = threading.Event()
        self._lock = threading.Lock()
        self._client: Client | None = None
        self._stale = _Stale()
        self._began_ns = 0  # by a clock that no one sets
        self._told: OrderedDict[bytes, None] = OrderedDict()
        self._active: frozenset[int] = frozenset()  # jobs that are under way, as far as was heard
        self._heard_s = 0.0
        self._threads = [
            threading.Thread(target=self._follow, name="feed-follow", daemon=True),
            threading.Thread(target=self._ask, name="feed-ask", daemon=True),
        ]

    def start(self) -> None:
        """Begins to follow."""
        self._began_ns = _clock_ns()
        for thread in self._threads:
            thread.start()

    def hurry(self) -> None:
        """Looks again at once: the caller has just started a daemon, say."""
        self._wake.set()

    def doubt(self) -> None:
        """Asks whether the daemon still answers: a call to it takes too long."""
        self._stale.mark(status=True)

    def close(self) -> None:
        """Ends both threads, and every call of theirs."""
        self._closing.set()
        self._wake.set()
        self._stale.wake()
        with self._lock:
            if self._client is not None:
                self._client.close()
        for thread in self._threads:
            if thread.ident is not None and thread is not threading.current_thread():
                thread.join()

    # ---- The thread that follows ----

    def _follow(self) -> None:
        wait_s = BACKOFF_FIRST_S
        while not self._closing.is_set():
            began_s = time.monotonic()
            try:
                self._follow_one_daemon()
            except SanchayError as error:
                if not self._closing.is_set():
                    self._tell(self._why_lost(error))
            self._set_active(frozenset())
            self._stale.forget()
            if time.monotonic() - began_s > BACKOFF_MAX_S:
                wait_s = BACKOFF_FIRST_S  # it was followed for a while: its successor is looked for at once
            self._wake.wait(wait_s)
            self._wake.clear()
            wait_s = min(wait_s * 2, BACKOFF_MAX_S)

    def _follow_one_daemon(self) -> None:
        """Returns or raises once the daemon ends, or stops answering."""
        owner = find_owner(self._where)
        if owner is None:
            raise DaemonUnavailable("No sanchayd is running.")
        if owner.is_stopped or owner.phase is Phase.STARTING:
            raise DaemonUnavailable(owner.why_no_answer(self._where))
        client = self._new_client(self._where)
        with self._lock:
            self._client = client
        if self._closing.is_set():
            client.close()
        try:
            with contextlib.closing(client.events(kinds=KINDS, recent=True, follow=True)) as events:
                # What happens between these answers and the first of the stream is among what the daemon remembers.
                self._tell(self._reached(client))
                self._stale.mark(copies=True)
                for event in events:
                    self._heard_s = time.monotonic()
                    if self._was_told(event):
                        continue  # before the daemon was out of reach
                    if event.kind == "job":
                        self._note_job(event.job)
                    self._tell(model.Happened(event, remembered=self._is_old(event)))
                    self._stale.mark(status=model.needs_status(event), copies=model.needs_copies(event))
        except ValueError:  # the client was closed between two calls of ours: we end, or the daemon is doubted
            raise DaemonUnavailable("sanchayd does not answer.") from None
        finally:
            with self._lock:
                self._client = None
            client.close()

    def _was_told(self, event: event_pb2.Event) -> bool:
        """Whether this very event was told already. Its time does not say so: clocks are set back."""
        whole = event.SerializeToString()
        if whole in self._told:
            return True
        self._told[whole] = None
        if len(self._told) > TOLD_KEPT:
            self._told.popitem(last=False)
        return False

    def _is_old(self, event: event_pb2.Event) -> bool:
        """Whether it is of the time before, by the clock as it is set now: or of a time to come, before it was set."""
        now_ns = time.time_ns()
        began_ns = now_ns - (_clock_ns() - self._began_ns)
        return event.at_ns < began_ns or event.at_ns > now_ns + LEEWAY_NS

    def _why_lost(self, error: SanchayError) -> model.Lost:
        owner = find_owner(self._where)
        if isinstance(error, ShuttingDown):
            return model.Lost(model.Link.ENDING, error.message)  # it was asked to: a crash says nothing
        if owner is None:
            return model.Lost(model.Link.ABSENT, error.message)
        if owner.is_stopped:
            return model.Lost(model.Link.HELD, owner.why_no_answer(self._where))
        if owner.phase is not Phase.SERVING:
            link = model.Link.STARTING if owner.phase is Phase.STARTING else model.Link.ENDING
            return model.Lost(link, owner.why_no_answer(self._where))
        if isinstance(error, (DaemonUnavailable, TimedOut, ShuttingDown)):
            return model.Lost(model.Link.SILENT, owner.why_no_answer(self._where))
        return model.Lost(model.Link.REFUSED, error.message)

    def _reached(self, client: Client) -> model.Reached:
        """How the daemon stands."""
        jobs = tuple(client.list_jobs(limit=JOBS_ASKED).jobs)
        self._heard_s = time.monotonic()
        self._set_active(frozenset(job.id for job in jobs if job.state == "running"))
        return model.Reached(client.status(), jobs)

    def _note_job(self, job: job_pb2.Job) -> None:
        self._set_active(self._active | {job.id} if job.state == "running" else self._active - {job.id})

    def _set_active(self, active: frozenset[int]) -> None:
        self._active = active
        self._stale.set_most(QUIET_S if active else None)

    # ---- The thread that asks again ----

    def _ask(self) -> None:
        copies_at_s = 0.0
        while not self._closing.is_set():
            status, copies = self._stale.wait()
            if self._closing.is_set():
                return
            if not status and self._active and time.monotonic() - self._heard_s >= QUIET_S:
                status = True
            try:
                if status or copies:
                    self._check_held()
                    with self._new_client(self._where) as client:
                        if status:
                            self._tell(self._reached(client))
                        if copies and time.monotonic() - copies_at_s >= COPIES_AGAIN_S:
                            self._tell(model.Counted(count_copies(client)))
                            copies_at_s, copies = time.monotonic(), False
            except TimedOut:
                copies = False
                with self._lock:
                    if self._client is not None:
                        self._client.close()  # the thread that follows has heard nothing either: it looks again
            except (SanchayError, ValueError):
                copies = False  # the thread that follows finds out why, and asks again when it is over
            if copies:
                self._stale.mark(copies=True)
            self._closing.wait(AGAIN_S)

    def _check_held(self) -> None:
        """Raises at once where a signal holds the daemon still: nothing need be waited for to know that."""
        owner = find_owner(self._where)
        if owner is not None and owner.is_stopped:
            raise TimedOut(owner.why_no_answer(self._where))


def _clock_ns() -> int:
    """A clock that is never set and, where the system has one, goes on while it sleeps."""
    of_boot = getattr(time, "CLOCK_BOOTTIME", None)
    return time.clock_gettime_ns(of_boot) if of_boot is not None else time.monotonic_ns()


def count_copies(client: Client) -> model.Copies:
    """What could be free, in the whole catalog."""
    answer = client.duplicates(limit=1)
    return model.Copies(answer.total_groups, answer.total_redundant_files, answer.total_freed_bytes)


class _Stale:
    """What an event has made old."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._status = self._copies = self._woken = False
        self._most_s: float | None = None

    def mark(self, *, status: bool = False, copies: bool = False) -> None:
        if status or copies:
            with self._condition:
                self._status |= status
                self._copies |= copies
                self._condition.notify()

    def forget(self) -> None:
        with self._condition:
            self._status = self._copies = False

    def wake(self) -> None:
        with self._condition:
            self._woken = True
            self._condition.notify()

    def set_most(self, most_s: float | None) -> None:
        """How long is waited at most."""
        with self._condition:
            if most_s != self._most_s:
                self._most_s = most_s
                self._condition.notify()

    def wait(self) -> tuple[bool, bool]:
        """Waits until something is old, or for the longest time; takes it."""
        with self._condition:
            while not (self._status or self._copies or self._woken):
                if not self._condition.wait(self._most_s):
                    break
            taken = (self._status, self._copies)
            self._status = self._copies = False
            return taken
