"""Where a list is: kept while it is made again, so that it stays there."""

from __future__ import annotations

from typing import NamedTuple

from sanchay_tray.window.parts.long_rows import Rows, Table


class Place(NamedTuple):
    """The selected row, how far the list is scrolled, and the content of the group in that row."""

    row: int
    scroll: int
    content: bytes


def place_of(table: Table, rows: Rows) -> Place | None:
    """Where a list is; None: nothing is selected."""
    at = table.current_row()
    if at < 0:
        return None
    group = rows.row(at)
    return Place(at, table.verticalScrollBar().value(), group.hash if group is not None else b"")


def go_to(table: Table, place: Place, row: int) -> None:
    """Selects a row, at the height where the place's own row was."""
    height = table.verticalHeader().defaultSectionSize()
    table.verticalScrollBar().setValue(place.scroll + (row - place.row) * height)
    table.select(row)
