"""The map as a widget: shows the picture that a thread painted, and outlines what is under the pointer."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QEvent, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFocusEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from sanchay_tray.window.colours import colours
from sanchay_tray.window.pages.space.layout import Tiles
from sanchay_tray.window.pages.space.paint import Job, Picture, paint
from sanchay_tray.window.pages.space.tree import Tree
from sanchay_tray.window.parts.off_loop import OffLoop
from sanchay_tray.words import say

ARROWS = {
    Qt.Key.Key_Left: (-1, 0),
    Qt.Key.Key_Right: (1, 0),
    Qt.Key.Key_Up: (0, -1),
    Qt.Key.Key_Down: (0, 1),
}


class Map(QWidget):
    """`pointed` says over which node the pointer is, `chosen` which one was selected, `opened` which to go into."""

    pointed = Signal(object)
    chosen = Signal(int)
    opened = Signal(int)

    def __init__(self, job: Callable[[Map], Job | None]) -> None:
        super().__init__()
        self._job = job
        self.picture: Picture | None = None
        self._selected: int | None = None
        self._selected_in: Tree | None = None
        self._marked: int | None = None  # the same in the picture
        self._under: int | None = None
        self._off_loop = OffLoop(self)
        self._off_loop.done.connect(self._show)
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(160, 120)
        self.setAccessibleName(say("Map of what takes space"))

    def sizeHint(self) -> QSize:
        return QSize(640, 420)

    def paint_again(self) -> None:
        """What the picture follows from has changed: it is painted soon, and the one before is shown until then."""
        job = self._job(self)
        if job is not None and job.width > 0 and job.height > 0:
            self._off_loop.do(lambda: paint(job))

    def select(self, tree: Tree, node: int | None, words: str) -> None:
        """Marks a node of a tree, also in a picture of the tree before; `words` say it to a screen reader."""
        self._selected, self._selected_in = node, tree
        self._mark()
        self.setAccessibleDescription(words)
        self.update()

    def under_pointer(self) -> list[int]:
        """The nodes that are outlined: that under the pointer, and all that it lies in."""
        if self.picture is None or self._under is None:
            return []
        chain = self.picture.job.tree.above(self._under)
        top = self.picture.job.top
        return chain[chain.index(top) + 1 :] if top in chain else []

    # ---- What Qt tells ----

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.paint_again()

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() in (QEvent.Type.PaletteChange, QEvent.Type.FontChange, QEvent.Type.LayoutDirectionChange):
            self.paint_again()

    def event(self, event: QEvent) -> bool:
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.paint_again()
        return super().event(event)

    def paintEvent(self, _event: QPaintEvent) -> None:
        painter, now = QPainter(self), colours()
        if self.picture is None:
            painter.fillRect(self.rect(), QColor(now.line))
        else:
            painter.drawImage(QRectF(self.rect()), self.picture.image)
            for node in self.under_pointer():
                self._outline(painter, node, QPen(QColor(now.text), 1))
            if self._marked is not None:
                self._outline(painter, self._marked, QPen(QColor(now.base), 4))
                self._outline(painter, self._marked, QPen(QColor(now.text), 2))
        if self.hasFocus():
            painter.setPen(QPen(QColor(now.accent), 2))
            painter.drawRect(self.rect().adjusted(1, 1, -1, -1))
        painter.end()

    def _mark(self) -> None:
        self._marked = None
        if self.picture is not None and self._selected is not None and self._selected_in is not None:
            tree = self.picture.job.tree
            self._marked = self._selected if tree is self._selected_in else tree.same(self._selected_in, self._selected)

    def _outline(self, painter: QPainter, node: int, pen: QPen) -> None:
        tiles = self.picture.tiles if self.picture is not None else Tiles()
        if (tile := tiles.at.get(node)) is not None:
            painter.setPen(pen)
            half = pen.widthF() / 2
            painter.drawRect(QRectF(*tiles.rect(tile)).adjusted(half, half, -half - 1, -half - 1))

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        self._point(self._hit(event))

    def leaveEvent(self, event: QEvent) -> None:
        super().leaveEvent(event)
        self._point(None)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        node = self._hit(event)
        if node is not None and event.button() == Qt.MouseButton.LeftButton:
            self.chosen.emit(node)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        node = self._hit(event)
        if node is not None and event.button() == Qt.MouseButton.LeftButton:
            self.opened.emit(node)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        way = ARROWS.get(Qt.Key(event.key()))
        if way is None or self.picture is None:
            super().keyPressEvent(event)
            return
        tree, top = self.picture.job.tree, self.picture.job.top
        marked = self._marked
        if marked is None or marked == top:
            found = next((node for node in tree.children[top] if node in self.picture.tiles.at), None)
        else:
            found = self.picture.tiles.neighbour(marked, tree.children[tree.parents[marked]], *way)
        if found is not None:
            self.chosen.emit(found)

    def focusInEvent(self, event: QFocusEvent) -> None:
        super().focusInEvent(event)
        self.update()

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.update()

    def _hit(self, event: QMouseEvent) -> int | None:
        if self.picture is None:
            return None
        place, job = event.position(), self.picture.job
        # A picture of another size is shown stretched until the new one is there.
        x = place.x() * job.width / max(self.width(), 1)
        y = place.y() * job.height / max(self.height(), 1)
        return self.picture.tiles.hit(job.tree.children, x, y)

    def _point(self, node: int | None) -> None:
        if node != self._under:
            self._under = node
            self.pointed.emit(node)
            self.update()

    def _show(self, picture: Picture) -> None:
        if self.picture is None or picture.job.tree is not self.picture.job.tree:
            self._under = None
        self.picture = picture
        self._mark()
        self.update()
