"""How threads reach the loop: `post` has a function called there, soon.

A signal of a widget must not be sent from a thread, for the widget may be deleted at that very moment. What is posted
goes through one object that lives as long as the process, and looks on the loop whether its receiver is still there.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable

import shiboken6
from PySide6.QtCore import QObject, Qt, Signal


class _Post(QObject):
    """Lives on the thread that imports this module, which is the loop's."""

    came = Signal(object, object)

    def __init__(self) -> None:
        super().__init__()
        self.came.connect(self.deliver, Qt.ConnectionType.QueuedConnection)

    def deliver(self, receiver: QObject, call: Callable[[], object]) -> None:
        if shiboken6.isValid(receiver):
            call()


_POST = _Post()


def post(receiver: QObject, call: Callable[[], object]) -> None:
    """Has `call` called on the loop, unless the receiver is gone by then. From any thread."""
    with contextlib.suppress(RuntimeError):  # the process ends, and its loop with it
        _POST.came.emit(receiver, call)
