"""The picture of a group, as large as there is room; where there is none, the sign of its kind."""

from __future__ import annotations

from PySide6.QtCore import QRect, QSize, Qt
from PySide6.QtGui import QImage, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from sanchay_tray.window.icons import icon
from sanchay_tray.window.pages.copies.kinds import sign
from sanchay_tray.window.pictures.pictures import Picture, Pictures, Wanted
from sanchay_tray.words import say

EDGE = 1_400
SIGN = 96


class BigPicture(QWidget):
    """One picture of one file; `show_file` asks for it."""

    def __init__(self, pictures: Pictures) -> None:
        super().__init__()
        self._pictures = pictures
        self._wanted: Wanted | None = None
        self._image: QImage | None = None
        self._sign = "document"
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(say("Picture"))

    def show_file(self, path: bytes, modified_ns: int, name: str) -> None:
        """Shows a file: at once what is known of it, then its picture."""
        wanted = Wanted(path, modified_ns, EDGE)
        if wanted == self._wanted:
            return
        self._wanted, self._image, self._sign = wanted, None, sign(path)
        self.setAccessibleName(say("Picture of {name}", name=name))
        self.update()
        self._pictures.ask(self, wanted, lambda picture: self._came(wanted, picture))

    def prepare(self, path: bytes, modified_ns: int) -> None:
        """Asks for the picture that will probably be shown next."""
        self._pictures.ask(self, Wanted(path, modified_ns, EDGE), lambda _: None)

    def has_picture(self) -> bool:
        """Whether a picture is shown."""
        return self._image is not None

    def _came(self, wanted: Wanted, picture: Picture) -> None:
        if wanted == self._wanted:
            self._image = picture.image
            self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
        if self._image is None:
            place = QRect(0, 0, SIGN, SIGN)
            place.moveCenter(self.rect().center())
            painter.drawPixmap(place, icon(self._sign).pixmap(QSize(SIGN, SIGN)))
        else:
            size = self._image.size()
            if size.width() > self.width() or size.height() > self.height():
                size = size.scaled(self.size(), Qt.AspectRatioMode.KeepAspectRatio)
            place = QRect(0, 0, size.width(), size.height())
            place.moveCenter(self.rect().center())
            painter.drawImage(place, self._image)
        painter.end()
