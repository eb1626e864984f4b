"""The icon's process: the icon first, then what it needs to know what to show.

What follows the daemon and speaks on the bus takes longer to import than the icon to show: a thread does that once the
icon is to be seen.
"""

from __future__ import annotations

import queue
import sys
import threading
from datetime import datetime
from typing import TYPE_CHECKING

from sanchay_tray import opening
from sanchay_tray.icon import backend
from sanchay_tray.icon.menu import Act, Item, menu
from sanchay_tray.model import State

if TYPE_CHECKING:
    from sanchay.address import Places
    from sanchay_tray.icon.app import App
    from sanchay_tray.icon.shapes import Panel


class Front:
    """Owns the icon, and hands its clicks on."""

    def __init__(
        self, where: Places, chosen: str, panel: Panel | None, *, starts_daemon: bool, opens_window: bool
    ) -> None:
        self._where = where
        self._starts_daemon = starts_daemon
        self._opens_window = opens_window
        self._news: queue.SimpleQueue[object] = queue.SimpleQueue()
        self._app: App | None = None
        self._thread = threading.Thread(target=self._work, name="app", daemon=True)
        self._icon = backend.make(chosen, self, panel)

    def run(self) -> None:
        """Shows the icon until a person quits, or the display ends; on the main thread."""
        self._icon.run()
        if self._thread.ident is not None:
            from sanchay_tray.icon.app import END

            self._news.put(END)
            self._thread.join()

    # ---- What the icon calls, on its thread ----

    def shown(self) -> None:
        """The icon is to be seen."""
        self._thread.start()

    def clicked(self, act: Act) -> None:
        """A line of the menu was chosen."""
        self._news.put(act)

    def menu_now(self) -> tuple[Item, ...]:
        """The menu of this moment."""
        if self._app is not None:
            return self._app.menu_now()
        return menu(State(), datetime.now().astimezone(), starts_at_login=None)

    def tray_missing(self) -> None:
        """Says so, and opens the window, which says it too."""
        words = "no panel here takes icons"
        if opening.is_window_there():
            words += "; the window opens instead"
            self._news.put(Act("open_without_tray"))
        print(f"sanchay-tray: {words}.", file=sys.stderr)  # noqa: T201

    def _work(self) -> None:
        from sanchay_tray.icon.app import App

        self._app = App(
            self._where, self._icon, self._news, starts_daemon=self._starts_daemon, opens_window=self._opens_window
        )
        self._app.run()
