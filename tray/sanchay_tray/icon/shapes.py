"""The five looks of the icon, described once: shapes on a grid of 64, for any size and either panel.

A box with a lid. Each look is another shape, so that the looks can be told apart without colour: all is well (a check
mark), working (three dots), paused (two bars), attention (a triangle with an exclamation mark), no daemon (an empty
outline).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import Enum

from sanchay_tray.model import Look

GRID = 64
#: The sizes that panels ask for, in pixels.
SIZES = (16, 22, 24, 32, 48, 64)

Polygon = tuple[tuple[float, float], ...]


class Panel(Enum):
    """What the icon stands on. On a panel of unknown colour it is drawn in a tone that both show."""

    LIGHT = "light"
    DARK = "dark"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Layer:
    """Shapes of one colour. The holes lie within the solids."""

    solids: tuple[Polygon, ...]
    holes: tuple[Polygon, ...] = ()
    is_alert: bool = False


@dataclass(frozen=True)
class Ink:
    """The colours of the icon on one kind of panel, as #rrggbb."""

    plain: str
    alert: str

    def of(self, layer: Layer) -> str:
        """The colour of a layer."""
        return self.alert if layer.is_alert else self.plain


INKS = {
    Panel.DARK: Ink("#f2f4f8", "#ffc14d"),
    Panel.LIGHT: Ink("#2b3240", "#a65200"),
    Panel.UNKNOWN: Ink("#757a85", "#c06a00"),
}


def _box(left: float, top: float, right: float, bottom: float, radius: float = 0) -> Polygon:
    if not radius:
        return ((left, top), (right, top), (right, bottom), (left, bottom))
    corners = (
        (right - radius, top + radius, -90),
        (right - radius, bottom - radius, 0),
        (left + radius, bottom - radius, 90),
        (left + radius, top + radius, 180),
    )
    return tuple(
        (x + radius * math.cos(math.radians(start + turn)), y + radius * math.sin(math.radians(start + turn)))
        for x, y, start in corners
        for turn in (0, 30, 60, 90)
    )


_LID = _box(4, 8, 60, 20, 3)
_BODY = _box(8, 24, 56, 60, 4)
_CHECK = ((15, 42), (22, 35), (28, 41), (42, 27), (49, 34), (28, 55))
_DOTS = (_box(13, 36, 23, 48, 3), _box(27, 36, 37, 48, 3), _box(41, 36, 51, 48, 3))
_BARS = (_box(20, 30, 28, 54), _box(36, 30, 44, 54))
_TRIANGLE = ((42, 20), (64, 62), (20, 62))
_GAP = ((42, 24), (56, 50.7), (56, 60), (15.3, 60), (34.1, 24))
_MARK = (((39, 35), (45, 35), (44, 49), (40, 49)), _box(39.5, 52, 44.5, 57))

_LOOKS = {
    Look.WELL: (Layer((_LID, _BODY), (_CHECK,)),),
    Look.WORKING: (Layer((_LID, _BODY), _DOTS),),
    Look.PAUSED: (Layer((_LID, _BODY), _BARS),),
    Look.ATTENTION: (Layer((_LID, _BODY), (_GAP,)), Layer((_TRIANGLE,), _MARK, is_alert=True)),
    Look.ABSENT: (Layer((_LID, _BODY), (_box(8, 12, 56, 16), _box(12, 28, 52, 56, 2))),),
}


def layers(look: Look) -> tuple[Layer, ...]:
    """The shapes of a look, the lowest first."""
    return _LOOKS[look]


def svg(look: Look, panel: Panel) -> str:
    """The look as an image that can be drawn at any size."""
    paths = "".join(
        f'<path fill="{INKS[panel].of(layer)}" fill-rule="evenodd" d="{_outline(layer)}"/>' for layer in layers(look)
    )
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {GRID} {GRID}">{paths}</svg>\n'


def _outline(layer: Layer) -> str:
    return "".join(
        "M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in polygon) + "Z" for polygon in (*layer.solids, *layer.holes)
    )
