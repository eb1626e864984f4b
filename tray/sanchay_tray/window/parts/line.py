"""A line over days: how much there was on each. Painted here; what it says is said in words beside it."""

from __future__ import annotations

from collections.abc import Sequence

from PySide6.QtCore import QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QPainter, QPainterPath, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from sanchay_tray.window.colours import colours


class Line(QWidget):
    """Points (day, value), oldest first; the lowest value stands at the foot, so that small growth is seen too."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self._points: tuple[tuple[float, float], ...] = ()
        self.setAccessibleName(name)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        return QSize(240, 4 * self.fontMetrics().height())

    def show_points(self, points: Sequence[tuple[float, float]], words: str) -> None:
        """Shows other points; `words` say what they say."""
        self._points = tuple(points)
        self.setAccessibleDescription(words)
        self.setToolTip(words)
        self.update()

    def paintEvent(self, _event: QPaintEvent) -> None:
        if len(self._points) < 2:
            return
        painter, now = QPainter(self), colours()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        area = QRectF(self.rect()).adjusted(4, 6, -4, -6)
        places = [self._place(point, area) for point in self._points]
        path = QPainterPath(places[0])
        for place in places[1:]:
            path.lineTo(place)
        below = QPainterPath(path)
        below.lineTo(places[-1].x(), area.bottom() + 6)
        below.lineTo(places[0].x(), area.bottom() + 6)
        ground = QColor(now.accent)
        ground.setAlpha(40)
        painter.fillPath(below, ground)
        painter.setPen(QPen(QColor(now.accent), 2, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPath(path)
        painter.setBrush(QColor(now.accent))
        painter.drawEllipse(places[-1], 3, 3)
        painter.end()

    def _place(self, point: tuple[float, float], area: QRectF) -> QPointF:
        days, values = [each[0] for each in self._points], [each[1] for each in self._points]
        wide, high = days[-1] - days[0] or 1.0, max(values) - min(values)
        x = area.left() + area.width() * (point[0] - days[0]) / wide
        y = area.bottom() - (area.height() * (point[1] - min(values)) / high if high else area.height() / 2)
        if self.layoutDirection() == Qt.LayoutDirection.RightToLeft:
            x = area.right() - (x - area.left())
        return QPointF(x, y)
