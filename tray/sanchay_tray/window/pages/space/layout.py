"""Where each tile of the map lies: squarified (Bruls, Huizing, van Wijk), so that areas can be compared by eye.

Pure: numbers in, numbers out. Tiles of one folder have areas as their weights; none covers another one, none leaves the
folder it lies in, and equal input gives equal places.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

#: A folder with less room than so many headers has none, and one with less room than this shows nothing in it.
HEADERS_HIGH, HEADERS_WIDE = 2.5, 3.0
SMALLEST = 5.0


@dataclass
class Tiles:
    """Tiles in the order to paint them: a folder before what lies in it. Lists of equal length."""

    nodes: list[int] = field(default_factory=list)
    x: list[float] = field(default_factory=list)
    y: list[float] = field(default_factory=list)
    width: list[float] = field(default_factory=list)
    height: list[float] = field(default_factory=list)
    header: list[float] = field(default_factory=list)  # how high it is; 0: none
    opened: list[bool] = field(default_factory=list)  # what lies in it is shown
    #: The tile of each node that has one.
    at: dict[int, int] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.nodes)

    def rect(self, tile: int) -> tuple[float, float, float, float]:
        """x, y, width and height."""
        return self.x[tile], self.y[tile], self.width[tile], self.height[tile]

    def holds(self, tile: int, x: float, y: float) -> bool:
        """Whether the point lies in the tile."""
        left, top = self.x[tile], self.y[tile]
        return left <= x < left + self.width[tile] and top <= y < top + self.height[tile]

    def hit(self, children: Sequence[Sequence[int]], x: float, y: float) -> int | None:
        """The innermost node at a point."""
        if not self.nodes or not self.holds(0, x, y):
            return None
        found = self.nodes[0]
        while self.opened[self.at[found]]:
            for child in children[found]:
                tile = self.at.get(child)
                if tile is not None and self.holds(tile, x, y):
                    found = child
                    break
            else:
                break
        return found

    def neighbour(self, node: int, siblings: Sequence[int], dx: int, dy: int) -> int | None:
        """Of the siblings the one that lies next to a node in a direction."""
        here = self.at.get(node)
        if here is None:
            return None
        left, top, width, height = self.rect(here)
        middle_x, middle_y = left + width / 2, top + height / 2
        best, nearest = None, float("inf")
        for sibling in siblings:
            tile = self.at.get(sibling)
            if tile is None or sibling == node:
                continue
            x, y, w, h = self.rect(tile)
            along = (
                (x - left - width if dx > 0 else left - x - w) if dx else (y - top - height if dy > 0 else top - y - h)
            )
            if along < -0.5:
                continue
            low, high = (y, y + h) if dx else (x, x + w)
            middle = middle_y if dx else middle_x
            aside = max(low - middle, middle - high, 0.0)
            if along + 4 * aside < nearest:
                best, nearest = sibling, along + 4 * aside
        return best


def lay_out(
    children: Sequence[Sequence[int]],
    weights: Sequence[float],
    top: int,
    width: float,
    height: float,
    *,
    header: float,
    mirrored: bool = False,
) -> Tiles:
    """Tiles of `top` and what lies in it, in a rectangle at 0, 0; `children` are the largest first, or nearly so."""
    tiles = Tiles()
    nodes, xs, ys, widths, heights = tiles.nodes, tiles.x, tiles.y, tiles.width, tiles.height
    headers, opened, at = tiles.header, tiles.opened, tiles.at
    stack = [(top, 0.0, 0.0, width, height)] if weights[top] > 0 and width > 0 and height > 0 else []
    while stack:
        node, x, y, w, h = stack.pop()
        at[node] = len(nodes)
        nodes.append(node)
        xs.append(x)
        ys.append(y)
        widths.append(w)
        heights.append(h)
        inside = children[node]
        if not inside or (node != top and min(w, h) < SMALLEST):
            headers.append(0.0)
            opened.append(False)
            continue
        opened.append(True)
        high = header if node != top and h >= HEADERS_HIGH * header and w >= HEADERS_WIDE * header else 0.0
        headers.append(high)
        edge = 0.0 if node == top else 1.0
        area = (x + edge, y + edge + high, w - 2 * edge, h - 2 * edge - high)
        squarify([child for child in inside if weights[child] > 0], weights, area, stack)
    if mirrored:
        tiles.x = [width - x - w for x, w in zip(xs, widths, strict=True)]
    return tiles


def squarify(
    nodes: Sequence[int],
    weights: Sequence[float],
    area: tuple[float, float, float, float],
    out: list[tuple[int, float, float, float, float]],
) -> None:
    """Appends the node and place of each of `nodes`, which together fill the area."""
    x, y, w, h = area
    sizes = [weights[node] for node in nodes]
    rest = float(sum(sizes))
    at, count = 0, len(nodes)
    while at < count:
        # Rows go along the shorter side; each takes one more as long as its worst tile gets no longer.
        side = w if w < h else h
        scale = w * h / rest if rest else 0.0
        square = side * side
        total = sizes[at]
        low = high = total
        worst = _worst(square, total * scale, high * scale, low * scale)
        end = at + 1
        while end < count:
            size = sizes[end]
            more = total + size
            smallest, largest = (size if size < low else low), (size if size > high else high)
            area_of_row = more * scale
            both = area_of_row * area_of_row
            tall, flat = square * largest * scale, square * smallest * scale
            longest = tall / both if both else 0.0
            if flat and both / flat > longest:
                longest = both / flat
            if longest > worst:
                break
            worst, total, low, high = longest, more, smallest, largest
            end += 1
        rest -= total
        last = end == count
        if w < h:
            thick = h if last else total * scale / w if w else 0.0
            left, step = x, w / total if total else 0.0
            for index in range(at, end):
                long = sizes[index] * step
                out.append((nodes[index], left, y, long, thick))
                left += long
            y += thick
            h = max(h - thick, 0.0)
        else:
            thick = w if last else total * scale / h if h else 0.0
            upper, step = y, h / total if total else 0.0
            for index in range(at, end):
                long = sizes[index] * step
                out.append((nodes[index], x, upper, thick, long))
                upper += long
            x += thick
            w = max(w - thick, 0.0)
        at = end


def _worst(square: float, row: float, largest: float, smallest: float) -> float:
    both = row * row
    if not both or not smallest or not square:
        return float("inf")
    return max(square * largest / both, both / (square * smallest))
