"""Two names exchanged in one step, as `mv --exchange` does."""

from __future__ import annotations

import ctypes
import os

_AT_FDCWD = -100
_RENAME_EXCHANGE = 2


def exchange(one: str | bytes | os.PathLike[str], other: str | bytes | os.PathLike[str]) -> None:
    """Gives each name what the other one has. Linux only."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.renameat2(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number), os.fsdecode(one), None, os.fsdecode(other))
