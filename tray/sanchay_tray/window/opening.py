"""Files in the desktop's own programs: opened, or shown in their folder. Names of any bytes are escaped."""

from __future__ import annotations

import os

from PySide6.QtCore import QUrl
from PySide6.QtDBus import QDBusConnection, QDBusMessage
from PySide6.QtGui import QDesktopServices

from sanchay_tray.window.pictures.thumbnails import uri


def url(path: bytes) -> QUrl:
    """A file's address."""
    if os.name == "nt":
        return QUrl.fromLocalFile(os.fsdecode(path))
    return QUrl.fromEncoded(uri(path).encode("ascii"))


def open_file(path: bytes) -> bool:
    """Opens it with the program that the desktop has for it; False where there is none."""
    return QDesktopServices.openUrl(url(path))


def show_in_folder(path: bytes) -> bool:
    """Shows it, selected, in the file manager; in one that cannot, its folder."""
    bus = QDBusConnection.sessionBus()
    if bus.isConnected():
        call = QDBusMessage.createMethodCall(
            "org.freedesktop.FileManager1", "/org/freedesktop/FileManager1", "org.freedesktop.FileManager1", "ShowItems"
        )
        call.setArguments([[url(path).toString(QUrl.ComponentFormattingOption.FullyEncoded)], ""])
        # Sent, not waited for: a file manager that starts takes its time. One that is not there is noticed before.
        known = bus.interface().isServiceRegistered("org.freedesktop.FileManager1")
        if known.isValid() and known.value() and bus.send(call):
            return True
    return QDesktopServices.openUrl(url(os.path.dirname(path)))
