"""The arguments of `find` and `export` made into the one expression that the daemon takes.

Only what the shell and the current folder know is done here: a word that the shell kept together stays together,
`under:` and paths are made absolute, and a leading `-` is a negated term and no option. What terms mean is the daemon's
to say.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

from sanchay import paths
from sanchay.errors import InvalidQuery
from sanchay.terms import KEYS, in_quotes
from sanchayctl.command import Command

# Values of these, and bare text, may hold spaces; in others a space can only part two terms.
_SPACED = frozenset({"", "name", "path", "under", "root", "owner"})
_TERM = r"(?is)(-?)(?:([a-z]+):)?(.*)"
_KEY_INSIDE = rf"(?i)\s-?(?:{'|'.join(KEYS)}):"
# A value in the daemon's own quotes, whole.
_QUOTED = r'(?s)"((?:[^"\\]|\\.)*)"'
_WILDCARD = r"[*?]"
# What an argument that begins with `-` begins with while click parses: no argument of a process can hold a NUL.
_HIDDEN = "\0"


class QueryCommand(Command):
    """A command whose arguments are terms: `-ext:jpg` and `-draft` are negated terms, options have two dashes."""

    short_options: tuple[str, ...] = ()

    def parse_args(self, context: click.Context, args: list[str]) -> list[str]:
        """Parses with the terms that begin with a dash hidden from click."""
        return super().parse_args(context, self._hide_terms(args))

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """Options, and what a term can go on with."""
        from sanchayctl import completing

        options = super().shell_complete(ctx, incomplete) if incomplete.startswith("-") else []
        return [*options, *([] if incomplete.startswith("--") else completing.terms(incomplete))]

    def _hide_terms(self, args: Sequence[str]) -> list[str]:
        takes_value = {
            name
            for parameter in self.params
            if isinstance(parameter, click.Option) and not parameter.is_flag
            for name in parameter.opts
        }
        options = (name for parameter in self.params for name in parameter.opts)
        short = {"-h"} | {name for name in options if name.startswith("-") and not name.startswith("--")}
        hidden: list[str] = []
        for number, argument in enumerate(args):
            if argument == "--":
                return hidden + list(args[number:])
            is_value = number > 0 and args[number - 1] in takes_value
            is_term = argument.startswith("-") and not argument.startswith("--") and len(argument) > 1
            hidden.append(_HIDDEN + argument if is_term and not is_value and argument not in short else argument)
        return hidden


def join(arguments: Iterable[str]) -> str:
    """One expression of all arguments. Raises InvalidQuery for bytes that are not UTF-8."""
    expression = " ".join(_prepared(argument.removeprefix(_HIDDEN)) for argument in arguments)
    try:
        expression.encode("utf-8")
    except UnicodeEncodeError as error:
        raise InvalidQuery(
            "A term holds bytes that are not UTF-8, which a query cannot carry. Name the folder above with under:, or "
            "find the file by its size, date or hash.",
            position=error.start,
        ) from error
    return expression


def _prepared(argument: str) -> str:
    match = re.fullmatch(_TERM, argument)
    if match is None or (len(argument.split()) > 1 and re.search(_KEY_INSIDE, argument)):
        return argument
    sign, key, value = match[1], match[2] or "", match[3]
    if key.lower() not in _SPACED or not value:  # an unknown key too: the daemon says what is wrong with it
        return argument
    if value.startswith('"'):
        quoted = re.fullmatch(_QUOTED, value)
        if quoted is None:  # several terms, perhaps
            return argument
        value = re.sub(r'\\(["\\])', r"\1", quoted[1])
        written = _placed(key, value)
        return argument if written == value else f"{sign}{key}:{in_quotes(written)}" if key else argument
    value = _placed(key, value)
    if any(character.isspace() for character in value):
        if not key and re.search(_WILDCARD, value):  # quoted, it would be a text
            key = "path" if "/" in value else "name"
        value = in_quotes(value)
    return f"{sign}{key}:{value}" if key else f"{sign}{value}"


def _placed(key: str, value: str) -> str:
    """The value, absolute where it names a place."""
    if key.lower() == "under" or (key.lower() == "path" and value.startswith("~")):
        return paths.absolute(value)
    is_path = not key and ("/" in value or value == "~") and not value.startswith("**")
    return paths.absolute(value) if is_path else value
