"""Runs the system's own programs."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from sanchay import programs
from sanchayctl.service.plan import Outcome

# Starting the service waits until the daemon answers, which a large catalog may take its time for.
LIMIT_S = 660.0
MISSING = 127


def run(command: Sequence[str]) -> Outcome:
    """The exit code and the words of a command, whatever becomes of it."""
    program = programs.found(command[0])
    if program is None:
        return Outcome(MISSING, f"{command[0]}: not found in the system's folders and on PATH")
    try:
        done = subprocess.run(
            [program, *command[1:]],
            cwd=programs.neutral_folder(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=LIMIT_S,
            check=False,
        )
    except OSError as error:
        return Outcome(MISSING, f"{command[0]}: {error.strerror or error}")
    except subprocess.TimeoutExpired:
        return Outcome(1, f"{command[0]} has not ended within {LIMIT_S:g} s")
    return Outcome(done.returncode, done.stdout.decode("utf-8", "replace").strip())
