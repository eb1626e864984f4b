"""What Linux and macOS share: a lock that ends with its process."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path


def hold(file: Path) -> bool:
    """Holds the file for as long as this process lives; False where another process does."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        return False
    return True
