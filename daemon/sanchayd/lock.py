"""One daemon for each home: the lock is taken before anything is bound or opened, and ends with the process."""

from __future__ import annotations

import os
import time
from pathlib import Path

from sanchay import hosts as client_hosts
from sanchayd import hosts
from sanchayd.errors import DomainError, ErrorKind

# Clients look at the lock with a shared one for an instant; only somebody who keeps it longer is a daemon. Many that
# look in turn may keep it from us for longer, but they let others look too, which a daemon does not.
PATIENCE_S = 0.5
LOOKS_PATIENCE_S = 5.0
RETRY_S = 0.02


class InstanceLock:
    """The held lock. Its file holds the pid and stays when the daemon ends: removing it would let two hold it."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    @classmethod
    def acquire(cls, file: Path, patience_s: float = PATIENCE_S) -> InstanceLock:
        """Takes the lock. Raises already_running, with the holder's pid, where another daemon has it."""
        handle = os.open(file, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        held_since_s = began_s = time.monotonic()
        while not hosts.lock_exclusive(handle):
            now_s = time.monotonic()
            if not client_hosts.is_locked(file):
                held_since_s = now_s
            if now_s - held_since_s > patience_s or now_s - began_s > max(patience_s, LOOKS_PATIENCE_S):
                os.close(handle)
                holder = _holder(file)
                raise DomainError(
                    ErrorKind.ALREADY_RUNNING,
                    f"sanchayd is already running as process {holder or '(unknown)'}, which holds {file}.",
                    path=os.fsencode(file),
                    details={"pid": holder},
                )
            time.sleep(RETRY_S)
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode("ascii"))
        return cls(handle)

    def release(self) -> None:
        """Lets the next daemon in; to be called last."""
        os.close(self._handle)


def _holder(file: Path) -> str:
    try:
        return file.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
