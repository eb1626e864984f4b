"""A file system that fails when it is told to: `python -m tests.support.failing_files MOUNTPOINT SWITCH`, until killed.

It holds a few files. While the file SWITCH is there and empty, every listing and every read of it fails with EIO. Else
each of its lines is a fault: `ESTALE /folder0` (a stat of that path or below it fails so), `hide /folder0/file3`
(its listing passes it over), `ghost /x` (a listing shows a name that is not there), `hang /folder0` (a stat of that
path or below it waits for as long as the line is there), `torn /folder0/file0` (a read that leads past its first 8 KiB
fails with EIO), `rotten /folder0/file0` (its first byte is another) or `wavering /folder0/file0` (its first bytes are
others at each read).
"""

from __future__ import annotations

import errno
import os
import stat
import sys
import time
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
        self._reads = 0

    def _faults(self) -> list[list[str]] | None:
        """What is wrong now; None: nothing is. Empty: everything fails."""
        try:
            with open(self._switch, encoding="utf-8") as file:
                return [line.split() for line in file]
        except FileNotFoundError:
            return None

    def _fail(self) -> None:
        if self._faults() == []:
            raise mfusepy.FuseOSError(errno.EIO)

    def _of(self, kind: str, folder: str) -> set[str]:
        """The names in a folder that have a fault of this kind."""
        paths = [path for word, path in self._faults() or [] if word == kind]
        return {os.path.basename(path) for path in paths if os.path.dirname(path) == folder}

    def getattr(self, path: str, fh: int | None = None) -> dict[str, Any]:
        """The stat of a path."""
        for word, failing in self._faults() or []:
            if (path + "/").startswith(failing.rstrip("/") + "/"):
                if hasattr(errno, word):
                    raise mfusepy.FuseOSError(getattr(errno, word))
                while word == "hang" and ["hang", failing] in (self._faults() or []):
                    time.sleep(0.05)
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
        names = FOLDERS if path == "/" else [file for file in FILES if file.startswith(f"{path}/")]
        shown = {os.path.basename(name) for name in names} - self._of("hide", path) | self._of("ghost", path)
        return [".", "..", *sorted(shown)]

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """A piece of a file, or an error."""
        self._fail()
        content = FILES[path]
        words = [word for word, failing in self._faults() or [] if failing == path]
        if "torn" in words and offset + size > 8192:
            raise mfusepy.FuseOSError(errno.EIO)
        self._reads += 1
        if "rotten" in words:
            content = b"?" + content[1:]
        if "wavering" in words:
            content = b"%010d" % self._reads + content[10:]
        return content[offset : offset + size]


if __name__ == "__main__":
    forget_at_once = {"attr_timeout": 0, "entry_timeout": 0, "negative_timeout": 0}
    mfusepy.FUSE(
        FailingFiles(sys.argv[2]), sys.argv[1], foreground=True, nothreads=False, direct_io=True, **forget_at_once
    )
