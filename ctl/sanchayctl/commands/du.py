"""`sanchayctl du`: what folders hold, from the catalog's roll-ups: no disk is read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import click

from sanchay import documents, freshness, paths, row_documents, units
from sanchayctl import exit_codes, listing, output
from sanchayctl.arguments import Folder, Share
from sanchayctl.command import Command, Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import catalog_pb2

MOST_ROWS = 2**31 - 1
EVERY_LEVEL = 2**32 - 1


@click.command(
    cls=Command,
    examples=[
        Example("du", "every root and the folders in it"),
        Example("du ~/Pictures --depth 2", "two levels below a folder"),
        Example("du ~ --files --least 1%", "what takes a hundredth of a folder or more, however deep it lies"),
    ],
)
@click.argument("path", required=False, type=Folder())
@click.option(
    "--depth",
    type=click.IntRange(min=0),
    help="How many levels below PATH.  [default: 1; with --least every level]",
)
@click.option("--files", "with_files", is_flag=True, help="Show files too.")
@click.option("--types", "with_types", is_flag=True, help="Show what each holds most of, and its bytes with copies.")
@click.option("--least", type=Share(), default="0%", help="Leave out what is a smaller share of PATH, such as 1%.")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="Maximum number of rows.")
@click.option("--all", "everything", is_flag=True, help="Every row, however many there are.")
@listing.options
@click.pass_obj
def du(
    session: Session,
    path: str | None,
    depth: int | None,
    with_files: bool,
    with_types: bool,
    least: float,
    limit: int,
    everything: bool,
    only_paths: bool,
    null: bool,
) -> int:
    """Show what PATH (every root, where none is named) and the folders below it hold, the largest first.

    SIZE is the sum of the sizes of all names, ON DISK that of the allocated blocks: a file with several names (hard
    links) counts once in each folder. What a row says never depends on the limit. For --types all files below PATH are
    looked at.
    """
    listing.check(session, only_paths, null)
    folder = paths.absolute(path) if path is not None else None
    client = session.client()
    wanted = MOST_ROWS if everything else limit
    ask = partial(
        client.disk_usage,
        folder,
        depth=depth if depth is not None else EVERY_LEVEL if least else 1,
        with_files=with_files,
        with_types=with_types,
        least_share=least,
    )
    answer = ask(limit=wanted)
    rows = list(answer.rows)
    while answer.next_page_token and len(rows) < wanted:
        answer = ask(limit=wanted - len(rows), page_token=answer.next_page_token)
        rows += answer.rows
    if session.as_json:
        output.document(
            {
                "rows": [
                    row_documents.usage_row_with_types(row) if with_types else row_documents.usage_row(row)
                    for row in rows
                ],
                "above_roots": bool(rows) and rows[0].above_roots,
                "truncated": answer.truncated,
                "freshness": documents.freshness(answer.freshness),
            }
        )
        return exit_codes.DONE
    if only_paths or null:
        listing.print_paths((row.path for row in rows), null=null)
        _say(rows, answer)
        return exit_codes.DONE
    if not rows:
        listing.remark(f"Nothing is cataloged yet. Add a folder with: {session.next('scan FOLDER')}")
        return exit_codes.DONE
    largest = max(row.bytes for row in rows)
    output.table(
        [
            output.Column("SIZE", right=True),
            output.Column("ON DISK", right=True),
            output.Column("FILES", right=True),
            *([output.Column("MOSTLY"), output.Column("WITH COPIES", right=True)] if with_types else []),
            output.Column(""),
            output.Column("PATH"),
        ],
        [
            [
                units.size(row.bytes),
                units.size(row.allocated),
                units.count(row.files),
                *([_mostly(row), units.size(row.copied_bytes)] if with_types else []),
                output.bar(row.bytes, largest, cells=12),
                paths.shown(row.path),
            ]
            for row in rows
        ],
        titles=output.for_people(),
    )
    _say(rows, answer)
    return exit_codes.DONE


def _mostly(row: catalog_pb2.DiskUsageRow) -> str:
    """The type that most of its bytes are of, and their share of it."""
    if not row.type_bytes:
        return ""
    size, name = max((size, name) for name, size in row.type_bytes.items())
    return f"{name} {100 * size // row.bytes}%" if row.bytes else name


def _say(rows: list[catalog_pb2.DiskUsageRow], answer: catalog_pb2.DiskUsageResponse) -> None:
    """What the rows do not say."""
    linked = max((row.linked_bytes for row in rows), default=0)
    if linked:
        listing.remark(
            f"\nHard links: SIZE counts up to {units.size(linked)} more than once, for further names of one file; "
            "ON DISK counts a file once in each folder."
        )
    if rows and rows[0].above_roots:
        listing.remark("\nOnly what is cataloged in this folder is counted: the roots in it.")
    left_out = sum(row.left_out.rows for row in rows)
    if left_out:
        size = units.size(sum(row.left_out.bytes for row in rows))
        listing.remark(f"\nLeft out for --least: {units.count(left_out)} smaller ones, {size} together.")
    if answer.truncated:
        listing.remark(
            f"\nThere are more than these {units.count(len(rows))}; what they hold is counted in the folders "
            "above them. More rows: --limit, or --all"
        )
    warning = freshness.warning(answer.freshness)
    if warning:
        output.note(warning)
