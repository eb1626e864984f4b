"""What the window knows: the model's state on the loop, fed by the feed's threads."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from sanchay.address import Places
from sanchay.v1 import event_pb2
from sanchay_tray import model
from sanchay_tray.feed import Feed
from sanchay_tray.window.posting import post


class Hearing(QObject):
    """Holds the one state. `changed` says that it is another one, `happened` passes each event on as it comes."""

    changed = Signal(object)
    happened = Signal(object)

    def __init__(self, where: Places, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.state = model.State()
        self._is_closed = False
        self._feed = Feed(where, lambda news: post(self, lambda: self._take(news)))

    def start(self) -> None:
        """Begins to listen."""
        self._feed.start()

    def hurry(self) -> None:
        """Looks for the daemon at once."""
        self._feed.hurry()

    def doubt(self) -> None:
        """Asks whether the daemon still answers."""
        self._feed.doubt()

    def close(self) -> None:
        """Ends it."""
        self._is_closed = True
        self._feed.close()

    def _take(self, news: model.News) -> None:
        if self._is_closed:
            return
        before, self.state = self.state, model.told(self.state, news)
        if self.state != before:
            self.changed.emit(self.state)
        if isinstance(news, model.Happened) and not news.remembered:
            event: event_pb2.Event = news.event
            self.happened.emit(event)
