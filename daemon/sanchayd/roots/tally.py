"""What a folder holds, counted for as long as someone has patience."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass


@dataclass
class Tally:
    """A count that another thread goes on with; `complete` once it is over and nothing was left out."""

    files: int = 0
    folders: int = 0
    size_bytes: int = 0
    complete: bool = False
    of_catalog: bool = False

    def count(self, folder: bytes, patience_s: float) -> None:
        """Counts until it is done, or out of time. Follows no link; hangs where a file system does."""
        until_s = time.monotonic() + patience_s
        waiting, everything = [folder], True
        while waiting:
            try:
                with os.scandir(waiting.pop()) as entries:
                    for entry in entries:
                        if time.monotonic() > until_s:
                            return
                        if entry.is_dir(follow_symlinks=False):
                            self.folders += 1
                            waiting.append(entry.path)
                        elif entry.is_file(follow_symlinks=False):
                            self.files += 1
                            self.size_bytes += entry.stat(follow_symlinks=False).st_size
            except OSError:  # it went, or may not be read
                everything = False
        self.complete = everything
