"""`--since`, as a person types it: a cursor of an earlier answer, or a moment in local time.

A moment is `now`, `today`, `yesterday` (their midnight) or a date such as `2024-01-31`, each alone or with a time of
day; a time of day alone, which is today's; a span back from now, such as `7d`; or RFC 3339 with its own offset.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from sanchay import names, units
from sanchay.errors import InvalidQuery

_CURSOR = re.compile(r"c\d+\.\d+\.\d+")
_SPAN = re.compile(r"\d+(?:\.\d+)?\s*(?:s|min|m|h|d)", re.IGNORECASE)
_WEEKS = re.compile(r"(\d+(?:\.\d+)?)\s*w", re.IGNORECASE)
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")
_STAMP = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,6})?)?\s*(Z|[+-]\d{2}:?\d{2})", re.IGNORECASE)
HOW = 'write "yesterday 18:00", 2024-01-31, "2024-01-31 18:00", 18:00, 7d, 36h, or a cursor of an earlier answer'


def parse(text: str, now: datetime) -> tuple[str, int | None]:
    """(cursor, None) or ("", Unix nanoseconds). `now` is local time without a zone.

    Raises InvalidQuery with the invalid term and where it stands in `text`.
    """
    stripped = text.strip()
    if _CURSOR.fullmatch(stripped):
        return stripped, None
    if _STAMP.fullmatch(stripped):
        return "", _of_stamp(text, stripped)
    weeks = _WEEKS.fullmatch(stripped)
    if weeks or _SPAN.fullmatch(stripped):
        seconds = float(weeks[1]) * 7 * 86400 if weeks else units.parse_duration(stripped)
        try:
            return "", _ns(now - timedelta(seconds=seconds))
        except (OverflowError, ValueError, OSError) as error:
            raise _refused(text, stripped, "goes back further than any calendar") from error
    return "", _of_words(text, now)


def _of_words(text: str, now: datetime) -> int:
    """A day, a time of day, or one after the other."""
    words = [(match.group(), match.start()) for match in re.finditer(r"[^\sT]+|T(?=\d)|\S+", text)]
    words = [(word, at) for word, at in words if word != "T"]
    if not words:
        raise InvalidQuery(f"There is no time in {names.quoted(text)}: {HOW}.", term=text, position=0)
    (first, _), rest = words[0], words[1:]
    day = _day(first, now)
    if day is None:
        if not _TIME.fullmatch(first):
            raise _refused(text, first, "is not a valid time")
        day, rest = _midnight(now), words
    elif first.lower() == "now" and rest:
        raise _refused(text, rest[0][0], "says nothing beside now")
    if rest:
        day = _at(text, day, rest[0][0])
        if len(rest) > 1:
            raise _refused(text, rest[1][0], "is one word too many")
    try:
        return _ns(day)
    except (OverflowError, ValueError, OSError) as error:
        raise _refused(text, first, "is out of range") from error


def _day(word: str, now: datetime) -> datetime | None:
    named = {"now": now, "today": _midnight(now), "yesterday": _midnight(now - timedelta(days=1))}
    if word.lower() in named:
        return named[word.lower()]
    if not _DATE.fullmatch(word):
        return None
    try:
        return datetime.fromisoformat(word)
    except ValueError as error:
        raise InvalidQuery(f"{names.quoted(word)} is not a valid date.", term=word, position=0) from error


def _at(text: str, day: datetime, word: str) -> datetime:
    found = _TIME.fullmatch(word)
    if found is None:
        raise _refused(text, word, "is not a valid time of day")
    hour, minute, second = int(found[1]), int(found[2]), int(found[3] or 0)
    if hour > 23 or minute > 59 or second > 59:
        raise _refused(text, word, "is not a valid time of day")
    return day.replace(hour=hour, minute=minute, second=second)


def _of_stamp(text: str, stamp: str) -> int:
    spelled = re.sub(r"\s+(?=[Zz+-]\d*)", "", stamp.upper().replace("Z", "+00:00"))
    spelled = re.sub(r"([+-]\d{2})(\d{2})$", r"\1:\2", spelled)
    try:
        return round(datetime.fromisoformat(spelled).timestamp() * 1e6) * 1000
    except (ValueError, OverflowError, OSError) as error:
        raise _refused(text, stamp, "is not a valid time") from error


def _midnight(moment: datetime) -> datetime:
    return moment.replace(hour=0, minute=0, second=0, microsecond=0)


def _ns(moment: datetime) -> int:
    """Unix nanoseconds of local time. An hour that comes twice is its first; one that does not come is moved on."""
    return round(moment.timestamp() * 1e6) * 1000


def _refused(text: str, term: str, why: str) -> InvalidQuery:
    return InvalidQuery(f"{names.quoted(term)} {why}: {HOW}.", term=term, position=max(text.find(term), 0))
