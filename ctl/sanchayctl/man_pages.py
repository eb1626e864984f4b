"""A manual page (roff, man(7)) for each command, made from what click knows of it: nothing is said twice."""

from __future__ import annotations

import re
from collections.abc import Iterator

import click

from sanchay import __version__
from sanchayctl.command import Command, Example, Group

# Of docs/sanchayctl/README.md; a test holds the two together.
EXIT_CODES = (
    ("0", "done; a search without a match is done, too"),
    ("1", "failed"),
    ("2", "the command line, or a term of a query, is invalid"),
    ("3", "finished, but something could not be read, or rows of the catalog disagree"),
    ("69", "no daemon answers"),
    ("77", "denied: by the file system, or a folder that is not yours"),
    ("78", "a setting is invalid, or a database is of a newer version"),
    ("130", "Ctrl-C; a scan that was being watched goes on in the daemon"),
)


def pages(top: click.Group) -> Iterator[tuple[str, str]]:
    """Every page as its file's name and its text: `sanchayctl.1`, `sanchayctl-root-add.1` and so on."""
    with click.Context(top, info_name="sanchayctl", **top.context_settings) as context:
        yield from _pages(top, context)


def _pages(command: click.Command, context: click.Context) -> Iterator[tuple[str, str]]:
    below = _commands(command, context)
    yield f"{_name(context)}.1", _page(command, context, [name for name, _ in below])
    for name, each in below:
        with click.Context(each, info_name=name, parent=context) as inner:
            yield from _pages(each, inner)


def _commands(command: click.Command, context: click.Context) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return []
    found = [(name, command.get_command(context, name)) for name in command.list_commands(context)]
    return [(name, each) for name, each in found if each is not None and not each.hidden]


def _name(context: click.Context) -> str:
    return context.command_path.replace(" ", "-")


def _page(command: click.Command, context: click.Context, below: list[str]) -> str:
    name = _name(context)
    purpose = command.get_short_help_str(limit=200).rstrip(".")
    usage = " ".join(command.collect_usage_pieces(context))
    lines = [
        f'.TH "{_text(name.upper())}" "1" "" "Sanchay {__version__}" "Sanchay manual"',
        ".SH NAME",
        f"{_text(name)} \\- {_text(purpose)}",
        ".SH SYNOPSIS",
        f"\\fB{_text(context.command_path)}\\fR {_text(usage)}",
        ".SH DESCRIPTION",
        *_paragraphs(command.help or ""),
    ]
    options = [each for each in command.get_params(context) if isinstance(each, click.Option)]
    records = [record for each in options if (record := each.get_help_record(context))]
    if records:
        lines += [".SH OPTIONS", *(line for record in records for line in _item(*record))]
    if below:
        lines += [".SH COMMANDS"]
        for each, found in _commands(command, context):
            lines += _item(each, found.get_short_help_str(limit=200))
    examples: tuple[Example, ...] = command.examples if isinstance(command, (Command, Group)) else ()
    if examples:
        lines.append(".SH EXAMPLES")
        for example in examples:
            end = "" if example.purpose.endswith("?") else "."
            purpose = f"{example.purpose[:1].upper()}{example.purpose[1:]}{end}"
            lines += _item(f"sanchayctl {example.arguments}", purpose)
    lines += [".SH EXIT STATUS", *(line for code in EXIT_CODES for line in _item(*code))]
    above = [_name(context.parent)] if context.parent is not None else []
    related = [*above, *(f"{name}-{each}" for each in below)]
    if related:
        lines += [".SH SEE ALSO", ",\n".join(f"\\fB{_text(each)}\\fR(1)" for each in related)]
    return "\n".join(lines) + "\n"


def _item(term: str, text: str) -> list[str]:
    return [".TP", f"\\fB{_text(term)}\\fR", _text(text)]


def _paragraphs(text: str) -> Iterator[str]:
    """Click's paragraphs: one that begins with `\\b` keeps its lines."""
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.split("\f")[0].strip())):
        if number:
            yield ".PP"
        lines = [line.strip() if not paragraph.startswith("\b") else line.rstrip() for line in paragraph.splitlines()]
        if lines and lines[0] == "\b":
            yield from (".nf", *map(_text, lines[1:]), ".fi")
        else:
            yield _text(" ".join(lines))


def _text(text: str) -> str:
    """Taken for what it is: no escape, no request at the beginning of a line, and dashes that can be typed."""
    safe = "".join(letter if letter.isascii() else f"\\[u{ord(letter):04X}]" for letter in text.replace("\\", "\\e"))
    escaped = safe.replace("-", "\\-").replace("'", "\\(aq").replace("`", "\\(ga")
    return f"\\&{escaped}" if escaped.startswith(".") else escaped
