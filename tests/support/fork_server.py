"""Starts our programs by forking one process that has imported their modules: `python -m tests.support.fork_server FD`.

Importing gRPC, SQLAlchemy and pydantic takes a second of processor time, again in each of some thousand processes. A
fork has all else that a process of its own has: a number, streams, signals, a session, an environment, a folder.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import selectors
import signal
import socket
import sys
from typing import Any, NoReturn

#: What the programs import. Their `__main__` is left to each fork, for a program is more than its modules.
PRELOADED = (
    "sanchayd.app",
    "sanchayd.config_edit",
    "sanchayd.metrics",
    "sanchayctl.main",
    "sanchayctl.interrupt",
    "sanchay.client",
    "tests.support.fake_catalog",
)
LARGEST_REQUEST = 1 << 20


class Server:
    """One thread, that forks and tells how its children ended."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line
        self._reports: dict[int, int] = {}  # by process: where its end is told
        self._bell, self._button = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.set_wakeup_fd(self._button, warn_on_full_buffer=False)

    def serve(self) -> None:
        """Until the one who runs the tests hangs up."""
        with selectors.DefaultSelector() as selector:
            selector.register(self._line, selectors.EVENT_READ)
            selector.register(self._bell, selectors.EVENT_READ)
            while True:
                for key, _ in selector.select():
                    if key.fileobj is not self._line:
                        with contextlib.suppress(BlockingIOError):
                            os.read(self._bell, 4096)
                        self._tell_ends()
                        continue
                    text, descriptors, _flags, _address = socket.recv_fds(self._line, LARGEST_REQUEST, 4)
                    if not text:
                        return
                    self._start(json.loads(text), descriptors)

    def _start(self, request: dict[str, Any], descriptors: list[int]) -> None:
        *streams, report = descriptors
        pid = os.fork()
        if not pid:
            self._become(request, streams)
        for stream in streams:
            os.close(stream)
        self._reports[pid] = report
        self._line.send(str(pid).encode())

    def _tell_ends(self) -> None:
        with contextlib.suppress(ChildProcessError):
            while True:
                pid, status = os.waitpid(-1, os.WNOHANG)
                if not pid:
                    return
                report = self._reports.pop(pid)
                with contextlib.suppress(BrokenPipeError):
                    os.write(report, str(os.waitstatus_to_exitcode(status)).encode())
                os.close(report)

    def _become(self, request: dict[str, Any], streams: list[int]) -> NoReturn:
        signal.set_wakeup_fd(-1)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        self._line.close()
        for descriptor in (self._bell, self._button, *self._reports.values()):
            os.close(descriptor)
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
            os.close(stream)
        _open_streams()
        if request["new_session"]:
            os.setsid()
        os.chdir(os.fsencode(request["cwd"]))
        by_imports = {name: value for name, value in os.environ.items() if name.startswith(("GRPC_", "PYDANTIC_"))}
        os.environ.clear()
        os.environ.update(by_imports | request["env"])
        if not any(name.startswith("COVERAGE_") for name in os.environ):
            _stop_measuring()
        sys.path[0] = request["cwd"]
        sys.argv = ["-m", *request["arguments"]]
        runpy.run_module(request["module"], run_name="__main__", alter_sys=True)
        sys.exit()  # through the server's frames to the interpreter's own end, as any program


def _open_streams() -> None:
    """The interpreter's three streams, as it makes them for what they are now: a pipe cannot be wound back."""
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        before = getattr(sys, name)
        stream = open(  # noqa: SIM115
            number,
            "w" if number else "r",
            buffering=1 if number == 2 or os.isatty(number) else -1,
            encoding=before.encoding,
            errors=before.errors,
            closefd=False,
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def main() -> None:
    """Imports, and serves."""
    line = socket.socket(fileno=int(sys.argv[1]))
    for module in PRELOADED:
        importlib.import_module(module)
    with contextlib.suppress(ImportError):  # it may not be built
        importlib.import_module("sanchay_engine")
    _save_coverage()
    gc.collect()
    gc.freeze()  # or the first collection of each child would copy all of it
    line.send(b"ready")
    Server(line).serve()


def _measuring() -> Any:
    """What measures coverage in this process, or None."""
    return sys.modules["coverage"].Coverage.current() if "coverage" in sys.modules else None


def _save_coverage() -> None:
    """What importing has covered is written once, not by each child again."""
    measuring = _measuring()
    if measuring is not None:
        measuring.save()


def _stop_measuring() -> None:
    measuring = _measuring()
    if measuring is not None:
        measuring.stop()


if __name__ == "__main__":
    main()
