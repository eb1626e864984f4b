"""A file system that shows a folder, can be written, and hangs when it is told to: `python -m
tests.support.hanging_files MOUNTPOINT FOLDER SWITCH`, until killed.

Each line of the file SWITCH is a fault: `hang /a` (whatever is asked of that path or below it waits for as long as the
line is there) or `torn /a/file` (a read that leads past its first 8 KiB fails with EIO).
"""

from __future__ import annotations

import errno
import os
import sys
import time
from typing import Any

import mfusepy

from tests.support.passing_files import PassingFiles


class HangingFiles(PassingFiles):
    """The calls of one who reads, moves and removes files."""

    def __init__(self, folder: str, switch: str) -> None:
        super().__init__(folder)
        self._switch = switch

    def _faults(self, word: str, path: str) -> bool:
        try:
            with open(self._switch, encoding="utf-8") as file:
                faults = [line.split() for line in file]
        except FileNotFoundError:
            return False
        return any(own == word and f"{path}/".startswith(f"{place}/") for own, place in faults)

    def real(self, path: str) -> str:
        """The same, once nothing there hangs any more."""
        while self._faults("hang", path):
            time.sleep(0.05)
        return super().real(path)

    def read(self, path: str, size: int, offset: int, fh: int) -> bytes:
        """A piece of a file, or an error."""
        if self._faults("torn", path) and offset + size > 8192:
            raise mfusepy.FuseOSError(errno.EIO)
        return super().read(path, size, offset, fh)

    def create(self, path: str, mode: int, fi: Any = None) -> int:
        """Makes a file."""
        os.close(os.open(self.real(path), os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode))
        return 0

    def write(self, path: str, data: bytes, offset: int, fh: int) -> int:
        """Writes a piece of a file."""
        with open(self.real(path), "r+b") as file:
            file.seek(offset)
            return file.write(data)

    def truncate(self, path: str, length: int, fh: int | None = None) -> int:
        """Gives a file another size."""
        os.truncate(self.real(path), length)
        return 0

    def utimens(self, path: str, times: tuple[int, int] | None = None) -> int:
        """Gives a file other times."""
        os.utime(self.real(path), ns=times or (time.time_ns(), time.time_ns()))
        return 0

    def chmod(self, path: str, mode: int) -> int:
        """Gives a file another mode."""
        os.chmod(self.real(path), mode)
        return 0

    def mkdir(self, path: str, mode: int) -> int:
        """Makes a folder."""
        os.mkdir(self.real(path), mode)
        return 0

    def unlink(self, path: str) -> int:
        """Removes a file."""
        os.unlink(self.real(path))
        return 0

    def rename(self, old: str, new: str) -> int:
        """Gives a file another name."""
        os.rename(self.real(old), self.real(new))
        return 0


if __name__ == "__main__":
    forget_at_once = {"attr_timeout": 0, "entry_timeout": 0, "negative_timeout": 0}
    mfusepy.FUSE(
        HangingFiles(sys.argv[2], sys.argv[3]),
        sys.argv[1],
        foreground=True,
        nothreads=False,
        direct_io=True,
        **forget_at_once,
    )
