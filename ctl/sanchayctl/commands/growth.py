"""`sanchayctl growth`: which folders grew most, and when the disk is full at that pace."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from sanchay import freshness, paths, row_documents, units
from sanchayctl import exit_codes, output
from sanchayctl.arguments import Folder
from sanchayctl.command import Command, Example
from sanchayctl.commands.changes import signed
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import change_pb2

SPARK_CELLS = 12


@click.command(
    cls=Command,
    examples=[
        Example("growth", "what grew most in the last 30 days"),
        Example("growth /srv --days 7", "below one folder, in a week"),
    ],
)
@click.argument("path", required=False, type=Folder())
@click.option("--days", type=click.IntRange(1, 400), default=30, show_default=True, help="The span up to now.")
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many folders.")
@click.pass_obj
def growth(session: Session, path: str | None, days: int, limit: int) -> int:
    """Show the folders below PATH (everything, where none is named) that grew most, and when the disk is full.

    The daemon stores each day's totals. The pace is what a folder has grown since the start of the span, by its days;
    where one folder inside makes up the growth, that one is named instead.
    """
    folder = paths.absolute(path) if path is not None else None
    answer = session.client().growth(folder, days=days, limit=limit)
    if session.as_json:
        output.document(row_documents.growth(answer))
        return exit_codes.DONE
    if not answer.days:
        output.line("There are no totals of an earlier day yet: they are stored each day. Ask again tomorrow.")
    elif not answer.rows:
        output.line(f"No folder has grown in {units.counted(answer.days, 'day')}.")
    else:
        output.table(
            [
                output.Column("GROWN", right=True),
                output.Column("A DAY", right=True),
                output.Column("SIZE", right=True),
                output.Column(f"{answer.days} DAYS" if answer.days > 1 else "1 DAY"),
                output.Column("PATH"),
            ],
            [
                [
                    signed(row.grown_bytes),
                    signed(row.bytes_per_day),
                    units.size(row.bytes),
                    output.sparkline(by_day(row.history, SPARK_CELLS)),
                    paths.shown(row.path),
                ]
                for row in answer.rows
            ],
        )
    for each in answer.file_systems:
        output.line(("\n" if each is answer.file_systems[0] else "") + _forecast(each))
    warning = freshness.warning(answer.freshness)
    if warning:
        output.note(warning)
    return exit_codes.DONE


def by_day(history: Sequence[change_pb2.DayTotal], cells: int) -> list[int]:
    """Totals at `cells` moments evenly spread over the history; a day without one has that of the day before."""
    if not history:
        return []
    first, last = history[0].day, history[-1].day
    found = []
    for cell in range(cells):
        day = first + (last - first) * cell / (cells - 1)
        found.append([total.bytes for total in history if total.day <= day + 1e-9][-1])
    return found


def _forecast(each: change_pb2.FileSystemGrowth) -> str:
    """When a file system is full, or why that is not known."""
    of = f"The file system of {paths.shown(each.path)}"
    if not each.total_bytes:
        return f"{of} does not say how much is free."
    free = f"{of} has {units.size(each.free_bytes)} of {units.size(each.total_bytes)} free"
    if not each.days:
        return f"{free}; at what pace it fills is not known before tomorrow."
    if each.full_on_ns:
        return f"{free}; at {signed(each.bytes_per_day)} a day it is full on {units.moment(each.full_on_ns)[:10]}."
    return f"{free}; at {signed(each.bytes_per_day)} a day it does not fill up."
