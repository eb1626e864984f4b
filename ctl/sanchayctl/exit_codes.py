"""How a process of ours ends. Scripts rely on these numbers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from sanchay.errors import (
    EXIT_CONFIG,
    EXIT_DENIED,
    EXIT_DONE,
    EXIT_FAILED,
    EXIT_PARTIAL,
    EXIT_UNAVAILABLE,
    EXIT_USAGE,
)

DONE: Final = EXIT_DONE
FAILED: Final = EXIT_FAILED
USAGE: Final = EXIT_USAGE
PARTIAL: Final = EXIT_PARTIAL  # finished, but something could not be read, or is not as it should be
UNAVAILABLE: Final = EXIT_UNAVAILABLE  # no daemon answers
DENIED: Final = EXIT_DENIED
CONFIG: Final = EXIT_CONFIG  # a bad setting, or a database of a newer version
INTERRUPTED: Final = 130  # Ctrl-C: 128 and the number of SIGINT

_OF_JOB_STATE: Final = {"done": DONE, "partial": PARTIAL}


def of_job_state(state: str) -> int:
    """The exit code of a command that waited for a job which ended in `state`."""
    return _OF_JOB_STATE.get(state, FAILED)


def of_job_states(states: Iterable[str]) -> int:
    """The same for several: a failure outweighs what is partial, and that outweighs what is done."""
    codes = {of_job_state(state) for state in states}
    return next((code for code in (FAILED, PARTIAL) if code in codes), DONE)
