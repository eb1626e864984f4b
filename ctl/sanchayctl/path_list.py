"""Paths that another program hands over on standard input: each ended by a NUL, or one a line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

PIECE_BYTES = 1 << 16


def read(stream: BinaryIO) -> Iterator[bytes]:
    """The paths, as they come. No path holds a NUL: where there is one early on, NULs end them, else lines do."""
    rest = stream.read(PIECE_BYTES)
    end = b"\0" if b"\0" in rest else b"\n"
    while True:
        *whole, rest = rest.split(end)
        yield from filter(None, whole)
        piece = stream.read(PIECE_BYTES)
        if not piece:
            break
        rest += piece
    if rest:
        yield rest
