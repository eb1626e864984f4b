"""`sanchay-tray` as a separate process, on the desktop of a test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType

from sanchay_tray import __main__, opening
from sanchay_tray.notices import rules
from tests.support.daemon import PATIENCE_S, REPOSITORY
from tests.support.desktop import Desktop


class IconProcess:
    """A running icon; it is asked to end at the end."""

    def __init__(
        self,
        desktop: Desktop,
        home: Path,
        *flags: str,
        env: Mapping[str, str] | None = None,
        window: Path | None = None,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "sanchay_tray" if window is None else "tests.support.icon", *flags],
            env=desktop.environment(home, {**(env or {}), "FAKE_WINDOW": str(window or "")}),
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def ended(self) -> tuple[int, str, str]:
        """Exit code and what it said, once it has ended by itself."""
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out.decode(), err.decode()

    def __enter__(self) -> IconProcess:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.process.returncode is None:
            self.process.terminate()
            code, _, said = self.ended()
            assert kind is not None or (code == 0), (code, said)


#: In the place of the window: adds its arguments to a file, in one write.
STAND_IN = "import json, os, sys; open(sys.argv[1], 'a').write(json.dumps(sys.argv[2:]) + chr(10))"


def main() -> None:
    """The icon, whose window is the stand-in that FAKE_WINDOW names."""
    sys.path += filter(None, [os.environ.get("FAKE_PACKAGES", "")])
    rules.COPIES_REST_S = float(os.environ.get("FAKE_COPIES_REST_S", rules.COPIES_REST_S))
    opening.window_command = lambda: (sys.executable, "-c", STAND_IN, os.environ["FAKE_WINDOW"])
    __main__.program()


if __name__ == "__main__":
    main()
