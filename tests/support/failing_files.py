"""A file system that fails when it is told to: `python -m tests.support.failing_files MOUNTPOINT SWITCH`, until killed.

It holds a few files. While the file SWITCH is there, every listing and every read of it fails with EIO.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from typing import Any

import mfusepy

FILES = {f"/folder{number % 3}/file{number}": b"%d" % number * 10_000 for number in range(12)}
FOLDERS = ("/folder0", "/folder1", "/folder2")
MODIFIED_S = 1_700_000_000


class FailingFiles(mfusepy.Operations):
    """The few calls that a scanner makes."""

    use_ns = True

    def __init__(self, switch: str) -> None:
        self._switch = switch

    def _fail(self) -> None:
        if os.path.exists(self._switch):
            raise mfusepy.FuseOSError(errno.EIO)

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """The stat of a path."""
        times = dict.fromkeys(("st_atime", "st_mtime", "st_ctime"), MODIFIED_S * 10**9)
        if path == "/" or path in FOLDERS:
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2, **times}
        if path in FILES:
            size = len(FILES[path])
            return {"st_mode": stat.S_IFREG | 0o644, "st_nlink": 1, "st_size": size, "st_blocks": 8, **times}
        raise mfusepy.FuseOSError(errno.ENOENT)

    def readdir(self, path: str, fh: int) -> list[str]:
        """The names in a folder, or an error."""
        self._fail()
        if path == "/":
            return [".", "..", *(folder[1:] for folder in FOLDERS)]
        return [".", "..", *(file.rpartition("/")[2] for file in FILES if file.startswith(f"{path}/"))]

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """A piece of a file, or an error."""
        self._fail()
        return FILES[path][offset : offset + size]


if __name__ == "__main__":
    mfusepy.FUSE(FailingFiles(sys.argv[2]), sys.argv[1], foreground=True, nothreads=False, direct_io=True)
