"""Our programs as processes: forked by `fork_server` where that makes no difference, else started as any program is."""

from __future__ import annotations

import atexit
import contextlib
import io
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Protocol

REPOSITORY = Path(__file__).resolve().parents[2]
#: Variables that our programs read when they need them. Others may count as early as when an interpreter starts.
READ_LATE = ("SANCHAY_", "FAKE_", "NOTIFY_", "WATCHDOG_", "PYTEST_", "GRPC_", "PYDANTIC_", "PYSIDE6_", "QT_")
#: `SANCHAY_TEST_FORKS=0` starts every program as any program is started, which takes three times as long.
WANTED = sys.platform == "linux" and os.environ.get("SANCHAY_TEST_FORKS", "1") != "0"
#: A child that is told nothing of its standard input could wait for a person.
PIPE, DEVNULL = subprocess.PIPE, subprocess.DEVNULL


class Process(Protocol):
    """What tests use of a process, however it was started."""

    @property
    def pid(self) -> int: ...
    @property
    def stdin(self) -> IO[bytes] | None: ...
    @property
    def stdout(self) -> IO[bytes] | None: ...
    @property
    def stderr(self) -> IO[bytes] | None: ...
    @property
    def returncode(self) -> Any: ...
    def poll(self) -> int | None: ...
    def wait(self, timeout: float | None = None) -> int: ...
    def communicate(self, *, timeout: float | None = None) -> tuple[Any, Any]: ...
    def send_signal(self, sig: int) -> None: ...
    def terminate(self) -> None: ...
    def kill(self) -> None: ...
    def __enter__(self) -> Any: ...
    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Fork:
    """A child of the server. Its end is told through a pipe, so that waiting for it is waiting for an event."""

    def __init__(self, pid: int, report: int, pipes: Mapping[int, int]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._report = report
        self._reaping = threading.Lock()
        self.stdin: IO[bytes] | None = open(pipes[0], "wb") if 0 in pipes else None  # noqa: SIM115
        self.stdout: IO[bytes] | None = open(pipes[1], "rb") if 1 in pipes else None  # noqa: SIM115
        self.stderr: IO[bytes] | None = open(pipes[2], "rb") if 2 in pipes else None  # noqa: SIM115

    def poll(self) -> int | None:
        """The exit code, or minus the signal's number; None while it runs."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self.wait(0)
        return None

    def wait(self, timeout: float | None = None) -> int:
        """Returns once it has ended."""
        with self._reaping:
            if self.returncode is None:
                with selectors.DefaultSelector() as selector:
                    selector.register(self._report, selectors.EVENT_READ)
                    if not selector.select(timeout):
                        raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
                told = os.read(self._report, 100)
                os.close(self._report)
                assert told, "the server of forks has ended"
                self.returncode = int(told)
            return self.returncode

    def communicate(self, *, timeout: float | None = None) -> tuple[Any, Any]:
        """What it wrote to its pipes, once it has ended."""
        if self.stdin is not None:
            with contextlib.suppress(BrokenPipeError):
                self.stdin.close()
        read = {pipe: io.BytesIO() for pipe in (self.stdout, self.stderr) if pipe is not None and not pipe.closed}
        with selectors.DefaultSelector() as selector:
            for pipe in read:
                selector.register(pipe, selectors.EVENT_READ)
            while selector.get_map():
                ready = selector.select(timeout)
                if not ready:
                    raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
                for key, _ in ready:
                    piece = os.read(key.fd, 1 << 16)
                    read[key.fileobj].write(piece)  # type: ignore[index]
                    if not piece:
                        selector.unregister(key.fileobj)
        self.wait(timeout)
        whole = [
            None if pipe is None else read[pipe].getvalue() if pipe in read else b""
            for pipe in (self.stdout, self.stderr)
        ]
        self._close()
        return whole[0], whole[1]

    def send_signal(self, sig: int) -> None:
        """Nothing happens to a process that has ended."""
        if self.poll() is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, sig)

    def terminate(self) -> None:
        """Asks it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Ends it."""
        self.send_signal(signal.SIGKILL)

    def _close(self) -> None:
        for pipe in (self.stdin, self.stdout, self.stderr):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()

    def __enter__(self) -> Fork:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._close()
        self.wait()


class _Server:
    """The line to the server, which starts with the first process that is asked of it."""

    def __init__(self) -> None:
        self._asking = threading.Lock()
        self._line: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None
        self._environ: dict[str, str] = {}

    def prepare(self, env: Mapping[str, str]) -> None:
        """Sets the variables of the server, and so of all that it serves."""
        self._environ = _early(env)

    def serves(self, env: Mapping[str, str]) -> bool:
        """Whether a fork with these variables is what a start with them would be."""
        if not self._environ or _unmeasured(_early(env)) != _unmeasured(self._environ):
            return False
        with self._asking:
            if self._line is None:
                self._start()
        return True

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.support.fork_server", str(theirs.fileno())],
                env=self._environ,
                cwd=REPOSITORY,
                stdin=DEVNULL,
                stdout=DEVNULL,
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # no Ctrl-C of the one who runs the tests
            )
        assert ours.recv(100) == b"ready", "the server of forks did not start"
        self._line = ours
        atexit.register(self.close)

    def fork(self, request: Mapping[str, Any], streams: Sequence[int]) -> tuple[int, int]:
        """The child's number, and the pipe by which its end is told."""
        reading, writing = os.pipe()
        with self._asking:
            assert self._line is not None
            socket.send_fds(self._line, [json.dumps(request).encode()], [*streams, writing])
            os.close(writing)
            return int(self._line.recv(100)), reading

    def close(self) -> None:
        """The server ends when no one is at the line."""
        if self._line is not None and self._process is not None:
            self._line.close()
            self._process.wait()


def _unmeasured(env: Mapping[str, str]) -> dict[str, str]:
    """Whether coverage is measured is said to each fork."""
    return {name: value for name, value in env.items() if not name.startswith("COVERAGE_")}


def _early(env: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in env.items() if not name.startswith(READ_LATE)}


_SERVER = _Server()


def prepare(env: Mapping[str, str]) -> None:
    """To be called once: what a process is told unless a test says otherwise."""
    if WANTED:
        _SERVER.prepare(env)


def start(
    module: str,
    *arguments: str | bytes | Path,
    env: Mapping[str, str],
    cwd: str | Path,
    stdin: int | IO[Any] | None = DEVNULL,
    stdout: int | IO[Any] | None = PIPE,
    stderr: int | IO[Any] | None = PIPE,
    new_session: bool = False,
) -> Process:
    """`python -m MODULE ARGUMENTS`, with the streams that `subprocess.Popen` would give it."""
    if not _SERVER.serves(env):
        command = [sys.executable, "-m", module, *arguments]
        return subprocess.Popen(
            command, env=env, cwd=cwd, stdin=stdin, stdout=stdout, stderr=stderr, start_new_session=new_session
        )
    theirs, ours, opened = [], {}, []
    for number, asked in enumerate((stdin, stdout, stderr)):
        if asked == PIPE:
            reading, writing = os.pipe()
            ends = (reading, writing) if number == 0 else (writing, reading)
            theirs.append(ends[0])
            opened.append(ends[0])
            ours[number] = ends[1]
        elif asked == DEVNULL:
            opened.append(os.open(os.devnull, os.O_RDWR))
            theirs.append(opened[-1])
        elif asked is None:
            theirs.append(number)
        else:
            theirs.append(asked if isinstance(asked, int) else asked.fileno())
    request = {
        "module": module,
        "arguments": [os.fsdecode(each) for each in arguments],
        "env": dict(env),
        "cwd": os.fspath(cwd),
        "new_session": new_session,
    }
    try:
        pid, report = _SERVER.fork(request, theirs)
    finally:
        for descriptor in opened:
            os.close(descriptor)
    return Fork(pid, report, ours)
