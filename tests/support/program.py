"""`sanchayctl` as a process of its own, in the home of a test."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support import forks
from tests.support.daemon import PATIENCE_S, environment


@dataclass(frozen=True)
class Answer:
    """How a run ended: its exit code, what it wrote to standard output, and what it told a person."""

    code: int
    out: bytes
    err: str

    @property
    def text(self) -> str:
        """Standard output as text."""
        return self.out.decode("utf-8", "replace")

    @property
    def document(self) -> Any:
        """Standard output as JSON."""
        return json.loads(self.out)

    @property
    def error(self) -> Any:
        """The error document that `--json` writes to stderr."""
        return json.loads(self.err[self.err.index("{") :])["error"]


class Program:
    """Runs `sanchayctl` for one home; `prefix` is what it is started by, such as setpriv."""

    def __init__(self, home: Path, *, env: Mapping[str, str] | None = None, prefix: Sequence[str] = ()) -> None:
        self.home = home
        self.env = environment(home, env)
        self.prefix = list(prefix)

    def command(self, *arguments: str | bytes | Path) -> list[str | bytes | Path]:
        """The whole command line."""
        return [*self.prefix, sys.executable, "-m", "sanchayctl", *arguments]

    def run(self, *arguments: str | bytes | Path, cwd: Path | None = None) -> Answer:
        """One run, whatever its exit code."""
        if not self.prefix:
            with forks.start("sanchayctl", *arguments, env=self.env, cwd=cwd or "/") as process:
                out, err = process.communicate(timeout=PATIENCE_S)
            return Answer(process.returncode, out, err.decode("utf-8", "replace"))
        done = subprocess.run(
            self.command(*arguments),
            env=self.env,
            cwd=cwd or "/",
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=PATIENCE_S,
            check=False,
        )
        return Answer(done.returncode, done.stdout, done.stderr.decode("utf-8", "replace"))

    def json(self, *arguments: str | bytes | Path, code: int = 0) -> Any:
        """The document of a run that ends with `code`."""
        answer = self.run("--json", *arguments)
        assert answer.code == code, (answer.code, answer.err)
        return answer.document

    def fails(self, *arguments: str | bytes | Path, code: int) -> Any:
        """The error document of a run that ends with `code` and says nothing on standard output."""
        answer = self.run("--json", *arguments)
        assert answer.code == code, (answer.code, answer.text, answer.err)
        assert answer.out == b""
        return answer.error

    def __enter__(self) -> Program:
        return self

    def __exit__(self, failure: type[BaseException] | None, *_: object) -> None:
        stopped = self.run("daemon", "stop")
        assert failure or stopped.code == 0, f"the daemon could not be stopped: {stopped.err}"


def until(condition: Callable[[], object], timeout_s: float = PATIENCE_S, *, every_s: float = 0.02) -> None:
    """Returns once the condition holds."""
    deadline_s = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline_s, "it did not come to pass in time"
        time.sleep(every_s)


def without_overrides() -> list[str]:
    """What runs a command as root for whom file modes count: a Python under /root stays readable to it."""
    return ["setpriv", "--bounding-set=-dac_override,-dac_read_search"]


def running(pid: int) -> bool:
    """Whether a process runs; one that has ended but was not waited for does not.

    Of one that was killed the first thread may have ended while others still hold its files, its socket among them.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
        return stat.rpartition(")")[2].split()[0] != "Z" or len(os.listdir(f"/proc/{pid}/task")) > 1
    except (FileNotFoundError, ProcessLookupError):
        return False


def ended_by_itself(log: str) -> bool:
    """Whether a daemon ended in order by its log; or in time, on a machine that stands still for seconds."""
    return "sanchayd stopped" in log or "sanchayd did not end by itself in time" in log


def ended_pid(pid: int) -> None:
    """Returns once the process is gone."""
    until(lambda: not running(pid))


def raw(path: str | Path) -> bytes:
    """The exact bytes of a path."""
    return os.fsencode(path)
