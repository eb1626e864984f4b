"""The window on a screen, as a person with keys, a mouse and a screen reader meets it. Linux only.

`Screen` is a desktop with a window manager and an accessibility bus. What is on it is found by role and name, as a
screen reader finds it; keys and clicks are the X server's.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from tests.support import program
from tests.support.daemon import REPOSITORY, environment
from tests.support.desktop import session_bus, x_server

LAUNCHER = "/usr/libexec/at-spi-bus-launcher"
#: The Python that has the system's AT-SPI.
SYSTEM_PYTHON = "/usr/bin/python3"
PARTS = ("Xvfb", "dbus-daemon", "openbox", "xdotool", LAUNCHER, SYSTEM_PYTHON)


@dataclass(frozen=True)
class Node:
    """Something on the screen."""

    role: str
    name: str
    text: str
    x: int
    y: int
    width: int
    height: int
    states: tuple[str, ...]
    depth: int


class Screen:
    """A desktop of the test's own; the window runs on it."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder / "runtime"
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._stack = ExitStack()
        self._environ: dict[str, str] = {}

    def __enter__(self) -> Screen:
        display = self._stack.enter_context(x_server("1280x900"))
        address, _ = self._stack.enter_context(session_bus(self._folder))
        self._environ = {
            "DISPLAY": display,
            "DBUS_SESSION_BUS_ADDRESS": address,
            "XDG_RUNTIME_DIR": str(self._folder),
            "QT_QPA_PLATFORM": "xcb",
            "QT_LINUX_ACCESSIBILITY_ALWAYS_ON": "1",
            "LANGUAGE": "en",
        }
        self._start("openbox")
        self._start(LAUNCHER, "--launch-immediately")
        self._reader = self._stack.enter_context(
            subprocess.Popen(
                [SYSTEM_PYTHON, str(REPOSITORY / "tests" / "support" / "at_spi.py")],
                env={**os.environ, **self._environ},
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
            )
        )
        self._stack.callback(self._reader.kill)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            print("\n".join(f"{'  ' * node.depth}{node.role} {node.name!r}" for node in self.nodes()))
        self._stack.close()

    def window(self, home: Path, *flags: str, env: Mapping[str, str] | None = None) -> subprocess.Popen[bytes]:
        """Starts the window of a home; it is ended with the screen."""
        process = subprocess.Popen(
            [sys.executable, "-m", "sanchay_tray.window", *flags],
            env=environment(home, {**self._environ, **(env or {})}),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
        )
        self._stack.callback(process.wait)
        self._stack.callback(process.kill)
        return process

    def nodes(self) -> list[Node]:
        """Everything that is shown, as a screen reader hears it."""
        assert self._reader.stdin is not None
        assert self._reader.stdout is not None
        self._reader.stdin.write('{"ask": "tree"}\n')
        self._reader.stdin.flush()
        said = json.loads(self._reader.stdout.readline())
        return [Node(**{**each, "states": tuple(each["states"])}) for each in said]

    def found(self, role: str, name: str) -> list[Node]:
        """What is shown of a role whose name begins so."""
        return [node for node in self.nodes() if node.role == role and node.name.startswith(name) and node.width > 0]

    def find(self, role: str, name: str) -> Node:
        """The first of a role whose name begins so, once it is shown."""
        program.until(lambda: self.found(role, name))
        return self.found(role, name)[0]

    def keys(self, *keys: str) -> None:
        """Presses keys, such as `ctrl+3`, `Return`."""
        self._do("key", "--clearmodifiers", *keys)

    def write(self, text: str) -> None:
        """Types a text."""
        self._do("type", "--clearmodifiers", text)

    def click(self, role: str, name: str, *, times: int = 1) -> None:
        """Clicks on the middle of what is found so."""
        node = self.find(role, name)
        middle = (str(node.x + node.width // 2), str(node.y + node.height // 2))
        self._do("mousemove", *middle, "click", "--repeat", str(times), "--delay", "20", "1")

    def _do(self, *words: str) -> None:
        subprocess.run(["xdotool", *words], env={**os.environ, **self._environ}, check=True, timeout=60)

    def _start(self, *command: str) -> None:
        process = subprocess.Popen(
            command,
            env={**os.environ, **self._environ},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        self._stack.callback(process.wait)
        # The accessibility bus starts another one below it.
        self._stack.callback(os.killpg, process.pid, signal.SIGKILL)
