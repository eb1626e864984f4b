"""The icon by Qt: a StatusNotifierItem where a desktop has a watcher for such, else an icon of the X11 panel.

An open menu is never changed. Its texts are those of the moment in which it is opened, and lines that stay keep their
numbers on the bus.
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from collections.abc import Callable, Sequence

from PySide6.QtCore import QByteArray, QObject, QSocketNotifier, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QGuiApplication, QIcon, QPainter, QPixmap
from PySide6.QtSvg import QSvgRenderer
from PySide6.QtWidgets import QApplication, QMenu, QSystemTrayIcon

from sanchay.errors import Unsupported
from sanchay_tray import hosts
from sanchay_tray.icon.backend import Owner
from sanchay_tray.icon.menu import RULE, Act, Item
from sanchay_tray.icon.shapes import SIZES, Panel, svg
from sanchay_tray.model import Look

#: Some panels do not say that they have closed a menu: it counts as closed after so long.
OPEN_MOST_MS = 60_000


class QtIcon(QObject):
    """An icon by QSystemTrayIcon; made on the main thread."""

    _shown = Signal(object, str)
    _given = Signal(object)
    _stopped = Signal()

    def __init__(self, owner: Owner, panel: Panel | None) -> None:
        _check()
        self._app = _application()
        super().__init__()
        self._owner = owner
        self._panel_given = panel
        self._look, self._tooltip = Look.ABSENT, "Sanchay"
        self._icons: dict[tuple[Look, Panel], QIcon] = {}
        self._menu = MenuOfItems(owner)
        self._icon = QSystemTrayIcon(self)
        self._icon.setContextMenu(self._menu.menu)
        self._icon.activated.connect(self._activated)
        for signal_, slot in ((self._shown, self._show), (self._given, self._menu.take)):
            signal_.connect(slot, Qt.ConnectionType.QueuedConnection)
        self._stopped.connect(self._app.quit, Qt.ConnectionType.QueuedConnection)
        QGuiApplication.styleHints().colorSchemeChanged.connect(self._draw)

    def show(self, look: Look, tooltip: str) -> None:
        """Shows a look; from any thread."""
        self._shown.emit(look, tooltip)

    def menu(self, items: tuple[Item, ...]) -> None:
        """Takes another menu; from any thread."""
        self._given.emit(items)

    def run(self) -> None:
        """Shows the icon until it is stopped."""
        signals = Signals(self._app.quit)
        self._draw()
        self._icon.show()
        QTimer.singleShot(0, self._owner.shown)
        if not QSystemTrayIcon.isSystemTrayAvailable():
            self._wait_for_watcher()
            self._owner.tray_missing()
        self._app.exec()
        self._icon.hide()
        signals.close()

    def stop(self) -> None:
        """Takes it away; from any thread."""
        self._stopped.emit()

    def _show(self, look: Look, tooltip: str) -> None:
        if look is not self._look:
            self._look = look
            self._draw()
        if tooltip != self._tooltip:
            self._tooltip = tooltip
            self._icon.setToolTip(tooltip)

    def _draw(self) -> None:
        key = (self._look, self._panel())
        if key not in self._icons:
            self._icons[key] = drawn(*key)
        self._icon.setIcon(self._icons[key])
        self._icon.setToolTip(self._tooltip)

    def _panel(self) -> Panel:
        known = self._panel_given or hosts.panel()
        if known is not Panel.UNKNOWN:
            return known
        scheme = QGuiApplication.styleHints().colorScheme()
        return {Qt.ColorScheme.Dark: Panel.DARK, Qt.ColorScheme.Light: Panel.LIGHT}.get(scheme, Panel.UNKNOWN)

    def _activated(self, reason: QSystemTrayIcon.ActivationReason) -> None:
        if reason == QSystemTrayIcon.ActivationReason.Trigger:
            self._owner.clicked(Act("open"))

    def _wait_for_watcher(self) -> None:
        """Qt asks for a watcher once: where one comes later, such as after a login, this program begins again."""
        from PySide6.QtDBus import QDBusConnection, QDBusServiceWatcher

        self._watcher = QDBusServiceWatcher(hosts.WATCHER, QDBusConnection.sessionBus())
        self._watcher.serviceRegistered.connect(lambda _name: self._begin_again())

    def _begin_again(self) -> None:
        self._icon.hide()
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - the very command that this process was started by


class MenuOfItems(QObject):
    """A QMenu that shows items. Where only texts change, its lines stay the same ones."""

    def __init__(self, owner: Owner) -> None:
        super().__init__()
        self.menu = QMenu()
        self._owner = owner
        self._write = _for_bus if _has_watcher() else _for_window
        self._items: tuple[Item, ...] = ()
        self._waiting: tuple[Item, ...] | None = None
        self._is_open = False
        self._forgotten = QTimer(self, singleShot=True, interval=OPEN_MOST_MS)
        self._forgotten.timeout.connect(self._closed)
        self.menu.aboutToShow.connect(self._opening)
        self.menu.aboutToHide.connect(self._closed)

    def take(self, items: tuple[Item, ...]) -> None:
        """Shows other items, once the menu is not open."""
        if self._is_open:
            self._waiting = items
        elif items != self._items:
            _fill(self.menu, items, self._owner, self._write)
            self._items = items

    def _opening(self) -> None:
        if not self._is_open:
            self.take(self._owner.menu_now())
            self._is_open = True
        self._forgotten.start()

    def _closed(self) -> None:
        self._forgotten.stop()
        self._is_open = False
        if self._waiting is not None:
            waiting, self._waiting = self._waiting, None
            self.take(waiting)


def _fill(menu: QMenu, items: Sequence[Item], owner: Owner, write: Callable[[str], str]) -> None:
    actions = menu.actions()
    if [_kind(item) for item in items] != [action.property("kind") for action in actions]:
        for action in actions:
            menu.removeAction(action)
            below = action.menu()
            (below if isinstance(below, QMenu) else action).deleteLater()
        actions = [_added(menu, item, owner) for item in items]
    for action, item in zip(actions, items, strict=True):
        text = write(item.text)
        if action.text() != text:
            action.setText(text)
        action.setProperty("act", item.act)
        if action.isEnabled() != item.is_enabled and item != RULE:
            action.setEnabled(item.is_enabled)
        if item.is_checked is not None and action.isChecked() != item.is_checked:
            action.setChecked(item.is_checked)
        below = action.menu()
        if item.items and isinstance(below, QMenu):
            _fill(below, item.items, owner, write)


def _for_window(text: str) -> str:
    """A text for a menu that Qt draws: an ampersand marks a key, two are one."""
    return text.replace("&", "&&")


def _for_bus(text: str) -> str:
    """A text for a menu that a panel draws: an underscore marks a key, two are one. Qt makes one of the first ampersand
    only, so that one is put before all others."""
    return ("&" if "&" in text else "") + text.replace("_", "__")


def _has_watcher() -> bool:
    if not hosts.WATCHER:
        return False
    from PySide6.QtDBus import QDBusConnection

    bus = QDBusConnection.sessionBus()
    return bus.isConnected() and bool(bus.interface().isServiceRegistered(hosts.WATCHER).value())


def _kind(item: Item) -> str:
    if item == RULE:
        return "rule"
    return "menu" if item.items else "check" if item.is_checked is not None else "line"


def _added(menu: QMenu, item: Item, owner: Owner) -> QAction:
    if item == RULE:
        action = menu.addSeparator()
    elif item.items:
        action = menu.addMenu(QMenu(item.text, menu))
    else:
        action = menu.addAction(item.text)
        action.setCheckable(item.is_checked is not None)
        action.triggered.connect(lambda _checked=False, action=action: _triggered(action, owner))
    action.setProperty("kind", _kind(item))
    return action


def _triggered(action: QAction, owner: Owner) -> None:
    act = action.property("act")
    if action.isCheckable():
        action.setChecked(not action.isChecked())  # it says what is so; the owner will say what has become of it
    if isinstance(act, Act):
        owner.clicked(act)


def drawn(look: Look, panel: Panel) -> QIcon:
    """The look in every size that panels ask for."""
    renderer, icon = QSvgRenderer(QByteArray(svg(look, panel).encode())), QIcon()
    for size_px in SIZES:
        pixmap = QPixmap(size_px, size_px)
        pixmap.fill(Qt.GlobalColor.transparent)
        painter = QPainter(pixmap)
        renderer.render(painter)
        painter.end()
        icon.addPixmap(pixmap)
    return icon


class Signals:
    """Ends the loop by a signal: Python hears of one only while its own code runs, and the loop is Qt's."""

    def __init__(self, quit_: object) -> None:
        self._read, self._write = socket.socketpair()
        for each in (self._read, self._write):
            each.setblocking(False)
        self._before = signal.set_wakeup_fd(self._write.fileno())
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            if hasattr(signal, name):
                signal.signal(getattr(signal, name), lambda *_: None)
        self._notifier = QSocketNotifier(self._read.fileno(), QSocketNotifier.Type.Read)
        self._notifier.activated.connect(quit_)

    def close(self) -> None:
        """Lets the signals be."""
        signal.set_wakeup_fd(self._before)
        self._notifier.setEnabled(False)
        for each in (self._read, self._write):
            each.close()


def _check() -> None:
    """Raises Unsupported where Qt would end the process instead."""
    if os.environ.get("QT_QPA_PLATFORM", ""):
        return  # it was chosen by hand
    fault = hosts.display_fault() or hosts.qt_fault()
    if fault:
        raise Unsupported(fault)


def _application() -> QApplication:
    found = QApplication.instance()
    app = found if isinstance(found, QApplication) else QApplication(["sanchay-tray"])
    app.setApplicationName("sanchay-tray")
    app.setApplicationDisplayName("Sanchay")
    app.setQuitOnLastWindowClosed(False)
    return app
