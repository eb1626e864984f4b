"""A file system that shows another folder: `python -m tests.support.passing_files MOUNTPOINT FOLDER`, until killed.

It numbers files as it meets them, as most such programs do. A file whose name begins with "endless" has the size 0.
"""

from __future__ import annotations

import os
import sys
from typing import Any

import mfusepy

SHOWN = ("st_mode", "st_nlink", "st_size", "st_uid", "st_gid", "st_blocks")


class PassingFiles(mfusepy.Operations):
    """The few calls that a scanner makes."""

    use_ns = True

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def real(self, path: str) -> str:
        """Where what is shown there is."""
        return os.path.join(self._folder, path.lstrip("/"))

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """The stat of what is shown."""
        try:
            found = os.lstat(self.real(path))
        except FileNotFoundError:
            raise mfusepy.FuseOSError(2) from None
        shown = {key: getattr(found, key) for key in SHOWN}
        if os.path.basename(path).startswith("endless"):
            shown |= {"st_size": 0, "st_blocks": 0}
        return {**shown, "st_atime": found.st_atime_ns, "st_mtime": found.st_mtime_ns, "st_ctime": found.st_ctime_ns}

    def readdir(self, path: str, fh: int) -> list[str]:
        """The names in a folder."""
        return [".", "..", *os.listdir(self.real(path))]

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """A piece of a file."""
        with open(self.real(path), "rb") as file:
            file.seek(offset)
            return file.read(size)


if __name__ == "__main__":
    mfusepy.FUSE(PassingFiles(sys.argv[2]), sys.argv[1], foreground=True, nothreads=False, direct_io=True)
