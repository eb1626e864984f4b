"""What the window remembers from one start to the next: sizes, columns, filters, the page; nothing of the daemon's."""

from __future__ import annotations

import json
from typing import Any

from PySide6.QtCore import QByteArray, QSettings

from sanchay.address import Places
from sanchay_tray import opening


class Memory:
    """Values by their names, in a file beside the configuration. One that cannot be read is as if it were not there."""

    def __init__(self, where: Places) -> None:
        self._settings = QSettings(str(opening.window_memory(where)), QSettings.Format.IniFormat)

    def get(self, name: str, default: Any) -> Any:
        """A value as it was put, of the default's type; else the default."""
        try:
            found = json.loads(str(self._settings.value(name, "")))
        except ValueError:
            return default
        return found if isinstance(found, type(default)) else default

    def put(self, name: str, value: Any) -> None:
        """Keeps what JSON can hold."""
        self._settings.setValue(name, json.dumps(value))

    def get_bytes(self, name: str) -> QByteArray:
        """Bytes of Qt's, such as a header's state; empty where there are none."""
        found = self._settings.value(name)
        return found if isinstance(found, QByteArray) else QByteArray()

    def put_bytes(self, name: str, value: QByteArray) -> None:
        """Keeps bytes of Qt's."""
        self._settings.setValue(name, value)

    def sync(self) -> None:
        """Writes what was put."""
        self._settings.sync()
