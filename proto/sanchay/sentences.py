"""Sentences that the daemon says to people: English text, with a code and values from which a client can translate it.

The daemon makes each as a `Sentence`, and it travels as its text and as `Words` (common.proto). `TEMPLATES` has the
English of every code, in the form that gettext takes: one text, or a singular and a plural with the value that counts.
Values travel raw: those whose names end in `_bytes`, `_s` and `_ns` are sizes, spans and Unix times, and `_count` are
numbers, all in digits. A value may be a sentence itself.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterable, Mapping
from string import Formatter
from typing import Any, Protocol

from sanchay import units
from sanchay.sentence_table import ENGINE, LISTS, TEMPLATES, Template

__all__ = ["ENGINE", "LISTS", "TEMPLATES", "Sentence", "Template", "Words", "fill", "render", "template"]


class Words(Protocol):
    """A `Words` message; the daemon's rooms, which know no wire format, use this module too."""

    @property
    def code(self) -> str:
        """Of `TEMPLATES` or `LISTS`."""
        ...

    @property
    def values(self) -> Mapping[str, str]:
        """By the names in the template."""
        ...

    @property
    def parts(self) -> Mapping[str, Words]:
        """Those of them that are sentences themselves."""
        ...


#: The text of a template in a language, for the number that it counts.
Translate = Callable[[Template, int], str]


class Sentence(str):
    """English text that knows its code and values; one of an older daemon, or of an error, has the empty code."""

    code: str
    values: Mapping[str, str]

    def __new__(cls, code: str, /, **values: str | int) -> Sentence:
        """The sentence of that code, whose values are those of its template. Raises KeyError for any other."""
        said = {name: value if isinstance(value, str) else str(value) for name, value in values.items()}
        chosen = TEMPLATES[code]
        if said.keys() != fields(chosen):
            raise KeyError(f"{code} says {sorted(fields(chosen))}, not {sorted(said)}")
        return cls._of(fill(english(chosen, _number(chosen, said)), said), code, said)

    @classmethod
    def plain(cls, text: str) -> Sentence:
        """Text that has no code: an error's, or the engine's where it is none that is known."""
        return text if isinstance(text, Sentence) else cls._of(text, "", {})

    @classmethod
    def together(cls, code: str, sentences: Iterable[str]) -> Sentence:
        """Several as one, joined as a code of `LISTS` has it."""
        several = [each for each in sentences if each]
        if len(several) < 2:
            return cls.plain("".join(several))
        return cls._of(LISTS[code].join(several), code, {str(number): each for number, each in enumerate(several, 1)})

    @classmethod
    def of_engine(cls, text: str) -> Sentence:
        """What the engine said, with its code where it is one of `ENGINE`."""
        return text if isinstance(text, Sentence) else _of_engine(text)

    @classmethod
    def _of(cls, text: str, code: str, values: Mapping[str, str]) -> Sentence:
        made = str.__new__(cls, text)
        made.code, made.values = code, values
        return made

    @classmethod
    def of_document(cls, text: str, document: Mapping[str, Any] | None) -> Sentence:
        """One that was stored beside its text; without a document it has no code."""
        if not document:
            return cls.plain(text)
        values = {
            name: value if isinstance(value, str) else cls.of_document(value["text"], value)
            for name, value in document["values"].items()
        }
        return cls._of(text, document["code"], values)

    def document(self) -> dict[str, Any] | None:
        """Code and values as JSON, to be stored; None without a code."""
        if not self.code:
            return None
        values = {name: _document_of(value) for name, value in self.values.items()}
        return {"code": self.code, "values": values}

    def __deepcopy__(self, memo: object) -> Sentence:
        return self


NOTHING = Sentence.plain("")


def template(code: str) -> Template | None:
    """The English of a code; None for one that only a newer daemon knows."""
    return TEMPLATES.get(code)


def english(chosen: Template, number: int) -> str:
    """A template's text in English."""
    return chosen.many if chosen.counted and number != 1 else chosen.one


def fields(chosen: Template) -> set[str]:
    """The names of its values."""
    return {name for text in (chosen.one, chosen.many) for _, name, _, _ in Formatter().parse(text) if name}


def shown(name: str, value: str) -> str:
    """A value as English has it, by the end of its name."""
    try:
        if name.endswith("_bytes"):
            return units.size(int(value))
        if name.endswith("_ns"):
            return units.moment(int(value))
        if name.endswith("_s"):
            return units.duration(float(value))
        return units.count(int(value)) if name.endswith("_count") else value
    except ValueError:
        return value


def fill(text: str, values: Mapping[str, str], show: Callable[[str, str], str] = shown) -> str:
    """A template's text, in any language, with its values in it; a value that is not there is left out."""
    parts = []
    for literal, name, _, _ in Formatter().parse(text):
        parts.append(literal)
        if name:
            parts.append(show(name, values.get(name, "")))
    return "".join(parts)


def render(
    words: Words,
    text: str,
    translate: Translate = english,
    show: Callable[[str, str], str] = shown,
) -> str:
    """What to show to a person: `text`, the daemon's English, where the words have no code that is known here.

    `translate` is gettext's: `lambda chosen, number: ngettext(chosen.one, chosen.many, number)`, where `many` is not
    empty, else `gettext(chosen.one)`.
    """
    values = dict(words.values)
    for name, part in words.parts.items():
        values[name] = render(part, values.get(name, ""), translate, show)
    if words.code in LISTS:
        return LISTS[words.code].join(values[name] for name in sorted(values, key=int))
    chosen = TEMPLATES.get(words.code)
    return fill(translate(chosen, _number(chosen, values)), values, show) if chosen else text


def _document_of(value: str) -> str | dict[str, Any]:
    document = value.document() if isinstance(value, Sentence) else None
    return {**document, "text": str(value)} if document else str(value)


def _number(chosen: Template, values: Mapping[str, str]) -> int:
    counted = values.get(chosen.counted, "")
    return int(counted) if counted.isascii() and counted.isdecimal() else 0


@functools.lru_cache(maxsize=1024)
def _of_engine(text: str) -> Sentence:
    for code, pattern in _patterns():
        found = pattern.fullmatch(text)
        if found is not None:
            values = found.groupdict()
            if "reason" in values:  # it may be known itself
                values["reason"] = _of_engine(values["reason"])
            return Sentence._of(text, code, values)
    return Sentence.plain(text)


@functools.cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    """The texts of `ENGINE` to be found again in what the engine says."""
    return [(code, _pattern(text)) for code in ENGINE for text in _texts(TEMPLATES[code])]


def _texts(chosen: Template) -> list[str]:
    return [chosen.one, *([chosen.many] if chosen.many else [])]


def _pattern(text: str) -> re.Pattern[str]:
    parts = []
    for literal, name, _, _ in Formatter().parse(text):
        parts.append(re.escape(literal))
        if name:
            parts.append(rf"(?P<{name}>\d+)" if re.search("_(count|s|ns|bytes)$", name) else rf"(?P<{name}>.+)")
    return re.compile("".join(parts), re.DOTALL)
