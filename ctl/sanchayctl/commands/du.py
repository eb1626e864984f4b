"""`sanchayctl du`: what folders hold, from the catalog's roll-ups: no disk is read."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sanchay import documents, freshness, paths, row_documents, units
from sanchayctl import exit_codes, listing, output
from sanchayctl.arguments import Folder
from sanchayctl.command import Command, Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import catalog_pb2

MOST_ROWS = 2**31 - 1


@click.command(
    cls=Command,
    examples=[
        Example("du", "every root and the folders in it"),
        Example("du ~/Pictures --depth 2", "two levels below a folder"),
    ],
)
@click.argument("path", required=False, type=Folder())
@click.option("--depth", type=click.IntRange(min=0), default=1, show_default=True, help="How many levels below PATH.")
@click.option("--limit", type=click.IntRange(min=1), default=1000, show_default=True, help="Maximum number of rows.")
@click.option("--all", "everything", is_flag=True, help="Every row, however many there are.")
@listing.options
@click.pass_obj
def du(
    session: Session, path: str | None, depth: int, limit: int, everything: bool, only_paths: bool, null: bool
) -> int:
    """Show what PATH (every root, where none is named) and the folders below it hold, the largest first.

    SIZE is the sum of the sizes of all names, ON DISK that of the allocated blocks: a file with several names (hard
    links) counts once in each folder. What a row says never depends on the limit.
    """
    listing.check(session, only_paths, null)
    folder = paths.absolute(path) if path is not None else None
    client = session.client()
    wanted = MOST_ROWS if everything else limit
    answer = client.disk_usage(folder, depth=depth, limit=wanted)
    rows = list(answer.rows)
    while answer.next_page_token and len(rows) < wanted:
        answer = client.disk_usage(folder, depth=depth, limit=wanted - len(rows), page_token=answer.next_page_token)
        rows += answer.rows
    if session.as_json:
        output.document(
            {
                "rows": [row_documents.usage_row(row) for row in rows],
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
            output.Column(""),
            output.Column("PATH"),
        ],
        [
            [
                units.size(row.bytes),
                units.size(row.allocated),
                units.count(row.files),
                output.bar(row.bytes, largest, cells=12),
                paths.shown(row.path),
            ]
            for row in rows
        ],
        titles=output.for_people(),
    )
    _say(rows, answer)
    return exit_codes.DONE


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
    if answer.truncated:
        listing.remark(
            f"\nThere are more folders than these {units.count(len(rows))}; what they hold is counted in the folders "
            "above them. More rows: --limit, or --all"
        )
    warning = freshness.warning(answer.freshness)
    if warning:
        output.note(warning)
