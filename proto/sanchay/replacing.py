"""What the new file that takes an old one's place needs beside its bytes: the old one's rights, and to stay."""

from __future__ import annotations

import contextlib
import os
import stat


def make_like(temporary: str, target: str) -> None:
    """Gives the file the owner and mode of the one that it replaces; a group that cannot be kept gets no rights."""
    try:
        info = os.stat(target)
    except FileNotFoundError:
        return
    mode = stat.S_IMODE(info.st_mode) & 0o777
    if hasattr(os, "chown"):
        try:
            os.chown(temporary, info.st_uid, info.st_gid)
        except OSError:
            try:
                os.chown(temporary, -1, info.st_gid)
            except OSError:
                mode &= 0o707
    os.chmod(temporary, mode)


def sync_folder(folder: str) -> None:
    """Makes a new name in it durable, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
