"""The words of the language that `find` speaks, for clients that complete and colour it. What terms mean, and whether
they are valid, is the daemon's to say."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

KEYS = (
    "name",
    "path",
    "under",
    "ext",
    "type",
    "size",
    "modified",
    "created",
    "root",
    "hash",
    "dup",
    "empty",
    "owner",
    "links",
)
TYPES = ("image", "video", "audio", "document", "archive", "code", "log", "other", "folder", "link", "special", "file")
#: Values that are worth offering. None of them needs quotes in a shell: > and < would send the output somewhere.
VALUES: dict[str, tuple[str, ...]] = {
    "type": TYPES,
    "dup": ("yes", "no", "unknown"),
    "empty": ("yes", "no"),
    "size": ("1G..", "100M..1G", "1M..100M", "..1M"),
    "modified": ("today", "yesterday"),
    "created": ("today", "yesterday"),
    "links": ("1", "2.."),
}
#: Keys whose value may be several, parted by commas.
LISTS = ("type", "ext")
_TERM = re.compile(r'(?P<sign>-?)(?:(?P<key>[A-Za-z]+):)?(?P<value>"(?:[^"\\]|\\.)*(?:"|$)|\S*)', re.DOTALL)


class Term(NamedTuple):
    """A term as it stands in an expression: places are in characters."""

    begin: int
    end: int
    sign: str  # a dash, or nothing
    key: str  # in small letters; empty: bare text
    value: str  # as typed, in its quotes
    value_begin: int

    @property
    def text(self) -> str:
        """The value without its quotes."""
        if not self.value.startswith('"'):
            return self.value
        return re.sub(r'\\(["\\])', r"\1", self.value[1:].removesuffix('"'))


def split(expression: str) -> list[Term]:
    """The terms of an expression, whatever is wrong with them."""
    found, at = [], 0
    while at < len(expression):
        if expression[at].isspace():
            at += 1
            continue
        match = _TERM.match(expression, at)
        if match is None or match.end() == at:
            at += 1
            continue
        key = (match["key"] or "").lower()
        found.append(Term(at, match.end(), match["sign"], key, match["value"], match.start("value")))
        at = match.end()
    return found


def in_quotes(value: str) -> str:
    """The value as one, whatever it holds."""
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(value: str) -> str:
    """The value as it is typed: in quotes only where it needs them."""
    needs = value.startswith('"') or any(character.isspace() for character in value)
    return in_quotes(value) if needs else value


def sought(expression: str) -> list[str]:
    """Texts that names of hits hold, for marking them: bare words, and what patterns of names say literally."""
    found = []
    for term in split(expression):
        if term.sign or term.key not in ("", "name"):
            continue
        plain = term.value.startswith('"') and not term.key
        pieces: Iterable[str] = [term.text] if plain else re.split(r"[*?]|\[[^\]]*\]|[{},]", term.text)
        found += [piece for piece in pieces if piece and "/" not in piece]
    return found
