"""Paints the map into a picture. It runs on a thread, and touches no widget."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QImage, QPainter

from sanchay import paths
from sanchay_tray.window import shown
from sanchay_tray.window.colours import Colours
from sanchay_tray.window.pages.space.colouring import Colouring, Facts
from sanchay_tray.window.pages.space.layout import Tiles, lay_out
from sanchay_tray.window.pages.space.tree import Tree
from sanchay_tray.words import say

#: Room around a label, and the least that a label is worth showing in, whole and shortened.
ROOM, LABEL_WIDE, ELIDED_WIDE = 5.0, 36.0, 60.0
#: In percent: what tells a folder's header from a file in it.
HEADER_DARKER = 122


@dataclass(frozen=True)
class Job:
    """All that a picture follows from."""

    tree: Tree
    top: int
    hidden: Collection[bytes]
    colouring: Colouring
    facts: Facts
    width: int  # in the widget's units
    height: int
    ratio: float  # pixels for each unit
    font: QFont
    colours: Colours
    dark: bool
    mirrored: bool


@dataclass(frozen=True)
class Picture:
    """A painted map, and where its tiles lie."""

    job: Job
    tiles: Tiles
    weights: list[int]
    image: QImage


def name_of(tree: Tree, node: int) -> str:
    """What a node is called, as it can be shown."""
    if tree.is_rest[node]:
        return say("The rest")
    if not tree.paths[node]:
        return say("Everything")
    return paths.shown_bytes(tree.names[node])


def text_on(colour: QColor) -> QColor:
    """Black or white, whichever is read better on a colour: one of them always has a contrast of 4.5."""

    def linear(value: float) -> float:
        return value / 12.92 if value <= 0.04045 else float(((value + 0.055) / 1.055) ** 2.4)

    light = 0.2126 * linear(colour.redF()) + 0.7152 * linear(colour.greenF()) + 0.0722 * linear(colour.blueF())
    return QColor(0, 0, 0) if light > 0.179 else QColor(255, 255, 255)


def paint(job: Job) -> Picture:
    """Lays out the tiles and paints them."""
    metrics = QFontMetricsF(job.font)
    weights = job.tree.weights(job.hidden)
    tiles = lay_out(
        job.tree.children,
        weights,
        job.top,
        job.width,
        job.height,
        header=metrics.height() + 2,
        mirrored=job.mirrored,
    )
    image = QImage(
        round(job.width * job.ratio), round(job.height * job.ratio), QImage.Format.Format_ARGB32_Premultiplied
    )
    image.setDevicePixelRatio(job.ratio)
    image.fill(QColor(job.colours.line))
    if len(tiles):
        painter = QPainter(image)
        painter.setFont(job.font)
        painter.setLayoutDirection(Qt.LayoutDirection.LeftToRight)  # else a path's slashes would go to its other end
        _paint_tiles(painter, job, tiles, metrics)
        painter.end()
    return Picture(job, tiles, weights, image)


def _paint_tiles(painter: QPainter, job: Job, tiles: Tiles, metrics: QFontMetricsF) -> None:
    grounds = [QColor(colour) for colour in job.colouring.palette(job.colours, job.dark)]
    heads = [ground.darker(HEADER_DARKER) for ground in grounds]
    texts, head_texts = [text_on(ground) for ground in grounds], [text_on(ground) for ground in heads]
    classes = job.colouring.of(job.tree, job.top, job.facts)
    high, labels = metrics.height(), []
    gap = 1.0 / job.ratio if job.ratio > 1 else 1.0
    fill = painter.fillRect
    for tile, node in enumerate(tiles.nodes):
        if node == job.top:
            continue
        x, y, width, height = tiles.rect(tile)
        if tiles.opened[tile]:
            if tiles.header[tile]:
                labels.append((tile, tiles.header[tile]))
                fill(QRectF(x, y, width - gap, tiles.header[tile]), heads[classes[node]])
            continue
        # A gap tells neighbours apart without their colours; a tile too small for one is filled to its edge.
        fill(
            QRectF(x, y, width - gap if width > 2 else width, height - gap if height > 2 else height),
            grounds[classes[node]],
        )
        if width >= LABEL_WIDE and height >= high + 2:
            labels.append((tile, height))
    for tile, room in labels:
        painter.setPen((head_texts if tiles.header[tile] else texts)[classes[tiles.nodes[tile]]])
        _label(painter, job, tiles, tile, room, metrics)


def _label(painter: QPainter, job: Job, tiles: Tiles, tile: int, room: float, metrics: QFontMetricsF) -> None:
    tree, node = job.tree, tiles.nodes[tile]
    x, y, width, _ = tiles.rect(tile)
    wide, high = width - 2 * ROOM, metrics.height()
    side = Qt.AlignmentFlag.AlignRight if job.mirrored else Qt.AlignmentFlag.AlignLeft
    other = Qt.AlignmentFlag.AlignLeft if job.mirrored else Qt.AlignmentFlag.AlignRight
    size = shown.size(tree.sizes[node])
    size_wide = metrics.horizontalAdvance(size)
    two_lines = room >= 2 * high + 4
    beside = not two_lines and wide >= size_wide + 90
    name = metrics.elidedText(
        name_of(tree, node), Qt.TextElideMode.ElideMiddle, wide - (size_wide + 2 * ROOM if beside else 0)
    )
    if wide < ELIDED_WIDE and "…" in name:
        return
    line = QRectF(x + ROOM, y + 1, wide, high)
    flags = Qt.AlignmentFlag.AlignTop
    painter.drawText(line, int(side | flags), name)
    if beside:
        painter.drawText(line, int(other | flags), size)
    elif two_lines and wide >= size_wide:
        painter.drawText(line.translated(0, high), int(side | flags), size)
