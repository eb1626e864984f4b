"""When a schedule runs: as a person thinks of it (every night, each Monday), and as the daemon is told (cron, seconds).

A rule that is none of these stays as it was written.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from PySide6.QtCore import QLocale, QTime

from sanchay import paths
from sanchay_tray.window import shown
from sanchay_tray.words import count, mark, say

SHORT_FORMS = {
    "@monthly": "0 0 1 * *",
    "@weekly": "0 0 * * 0",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@hourly": "0 * * * *",
}
DAYS = ("sun", "mon", "tue", "wed", "thu", "fri", "sat")
ONE = {60: mark("every minute"), 3600: mark("every hour"), 86_400: mark("every day"), 604_800: mark("every week")}
#: Parts of the day, by the hour they begin at.
PARTS = (
    (21, mark("every night at {time}")),
    (18, mark("every evening at {time}")),
    (12, mark("every afternoon at {time}")),
    (5, mark("every morning at {time}")),
    (0, mark("every night at {time}")),
)


class Kind(Enum):
    """The ways to say when."""

    DAILY = "daily"
    WEEKDAYS = "weekdays"
    WEEKLY = "weekly"
    MONTHLY = "monthly"
    HOURLY = "hourly"
    EVERY = "every"
    RULE = "rule"


@dataclass(frozen=True)
class Timing:
    """When. `weekday` is 0 (Sunday) to 6; `every_s` counts for EVERY, `rule` for RULE."""

    kind: Kind
    hour: int = 2
    minute: int = 30
    weekday: int = 0
    day: int = 1
    every_s: int = 0
    rule: str = ""

    @property
    def cron(self) -> str:
        """The five fields; empty for an interval."""
        at = f"{self.minute} {self.hour}"
        return {
            Kind.DAILY: f"{at} * * *",
            Kind.WEEKDAYS: f"{at} * * 1-5",
            Kind.WEEKLY: f"{at} * * {self.weekday}",
            Kind.MONTHLY: f"{at} {self.day} * *",
            Kind.HOURLY: f"{self.minute} * * * *",
            Kind.EVERY: "",
            Kind.RULE: self.rule,
        }[self.kind]


def of(cron: str, every_s: int) -> Timing:
    """The timing of a schedule."""
    if not cron:
        return Timing(Kind.EVERY, every_s=every_s)
    rule = Timing(Kind.RULE, rule=cron)
    fields = SHORT_FORMS.get(cron.strip().lower(), cron).split()
    if len(fields) != 5 or fields[3] != "*":
        return rule
    minute, hour, day, weekday = _number(fields[0]), _number(fields[1]), fields[2], fields[4].lower()
    if minute is None or minute > 59:
        return rule
    if (fields[1], day, weekday) == ("*", "*", "*"):
        return Timing(Kind.HOURLY, minute=minute)
    if hour is None or hour > 23:
        return rule
    if (day, weekday) == ("*", "*"):
        return Timing(Kind.DAILY, hour, minute)
    if day == "*" and weekday in ("1-5", "mon-fri"):
        return Timing(Kind.WEEKDAYS, hour, minute)
    if day == "*" and (which := _weekday(weekday)) is not None:
        return Timing(Kind.WEEKLY, hour, minute, weekday=which)
    if weekday == "*" and (of_month := _number(day)) is not None and 1 <= of_month <= 31:
        return Timing(Kind.MONTHLY, hour, minute, day=of_month)
    return rule


def words(timing: Timing) -> str:
    """When, in words: every night at 02:30."""
    at = clock(timing.hour, timing.minute)
    if timing.kind is Kind.EVERY:
        once = ONE.get(timing.every_s)
        return say(once) if once else say("every {time}", time=shown.duration(timing.every_s))
    if timing.kind is Kind.DAILY:
        return say(next(text for hour, text in PARTS if timing.hour >= hour), time=at)
    if timing.kind is Kind.WEEKDAYS:
        return say("from Monday to Friday at {time}", time=at)
    if timing.kind is Kind.WEEKLY:
        return say("every {weekday} at {time}", weekday=day_name(timing.weekday), time=at)
    if timing.kind is Kind.MONTHLY:
        return say("on day {n} of each month at {time}", n=timing.day, time=at)
    if timing.kind is Kind.HOURLY:
        if not timing.minute:
            return say("every hour, on the hour")
        return count("every hour, {n} minute past", "every hour, {n} minutes past", timing.minute)
    return say("by the rule {rule}", rule=paths.safe_text(timing.rule))


def clock(hour: int, minute: int) -> str:
    """A time of the day on a clock of 24 hours, in the language's digits."""
    return QLocale().toString(QTime(hour, minute), "HH:mm")


def day_name(weekday: int) -> str:
    """A weekday by its number, 0 for Sunday."""
    return QLocale().standaloneDayName(weekday or 7)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdecimal() else None


def _weekday(text: str) -> int | None:
    if text in DAYS:
        return DAYS.index(text)
    number = _number(text)
    return number % 7 if number is not None and number <= 7 else None
