"""A file system that fails and hangs: `python -m tests.support.hostile_files MOUNTPOINT`, until it is killed.

`good` is read as any file; `broken` fails with EIO after 64 KiB; `bad folder` fails with EIO when listed; `hang/hang`
is a file whose reads never come back.
"""

from __future__ import annotations

import errno
import stat
import sys
import time
from typing import Any

import mfusepy

SIZE_BYTES = 256 << 10
GOOD_BYTES = 64 << 10
FOLDERS = {"/": ["good", "broken", "bad folder", "hang"], "/hang": ["hang"], "/bad folder": []}
FILES = ("/good", "/broken", "/hang/hang")
MODIFIED_S = 1_700_000_000


class HostileFiles(mfusepy.Operations):
    """The few calls that a scanner makes."""

    use_ns = True

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """The stat of a path."""
        times = dict.fromkeys(("st_atime", "st_mtime", "st_ctime"), MODIFIED_S * 10**9)
        if path in FOLDERS:
            return {"st_mode": stat.S_IFDIR | 0o755, "st_nlink": 2, **times}
        if path in FILES:
            return {"st_mode": stat.S_IFREG | 0o644, "st_nlink": 1, "st_size": SIZE_BYTES, **times}
        raise mfusepy.FuseOSError(errno.ENOENT)

    def readdir(self, path: str, fh: int) -> list[str]:
        """The names in a folder."""
        if path == "/bad folder":
            raise mfusepy.FuseOSError(errno.EIO)
        return [".", "..", *FOLDERS[path]]

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """A piece of a file, an error, or nothing for ever."""
        if path == "/hang/hang":
            time.sleep(3600)
        if path == "/broken" and offset + size > GOOD_BYTES:
            raise mfusepy.FuseOSError(errno.EIO)
        return b"g" * min(size, max(0, SIZE_BYTES - offset))


if __name__ == "__main__":
    mfusepy.FUSE(HostileFiles(), sys.argv[1], foreground=True, nothreads=False)
