"""Writes to the screen: JSON documents, aligned tables, bars and sentences.

Answers go to stdout; progress, remarks and errors go to stderr. Nothing here imports more than a plain answer needs.
"""

from __future__ import annotations

import codecs
import contextlib
import io
import os
import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextvars import ContextVar
from typing import NamedTuple

import click

from sanchay import names
from sanchay.paths import width

# What a terminal would obey or hide although JSON allows it as it is; JSON's own line ends stay.
_UNSAFE = f"(?![\n])[{names.UNSAFE_CLASS}]"


class Column(NamedTuple):
    """A column of a table: its title, and whether its values stand to the right."""

    title: str
    right: bool = False


# What stands for characters of ours that a narrow encoding has not.
_PLAIN = {"\u2026": "...", "\u2192": "->", "\u00b7": "|", "\u2014": "-", "\u2013": "-", "\u2588": "#"}


def speak_any_encoding() -> None:
    """Lets both streams take every text: what their encoding has not is spelt, never an error."""
    codecs.register_error("sanchay", _spelt)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="sanchay")


def _spelt(error: UnicodeError) -> tuple[str, int]:
    if not isinstance(error, UnicodeEncodeError):
        raise error
    missing = error.object[error.start]
    one = UnicodeEncodeError(error.encoding, error.object, error.start, error.start + 1, error.reason)
    spelt = _PLAIN.get(missing) or codecs.backslashreplace_errors(one)[0]
    return str(spelt), error.start + 1


def line(text: str = "") -> None:
    """A line of the answer."""
    click.echo(text, file=sys.stdout)  # named, or click would write UTF-8 to a screen that has ASCII only


def raw(data: bytes) -> None:
    """A piece of the answer as it is."""
    click.echo(data, nl=False)


def note(text: str) -> None:
    """A remark beside the answer."""
    click.echo(text, file=sys.stderr)


def to_json(document: object, indent: int | None = 2) -> str:
    """JSON text with names as they are, save for characters that no screen should get raw."""
    import json

    text = json.dumps(document, indent=indent, ensure_ascii=False)
    return escaped_json(text)


def escaped_json(text: str) -> str:
    """JSON text that says the same, without what a terminal would obey or hide."""
    import json

    return re.sub(_UNSAFE, lambda match: json.dumps(match[0])[1:-1], text)


def safe_lines(text: str) -> str:
    """Text of several lines without what a terminal would obey or hide."""
    return "\n".join(map(names.safe_text, text.split("\n")))


def document(value: object) -> None:
    """The one JSON document of a command, as UTF-8 whatever the locale is."""
    click.echo(f"{to_json(value)}\n".encode(), nl=False)


def json_line(value: object) -> None:
    """One JSON object on its own line, written out at once: the reader may wait for it."""
    click.echo(f"{to_json(value, indent=None)}\n".encode(), nl=False)


def document_list(key: str, items: Iterable[object]) -> None:
    """The beginning of a document, `{"key": [...]`, an item at a time: a long list is never held in memory.

    Close it with `document_end`.
    """
    click.echo(f'{{\n  "{key}": ['.encode(), nl=False)
    separator = "\n    "
    for item in items:
        click.echo(f"{separator}{to_json(item, indent=None)}".encode(), nl=False)
        separator = ",\n    "
    click.echo(b"]" if separator.startswith("\n") else b"\n  ]", nl=False)


def document_end(rest: dict[str, object]) -> None:
    """The other keys of a document that `document_list` began."""
    for key, value in rest.items():
        click.echo(f",\n  {to_json(key)}: {to_json(value, indent=None)}".encode(), nl=False)
    click.echo(b"\n}")


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]], *, titles: bool = True) -> None:
    """A table: every column as wide as its widest value, the last one unbounded, so that paths stay whole."""
    body = [list(row) for row in rows]
    if titles and _is_too_narrow(columns, body):
        _records(columns, body)
        return
    head = [[column.title for column in columns]] if titles else []
    widths = [max(map(width, values)) for values in zip(*head, *body, strict=True)]
    for number, row in enumerate([*head, *body]):
        cells = [
            cell.rjust(len(cell) + room) if column.right else cell + " " * room
            for cell, column, room in zip(
                row, columns, (wide - width(cell) for cell, wide in zip(row, widths, strict=True)), strict=True
            )
        ]
        text = "  ".join(cells).rstrip()
        line(bold(text) if head and number == 0 else text)


def _is_too_narrow(columns: Sequence[Column], body: Sequence[Sequence[str]]) -> bool:
    """Whether a person's screen would wrap every row, so that no column could be followed."""
    if not for_people() or not body:
        return False
    import shutil

    fixed = [max(width(column.title), *(width(row[at]) for row in body)) for at, column in enumerate(columns[:-1])]
    return sum(fixed) + 2 * len(fixed) + width(columns[-1].title) > shutil.get_terminal_size().columns


def _records(columns: Sequence[Column], body: Sequence[Sequence[str]]) -> None:
    """Each row as a few lines, a title and a value each."""
    widest = max(width(column.title) for column in columns)
    for number, row in enumerate(body):
        if number:
            line()
        for column, cell in zip(columns, row, strict=True):
            if cell:
                line(f"{bold(column.title)}{' ' * (widest - width(column.title))}  {cell}")


def bar(part: float, whole: float, cells: int = 20) -> str:
    """`part` of `whole` as a bar; what is not nothing is at least a sliver."""
    share = min(max(part / whole, 0.0), 1.0) if whole > 0 else 0.0
    filled, empty = ("█", "·") if _speaks_utf8() else ("#", ".")
    length = max(round(share * cells), 1 if part > 0 else 0)
    return filled * length + empty * (cells - length)


def sparkline(values: Sequence[float]) -> str:
    """Values as a row of bars from the least to the most; all alike: a flat line."""
    low, high = min(values, default=0), max(values, default=0)
    blocks = "▁▂▃▄▅▆▇█" if _speaks_utf8() else "_.-=+*#@"
    steps = len(blocks) - 1
    return "".join(blocks[round((value - low) / (high - low) * steps) if high > low else 0] for value in values)


def command(words: Sequence[str]) -> str:
    """A command as a person types it."""
    if os.name == "nt":
        import subprocess

        return subprocess.list2cmdline(words)
    import shlex

    return " ".join(shlex.quote(word) if not names.is_strange(word) else names.shown_text(word) for word in words)


def bold(text: str) -> str:
    """Bold on a terminal, unless NO_COLOR is set."""
    return click.style(text, bold=True) if styled() else text


def styled() -> bool:
    """Whether stdout is a terminal that wants styles."""
    return is_terminal(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


_people = ContextVar("people", default=False)


@contextlib.contextmanager
def people() -> Iterator[None]:
    """Answers in this block are for people, wherever they go."""
    token = _people.set(True)
    try:
        yield
    finally:
        _people.reset(token)


def for_people() -> bool:
    """Whether the answer goes to a terminal: a pipe or a file gets rows only."""
    return _people.get() or is_terminal(sys.stdout)


def is_terminal(stream: object) -> bool:
    """Whether a person looks at the stream."""
    isatty = getattr(stream, "isatty", None)
    try:
        return bool(isatty and isatty())
    except ValueError:  # closed
        return False


def _speaks_utf8() -> bool:
    return (getattr(sys.stdout, "encoding", "") or "").lower().replace("-", "") == "utf8"
