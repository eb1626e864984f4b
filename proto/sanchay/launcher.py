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

if TYPE_CHECKING:
    from sanchay.client import Client
    from sanchay.v1.daemon_pb2 import GetStatusResponse

START_TIMEOUT_S = 60.0
POLL_S = 0.02
PROBE_TIMEOUT_S = 2.0
DAEMON_MODULE = "sanchayd"
# By these a service manager speaks to the program that we are started by: the daemon is not that program.
OTHERS_VARIABLES = frozenset(
    {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID", "LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"}
)


@dataclass(frozen=True)
class Started:
    """A daemon that answers. `already` is true where it ran before."""

    pid: int
    already: bool


def running_daemon(where: Places | None = None) -> GetStatusResponse | None:
    """The status of the daemon that answers; None where none does or it is ending. Raises where it is not ours."""
    where = where or places()
    try:
        while True:
            with _probe(where) as client:
                token = read_token(where)
                try:
                    return client.status()
                except Unauthenticated:
                    if token == read_token(where):
                        raise
                    # A daemon started between our look at the token and our call: asked again with the new one.
    except (DaemonUnavailable, ShuttingDown, TimedOut):
        return None


def start_daemon(home: str | os.PathLike[str] | None = None, timeout_s: float = START_TIMEOUT_S) -> Started:
    """Starts the daemon of `home` (else of SANCHAY_HOME, else of the platform's folders) unless it runs.

    A daemon that is still ending is waited for. Raises the daemon's own error where it could not start, and
    DaemonUnavailable where it has not answered within `timeout_s`.
    """
    where = places(home)
    deadline_s = time.monotonic() + timeout_s
    status = running_daemon(where)
    if status is not None:
        return Started(pid=status.pid, already=True)
    _wait_for_lock(where, deadline_s)
    prepare(where)  # says here, in the starter, why a home cannot be used
    words = last_words.Words(where)
    with words.stream:
        process = _spawn(where, words.stream)
    while time.monotonic() < deadline_s:
        ended = process.poll()
        status = running_daemon(where)
        if status is not None:
            if status.pid != process.pid:
                if _see_off(process, where, deadline_s):
                    return Started(pid=status.pid, already=True)
                continue  # the one that answered was ending: ours is the daemon now
            process.returncode = process.returncode or 0  # it lives on: no warning that its handle is dropped
            return Started(pid=status.pid, already=False)
        if ended is not None and not hosts.is_locked(where.lock_file):  # else another start won
            told = last_words.read(where)
            raise told.error if told else last_words.leave(where, ended, process.pid, words.read())
        time.sleep(POLL_S)
    raise DaemonUnavailable(
        f"sanchayd (process {process.pid}) has not answered within {timeout_s:g} s; its log is {where.log_file}"
    )


def wait_stopped(where: Places, timeout_s: float) -> bool:
    """Whether the daemon has let its lock go within `timeout_s`."""
    deadline_s = time.monotonic() + timeout_s
    while hosts.is_locked(where.lock_file):
        if time.monotonic() > deadline_s:
            return False
        time.sleep(POLL_S)
    return True


def _probe(where: Places) -> Client:
    find_daemon(where)  # says that none runs before gRPC is imported
    from sanchay.client import Client

    return Client(where, timeout_s=PROBE_TIMEOUT_S)


def _wait_for_lock(where: Places, deadline_s: float) -> None:
    """Waits while a daemon that is ending, or has just been started by somebody else, holds the lock."""
    while hosts.is_locked(where.lock_file):
        if running_daemon(where) is not None:
            return
        if time.monotonic() > deadline_s:
            raise DaemonUnavailable(
                f"Process {_holder(where)} holds {where.lock_file} but does not answer; end it and try again."
            )
        time.sleep(POLL_S)


def _holder(where: Places) -> str:
    try:
        return where.lock_file.read_text("ascii").strip() or "?"
    except (OSError, UnicodeDecodeError):
        return "?"


def _spawn(where: Places, words: BinaryIO) -> subprocess.Popen[bytes]:
    """A daemon with no stream of ours, in a session of its own, told its home by the environment."""
    environ = {name: value for name, value in os.environ.items() if name not in OTHERS_VARIABLES}
    if where.home is not None:
        environ[HOME_VARIABLE] = str(where.home)
    where.last_error_file.unlink(missing_ok=True)
    command = programs.python_module(DAEMON_MODULE)
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


def _see_off(process: subprocess.Popen[bytes], where: Places, deadline_s: float) -> bool:
    """Waits until our daemon has seen that another one runs, and has ended: left alone, it could start after a stop.

    False where it holds the lock: then it is the daemon, whoever answered, and must not be ended.
    """
    while process.poll() is None:
        if _holder(where) == str(process.pid):
            return False
        if time.monotonic() > deadline_s:
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(PROBE_TIMEOUT_S)
            break
        time.sleep(POLL_S)
    return True
