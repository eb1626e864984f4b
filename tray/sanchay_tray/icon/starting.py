"""When the icon starts a daemon: where none runs, unless a person stopped it or it could not start for a reason."""

from __future__ import annotations

from sanchay_tray.model import Link, Lost, News, Reached

#: How long is waited before each further start of a daemon that ended without being asked to.
DELAYS_S = (0.0, 5.0, 30.0, 300.0)
#: One that ran for so long has come up.
CAME_UP_S = 60.0


class Starting:
    """Hears of the daemon's comings and goings, and says when one is to be started. Moments come in as seconds."""

    def __init__(self) -> None:
        self._has_run = self._was_stopped = self._was_refused = self._is_under_way = False
        self._up_since_s = 0.0
        self._attempts = 0
        self._absent_since_s: float | None = None

    @property
    def next_s(self) -> float | None:
        """When one is due; None: not before further news."""
        if self._absent_since_s is None or self._was_stopped or self._was_refused or self._is_under_way:
            return None
        return self._absent_since_s + DELAYS_S[min(self._attempts, len(DELAYS_S) - 1)]

    def hear(self, news: News, now_s: float) -> None:
        """Takes news of the link; other news does not matter."""
        if isinstance(news, Reached):
            if self._absent_since_s is not None or not self._has_run:
                self._up_since_s = now_s
            self._has_run, self._absent_since_s = True, None
            self._was_stopped = self._was_refused = False
        elif isinstance(news, Lost):
            if news.link is Link.ENDING and self._has_run:
                self._was_stopped = True  # it was asked to end: by someone who knows why
            if news.link is not Link.ABSENT:
                return
            if self._absent_since_s is None:
                if self._has_run and now_s - self._up_since_s > CAME_UP_S:
                    self._attempts = 0
                self._absent_since_s = now_s

    def begins(self) -> None:
        """A start is under way."""
        self._is_under_way = True
        self._attempts += 1

    def ended(self, now_s: float, *, refused: bool) -> None:
        """The start is over. `refused`: it will fail again until a person mends what it said."""
        self._is_under_way = False
        self._was_refused = refused
        if self._absent_since_s is not None:
            self._absent_since_s = now_s

    def asked(self) -> None:
        """A person asks for it: nothing that was before counts."""
        self._was_stopped = self._was_refused = False
        self._attempts = 0
