"""One face for the libraries that show the icon, and the choice between them."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Protocol

from sanchay.errors import Unsupported
from sanchay_tray import hosts
from sanchay_tray.icon.menu import Act, Item
from sanchay_tray.icon.shapes import Panel
from sanchay_tray.model import Look

AUTO, QT, PYSTRAY = "auto", "qt", "pystray"
BACKENDS = (AUTO, PYSTRAY, QT)


class Icon(Protocol):
    """An icon in the panel. `run` belongs to the main thread; all else may be called from any."""

    def show(self, look: Look, tooltip: str) -> None:
        """Shows a look, with a line for the pointer that rests on it."""

    def menu(self, items: tuple[Item, ...]) -> None:
        """Has another menu, now or, where it is open, once it is closed."""

    def run(self) -> None:
        """Shows the icon until `stop` is called, or the display ends."""

    def stop(self) -> None:
        """Takes the icon away."""


class Owner(Protocol):
    """Whom the icon serves: called on the icon's thread, and never for long."""

    def shown(self) -> None:
        """The icon is to be seen."""

    def clicked(self, act: Act) -> None:
        """A line of the menu, or the icon itself, was chosen."""

    def menu_now(self) -> tuple[Item, ...]:
        """The menu of this moment: it is about to be opened."""

    def tray_missing(self) -> None:
        """There is no panel that takes icons."""


def chosen(wanted: str = AUTO, *, prefers_qt: bool = hosts.PREFERS_QT, has: Callable[[str], bool] | None = None) -> str:
    """The library that shows the icon: Qt's on Linux where it is installed (decision 40), else pystray."""
    has = has or (lambda module: find_spec(module) is not None)
    if wanted == QT or (wanted == AUTO and prefers_qt and has("PySide6")):
        if not has("PySide6"):
            raise Unsupported("PySide6 is not installed; it comes with sanchay[window].")
        return QT
    if not has("pystray"):
        raise Unsupported("pystray is not installed; it comes with sanchay[tray].")
    return PYSTRAY


def make(backend: str, owner: Owner, panel: Panel | None = None) -> Icon:
    """An icon of a library that `chosen` gave. Raises Unsupported where it cannot be shown here."""
    if backend == QT:
        from sanchay_tray.icon.by_qt import QtIcon

        return QtIcon(owner, panel)
    from sanchay_tray.icon.by_pystray import PystrayIcon

    return PystrayIcon(owner, panel)
