"""Writes hits to a file that a person chose: whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from PySide6.QtCore import QIODevice, QSaveFile

from sanchay.client import Client
from sanchay.errors import InputOutputError
from sanchay_tray.words import mark, say

#: The ends of names that say the format, with the format and its name (marked).
FORMATS = {
    "csv": ("csv", mark("Table (CSV)")),
    "ndjson": ("ndjson", mark("JSON, a line for each file")),
    "parquet": ("parquet", mark("Parquet")),
}


class Progress(NamedTuple):
    """How many rows are written, and whether these are all."""

    rows: int
    complete: bool
    left_out: int


def filters() -> list[str]:
    """What a file dialog offers."""
    return [f"{say(name)} (*.{end})" for end, (_, name) in FORMATS.items()]


def format_of(path: str) -> str:
    """The format that a name asks for; CSV where it says nothing."""
    return FORMATS.get(path.rpartition(".")[2].lower(), FORMATS["csv"])[0]


def export(client: Client, expression: str, path: str) -> Iterator[Progress]:
    """Asks for the file in pieces and writes them; the name gets it only once all is there."""
    file = QSaveFile(path)
    if not file.open(QIODevice.OpenModeFlag.WriteOnly):
        raise _failed(file)
    for piece in client.export(expression, format_of(path)):
        if piece.data and file.write(piece.data) != len(piece.data):
            raise _failed(file)
        if piece.complete:
            if not file.commit():
                raise _failed(file)
            yield Progress(piece.rows, True, piece.left_out)
            return
        yield Progress(piece.rows, False, 0)


def _failed(file: QSaveFile) -> InputOutputError:
    return InputOutputError(say("The file could not be written: {why}", why=file.errorString()))
