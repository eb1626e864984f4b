"""Hears of files that come, change and go while a page is shown, so that it asks again: not at once, and not often."""

from __future__ import annotations

import threading
from collections.abc import Iterator

from PySide6.QtCore import QObject, QTimer, Signal

from sanchay.client import Client
from sanchay.errors import SanchayError
from sanchay.v1 import event_pb2
from sanchay_tray.window.asking import Asked
from sanchay_tray.window.desk import Desk

KINDS = ("file", "duplicate", "dropped")


class Changes(QObject):
    """`changed` comes once for all that happens within `wait_ms` of the first."""

    changed = Signal()

    def __init__(self, desk: Desk, owner: QObject, wait_ms: int) -> None:
        super().__init__(owner)
        self._desk = desk
        self._followed: Asked | None = None
        self._noted = threading.Event()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(wait_ms)
        self._timer.timeout.connect(self._tell)

    def listen(self) -> None:
        """Begins, where it does not listen already."""
        if self._followed is None:
            self._noted.clear()
            self._followed = self._desk.follow(self, self._events, self._heard, failed=self._failed, ended=self._ended)

    def stop(self) -> None:
        """Hears no more."""
        self._timer.stop()
        if self._followed is not None:
            self._followed.call_off()
            self._followed = None

    def note(self) -> None:
        """Something changed that another one heard of."""
        self._noted.set()
        if not self._timer.isActive():
            self._timer.start()

    def _events(self, client: Client) -> Iterator[event_pb2.Event]:
        """There may be thousands a second: of those that the next `changed` covers, the loop hears of one."""
        for event in client.events(kinds=KINDS, recent=False, follow=True):
            if not self._noted.is_set():
                self._noted.set()
                yield event

    def _heard(self, _event: event_pb2.Event) -> None:
        self.note()

    def _tell(self) -> None:
        self._noted.clear()
        self.changed.emit()

    def _failed(self, _error: SanchayError) -> None:
        self._ended()

    def _ended(self) -> None:
        self._followed = None  # the daemon went; its return brings the page to listen again
