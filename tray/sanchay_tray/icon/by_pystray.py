"""The icon by pystray: Windows, macOS, and Linux without Qt.

pystray shows no notices here: its own way of doing so needs a bus and a server, and ends the program without them.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from sanchay.errors import Unsupported
from sanchay_tray import hosts
from sanchay_tray.icon.backend import Owner
from sanchay_tray.icon.menu import RULE, Act, Item
from sanchay_tray.icon.picture import picture
from sanchay_tray.icon.shapes import Panel
from sanchay_tray.model import Look

SIZE_PX = 64


class PystrayIcon:
    """An icon by whichever of pystray's modules fits the system."""

    def __init__(self, owner: Owner, panel: Panel | None) -> None:
        self._pystray = _imported()
        self._owner = owner
        self._panel = panel
        self._lock = threading.Lock()
        self._look, self._tooltip = Look.ABSENT, "Sanchay"
        self._icon = self._pystray.Icon("sanchay", self._picture(), "Sanchay", self._pystray.Menu())
        self._is_running = threading.Event()

    def show(self, look: Look, tooltip: str) -> None:
        """Shows a look; from any thread."""
        with self._lock:
            if look is not self._look:
                self._look = look
                self._icon.icon = self._picture()
            if tooltip != self._tooltip:
                self._tooltip = tooltip
                self._icon.title = tooltip

    def menu(self, items: tuple[Item, ...]) -> None:
        """Takes another menu; from any thread."""
        self._is_running.wait()
        with self._lock:
            self._icon.menu = self._pystray.Menu(*self._made(items))

    def run(self) -> None:
        """Shows the icon until it is stopped."""
        self._icon.run(self._started)

    def stop(self) -> None:
        """Takes it away."""
        self._is_running.wait()
        self._icon.stop()

    def _started(self, icon: Any) -> None:
        icon.visible = True
        self._is_running.set()
        self._owner.shown()

    def _picture(self) -> Any:
        return picture(self._look, self._panel or hosts.panel(), SIZE_PX)

    def _made(self, items: Sequence[Item]) -> list[Any]:
        return [self._line(item) for item in items]

    def _line(self, item: Item) -> Any:
        if item == RULE:
            return self._pystray.Menu.SEPARATOR
        text = item.text.replace("&", hosts.AMPERSAND)
        if item.items:
            return self._pystray.MenuItem(text, self._pystray.Menu(*self._made(item.items)))
        return self._pystray.MenuItem(
            text,
            self._clicking(item.act),
            checked=None if item.is_checked is None else _always(item.is_checked),
            default=item.is_default,
            enabled=item.is_enabled,
        )

    def _clicking(self, act: Act | None) -> Callable[[], None]:
        def click() -> None:
            if act is not None:
                self._owner.clicked(act)

        return click


def _always(on: bool) -> Callable[[Any], bool]:
    """pystray asks a function whether a line is checked."""
    return lambda _line: on


def _imported() -> Any:
    """pystray with a backend that has menus. Raises Unsupported where it has none."""
    fault = hosts.display_fault()
    if fault:
        raise Unsupported(fault)
    try:
        import pystray
    except Exception as error:  # without a display it raises whatever its libraries raise
        raise Unsupported(f"pystray can show no icon here: {error}") from error
    if not pystray.Icon.HAS_MENU:
        raise Unsupported(
            "pystray finds only X11 here, where its icon has no menu: install PySide6 (sanchay[window]), or the "
            "packages python3-gi and gir1.2-ayatanaappindicator3-0.1."
        )
    _silence(sys.modules[pystray.Icon.__mro__[1].__module__])
    return pystray


def _silence(of_gtk: Any) -> None:
    """Takes pystray's own notices away, which need a bus and a server of notices."""

    class NoNotices:
        def notify(self, *_: object) -> None: ...
        def hide(self) -> None: ...

    if hasattr(of_gtk, "notify_dbus"):
        of_gtk.notify_dbus.Notifier = NoNotices
