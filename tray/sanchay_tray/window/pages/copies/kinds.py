"""Pictures beside groups: the picture of their file, or a sign of its kind of content where it has none."""

from __future__ import annotations

import os
from collections.abc import Callable

from PySide6.QtCore import QMimeDatabase, QObject
from PySide6.QtGui import QIcon, QImage, QPixmap

from sanchay_tray.window.icons import icon
from sanchay_tray.window.pictures.pictures import Pictures, Wanted

SMALL_EDGE = 96
SIGNS = {"image": "picture", "video": "film", "audio": "music"}


def sign(path: bytes) -> str:
    """The icon of a file's kind, by its name."""
    name = os.path.basename(path).decode("utf-8", "replace")
    kind = QMimeDatabase().mimeTypeForFile(name, QMimeDatabase.MatchMode.MatchExtension).name().partition("/")[0]
    return SIGNS.get(kind, "document")


def may_have_picture(path: bytes) -> bool:
    """Whether it is worth asking for one: kinds that are decoded, or that desktops make thumbnails of."""
    return sign(path) in ("picture", "film")


class SmallPictures:
    """The little pictures of a table's rows, as they come."""

    def __init__(self, owner: QObject, pictures: Pictures, came: Callable[[], None]) -> None:
        self._owner = owner
        self._pictures = pictures
        self._came = came
        self._signs: dict[str, QIcon] = {}

    def icon(self, path: bytes, modified_ns: int) -> QIcon | QPixmap:
        """What is known now; a picture that is not is asked for."""
        name = sign(path)
        if name in ("picture", "film"):
            wanted = Wanted(path, modified_ns, SMALL_EDGE)
            known = self._pictures.known(wanted)
            if known is None:
                self._pictures.ask(self._owner, wanted, lambda _: self._came())
            elif known.image is not None:
                return squared(known.image)
        return self._signs.setdefault(name, icon(name))


def squared(image: QImage) -> QPixmap:
    """The middle of a picture, as wide as it is high."""
    edge = min(image.width(), image.height())
    return QPixmap.fromImage(image.copy((image.width() - edge) // 2, (image.height() - edge) // 2, edge, edge))
