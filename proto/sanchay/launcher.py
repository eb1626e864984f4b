"""Starts a daemon that outlives its starter, and waits until one answers or has said why it cannot."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from sanchay import hosts, last_words, programs
from sanchay.address import HOME_VARIABLE, Places, find_daemon, places, prepare, read_token
from sanchay.errors import DaemonUnavailable, ShuttingDown, TimedOut, Unauthenticated
from sanchay.names import shown_path
from sanchay.owner import Owner, Phase, find_owner, read_owner

if TYPE_CHECKING:
    from collections.abc import Callable

    from sanchay.client import Client
    from sanchay.v1.daemon_pb2 import GetStatusResponse

START_TIMEOUT_S = 60.0
POLL_S = 0.02
PROBE_TIMEOUT_S = 2.0
# A daemon that serves and has not answered for so long is said to hang; a lost socket it makes again within two.
SILENCE_S = 8.0
# What is waited for is said after this long.
TELL_AFTER_S = 1.0
# By these a service manager speaks to the program that we are started by: the daemon is not that program.
OTHERS_VARIABLES = frozenset(
    {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}
)


@dataclass(frozen=True)
class Started:
    """A daemon that answers. `already` is true where it ran before."""

    pid: int
    already: bool


def probe(where: Places) -> Client:
    """A client that waits for an answer no longer than a look at a daemon may take. Raises where none runs."""
    find_daemon(where)  # says that none runs before gRPC is imported
    from sanchay.client import Client

    return Client(where, timeout_s=PROBE_TIMEOUT_S)


def running_daemon(where: Places | None = None, probe: Callable[[Places], Client] = probe) -> GetStatusResponse | None:
    """The status of the daemon that answers; None where none does or it is ending. Raises where it is not ours."""
    where = where or places()
    try:
        while True:
            with probe(where) as client:
                token = read_token(where)
                try:
                    return client.status()
                except Unauthenticated:
                    if token == read_token(where):
                        raise
                    # A daemon started between our look at the token and our call: asked again with the new one.
    except (DaemonUnavailable, ShuttingDown, TimedOut):
        return None


def start_daemon(
    home: str | os.PathLike[str] | None = None,
    timeout_s: float = START_TIMEOUT_S,
    tell: Callable[[str], None] | None = None,
) -> Started:
    """Starts the daemon of `home` (else of SANCHAY_HOME, else of the platform's folders) unless it runs.

    A daemon that is still starting or ending is waited for, and `tell` hears of it; one that hangs, or that a signal
    holds still, is not. Raises the daemon's own error where it could not start, and
    DaemonUnavailable where it has not answered within `timeout_s`.
    """
    where = places(home)
    deadline_s = time.monotonic() + timeout_s
    pid = _wait_for_lock(where, deadline_s, tell)
    if pid:
        return Started(pid=pid, already=True)
    prepare(where)  # says here, in the starter, why a home cannot be used
    words = last_words.Words(where)
    with words.stream:
        process = _spawn(where, words.stream)
    telling = Telling(tell)
    while time.monotonic() < deadline_s:
        telling.say(f"Waiting for sanchayd (process {process.pid}) to start ...")
        ended = process.poll()
        status = running_daemon(where)
        if status is not None:
            if status.pid != process.pid:
                if see_off(process, where, deadline_s):
                    return Started(pid=status.pid, already=True)
                continue  # the one that answered was ending: ours is the daemon now
            process.returncode = process.returncode or 0  # it lives on: no warning that its handle is dropped
            return Started(pid=status.pid, already=False)
        if ended is not None and not hosts.is_locked(where.lock_file):  # else another start won
            told = last_words.read(where)
            raise told.error if told else last_words.leave(where, ended, process.pid, words.read())
        time.sleep(POLL_S)
    raise DaemonUnavailable(
        f"sanchayd (process {process.pid}) has not answered within {timeout_s:g} s; its log is "
        f"{shown_path(where.log_file)}"
    )


def wait_for_running(where: Places, tell: Callable[[str], None] | None = None) -> int:
    """The pid of the daemon that runs, once it answers; 0 where none does. Raises DaemonUnavailable where it hangs."""
    return _wait_for_lock(where, time.monotonic() + START_TIMEOUT_S, tell)


def wait_stopped(where: Places, timeout_s: float, pid: int = 0) -> bool:
    """Whether the daemon has let its lock go within `timeout_s`, and its process, where `pid` names it, has ended."""
    deadline_s = time.monotonic() + timeout_s
    while hosts.is_locked(where.lock_file) or (pid and hosts.is_running(pid)):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(POLL_S)
    return True


class Telling:
    """Says once what is waited for, when that takes its time."""

    def __init__(self, tell: Callable[[str], None] | None) -> None:
        self._tell = tell
        self._since_s = time.monotonic()

    def say(self, text: str) -> None:
        """Passes the text on, the first time that it is asked after a second."""
        if self._tell is not None and time.monotonic() - self._since_s >= TELL_AFTER_S:
            self._tell(text)
            self._tell = None


def _wait_for_lock(where: Places, deadline_s: float, tell: Callable[[str], None] | None) -> int:
    """The pid of the daemon that answers; 0 once no one holds the lock, such as one that is ending.

    Raises DaemonUnavailable for one that does not answer, and does not come to it.
    """
    told, silent_since_s = Telling(tell), time.monotonic()
    while (owner := find_owner(where)) is not None:
        if owner.is_stopped:
            raise _no_answer(owner, where)
        status = running_daemon(where)
        if status is not None:
            return status.pid
        now_s = time.monotonic()
        if owner.phase is not Phase.SERVING:
            silent_since_s = now_s
        if now_s > min(deadline_s, silent_since_s + SILENCE_S):
            raise _no_answer(owner, where)
        told.say(f"Waiting for {owner.name}, which is {WAITED_FOR[owner.phase]} ...")
        time.sleep(POLL_S)
    return 0


WAITED_FOR = {Phase.STARTING: "starting", Phase.SERVING: "running, to answer", Phase.ENDING: "ending"}


def _no_answer(owner: Owner, where: Places) -> DaemonUnavailable:
    return DaemonUnavailable(f"{owner.why_no_answer(where)}.", details={"pid": str(owner.pid or "")})


def _spawn(where: Places, words: BinaryIO) -> subprocess.Popen[bytes]:
    """A daemon with no stream of ours, in a session of its own, told its home by the environment."""
    environ = {name: value for name, value in os.environ.items() if name not in OTHERS_VARIABLES}
    if where.home is not None:
        environ[HOME_VARIABLE] = str(where.home)
    where.last_error_file.unlink(missing_ok=True)
    command = programs.ours("sanchayd")
    process: subprocess.Popen[bytes] = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=words,
        cwd=programs.neutral_folder(),
        env=environ,
        close_fds=True,
        **hosts.DETACHED,  # type: ignore[call-overload]
    )
    return process


def see_off(process: subprocess.Popen[bytes], where: Places, deadline_s: float) -> bool:
    """Waits until our daemon has seen that another one runs, and has ended: left alone, it could start after a stop.

    False where it holds the lock: then it is the daemon, no matter which answered, and must not be ended.
    """
    while process.poll() is None:
        if read_owner(where.lock_file).pid == process.pid:
            return False
        if time.monotonic() > deadline_s:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PROBE_TIMEOUT_S)
            break
        time.sleep(POLL_S)
    return True
