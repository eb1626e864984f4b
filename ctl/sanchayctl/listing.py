"""Lists for people and for scripts: rows with a header on a terminal, rows only in a pipe, and paths by themselves."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeVar

import click

from sanchay import names, paths
from sanchay.guess import did_you_mean
from sanchayctl import output
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import common_pb2

BATCH = 1000
_ESCAPES = {"n": "\n", "t": "\t", "0": "\0", "\\": "\\"}
Function = TypeVar("Function", bound=Callable[..., Any])
Item = TypeVar("Item")


def options(function: Function) -> Function:
    """The options of a list that scripts read; the command gets `only_paths` and `null`."""
    null = click.option(
        "-0", "--null", "null", is_flag=True, help="Print only paths, each ended by a NUL byte (for xargs -0)."
    )
    only = click.option("--paths", "only_paths", is_flag=True, help="Print only paths, one a line.")
    return only(null(function))


def check(session: Session, *asked: object) -> None:
    """Refuses two answers at once: `asked` are the options that shape the text, where they were given."""
    if session.as_json and any(asked):
        raise click.UsageError("--json prints one JSON document; leave it out, or the option that shapes the text.")


def print_paths(found: Iterable[common_pb2.Path], *, null: bool) -> None:
    """Paths with their exact bytes, each ended by a NUL or a line's end. On a terminal they are safe to look at."""
    if output.for_people() and not null:
        for path in found:
            output.line(paths.shown(path))
        return
    end = b"\0" if null else b"\n"
    for batch in _batches(found):
        output.raw(b"".join(path.raw + end for path in batch))


def header(text: str) -> None:
    """The titles of columns, where a person looks at them."""
    if output.for_people():
        output.line(output.bold(text))


def remark(text: str) -> None:
    """What is said behind the rows: beside them in a pipe, where every line of the answer is a row."""
    if output.for_people():
        output.line(text)
    else:
        output.note(text.lstrip("\n"))


def total(text: str) -> None:
    """A sum of the rows for people; a script counts for itself."""
    if output.for_people():
        output.line(text)


class Template:
    """Rows by a pattern such as `{size}\\t{path}`; `\\n`, `\\t`, `\\0` and `\\\\` are what they are elsewhere."""

    def __init__(self, text: str, fields: Iterable[str]) -> None:
        known = tuple(fields)
        self._ends = _unescaped(text).endswith(("\n", "\0"))
        try:
            import string

            self._parts = [part[:3] for part in string.Formatter().parse(_unescaped(text)) if self._takes(part, known)]
        except ValueError as error:
            raise click.UsageError(f"--format {names.quoted(text)} is not a valid pattern: {error}.") from error

    @staticmethod
    def _takes(part: tuple[str, str | None, str | None, str | None], known: tuple[str, ...]) -> bool:
        name, conversion = part[1], part[3]
        if name is not None and (name not in known or conversion):
            raise click.UsageError(
                f"--format has no field {{{name}}}; there are {', '.join(known)}.{did_you_mean(name, known)}"
            )
        return True

    def fill(self, values: Mapping[str, object]) -> bytes:
        """One row; a line's end follows where the pattern does not end its rows itself."""
        texts = []
        for literal, name, spec in self._parts:
            texts.append(literal)
            if name is not None:
                value = values[name]
                value = "" if value is None else value
                try:
                    texts.append(format(value, spec or ""))
                except ValueError as error:
                    raise click.UsageError(f"--format {{{name}:{spec}}}: {error}.") from error
        row = "".join(texts) + ("" if self._ends else "\n")
        return row.encode("utf-8", "surrogateescape")


def _unescaped(text: str) -> str:
    pieces, rest = [], iter(text)
    for character in rest:
        following = next(rest, "") if character == "\\" else ""
        pieces.append(_ESCAPES.get(following, character + following) if following else character)
    return "".join(pieces)


def print_rows(rows: Iterable[bytes]) -> None:
    """Rows as they are, many at a time."""
    for batch in _batches(rows):
        output.raw(b"".join(batch))


def print_csv(columns: Sequence[str], rows: Iterable[Mapping[str, object]]) -> None:
    """A sheet with a row of titles; lines end as RFC 4180 has it, so that a name may hold any line's end."""
    import csv
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(columns)
    for batch in _batches(rows):
        writer.writerows([[values[column] for column in columns] for values in batch])
        output.raw(text.getvalue().encode("utf-8", "surrogateescape"))
        text.seek(0)
        text.truncate()
    output.raw(text.getvalue().encode("utf-8", "surrogateescape"))


def csv_path(raw: bytes) -> str:
    """A path in a sheet: exact, but safe to look at on a terminal."""
    return paths.shown_bytes(raw) if output.for_people() else raw.decode("utf-8", "surrogateescape")


def _batches(items: Iterable[Item]) -> Iterator[list[Item]]:
    rest = iter(items)
    while batch := list(islice(rest, BATCH)):
        yield batch
