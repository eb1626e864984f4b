"""`sanchayctl export`: the catalog, or what an expression names, as a file that other programs read.

The daemon streams the rendered file and this program writes it: a daemon writes to no path that a client names.
"""

from __future__ import annotations

import codecs
import os
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from sanchay import paths, units
from sanchay.errors import DaemonUnavailable
from sanchayctl import arguments, atomic, exit_codes, expression, output
from sanchayctl.arguments import Choice
from sanchayctl.command import Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.client import Client

FORMATS = ("csv", "ndjson", "parquet", "b3sum", "sha256sum", "fdupes")
STANDARD_OUTPUT = "-"
_BY_EXTENSION = {
    ".csv": "csv",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".parquet": "parquet",
    ".b3": "b3sum",
    ".b3sum": "b3sum",
    ".sha256": "sha256sum",
    ".sha256sum": "sha256sum",
}


@click.command(
    cls=expression.QueryCommand,
    examples=[
        Example("export --format parquet -o catalog.parquet", "everything, for pandas, DuckDB or Spark"),
        Example("export ext:jpg | gzip > pictures.csv.gz", "into a pipe, as csv"),
        Example("export ext:log 'modified:<30d' -o logs.csv", "a report on some files; the format by the name"),
        Example("export under:~/Pictures --format b3sum | b3sum --check", "compare the disk with the catalog"),
    ],
)
@click.argument("terms", metavar="[EXPR]...", nargs=-1, shell_complete=arguments.terms)
@click.option(
    "--format",
    "file_format",
    type=Choice(FORMATS),
    help="What to write; guessed from the name of FILE where it says so, csv in a pipe.",
)
@click.option(
    "-o",
    "--output",
    "path",
    metavar="FILE",
    type=click.Path(allow_dash=True),
    help="Where to write it; - is standard output, and what a pipe gets without it.",
)
@click.option("--force", is_flag=True, help="Replace FILE where it is there.")
@click.pass_obj
def export(session: Session, terms: tuple[str, ...], file_format: str | None, path: str | None, force: bool) -> int:
    """Write the files that EXPR names (all, without one) to FILE. Terms are those of `sanchayctl find --help`.

    csv, ndjson and parquet hold every key of `find`; b3sum and sha256sum are checksum lists for the programs of those
    names; fdupes is groups of duplicates, a blank line between them. FILE appears only when it is whole.
    """
    session.expression = expression.join(terms)
    if path is None:
        if output.for_people() or session.as_json:
            raise click.UsageError("Name the file to write with -o FILE, or send the export into a pipe.")
        path, file_format = STANDARD_OUTPUT, file_format or FORMATS[0]
    kind = file_format or _BY_EXTENSION.get(os.path.splitext(path)[1].lower())
    if kind is None:
        raise click.UsageError(
            f"Name the format of {paths.shown_bytes(os.fsencode(path))} with --format {'|'.join(FORMATS)}."
        )
    if path == STANDARD_OUTPUT:
        _to_standard_output(session, kind)
        return exit_codes.DONE
    target = paths.absolute(path)
    atomic.check(target, replace=force)
    answer = _Export(session.client(), session.expression, kind)
    size_bytes = atomic.write(target, answer.pieces(), replace=force)
    if session.as_json:
        output.document(
            {
                "format": kind,
                **paths.of_bytes(os.fsencode(target)),
                "rows": answer.rows,
                "bytes": size_bytes,
                "left_out": answer.left_out,
            }
        )
    else:
        shown = paths.shown_bytes(os.fsencode(target))
        output.line(f"Wrote {units.counted(answer.rows, 'row')} to {shown} ({units.size(size_bytes)}).")
        _say_left_out(answer, kind)
    return exit_codes.DONE


class _Export:
    """An export under way: its pieces, and what the daemon has said of it."""

    def __init__(self, client: Client, text: str, file_format: str) -> None:
        self._client = client
        self._text = text
        self._format = file_format
        self.rows = 0
        self.left_out = 0

    def pieces(self) -> Iterator[bytes]:
        """The file. Raises DaemonUnavailable where it ends before it is whole."""
        complete = False
        for answer in self._client.export(self._text, self._format):
            self.rows, self.left_out, complete = answer.rows, answer.left_out, answer.complete
            yield answer.data
        if not complete:
            raise DaemonUnavailable("The export ended before it was whole, so nothing was kept of it; try again.")


def _to_standard_output(session: Session, file_format: str) -> None:
    if session.as_json:
        raise click.UsageError("With --json, standard output is the answer's: name a file with -o FILE.")
    if file_format == "parquet" and output.is_terminal(sys.stdout):
        raise click.UsageError("Parquet is not text for a terminal: name a file with -o FILE.")
    answer = _Export(session.client(), session.expression, file_format)
    pieces = answer.pieces()
    for piece in for_terminal(pieces, file_format) if output.is_terminal(sys.stdout) else pieces:
        click.echo(piece, nl=False)
    _say_left_out(answer, file_format)


def for_terminal(pieces: Iterator[bytes], file_format: str) -> Iterator[bytes]:
    """The same for a person's eyes: a file for programs holds names as they are, and a terminal would obey some."""
    safe = output.escaped_json if file_format == "ndjson" else output.safe_lines
    decoder = codecs.getincrementaldecoder("utf-8")("backslashreplace")
    for piece in pieces:
        yield safe(decoder.decode(piece)).encode()
    yield safe(decoder.decode(b"", final=True)).encode()


def _say_left_out(answer: _Export, file_format: str) -> None:
    if answer.left_out:
        files = units.counted(answer.left_out, "file")
        output.note(f"{files} left out: {file_format} cannot hold them, such as a file without a hash of that kind.")
