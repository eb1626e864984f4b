"""A Sanchay of the benches' own: a fresh SANCHAY_HOME, its daemon, and sanchayctl that speaks to it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CTL = (sys.executable, "-m", "sanchayctl")
_START_TIMEOUT_S = 60


class Home:
    """One SANCHAY_HOME. `reset` gives it an empty catalog; `environment` is what programs need to find it."""

    def __init__(self, scratch: Path, settings: Mapping[str, str] | None = None) -> None:
        # Sockets have short paths at the most, so the home is never below a deep scratch folder.
        self.path = Path(tempfile.mkdtemp(prefix="sanchay-bench-", dir=scratch))
        self.environment = {"SANCHAY_HOME": str(self.path), "SANCHAY_LOG_LEVEL": "warning", **(settings or {})}

    def ctl(self, *arguments: str, timeout_s: float = 7200) -> Any:
        """Runs `sanchayctl --json ARGUMENTS`; gives its document. Exit 3 (partial) counts as done."""
        done = subprocess.run(
            [*CTL, "--json", *arguments],
            env={**os.environ, **self.environment},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
        if done.returncode not in (0, 3):
            raise RuntimeError(f"sanchayctl {' '.join(arguments)}: {done.stderr.decode('utf-8', 'replace').strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else None

    def start(self) -> None:
        """Starts the daemon, as at log-in: what a scan takes is measured without it."""
        self.ctl("daemon", "start", timeout_s=_START_TIMEOUT_S)

    def stop(self) -> None:
        """Stops the daemon; nothing where none runs."""
        self.ctl("daemon", "stop", timeout_s=_START_TIMEOUT_S)

    def reset(self) -> None:
        """Forgets everything, and starts the daemon again."""
        self.stop()
        shutil.rmtree(self.path)
        self.path.mkdir(mode=0o700)
        self.start()

    def remove(self) -> None:
        """Stops the daemon and removes the home."""
        self.stop()
        shutil.rmtree(self.path, ignore_errors=True)

    def peak_bytes(self) -> int:
        """The daemon's peak resident memory where the system tells it (Linux), else its present one."""
        status = self.ctl("status")
        try:
            lines = Path(f"/proc/{status['pid']}/status").read_text("ascii").splitlines()
        except OSError:
            return int(status["rss_bytes"])
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmHWM:"))

    def wait_name_index(self, timeout_s: float = 3600) -> float:
        """Waits until the name index is ready; gives the seconds waited."""
        began = time.perf_counter()
        while self.ctl("status")["catalog"]["name_index"] != "ready":
            if time.perf_counter() - began > timeout_s:
                raise TimeoutError(f"the name index was not ready after {timeout_s:.0f} s")
            time.sleep(0.1)
        return time.perf_counter() - began
