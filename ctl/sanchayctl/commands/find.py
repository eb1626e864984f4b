"""`sanchayctl find`: files by name, place, size, age, type, content and more."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

import click

from sanchay import documents, freshness, paths, row_documents, units
from sanchay.guess import did_you_mean
from sanchayctl import arguments, exit_codes, expression, listing, output, uncompared
from sanchayctl.arguments import Choice
from sanchayctl.command import Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.client import Client
    from sanchay.v1 import catalog_pb2

SORTS = ("path", "name", "size", "modified", "created")
PAGE_ROWS = 1000
#: What a pattern of --format may name, and the columns of csv.
FIELDS = (
    *("path", "name", "folder", "size", "allocated", "modified", "created", "type", "extension"),
    *("hash", "algorithm", "hash_state", "links", "owner", "root_id", "inode"),
)


@click.command(
    cls=expression.QueryCommand,
    examples=[
        Example("find holiday ext:jpg", "JPEG files with 'holiday' in their names"),
        Example("find 'size:>1G' --sort -size", "files over 1 GiB, largest first"),
        Example("find 'modified:<7d' under:~/Documents -type:log", "changed within a week, no logs"),
        Example("find dup:yes 'path:**/Downloads/**'", "what lies in a Downloads folder and elsewhere too"),
        Example("find ext:tmp --all -0 | xargs -0 ls -l", "every hit for another program, whatever its name holds"),
    ],
)
@click.argument("terms", metavar="EXPR...", nargs=-1, required=True, shell_complete=arguments.terms)
@click.option(
    "--sort",
    type=Choice([sign + key for key in SORTS for sign in ("", "-")]),
    metavar="KEY",
    help=f"Sort by {', '.join(SORTS)}; with a dash before it (-size) the largest come first.",
)
@click.option("--limit", type=click.IntRange(min=1), default=100, show_default=True, help="Maximum number of rows.")
@click.option("--all", "everything", is_flag=True, help="Every row, however many there are.")
@click.option(
    "--patience",
    "patience_ms",
    type=click.IntRange(1, 2**31 - 1),
    metavar="MS",
    help="Show the hits found after so many milliseconds, though there may be more.",
)
@listing.options
@click.option(
    "--format",
    "row_format",
    metavar="FORMAT",
    help="table, csv, ndjson, or a pattern of keys such as '{size}\\t{path}'.",
)
@click.pass_obj
def find(
    session: Session,
    terms: tuple[str, ...],
    sort: str | None,
    limit: int,
    everything: bool,
    patience_ms: int | None,
    only_paths: bool,
    null: bool,
    row_format: str | None,
) -> int:
    """Find files. Every term must hold; a dash before a term negates it.

    \b
    TEXT              the name contains TEXT
    *.jpg, /a/b.c     the name fits a pattern; what lies at a path
    name:GLOB         the whole name fits; path:GLOB the whole path
    under:FOLDER      anywhere below FOLDER; root:ROOT in one root
    ext:jpg,png       the extension; also ext:tar.gz, ext:none
    type:image,video  and audio, document, archive, code, log, folder, link
    size:>1G          also size:1M..2G; 1K is 1024
    modified:<7d      in the last 7 days; also h, w, mo, y
    created:2024-01   also 2024-01-01..2024-06-30, today, yesterday
    dup:yes           has a copy; also dup:no, dup:unknown
    empty:yes         also links:>1, owner:NAME, hash:HEX

    Only files are found unless type: or a path names something else. Quotes hold spaces: under:"/a b". The total is
    exact, whatever the limit; no matches is not an error.

    In a pipe there is a line for each file and nothing else. Keys of a pattern are those of --json, and name, folder.
    """
    listing.check(session, only_paths, null, row_format)
    if row_format is not None and (only_paths or null):
        raise click.UsageError("--format and --paths or -0 exclude one another.")
    if everything and patience_ms is not None:
        raise click.UsageError("--all and --patience exclude one another.")
    show = _shape(row_format, only_paths=only_paths, null=null)
    session.expression = expression.join(terms)
    wanted = None if everything else limit
    client = session.client()
    first = client.find(session.expression, sort=sort or "", limit=_page(wanted, 0), patience_ms=patience_ms or 0)
    if first.out_of_patience:
        first.ClearField("next_page_token")  # what follows would take longer
    rows = _Rows(client, session.expression, sort or "", first, wanted)
    if session.as_json:
        output.document_list("rows", map(row_documents.file_row, rows))
        output.document_end(_totals(first))
        return exit_codes.DONE
    show(rows)
    _say(rows, first)
    return exit_codes.DONE


def _page(wanted: int | None, given: int) -> int:
    return PAGE_ROWS if wanted is None else min(wanted - given, PAGE_ROWS)


class _Rows:
    """At most `wanted` rows, a page in memory at a time. `given` counts them, `kinds` says what they were."""

    def __init__(
        self, client: Client, text: str, sort: str, first: catalog_pb2.FindResponse, wanted: int | None
    ) -> None:
        self._client = client
        self._text = text
        self._sort = sort
        self._first = first
        self._wanted = wanted
        self.given = 0
        self.kinds: set[str] = set()
        self.more = False

    def __iter__(self) -> Iterator[catalog_pb2.FileRow]:
        page = self._first
        while True:
            for row in page.rows:
                if self.given == self._wanted:
                    self.more = True
                    return
                self.given += 1
                self.kinds.add(_kind(row))
                yield row
            self.more = bool(page.next_page_token)
            if not self.more or self.given == self._wanted:
                return
            limit = _page(self._wanted, self.given)
            page = self._client.find(self._text, sort=self._sort, limit=limit, page_token=page.next_page_token)


def _shape(row_format: str | None, *, only_paths: bool, null: bool) -> Callable[[Iterable[catalog_pb2.FileRow]], None]:
    """What prints the rows. Raises UsageError for a format that is none, before anything is asked."""
    if only_paths or null:
        return lambda rows: listing.print_paths((row.path for row in rows), null=null)
    if row_format in (None, "table"):
        return _show_table
    if row_format == "csv":
        return _show_csv
    if row_format == "ndjson":
        return _show_ndjson
    if "{" not in str(row_format):
        raise click.UsageError(
            f"--format {row_format} is not table, csv or ndjson, nor a pattern such as '{{size}}\\t{{path}}'."
            + did_you_mean(str(row_format), ("table", "csv", "ndjson"))
        )
    template = listing.Template(str(row_format), FIELDS)
    return lambda rows: listing.print_rows(template.fill(_fields(row)) for row in rows)


def _fields(row: catalog_pb2.FileRow) -> dict[str, object]:
    """The values of a pattern: those of the document, with the exact bytes of names, or safe ones on a terminal."""
    folder, _, name = row.path.raw.rpartition(b"/")
    values = row_documents.file_row(row)
    for key, raw in (("path", row.path.raw), ("name", name), ("folder", folder or b"/")):
        values[key] = listing.csv_path(raw)
    return values


def _show_table(rows: Iterable[catalog_pb2.FileRow]) -> None:
    for number, row in enumerate(rows):
        if number == 0:
            listing.header(f"{'SIZE':>6}  {'MODIFIED':16}  PATH")
        output.line(f"{units.size(row.size):>6}  {units.moment(row.modified_ns):16}  {paths.shown(row.path)}")


def _show_csv(rows: Iterable[catalog_pb2.FileRow]) -> None:
    listing.print_csv(FIELDS, (_fields(row) for row in rows))


def _show_ndjson(rows: Iterable[catalog_pb2.FileRow]) -> None:
    for row in rows:
        output.json_line(row_documents.file_row(row))


def _totals(first: catalog_pb2.FindResponse) -> dict[str, object]:
    total = first.total if first.HasField("total") else None
    return {
        "total": total,
        "total_at_least": first.total_at_least if total is None else total,
        "total_bytes": _total_bytes(first),
        "out_of_patience": first.out_of_patience,
        "folders": first.folders,
        "not_compared": row_documents.not_compared(first.not_compared) if first.HasField("not_compared") else None,
        "freshness": documents.freshness(first.freshness),
    }


def _total_bytes(first: catalog_pb2.FindResponse) -> int | None:
    """The sizes of all hits together; None where the daemon did not add them up."""
    return first.total_bytes if first.HasField("total_bytes") else None


def _say(rows: _Rows, first: catalog_pb2.FindResponse) -> None:
    """What stands behind the rows: how many there are, and what the answer may lack."""
    if first.out_of_patience:
        found = f"\n{_found(rows, first, more=True)}" if rows.given else "No hit so far"
        listing.remark(f"{found}: the search ended with its patience, and there may be more.")
    elif not rows.given:
        listing.remark("No file matches.")
        if first.folders:
            verb = "does" if first.folders == 1 else "do"
            listing.remark(f"{units.counted(first.folders, 'folder')} {verb}: add type:folder to see them.")
    else:
        shown = f" The first {units.count(rows.given)} are shown; more with --limit, everything with --all."
        more = rows.more or max(first.total, first.total_at_least) > rows.given
        say = listing.remark if more else listing.total
        say(f"\n{_found(rows, first, more=more)}.{shown if more else ''}")
    uncompared.say(first.not_compared)
    warning = freshness.warning(first.freshness)
    if warning:
        output.note(warning)


def _found(rows: _Rows, first: catalog_pb2.FindResponse, *, more: bool) -> str:
    noun = rows.kinds.copy().pop() if len(rows.kinds) == 1 else "hit"
    if not first.HasField("total"):
        if not more:  # they were counted here
            return units.counted(rows.given, noun)
        return f"At least {units.counted(max(first.total_at_least, rows.given), noun)}"
    total_bytes = _total_bytes(first)
    return units.counted(first.total, noun) + (f", {units.size(total_bytes)}" if total_bytes is not None else "")


def _kind(row: catalog_pb2.FileRow) -> str:
    """What a hit is, in a word."""
    return row.type if row.type in ("folder", "link") else "hit" if row.type == "special" else "file"
