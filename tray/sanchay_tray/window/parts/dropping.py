"""Folders dropped on a widget."""

from __future__ import annotations

import os
from collections.abc import Callable
from urllib.parse import unquote_to_bytes

from PySide6.QtCore import QEvent, QMimeData, QObject, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QFileDialog, QWidget

from sanchay_tray.words import say


def local_paths(data: QMimeData) -> list[str]:
    """The paths of what is dragged, where it is on this computer."""
    return [local_path(url) for url in data.urls() if url.isLocalFile()]


def local_path(url: QUrl) -> str:
    """The path of a local file, with the bytes of its name as they are."""
    if os.name == "nt":
        return os.path.normpath(url.toLocalFile())
    encoded = url.path(QUrl.ComponentFormattingOption.FullyEncoded)
    return os.path.normpath(os.fsdecode(unquote_to_bytes(encoded)))


class Dropping(QObject):
    """Has a widget, and all on it, take what is dropped; `dropped` gets the paths."""

    def __init__(self, widget: QWidget, dropped: Callable[[list[str]], object]) -> None:
        super().__init__(widget)
        self._dropped = dropped
        widget.setAcceptDrops(True)
        widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.DragEnter, QEvent.Type.DragMove, QEvent.Type.Drop) and isinstance(
            event, QDropEvent
        ):
            if not (paths := local_paths(event.mimeData())):
                return False
            event.acceptProposedAction()
            if event.type() == QEvent.Type.Drop:
                self._dropped(paths)
            return True
        return super().eventFilter(watched, event)


def choose_folder(parent: QWidget, chosen: Callable[[list[str]], object]) -> QFileDialog:
    """Opens the desktop's dialog for a folder, without waiting for it."""
    dialog = QFileDialog(parent, say("Choose a folder"), os.path.expanduser("~"))
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly)
    dialog.fileSelected.connect(lambda path: chosen([os.path.normpath(path)]))
    dialog.finished.connect(dialog.deleteLater)
    dialog.open()
    return dialog
