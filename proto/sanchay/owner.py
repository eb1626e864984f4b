"""Which process holds a home's lock, and how far it is: found without asking it, for it may hang."""

from __future__ import annotations

import os
import signal
from enum import Enum
from pathlib import Path
from typing import NamedTuple

from sanchay import hosts
from sanchay.address import Places
from sanchay.names import shown_path


class Phase(str, Enum):
    """What a daemon that holds its lock is at."""

    STARTING = "starting"
    SERVING = "serving"
    ENDING = "ending"


class Owner(NamedTuple):
    """The daemon that holds the lock. `pid` is 0 where the lock's file does not say."""

    pid: int
    phase: Phase

    @property
    def name(self) -> str:
        """The daemon, in a sentence."""
        return f"sanchayd (process {self.pid})" if self.pid else "sanchayd"

    @property
    def is_stopped(self) -> bool:
        """Whether a signal (SIGSTOP, Ctrl-Z) holds the process still; False where the system does not tell."""
        return bool(self.pid) and hosts.is_stopped(self.pid)

    def why_no_answer(self, where: Places) -> str:
        """Why it does not answer, and what to do, in one or two sentences."""
        if self.is_stopped:
            return (
                f"{self.name} is held still by a signal (SIGSTOP) and cannot answer. Let it go on: kill -CONT "
                f"{self.pid}, or end it: kill -KILL {self.pid}"
            )
        if self.phase is Phase.STARTING:
            return f"{self.name} is still starting; try again soon. Its log is {shown_path(where.log_file)}"
        if self.phase is Phase.ENDING:
            return f"{self.name} is ending"
        return (
            f"{self.name} runs, but does not answer: it is very busy, or hangs. Its log is {shown_path(where.log_file)}"
        )

    def ask_to_end(self, where: Places) -> bool:
        """Asks the process itself to end (SIGTERM). False where it may not be the daemon of this home."""
        if not self.pid or not hosts.has_open(self.pid, where.lock_file):
            return False
        try:
            os.kill(self.pid, signal.SIGTERM)
        except OSError:
            return False
        return True


def find_owner(where: Places) -> Owner | None:
    """The daemon that holds the lock of this home; None where none does."""
    if not hosts.is_locked(where.lock_file):
        return None
    return read_owner(where.lock_file)


def read_owner(lock_file: Path) -> Owner:
    """What the lock's file says of its holder."""
    try:
        words = lock_file.read_text("ascii").split()
        return Owner(int(words[0]), Phase(words[1]) if len(words) > 1 else Phase.SERVING)
    except (OSError, ValueError, IndexError):
        return Owner(0, Phase.STARTING)  # it is just being written
