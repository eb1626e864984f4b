"""`sanchayctl find`: files by name, place, size, age, type, content and more."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sanchayctl import documents, exit_codes, expression, freshness, output, paths, uncompared, units
from sanchayctl.command import Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.client import Client
    from sanchay.v1 import catalog_pb2

SORTS = ("path", "name", "size", "modified", "created")
PAGE_ROWS = 1000


@click.command(
    cls=expression.QueryCommand,
    examples=[
        Example("find holiday ext:jpg", "JPEG files with 'holiday' in their names"),
        Example("find 'size:>1G' --sort -size", "files over 1 GiB, largest first"),
        Example("find 'modified:<7d' under:~/Documents -type:log", "changed within a week, no logs"),
        Example("find dup:yes 'path:**/Downloads/**'", "what lies in a Downloads folder and elsewhere too"),
    ],
)
@click.argument("terms", metavar="EXPR...", nargs=-1, required=True)
@click.option(
    "--sort",
    type=click.Choice([sign + key for key in SORTS for sign in ("", "-")]),
    metavar="KEY",
    help=f"Sort by {', '.join(SORTS)}; with a dash before it (-size) the largest come first.",
)
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="How many rows at the most.")
@click.pass_obj
def find(session: Session, terms: tuple[str, ...], sort: str | None, limit: int) -> int:
    """Find files. Every term must hold; a dash before a term negates it.

    \b
    TEXT           the name contains TEXT        type:image,video   and audio, document, archive, code, log
    name:GLOB      the whole name fits           size:>1G           size:1M..2G, 1K is 1024
    path:GLOB      the whole path fits           modified:<7d       in the last 7 days; also h, w, mo, y
    under:FOLDER   anywhere below FOLDER         created:2024-01-01..2024-06-30
    ext:jpg,png    the extension                 owner:NAME         links:>1
    root:ROOT      in one root                   dup:yes            empty:yes   hash:HEX
    *.jpg, /a/b.c  a pattern, a path             type:folder,link   ext:tar.gz  ext:none

    Only files are found unless type: or a path names something else. Quotes hold spaces: under:"/a b". The total is
    exact, whatever the limit; no hit is no failure.
    """
    session.expression = expression.join(terms)
    rows, first = _pages(session.client(), session.expression, sort or "", limit)
    total = first.total if first.HasField("total") else None
    if session.as_json:
        output.document(
            {
                "rows": [documents.file_row(row) for row in rows],
                "total": total,
                "total_at_least": first.total_at_least if total is None else total,
                "total_bytes": _total_bytes(first),
                "folders": first.folders,
                "not_compared": (
                    documents.not_compared(first.not_compared) if first.HasField("not_compared") else None
                ),
                "freshness": documents.freshness(first.freshness),
            }
        )
    else:
        _show(rows, first)
    return exit_codes.DONE


def _pages(
    client: Client, text: str, sort: str, limit: int
) -> tuple[list[catalog_pb2.FileRow], catalog_pb2.FindResponse]:
    """At most `limit` rows, and the first page, which has the totals."""
    first = page = client.find(text, sort=sort, limit=min(limit, PAGE_ROWS))
    rows = list(first.rows)
    while page.next_page_token and len(rows) < limit:
        page = client.find(text, sort=sort, limit=min(limit - len(rows), PAGE_ROWS), page_token=page.next_page_token)
        rows += page.rows
    return rows[:limit], first


def _total_bytes(first: catalog_pb2.FindResponse) -> int | None:
    """The sizes of all hits together; None where the daemon did not add them up."""
    return first.total_bytes if first.HasField("total_bytes") else None


def show_rows(rows: list[catalog_pb2.FileRow]) -> None:
    """The table of files."""
    output.table(
        [output.Column("SIZE", right=True), output.Column("MODIFIED"), output.Column("PATH")],
        [[units.size(row.size), units.moment(row.modified_ns), paths.shown(row.path)] for row in rows],
    )


def _show(rows: list[catalog_pb2.FileRow], first: catalog_pb2.FindResponse) -> None:
    warning = freshness.warning(first.freshness)
    if not rows:
        output.line("No file matches.")
        if first.folders:
            verb = "does" if first.folders == 1 else "do"
            output.line(f"{units.counted(first.folders, 'folder')} {verb}: add type:folder to see them.")
        uncompared.say(first.not_compared)
        if warning:
            output.note(warning)
        return
    show_rows(rows)
    output.line()
    if first.HasField("total"):
        total_bytes = _total_bytes(first)
        found = units.counted(first.total, _noun(rows)) + (
            f", {units.size(total_bytes)}" if total_bytes is not None else ""
        )
        more = first.total > len(rows)
    else:
        found = f"At least {units.counted(first.total_at_least, _noun(rows))}"
        more = True
    output.line(f"{found}." + (f" The first {units.count(len(rows))} are shown; more with --limit." if more else ""))
    uncompared.say(first.not_compared)
    if warning:
        output.note(warning)


def _noun(rows: list[catalog_pb2.FileRow]) -> str:
    """What the hits are."""
    kinds = {row.type if row.type in ("folder", "link") else "file" for row in rows if row.type != "special"}
    kinds |= {"hit" for row in rows if row.type == "special"}
    return kinds.pop() if len(kinds) == 1 else "hit"
