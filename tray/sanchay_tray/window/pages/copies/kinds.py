"""Pictures beside groups: the picture of their file, or a sign of its kind of content where it has none."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable

from PySide6.QtCore import QMimeDatabase, Qt
from PySide6.QtGui import QIcon, QImage, QPixmap
from PySide6.QtWidgets import QWidget

from sanchay_tray.window.icons import icon
from sanchay_tray.window.pictures.pictures import Pictures, Wanted

SMALL_EDGE = 96
SQUARES_KEPT = 400
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

    def __init__(self, owner: QWidget, pictures: Pictures, edge: int, came: Callable[[], None]) -> None:
        self._owner = owner
        self._edge = edge  # of each, in points: names beside them stand in a line
        self._squares: OrderedDict[Wanted, QPixmap] = OrderedDict()
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
                return self._square(wanted, known.image)
        return self._signs.setdefault(name, icon(name))

    def _square(self, wanted: Wanted, image: QImage) -> QPixmap:
        ratio = self._owner.devicePixelRatioF()
        edge = round(self._edge * ratio)
        made = self._squares.get(wanted)
        if made is None or made.width() != edge:
            made = QPixmap.fromImage(squared(image, edge))
            made.setDevicePixelRatio(ratio)
            self._squares[wanted] = made
            if len(self._squares) > SQUARES_KEPT:
                self._squares.popitem(last=False)
        return made


def squared(image: QImage, edge: int) -> QImage:
    """The middle of a picture, as wide as it is high, `edge` pixels."""
    least = min(image.width(), image.height())
    middle = image.copy((image.width() - least) // 2, (image.height() - least) // 2, least, least)
    how = Qt.AspectRatioMode.IgnoreAspectRatio, Qt.TransformationMode.SmoothTransformation
    return middle.scaled(edge, edge, *how)
