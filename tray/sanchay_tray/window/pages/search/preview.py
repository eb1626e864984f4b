"""A look at one hit: what it is, how it looks where it is a picture, and how it begins where it is text."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QSize, Qt
from PySide6.QtGui import QFont, QImage, QPixmap, QResizeEvent
from PySide6.QtWidgets import QFormLayout, QLabel, QPlainTextEdit, QSizePolicy, QVBoxLayout, QWidget

from sanchay.v1 import catalog_pb2
from sanchay_tray.window import shown
from sanchay_tray.window.pages.search.head import Head, Heads
from sanchay_tray.window.pages.search.hits import kind_name
from sanchay_tray.window.parts.text import Elided, Label, clear, muted
from sanchay_tray.window.pictures.pictures import Picture, Pictures, Wanted
from sanchay_tray.words import mark, say

#: The edge of a picture, in points.
EDGE = 480
#: Kinds of content that are not read for their text.
NO_TEXT = frozenset({"image", "video", "audio", "archive", "folder", "link", "special"})
HASHES = {
    "none": mark("not to be compared"),
    "pending": mark("not compared yet"),
    "hashed": mark("compared"),
    "unstable": mark("changed while it was read"),
    "unreadable": mark("could not be read"),
}


class Preview(QWidget):
    """Beside the rows."""

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(say("Preview"))
        layout = QVBoxLayout(self)
        layout.setContentsMargins(12, 0, 0, 0)
        self._name = Elided()
        self._folder = Elided(tone="muted")
        self.text = QPlainTextEdit()
        self.text.setReadOnly(True)
        self.text.setAccessibleName(say("How the file begins"))
        self.text.setLineWrapMode(QPlainTextEdit.LineWrapMode.NoWrap)
        font = QFont(self.font())
        font.setFamilies(["monospace"])
        font.setStyleHint(QFont.StyleHint.Monospace)
        self.text.setFont(font)
        self.picture = QLabel()
        self.picture.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.picture.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Ignored)
        self._why = muted()
        facts = QWidget()
        self._facts = QFormLayout(facts)
        self._facts.setContentsMargins(0, 0, 0, 0)
        for widget in (self._name, self._folder, facts, self._why):
            layout.addWidget(widget)
        layout.addWidget(self.picture, 1)
        layout.addWidget(self.text, 1)
        layout.addStretch(0)
        self._image: QImage | None = None
        self._pictures = Pictures(self)
        self._row: catalog_pb2.FileRow | None = None
        self._heads = Heads(self)
        self._heads.came.connect(self._show_head)

    def sizeHint(self) -> QSize:
        return QSize(300, 400)

    def show_row(self, row: catalog_pb2.FileRow | None) -> None:
        """Shows another file, or none."""
        before, self._row = self._row, row
        if row is None:
            self._name.show_text(say("Nothing is selected"))
            self._folder.show_text("")
            clear(self._facts)
            self._say("")
            return
        if before == row:
            return
        self._name.show_text(shown.name(row.path))
        self._folder.show_text(shown.folder(row.path))
        clear(self._facts)
        for name, value in self._facts_of(row):
            self._facts.addRow(muted(name), Label(value))
        self._say("")
        if row.type == "image":
            wanted = Wanted(row.path.raw, row.modified_ns, round(EDGE * self.devicePixelRatioF()))
            self._pictures.ask(self, wanted, partial(self._show_picture, row.path.raw))
        elif row.type not in NO_TEXT and row.size:
            self._heads.ask(row.path.raw, lambda: self._say(say("Files do not answer at the moment")))

    def close_files(self) -> None:
        """Ends the process that reads pictures."""
        self._pictures.close()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._fit()

    def _facts_of(self, row: catalog_pb2.FileRow) -> list[tuple[str, str]]:
        facts = [(say("Type"), kind_name(row.type)), (say("Size"), shown.size(row.size))]
        if row.modified_ns:
            facts.append((say("Modified"), shown.moment(row.modified_ns)))
        if row.created_ns:
            facts.append((say("Created"), shown.moment(row.created_ns)))
        if row.links > 1:
            facts.append((say("Names of the same file"), shown.number(row.links)))
        if row.type not in ("folder", "link", "special") and row.hash_state in HASHES:
            facts.append((say("Content"), say(HASHES[row.hash_state])))
        return facts

    def _show_picture(self, path: bytes, picture: Picture) -> None:
        if self._row is None or path != self._row.path.raw:
            return
        if picture.image is None:
            self._say(say("It cannot be shown as a picture"))
            return
        self._image = picture.image
        self.picture.setAccessibleName(say("Picture of {name}", name=shown.name(self._row.path)))
        self.picture.show()
        self._fit()

    def _fit(self) -> None:
        if self._image is None:
            return
        ratio = self.devicePixelRatioF()
        room = QSize(round(self.width() * ratio) - 24, round(EDGE * ratio))
        pixmap = QPixmap.fromImage(self._image)
        if pixmap.width() > room.width() or pixmap.height() > room.height():
            pixmap = pixmap.scaled(room, Qt.AspectRatioMode.KeepAspectRatio, Qt.TransformationMode.SmoothTransformation)
        pixmap.setDevicePixelRatio(ratio)
        self.picture.setPixmap(pixmap)

    def _show_head(self, head: Head) -> None:
        if self._row is None or head.path != self._row.path.raw:
            return
        if head.why:
            self._say(say("It cannot be read: {why}", why=head.why))
        else:
            self._say("", head.text)

    def _say(self, why: str, text: str = "") -> None:
        self._image = None
        self.picture.hide()
        self._why.setText(why)
        self._why.setVisible(bool(why))
        self.text.setPlainText(text)
        self.text.setVisible(bool(text))
        self.text.setTextInteractionFlags(
            Qt.TextInteractionFlag.TextSelectableByKeyboard | Qt.TextInteractionFlag.TextSelectableByMouse
        )
