"""Values as the window shows them: numbers by the language's digits, sizes, times, names that can do no harm.

A name may hold anything: what would move the cursor, turn the direction or break the line is escaped, and no label
reads it as markup (see `parts.text`).
"""

from __future__ import annotations

import os
import re
import time

from PySide6.QtCore import QDateTime, QLocale, Qt
from PySide6.QtGui import QGuiApplication

from sanchay import documents, paths
from sanchay.v1 import common_pb2
from sanchay_tray.words import count, mark, say

#: Sizes in powers of 1024, as the rest of Sanchay says them.
UNITS = (mark("{n} B"), mark("{n} KB"), mark("{n} MB"), mark("{n} GB"), mark("{n} TB"), mark("{n} PB"), mark("{n} EB"))
DAY_S = 86_400
_YEAR = re.compile(r"(?<!y)yy(?!y)")
_NO_COUNTRY = re.compile(r"^d MM yyyy")


def number(value: int) -> str:
    """A whole number, grouped as the language groups it."""
    return QLocale().toString(value)


def decimal(value: float, digits: int) -> str:
    """A number with so many digits behind the point."""
    return QLocale().toString(value, "f", digits)


def percent(share: float) -> str:
    """A share (0 to 1) in whole percents; what is there and less than one is said so."""
    if 0 < share < 0.01:
        return say("under {n} %", n=1)
    return say("{percent} %", percent=number(int(share * 100)))


def size(size_bytes: float) -> str:
    """Bytes as people read them: at most three digits before the unit."""
    value, unit = float(size_bytes), 0
    while value >= (1023.5 if unit == 0 else 999.5) and unit < len(UNITS) - 1:
        value, unit = value / 1024, unit + 1
    digits = 0 if unit == 0 or value >= 99.95 else 1
    return say(UNITS[unit], n=decimal(value, digits))


def moment(time_ns: int) -> str:
    """A date and time, short, as the language writes it; empty for 0."""
    if not time_ns:
        return ""
    return QLocale().toString(
        QDateTime.fromMSecsSinceEpoch(time_ns // 1_000_000),
        _whole(QLocale().dateTimeFormat(QLocale.FormatType.ShortFormat)),
    )


def day(time_ns: int) -> str:
    """A date, short; empty for 0."""
    if not time_ns:
        return ""
    return QLocale().toString(
        QDateTime.fromMSecsSinceEpoch(time_ns // 1_000_000).date(),
        _whole(QLocale().dateFormat(QLocale.FormatType.ShortFormat)),
    )


def _whole(form: str) -> str:
    """A short form of a date with all of its year: pictures are of two centuries. Where the system names no country,
    numbers alone do not tell a day from a month, so that the year comes first."""
    return _YEAR.sub("yyyy", _NO_COUNTRY.sub("yyyy-MM-dd", form))


def ago(time_ns: int, now_ns: int | None = None) -> str:
    """How long since: just now, minutes, hours, then the moment itself."""
    seconds = ((time.time_ns() if now_ns is None else now_ns) - time_ns) / 1e9
    if seconds < -60:
        return moment(time_ns)  # the clock was set back since
    if seconds < 60:
        return say("just now")
    if seconds < 3600:
        return count("{n} minute ago", "{n} minutes ago", int(seconds // 60))
    if seconds < DAY_S:
        return count("{n} hour ago", "{n} hours ago", int(seconds // 3600))
    return moment(time_ns)


def duration(seconds: float) -> str:
    """A span of time in its two largest units."""
    whole = max(round(seconds), 0)
    if whole < 60:
        return count("{n} second", "{n} seconds", whole)
    if whole < 3600:
        return count("{n} minute", "{n} minutes", round(whole / 60))
    if whole < DAY_S:
        hours = count("{n} hour", "{n} hours", whole // 3600)
        rest = whole % 3600 // 60
        return f"{hours} {count('{n} minute', '{n} minutes', rest)}" if rest else hours
    days = count("{n} day", "{n} days", whole // DAY_S)
    rest = whole % DAY_S // 3600
    return f"{days} {count('{n} hour', '{n} hours', rest)}" if rest else days


def path(message: common_pb2.Path) -> str:
    """A path as it can be shown: whole, on one line."""
    return paths.shown_bytes(message.raw)


def name(message: common_pb2.Path) -> str:
    """The last part of a path, as it can be shown."""
    return paths.shown_bytes(os.path.basename(message.raw) or message.raw)


def folder(message: common_pb2.Path) -> str:
    """What a path lies in, as it can be shown."""
    return paths.shown_bytes(os.path.dirname(message.raw))


FRESH = {
    "unknown": mark("unknown"),
    "never_scanned": mark("never scanned"),
    "scanning": mark("being scanned"),
    "live": mark("live"),
    "reconciling": mark("catching up"),
}
FRESH_SINCE = {
    "scanned": mark("scanned {when}"),
    "partial": mark("partial, scanned {when}"),
    "offline": mark("offline, last seen {when}"),
    "polled": mark("looked at {when}"),
}
FRESH_UNKNOWN = {
    "scanned": mark("scanned"),
    "partial": mark("partial"),
    "offline": mark("offline"),
    "polled": mark("looked at from time to time"),
}


#: What a daemon that is away does not do: then what was known before is no more than that.
FOLLOWED = frozenset({"scanning", "live", "reconciling"})


def freshness(message: common_pb2.Freshness, now_ns: int | None = None, *, is_up: bool = True) -> str:
    """How fresh an answer is, in some words; `is_up`: the daemon that gave it is there."""
    state = documents.freshness_state(message)
    if state in FOLLOWED and not is_up:
        return say("known before")
    if state in FRESH:
        return say(FRESH[state])
    if not message.as_of_ns:
        return say(FRESH_UNKNOWN[state])
    return say(FRESH_SINCE[state], when=ago(message.as_of_ns, now_ns))


TYPES = {
    "image": mark("Pictures"),
    "video": mark("Videos"),
    "audio": mark("Music and sound"),
    "document": mark("Documents"),
    "archive": mark("Archives"),
    "code": mark("Source code"),
    "log": mark("Logs"),
    "other": mark("Other files"),
}


def type_name(word: str) -> str:
    """A kind of content, for people."""
    return say(TYPES.get(word, TYPES["other"]))


def in_line(text: str) -> str:
    """A path, name or number with its unit in a line: from right to left it is set apart, so that its parts keep their
    order."""
    return f"\u2066{text}\u2069" if QGuiApplication.layoutDirection() == Qt.LayoutDirection.RightToLeft else text
