"""A file system that lists every name twice: `python -m tests.support.twice_listed_files MOUNTPOINT`, until killed."""

from __future__ import annotations

import errno
import stat
import sys
from typing import Any

import mfusepy

FILES = {"/one.txt": b"same" * 100, "/folder/two.txt": b"same" * 100, "/folder/three.txt": b"else"}
FOLDERS = ("/folder",)
MODIFIED_S = 1_700_000_000


class TwiceListedFiles(mfusepy.Operations):
    """The few calls that a scanner makes."""

    use_ns = True

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
        """The names in a folder, each of them twice."""
        prefix = path.rstrip("/") + "/"
        below = [name[len(prefix) :] for name in (*FOLDERS, *FILES) if name.startswith(prefix)]
        names = [name for name in below if "/" not in name]
        return [".", "..", *names, *reversed(names)]

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """A piece of a file."""
        return FILES[path][offset : offset + size]


if __name__ == "__main__":
    mfusepy.FUSE(TwiceListedFiles(), sys.argv[1], foreground=True, nothreads=False)
