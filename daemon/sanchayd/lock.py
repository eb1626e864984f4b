"""One daemon for each home: the lock is taken before anything is bound or opened, and ends with the process."""

from __future__ import annotations

import contextlib
import os
import time
from pathlib import Path

from sanchay import hosts as client_hosts
from sanchay.errors import AlreadyRunning
from sanchay.names import shown_path
from sanchay.owner import Phase, read_owner
from sanchayd import hosts

# Clients look at the lock with a shared one for an instant; only someone who keeps it longer is a daemon. Many that
# look in turn may keep it from us for longer, but they let others look too, which a daemon does not.
PATIENCE_S = 0.5
LOOKS_PATIENCE_S = 5.0
RETRY_S = 0.02


class InstanceLock:
    """The held lock. Its file says who holds it and stays when the daemon ends: removing it would let two hold it."""

    def __init__(self, handle: int, file: Path) -> None:
        self._handle = handle
        self._file = file
        self._phase = Phase.STARTING
        self.note(Phase.STARTING)

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
                holder = str(read_owner(file).pid or "")
                raise AlreadyRunning(
                    f"sanchayd is already running as process {holder or '(unknown)'}, which holds {shown_path(file)}.",
                    path=os.fsencode(file),
                    details={"pid": holder},
                )
            time.sleep(RETRY_S)
        return cls(handle, file)

    def note(self, phase: Phase) -> None:
        """Says how far the daemon is. One write of one length: who reads in between sees the old word or the new."""
        self._phase = phase
        with contextlib.suppress(OSError):  # a full disk: the lock holds without a word
            os.lseek(self._handle, 0, os.SEEK_SET)
            os.write(self._handle, f"{os.getpid():<10} {phase.value:<10}\n".encode("ascii"))

    def is_in_place(self) -> bool:
        """Whether the file at the lock's path is the one that is held; someone may have removed it."""
        try:
            return os.path.samestat(os.fstat(self._handle), self._file.stat())
        except OSError:
            return False

    def take_again(self) -> None:
        """Makes the file that was removed again, and holds it. Raises already_running, or OSError."""
        renewed = InstanceLock.acquire(self._file)
        os.close(self._handle)
        self._handle = renewed._handle
        self.note(self._phase)

    def release(self) -> None:
        """Lets the next daemon in; to be called last."""
        os.close(self._handle)
