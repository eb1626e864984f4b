"""Work that would stall the loop, such as painting much, done on a thread: one piece at a time, and only the newest.

The program waits for work that is under way before it ends, so it must be short: no file is read here.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Signal

from sanchay_tray.window.posting import post


class OffLoop(QObject):
    """Does what it is given on a thread; `done` has what came of it, on the loop."""

    done = Signal(object)

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._lock = threading.Lock()
        self._waits: Callable[[], Any] | None = None
        self._works = False

    def do(self, work: Callable[[], object]) -> None:
        """Does it soon; takes the place of work that waits."""
        with self._lock:
            self._waits = work
            if self._works:
                return
            self._works = True
        threading.Thread(target=self._run, name="off-loop").start()

    def _run(self) -> None:
        while True:
            with self._lock:
                work, self._waits = self._waits, None
                if work is None:
                    self._works = False
                    return
            made = work()
            post(self, partial(self.done.emit, made))
