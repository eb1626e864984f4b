"""Asks for pictures of files, one after another; keeps some. Each answer comes on the loop: a picture, or none."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from typing import NamedTuple

import shiboken6
from PySide6.QtCore import QObject, QTimer
from PySide6.QtGui import QImage

from sanchay import programs
from sanchay_tray.window.posting import post

WORKER = "sanchay_tray.window.pictures.worker"
#: A picture has so long; then its process is ended, and the file has none.
PICTURE_MS = 5_000
KEPT_BYTES = 48 << 20
#: Questions that wait; older ones are dropped, for what they were for is out of sight.
WAITING_MOST = 200


class Wanted(NamedTuple):
    """Which picture: of a file as it was at a time, no larger than an edge."""

    path: bytes
    modified_ns: int
    edge: int


class Picture(NamedTuple):
    """A picture, or none, and the file's own width and height where they are known."""

    image: QImage | None
    width: int = 0
    height: int = 0


NONE = Picture(None)
Then = Callable[[Picture], None]


class _Worker:
    """A process of pictures, and the thread that listens to it."""

    def __init__(self, heard: Callable[[object, tuple[dict[str, int], bytes] | None], None]) -> None:
        self._heard = heard
        self.process = subprocess.Popen(
            programs.python_module(WORKER),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=programs.neutral_folder(),
        )
        stdin, stdout = self.process.stdin, self.process.stdout
        if stdin is None or stdout is None:
            raise OSError("the worker has no pipes")
        self._in, self._out = stdin, stdout
        threading.Thread(target=self._listen, name="pictures", daemon=True).start()

    def ask(self, number: int, wanted: Wanted) -> None:
        """Asks for a picture; only one at a time, so that the pipe has room for it."""
        line = {
            "number": number,
            "path": base64.b64encode(wanted.path).decode("ascii"),
            "modified_ns": wanted.modified_ns,
            "edge": wanted.edge,
        }
        with suppress(OSError):  # it died: its listener says so
            self._in.write(json.dumps(line).encode() + b"\n")
            self._in.flush()

    def end(self) -> None:
        """Ends it. It is not waited for here: a share that hangs may hold it."""
        self.process.kill()

    def _listen(self) -> None:
        try:
            while line := self._out.readline():
                head = json.loads(line)
                pixels = self._out.read(head["bytes"])
                if len(pixels) < head["bytes"]:
                    break
                self._heard(self, (head, pixels))
        except ValueError:  # half a line of one that died
            pass
        self.process.wait()
        self._heard(self, None)
        self._out.close()
        with suppress(OSError):  # what it did not read any more
            self._in.close()


class Pictures(QObject):
    """Pictures for the window. Files that ended their worker, or took too long, are not tried again."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.worker: _Worker | None = None
        self._kept: OrderedDict[Wanted, Picture] = OrderedDict()
        self._kept_bytes = 0
        self._waiting: OrderedDict[Wanted, list[tuple[QObject, Then]]] = OrderedDict()
        self._asked: Wanted | None = None
        self._number = 0
        self.timer = QTimer(self)
        self.timer.setSingleShot(True)
        self.timer.setInterval(PICTURE_MS)
        self.timer.timeout.connect(self._too_long)

    def known(self, wanted: Wanted) -> Picture | None:
        """The picture, where it is kept; None: it is to be asked for."""
        found = self._kept.get(wanted)
        if found is not None:
            self._kept.move_to_end(wanted)
        return found

    def ask(self, owner: QObject, wanted: Wanted, then: Then) -> None:
        """Asks for a picture; the last that is asked for comes first."""
        if (known := self.known(wanted)) is not None:
            then(known)
            return
        self._waiting.setdefault(wanted, []).append((owner, then))
        self._waiting.move_to_end(wanted)
        while len(self._waiting) > WAITING_MOST:
            # What was asked for first is out of sight by now; the one that is under way stays.
            oldest = next(each for each in self._waiting if each != self._asked)
            del self._waiting[oldest]
        self._next()

    def close(self) -> None:
        """Ends the worker; questions that wait have no answer."""
        self._waiting.clear()
        self._asked = None
        self.timer.stop()
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.end()

    def _next(self) -> None:
        if self._asked is not None or not self._waiting:
            return
        if self.worker is None:
            try:
                self.worker = _Worker(self._hear)
            except OSError:  # no process can be started: there are no pictures for now
                self._waiting.clear()
                return
        self._asked = next(reversed(self._waiting))
        self._number += 1
        self.timer.start()
        self.worker.ask(self._number, self._asked)

    def _hear(self, worker: object, answer: tuple[dict[str, int], bytes] | None) -> None:
        """On the worker's thread."""
        post(self, lambda: self._take(worker, answer))

    def _take(self, worker: object, answer: tuple[dict[str, int], bytes] | None) -> None:
        if worker is not self.worker:
            return  # one that was given up
        if answer is None:
            self.worker = None
            self._done(NONE)
            return
        head, pixels = answer
        if head["number"] == self._number:
            self._done(_made(head, pixels))

    def _too_long(self) -> None:
        worker, self.worker = self.worker, None
        if worker is not None:
            worker.end()
        self._done(NONE)

    def _done(self, picture: Picture) -> None:
        wanted, self._asked = self._asked, None
        self.timer.stop()
        if wanted is not None:
            self._keep(wanted, picture)
            for owner, then in self._waiting.pop(wanted, ()):
                if shiboken6.isValid(owner):
                    then(picture)
        self._next()

    def _keep(self, wanted: Wanted, picture: Picture) -> None:
        self._kept[wanted] = picture
        self._kept_bytes += _bytes_of(picture)
        while self._kept_bytes > KEPT_BYTES and len(self._kept) > 1:
            _, oldest = self._kept.popitem(last=False)
            self._kept_bytes -= _bytes_of(oldest)


def _bytes_of(picture: Picture) -> int:
    return 256 + (picture.image.sizeInBytes() if picture.image is not None else 0)


def _made(head: dict[str, int], pixels: bytes) -> Picture:
    if not head["width"]:
        return Picture(None, head["full_width"], head["full_height"])
    line = 4 * head["width"]
    image = QImage(pixels, head["width"], head["height"], line, QImage.Format.Format_ARGB32_Premultiplied)
    # A copy: the bytes go when this function ends.
    return Picture(image.copy(), head["full_width"], head["full_height"])
