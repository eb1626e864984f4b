"""The looks of the icon as pictures of Pillow, for pystray."""

from __future__ import annotations

from PIL import Image, ImageDraw

from sanchay_tray.icon.shapes import GRID, INKS, Panel, layers
from sanchay_tray.model import Look

#: Edges are drawn so many times larger, then made smooth.
_FINE = 8


def picture(look: Look, panel: Panel, size_px: int) -> Image.Image:
    """The look at one size, on nothing."""
    whole = Image.new("RGBA", (size_px, size_px))
    for layer in layers(look):
        mask = Image.new("L", (size_px * _FINE, size_px * _FINE))
        draw = ImageDraw.Draw(mask)
        scale = size_px * _FINE / GRID
        for polygons, value in ((layer.solids, 255), (layer.holes, 0)):
            for polygon in polygons:
                draw.polygon([(x * scale, y * scale) for x, y in polygon], fill=value)
        shape = Image.new("RGBA", whole.size, INKS[panel].of(layer))
        shape.putalpha(mask.resize(whole.size, Image.Resampling.BOX))
        whole.alpha_composite(shape)
    return whole
