"""Runs a program to its end and says how long it took and how much memory it had at the most."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")
#: On macOS the kernel counts peak memory in bytes, elsewhere in KiB.
_PEAK_UNIT_BYTES = 1 if sys.platform == "darwin" else 1024


@dataclass(frozen=True)
class Run:
    """One run of a program: wall-clock seconds, peak resident bytes, and its exit code."""

    seconds: float
    peak_bytes: int
    exit_code: int


@dataclass
class Contestant:
    """A program that does one measure. `before` is run before each round, and is not timed.

    `peak_bytes`, where it is given, is asked after a round, for programs whose work is done by another process.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    before: Callable[[], None] = lambda: None
    after: Callable[[], None] = lambda: None
    peak_bytes: Callable[[], int] | None = None
    allowed_exits: frozenset[int] = frozenset({0})
    runs: list[Run] = field(default_factory=list)
    failure: str = ""

    @property
    def median_s(self) -> float:
        """Median seconds of the rounds so far."""
        return statistics.median(run.seconds for run in self.runs)

    @property
    def peak_mb(self) -> float:
        """The largest peak of the rounds so far, in MB."""
        return max(run.peak_bytes for run in self.runs) / 1e6


def run_program(command: Sequence[str], environment: Mapping[str, str], log: Path, timeout_s: float = 3600) -> Run:
    """Runs `command` without a terminal; what it says goes to `log`. Raises RuntimeError where it cannot be started."""
    result = log.with_suffix(".json")
    result.unlink(missing_ok=True)
    with log.open("wb") as output:
        subprocess.run(
            [sys.executable, "-I", "-S", LAUNCHER, result, *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, **environment},
            timeout=timeout_s,
            check=False,
        )
    if not result.exists():
        raise RuntimeError(f"{command[0]} could not be started: {log.read_text('utf-8', 'replace').strip()[-200:]}")
    cost = json.loads(result.read_text("ascii"))
    return Run(cost["seconds"], cost["peak"] * _PEAK_UNIT_BYTES, cost["exit"])


def run_rounds(contestants: Sequence[Contestant], rounds: int, warm: Callable[[], None], log: Path) -> None:
    """Lets the contestants run in turn, `rounds` times, with the page cache warmed before each.

    One that fails is told of and left out of the later rounds; its `failure` says why.
    """
    for number in range(rounds):
        for contestant in contestants:
            if contestant.failure:
                continue
            contestant.before()
            warm()
            run = run_program(contestant.command, contestant.environment, log)
            if run.exit_code not in contestant.allowed_exits:
                tail = log.read_text("utf-8", "replace").strip().splitlines()[-1:]
                contestant.failure = f"exit {run.exit_code}: {' '.join(tail)[:200]}"
            else:
                if contestant.peak_bytes is not None:
                    run = Run(run.seconds, max(run.peak_bytes, contestant.peak_bytes()), run.exit_code)
                contestant.runs.append(run)
            contestant.after()
            said = contestant.failure or f"{run.seconds:.2f} s, {run.peak_bytes / 1e6:.0f} MB"
            print(f"  round {number + 1}/{rounds}  {contestant.name}: {said}", file=sys.stderr, flush=True)
