"""What the term that is being typed can go on with. Pure: what is known is given."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from sanchay import terms

OFFERED = 30


class Offer(NamedTuple):
    """Texts that may take the place of a piece of the line; places are in characters."""

    begin: int
    end: int
    texts: tuple[str, ...]


NONE = Offer(0, 0, ())


def term_at(expression: str, cursor: int) -> terms.Term | None:
    """The term that the cursor stands in, or at the end of."""
    return next((each for each in terms.split(expression) if each.begin < cursor <= each.end), None)


def folder_asked(expression: str, cursor: int) -> str | None:
    """The folder that is to be listed for `under:`, where one is being typed."""
    term = term_at(expression, cursor)
    if term is None or term.key != "under" or cursor < term.value_begin:
        return None
    typed = expression[term.value_begin : cursor].removeprefix('"')
    return typed.rpartition("/")[0] or "/" if typed.startswith("/") else None


def offer(expression: str, cursor: int, known: Mapping[str, Iterable[str]]) -> Offer:
    """What fits behind what is typed. `known` has values by key: root, ext, under (whole folders)."""
    term = term_at(expression, cursor)
    if term is None or cursor < term.value_begin:
        return NONE
    typed = expression[term.value_begin : cursor]
    if not term.key:
        return _offer(term.value_begin, cursor, typed, (f"{key}:" for key in terms.KEYS)) if typed else NONE
    begin = term.value_begin
    if term.key in terms.LISTS:
        begin += typed.rfind(",") + 1
        typed = expression[begin:cursor]
    values = terms.VALUES.get(term.key) or known.get(term.key, ())
    return _offer(begin, cursor, typed, map(terms.written, values))


def _offer(begin: int, end: int, typed: str, texts: Iterable[str]) -> Offer:
    start = typed.casefold()
    fitting = []
    for text in texts:
        if text != typed and (text.casefold().startswith(start) or text.casefold().startswith('"' + start)):
            fitting.append(text)
            if len(fitting) == OFFERED:
                break
    return Offer(begin, end, tuple(fitting))
