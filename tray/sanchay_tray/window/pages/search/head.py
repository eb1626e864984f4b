"""The beginning of a file, where it is text. Read on a thread that no one waits for: a share may never answer."""

from __future__ import annotations

import os
import stat
import threading
from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtCore import QObject, Signal

from sanchay_tray.window.posting import post

HEAD_BYTES = 16 << 10
#: Threads that stand in a file that does not answer, before no other file is tried.
STUCK_MOST = 4


class Head(NamedTuple):
    """What a file begins with; no text: it is not one. `why`: it could not be read."""

    path: bytes
    text: str = ""
    why: str = ""


def read(path: bytes) -> Head:
    """Reads the head; of anything but a regular file nothing, and through no symlink."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    try:
        file = os.open(path, flags)
    except OSError as error:
        return Head(path, why=os.strerror(error.errno or 0))
    try:
        if not stat.S_ISREG(os.fstat(file).st_mode):
            return Head(path)
        raw = os.read(file, HEAD_BYTES)
    except OSError as error:
        return Head(path, why=os.strerror(error.errno or 0))
    finally:
        os.close(file)
    return Head(path, as_text(raw))


def as_text(raw: bytes) -> str:
    """The bytes as text where they are such; else nothing."""
    for encoding in ("utf-8", "utf-16") if raw[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8",):
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError as error:
            if encoding == "utf-8" and error.start >= len(raw) - 3 and len(raw) == HEAD_BYTES:
                text = raw[: error.start].decode(encoding)  # cut within a letter
                break
    else:
        return ""
    if "\0" in text:
        return ""
    return "".join(letter for letter in text if letter.isprintable() or letter in "\n\t ")


class Heads(QObject):
    """`came` has a head, on the loop."""

    came = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._under_way = 0

    def ask(self, path: bytes, stuck: Callable[[], None]) -> None:
        """Reads the head of a file; `stuck` is called instead where others still do not answer."""
        if self._under_way >= STUCK_MOST:
            stuck()
            return
        self._under_way += 1
        threading.Thread(target=self._work, args=(path,), name="head", daemon=True).start()

    def _work(self, path: bytes) -> None:
        head = read(path)
        post(self, lambda: self._take(head))

    def _take(self, head: Head) -> None:
        self._under_way -= 1
        self.came.emit(head)
