"""Numbers as people read and type them: sizes in powers of 1024, counts, durations, moments, ages.

Moments come as Unix nanoseconds; for people they are shown in local time, in JSON as RFC 3339 in UTC.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from sanchay import names

_LETTERS = "KMGTPE"
_SIZE = r"(?i)(\d+(?:\.\d+)?)\s*(?:([KMGTPE])?(?:iB|B)?|B)"
_DURATION = r"(?i)(\d+(?:\.\d+)?)\s*(s|min|m|h|d)?"
_SECONDS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86400}
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
# Nanoseconds in 64 bits end here; a file's time beyond is kept as the end.
_OUT_OF_RANGE = {2**63 - 1: "after 2262-04-11", -(2**63): "before 1677-09-21"}


def size(size_bytes: float) -> str:
    """`1.5G`: at most three digits before a letter, where 1K is 1024 bytes."""
    value, letter = float(size_bytes), ""
    for larger in _LETTERS:
        if value < (1023.5 if not letter else 999.5):
            break
        value, letter = value / 1024, larger
    if not letter:
        return f"{value:.0f}B"
    return f"{value:.1f}{letter}" if value < 9.95 or (value < 99.95 and letter != "K") else f"{value:.0f}{letter}"


def parse_size(text: str) -> int:
    """Bytes of `10`, `4K`, `1.5G`, `2GiB`. Raises ValueError."""
    match = re.fullmatch(_SIZE, text.strip())
    if match is None:
        raise ValueError(
            f"{names.quoted(text)} is not a valid size; write bytes or a number with K, M, G or T, such as 10M"
        )
    letter = (match[2] or "").upper()
    return int(float(match[1]) * 1024 ** (_LETTERS.index(letter) + 1)) if letter else int(float(match[1]))


def parse_duration(text: str) -> float:
    """Seconds of `90`, `30s`, `5m`, `1.5h`, `2d`. Raises ValueError."""
    match = re.fullmatch(_DURATION, text.strip())
    if match is None:
        raise ValueError(
            f"{names.quoted(text)} is not a valid duration; write seconds or a number with s, m, h or d, such as 5m"
        )
    return float(match[1]) * _SECONDS[(match[2] or "s").lower()]


class Budget(NamedTuple):
    """How much may be done: bytes, seconds, or no bound (0)."""

    bytes: int = 0
    seconds: float = 0.0


def parse_budget(text: str) -> Budget:
    """A time such as `30m`, or a size such as `500M` or `50G`: a small letter m is minutes. Raises ValueError."""
    words = text.strip()
    try:
        if words[-1:] in ("s", "m", "h", "d"):
            found = Budget(seconds=parse_duration(words))
        else:
            found = Budget() if words[-1:].isdigit() else Budget(bytes=parse_size(words))
    except ValueError:
        found = Budget()
    if not (found.bytes or found.seconds):
        raise ValueError(f"{names.quoted(text)} is not a valid budget; write a time such as 30m, or a size such as 50G")
    return found


def count(number: int) -> str:
    """`12,345`."""
    return f"{number:,}"


def counted(number: int, noun: str, plural: str = "") -> str:
    """`1 file`, `12,345 files`."""
    return f"{number:,} {noun if number == 1 else plural or noun + 's'}"


def duration(seconds: float) -> str:
    """`0.3 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`."""
    if seconds < 9.95:
        return f"{max(seconds, 0):.1f} s"
    whole = round(seconds)
    for unit_s, unit, part_s, part in ((86400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")):
        if whole >= unit_s:
            rest = whole % unit_s // part_s
            return f"{whole // unit_s} {unit} {rest} {part}" if rest else f"{whole // unit_s} {unit}"
    return f"{whole} s"


def moment(time_ns: int) -> str:
    """Local time to the minute, such as `2024-01-31 14:05`; empty for 0, and a bound for what is out of range."""
    if time_ns in _OUT_OF_RANGE:
        return _OUT_OF_RANGE[time_ns]
    when = _datetime(time_ns) if time_ns else None
    return when.astimezone().strftime("%Y-%m-%d %H:%M") if when else ""


def second(time_ns: int) -> str:
    """The same to the second, such as `2024-01-31 14:05:09`."""
    when = _datetime(time_ns) if time_ns not in _OUT_OF_RANGE else None
    return when.astimezone().strftime("%Y-%m-%d %H:%M:%S") if when else moment(time_ns)


def day(number: int) -> str:
    """`2024-01-31` of days since 1970."""
    return (_EPOCH + timedelta(days=number)).strftime("%Y-%m-%d")


def ago(time_ns: int, now_ns: int) -> str:
    """`just now`, `3 min ago`, `5 h ago`, then the moment itself."""
    seconds = (now_ns - time_ns) / 1e9
    if seconds < 60:
        return "just now"
    if seconds < 3600:
        return f"{seconds // 60:.0f} min ago"
    if seconds < 86400:
        return f"{seconds // 3600:.0f} h ago"
    return f"on {moment(time_ns)}"


def coming(time_ns: int, now_ns: int) -> str:
    """`now` (due, or past), `in 40 s`, `in 12 min`, and from an hour on the moment itself."""
    seconds = (time_ns - now_ns) / 1e9
    if seconds <= 0:
        return "now"
    if seconds < 59.5:
        return f"in {max(round(seconds), 1)} s"
    if seconds < 3570:
        return f"in {round(seconds / 60)} min"
    return moment(time_ns)


def rfc3339(time_ns: int) -> str | None:
    """`2024-01-31T13:05:09.123456789Z`, or None for a time that is out of range."""
    when = None if time_ns in _OUT_OF_RANGE else _datetime(time_ns)
    if when is None:
        return None
    fraction = time_ns % 1_000_000_000
    digits = f".{fraction:09d}".rstrip("0") if fraction else ""
    return f"{when.year:04d}-{when:%m-%dT%H:%M:%S}{digits}Z"


def _datetime(time_ns: int) -> datetime | None:
    try:  # by addition: fromtimestamp refuses moments before 1970 on some platforms
        return _EPOCH + timedelta(seconds=time_ns // 1_000_000_000)
    except OverflowError:
        return None
