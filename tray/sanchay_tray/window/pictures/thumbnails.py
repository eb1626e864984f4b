"""The desktop's thumbnails (freedesktop.org), read and never written: small pictures that others have made already."""

from __future__ import annotations

import hashlib
import os
from urllib.parse import quote

from PySide6.QtGui import QImage, QImageReader

#: Folders of the cache, by the length of a thumbnail's longer edge.
EDGES = {"normal": 128, "large": 256, "x-large": 512, "xx-large": 1024}
NS = 1_000_000_000


def uri(path: bytes) -> str:
    """The address that a thumbnail is named after, escaped as desktops escape it."""
    return "file://" + quote(path, safe="!$&'()*+,-./:;=@_~")


def cache_folder() -> str:
    """Where desktops keep them."""
    return os.path.join(os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache"), "thumbnails")


def thumbnail(path: bytes, modified_ns: int, edge: int) -> QImage | None:
    """The smallest one that is no smaller than `edge`, else the largest; None where none is of the file as it is."""
    address = uri(path)
    name = hashlib.md5(address.encode(), usedforsecurity=False).hexdigest() + ".png"
    fitting = [each for each, length in EDGES.items() if length >= edge]
    smaller = [each for each in reversed(EDGES) if each not in fitting]
    for folder in (*fitting, *smaller):
        image = QImageReader(os.path.join(cache_folder(), folder, name), b"png").read()
        # The image's own texts: those of the reader lose what is behind a colon in a name.
        of_now = image.text("Thumb::MTime").partition(".")[0] == str(modified_ns // NS)
        if not image.isNull() and image.text("Thumb::URI") == address and of_now:
            return image
    return None
