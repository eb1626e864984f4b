"""A daemon as a process of its own, in a home of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from sanchay.address import Places, places
from sanchay.client import Client
from sanchay.errors import DaemonUnavailable
from sanchay.launcher import running_daemon
from tests.support import forks

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCES = [str(REPOSITORY / folder) for folder in ("proto", "daemon", "ctl", "tray")] + [str(REPOSITORY)]
#: No test waits so long unless it fails: machines that run tests stand still for many seconds now and then.
PATIENCE_S = 120.0


def environment(home: Path, extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment of a program that belongs to `home`, without settings of the one who runs the tests."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("SANCHAY_")}
    path = os.pathsep.join([*SOURCES, *filter(None, [kept.get("PYTHONPATH", "")])])
    return {**kept, "PYTHONPATH": path, "SANCHAY_HOME": str(home), **(extra or {})}


def unmeasured(environ: Mapping[str, str]) -> dict[str, str]:
    """The same without measuring coverage, which makes imports, and makes a start slower.

    Programs that get a signal are started so: one that ends within the measuring waits for the measuring for ever.
    """
    return {name: value for name, value in environ.items() if not name.startswith("COVERAGE_")}


forks.prepare(environment(Path()))


def engine_missing() -> bool:
    """Whether the engine is not built, so that only its stand-in can be used."""
    try:
        import sanchay_engine  # noqa: F401
    except ImportError:
        return True
    return False


class DaemonProcess:
    """A running `sanchayd`. As a context manager it is stopped at the end.

    `fake` runs it without the engine.
    """

    def __init__(
        self,
        home: Path,
        *flags: str,
        fake: bool = False,
        env: Mapping[str, str] | None = None,
        wait: bool = True,
    ) -> None:
        self.home = home
        self.where: Places = places(home)
        whole = environment(home, env)
        module = "tests.support.fake_daemon" if fake else "sanchayd"
        self.process = forks.start(module, *flags, env=whole, cwd=home.parent, new_session=True)
        if wait:
            self.wait_ready()

    @property
    def pid(self) -> int:
        """The process's id."""
        return self.process.pid

    def wait_ready(self, timeout_s: float = PATIENCE_S) -> None:
        """Returns once this very process answers."""
        deadline_s = time.monotonic() + timeout_s
        while time.monotonic() < deadline_s:
            if self.process.poll() is not None:
                raise AssertionError(f"sanchayd ended with {self.process.returncode}: {self.stderr()}")
            status = running_daemon(self.where)
            if status is not None and status.pid == self.pid:
                return
            time.sleep(0.02)
        raise AssertionError("sanchayd did not answer in time")

    def client(self, timeout_s: float = PATIENCE_S) -> Client:
        """A client of this daemon."""
        return Client(self.where, timeout_s=timeout_s)

    def stderr(self) -> str:
        """What it said, once it has ended."""
        said: bytes = self.process.communicate(timeout=PATIENCE_S)[1]
        return said.decode("utf-8", "replace")

    def log(self) -> str:
        """Its log so far."""
        return self.where.log_file.read_text("utf-8") if self.where.log_file.exists() else ""

    def stop(self, timeout_s: float = PATIENCE_S) -> int:
        """Asks it to end; its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code: int = self.process.wait(timeout_s)
        self._close_pipes()
        return code

    def kill(self) -> None:
        """Ends it without a chance to tidy up."""
        os.kill(self.pid, signal.SIGKILL)
        self.process.wait(PATIENCE_S)
        self._close_pipes()

    def _close_pipes(self) -> None:
        for pipe in (self.process.stdout, self.process.stderr):
            if pipe is not None:
                pipe.close()

    def __enter__(self) -> DaemonProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.poll() is None:
            try:
                self.stop()
            except subprocess.TimeoutExpired:
                self.kill()
        self._close_pipes()


def wait_until_gone(where: Places, timeout_s: float = PATIENCE_S) -> None:
    """Returns once no daemon answers there."""
    deadline_s = time.monotonic() + timeout_s
    while time.monotonic() < deadline_s:
        try:
            if running_daemon(where) is None:
                return
        except DaemonUnavailable:
            return
        time.sleep(0.02)
    raise AssertionError("the daemon still answers")
