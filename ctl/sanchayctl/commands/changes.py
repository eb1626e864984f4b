"""`sanchayctl changes`: what came, went, moved and grew since a moment or a cursor."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import TYPE_CHECKING

import click

from sanchay import documents, freshness, paths, row_documents, since, units
from sanchayctl import exit_codes, listing, output
from sanchayctl.arguments import Folder
from sanchayctl.command import Command, Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import change_pb2

LIMIT = 1000
# A page of the daemon; more than one is asked for where more is wanted.
PAGE = 2000
TRUNCATED = "Changes before these are not kept any more (the setting changes_keep_days); the list begins later."


class _Pages:
    """Pages of changes, up to a number of them; holds what stood beside the rows of the last page."""

    def __init__(self, session: Session, text: str, under: str | None, limit: int | None) -> None:
        self._session = session
        self._cursor, self._since_ns = since.parse(text, datetime.now().astimezone().replace(tzinfo=None))
        self._under = paths.absolute(under) if under is not None else None
        self._left = limit
        self.page: change_pb2.ListChangesResponse | None = None
        self.truncated = False

    def __iter__(self) -> Iterator[change_pb2.Change]:
        cursor, since_ns = self._cursor, self._since_ns
        while self.page is None or not (self.page.complete or self._left == 0):
            wanted = PAGE if self._left is None else min(PAGE, self._left)
            self.page = self._session.client().list_changes(cursor, since_ns=since_ns, under=self._under, limit=wanted)
            self.truncated |= self.page.truncated
            if self._left is not None:
                self._left -= len(self.page.changes)
            yield from self.page.changes
            cursor, since_ns = self.page.cursor, None

    @property
    def last(self) -> change_pb2.ListChangesResponse:
        """The page that was read last."""
        if self.page is None:
            raise RuntimeError("the pages are read first")
        return self.page


@click.command(
    cls=Command,
    examples=[
        Example("changes", "what changed in the last 24 hours"),
        Example('changes --since "yesterday 18:00" --under ~/Documents', "below one folder, since a moment"),
        Example("--json changes --since CURSOR --all", "a script goes on from where its last answer ended"),
    ],
)
@click.option(
    "--since",
    "since_text",
    metavar="WHEN|CURSOR",
    default="24h",
    show_default=True,
    help='"yesterday 18:00", 2024-01-31, 18:00, 7d, or the cursor of an earlier answer.',
)
@click.option("--under", metavar="PATH", type=Folder(), help="Only what concerns PATH.")
@click.option(
    "--limit", type=click.IntRange(min=1), default=LIMIT, show_default=True, help="Maximum number of changes."
)
@click.option("--all", "everything", is_flag=True, help="Every change, however many there are.")
@listing.options
@click.pass_obj
def changes(
    session: Session,
    since_text: str,
    under: str | None,
    limit: int,
    everything: bool,
    only_paths: bool,
    null: bool,
) -> int:
    """List what came, went, moved and grew, the oldest first, as the catalog learnt of it.

    A first scan of a root is one line; so is a folder that went with all below it. The answer ends with a cursor: give
    it to --since, tomorrow or in a script, and the list goes on without a gap.
    """
    listing.check(session, only_paths, null)
    session.expression = since_text
    pages = _Pages(session, since_text, under, None if everything else limit)
    if session.as_json:
        output.document_list("rows", (row_documents.change(row) for row in pages))
        output.document_end(
            {
                "cursor": pages.last.cursor,
                "complete": pages.last.complete,
                "truncated": pages.truncated,
                "freshness": documents.freshness(pages.last.freshness),
            }
        )
        return exit_codes.DONE
    if only_paths or null:
        listing.print_paths((row.path for row in pages), null=null)
    else:
        _show(pages)
    go_on = session.next(f"changes --since {pages.last.cursor}")
    if pages.last.complete:
        listing.total(f"Go on from here: {go_on}")
    else:
        listing.remark(f"There is more; go on from here: {go_on}")
    for remark in (TRUNCATED if pages.truncated else "", freshness.warning(pages.last.freshness)):
        if remark:
            output.note(remark)
    return exit_codes.DONE


def _show(pages: _Pages) -> None:
    """A line for each change, and for people how many there were of each kind."""
    counts: Counter[str] = Counter()
    total = 0
    for row in pages:
        if not counts:
            listing.header(f"{'WHEN':16}  {'WHAT':9}  {'BYTES':>8}  PATH")
        output.line(f"{units.moment(row.at_ns):16}  {row.kind:9}  {signed(row.bytes_delta):>8}  {_path(row)}")
        counts[row.kind] += 1
        total += row.bytes_delta
    if counts:
        listing.total(
            f"\n{', '.join(f'{units.count(count)} {kind}' for kind, count in counts.items())}: {signed(total)}"
        )
    else:
        listing.remark("Nothing has changed since then, as far as the catalog knows.")


def signed(size_bytes: float) -> str:
    """`+1.2G`, `-34K`, and `0`."""
    if not size_bytes:
        return "0"
    return ("+" if size_bytes > 0 else "-") + units.size(abs(size_bytes))


def _path(row: change_pb2.Change) -> str:
    path = paths.shown(row.path)
    if row.HasField("from_path"):
        return f"{path}  (was {paths.shown(row.from_path)})"
    return f"{path}  ({units.counted(row.files, 'file')})" if row.folder else path
