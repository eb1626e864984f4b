"""Cron expressions: five fields, parsed into sets of numbers and matched against local time. No clock in here.

Weekdays are crontab's: 0 and 7 are Sunday, names are allowed. Where both the day of the month and the weekday are
restricted, a day that fits either of them counts, as crontab has it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from sanchay import names
from sanchay.errors import InvalidArgument

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_WEEKDAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
SHORT_FORMS = {
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
# February 29 comes again after eight years at the latest (1896 to 1904, 2096 to 2104).
SEARCH_DAYS = 8 * 366 + 1


@dataclass(frozen=True)
class _Field:
    name: str
    least: int
    most: int
    names: tuple[str, ...] = ()
    names_from: int = 0


_FIELDS = (
    _Field("minute", 0, 59),
    _Field("hour", 0, 23),
    _Field("day of the month", 1, 31),
    _Field("month", 1, 12, _MONTHS, 1),
    _Field("weekday", 0, 7, _WEEKDAYS),
)


@dataclass(frozen=True)
class Cron:
    """A parsed expression. `weekdays` are 0 (Sunday) to 6; `either_day`: one of the two day fields is enough."""

    minutes: tuple[int, ...]
    hours: tuple[int, ...]
    days: frozenset[int]
    months: frozenset[int]
    weekdays: frozenset[int]
    either_day: bool

    @property
    def every_hour(self) -> bool:
        """Whether it goes by the hours that pass rather than by an hour of the day."""
        return len(self.hours) == 24

    def fits_day(self, day: date) -> bool:
        """Whether it runs on that day at all."""
        of_month, of_week = day.day in self.days, day.isoweekday() % 7 in self.weekdays
        return day.month in self.months and ((of_month or of_week) if self.either_day else (of_month and of_week))

    def next_local(self, after: datetime) -> datetime | None:
        """The first time after `after` on a clock without a zone; None where there is none in eight years."""
        day = after.date()
        for _ in range(SEARCH_DAYS):
            if self.fits_day(day):
                for hour in self.hours:
                    if day == after.date() and hour < after.hour:
                        continue
                    for minute in self.minutes:
                        found = datetime.combine(day, time(hour, minute))
                        if found > after:
                            return found
            try:
                day += timedelta(days=1)
            except OverflowError:
                return None
        return None


def parse(text: str) -> Cron:
    """The expression. Raises invalid_argument with the field, the term and its position in characters."""
    expression = SHORT_FORMS.get(text.strip().lower(), text)
    words = list(re.finditer(r"\S+", expression))
    if expression.strip().startswith("@"):
        form = text.strip()
        raise _refused(f"{names.quoted(form)} is not one of {', '.join(SHORT_FORMS)}", form, words[0].start())
    if len(words) != len(_FIELDS):
        needed = ", ".join(field.name for field in _FIELDS)
        raise _refused(f"it has {len(words)} fields and needs {len(_FIELDS)}: {needed}", text, 0)
    sets = [_numbers(field, word.group(), word.start()) for field, word in zip(_FIELDS, words, strict=True)]
    minutes, hours, days, months, weekdays = sets
    restricted = [not words[number].group().startswith("*") for number in (2, 4)]
    cron = Cron(
        minutes=tuple(sorted(minutes)),
        hours=tuple(sorted(hours)),
        days=frozenset(days),
        months=frozenset(months),
        weekdays=frozenset(number % 7 for number in weekdays),
        either_day=all(restricted),
    )
    if cron.next_local(datetime(2000, 1, 1)) is None:  # noqa: DTZ001 - a local time of no zone
        raise _refused(
            "no such day of the month is in these months, so that it would never run",
            words[2].group(),
            words[2].start(),
        )
    return cron


def _numbers(field: _Field, text: str, start: int) -> set[int]:
    """The numbers of a field: a list of numbers, ranges and steps."""
    numbers: set[int] = set()
    position = start
    for part in text.split(","):
        numbers |= _part(field, part, position)
        position += len(part) + 1
    return numbers


def _part(field: _Field, part: str, position: int) -> set[int]:
    span, slash, step_text = part.partition("/")
    step = 1
    if slash:
        if not (step_text.isascii() and step_text.isdecimal() and int(step_text) > 0):
            raise _bad(field, part, position, f"{names.quoted(step_text)} is not a valid step")
        step = int(step_text)
    if span == "*":
        first, last = field.least, field.most
    else:
        first_text, dash, last_text = span.partition("-")
        first = _number(field, first_text, part, position)
        last = _number(field, last_text, part, position) if dash else first
        if slash and not dash:
            last = field.most
        if field.name == "weekday" and dash and last == 0:  # fri-sun
            last = 7
    if first > last:
        raise _bad(field, part, position, f"{first} comes after {last}")
    return set(range(first, last + 1, step))


def _number(field: _Field, word: str, part: str, position: int) -> int:
    if word.lower() in field.names:
        return field.names.index(word.lower()) + field.names_from
    if not (word.isascii() and word.isdecimal()):
        known = "number or name" if field.names else "number"
        raise _bad(field, part, position, f"{names.quoted(word)} is not a valid {known}")
    if not field.least <= int(word) <= field.most:
        raise _bad(field, part, position, f"{word} is not within {field.least} to {field.most}")
    return int(word)


def _bad(field: _Field, part: str, position: int, reason: str) -> InvalidArgument:
    return _refused(f"the {field.name} at character {position + 1}: {reason}", part, position)


def _refused(reason: str, term: str, position: int) -> InvalidArgument:
    return InvalidArgument(
        f'This cron expression is not valid: {reason}. A good one is "0 2 * * *": every night at two.',
        term=term,
        position=position,
    )
