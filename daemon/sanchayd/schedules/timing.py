"""The next nominal time of a schedule, as a function of what is given alone: no clock, no memory.

A cron expression with an hour of its own goes by local time: each local time of the calendar happens once. Where
clocks are put back, the first of the two counts; where they are put forward, what falls into the missing hour happens
as soon as that hour is over, once. An expression for every hour goes by the hours that pass, in both of two like hours.
An interval is anchored: it counts from the moment it was made, whatever a run takes and whatever clocks say.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone, tzinfo

from sanchayd.schedules.cron import Cron, parse

SECOND_NS = 1_000_000_000
# The longest by which clocks were ever put back at once, with room; searched through for the second of two like hours.
BACK_MOST = timedelta(hours=3)
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True)
class Every:
    """An interval, from an anchor on."""

    interval_s: int
    anchor_ns: int


Timing = Cron | Every


def timing_of(cron: str, every_s: int, anchor_ns: int) -> Timing:
    """What a stored schedule means: a cron expression, or an interval where that is empty."""
    return parse(cron) if cron else Every(every_s, anchor_ns)


def next_ns(timing: Timing, after_ns: int, zone: tzinfo) -> int | None:
    """The first nominal time after `after_ns`, as Unix nanoseconds; None where there is none any more."""
    if isinstance(timing, Every):
        interval_ns = timing.interval_s * SECOND_NS
        return timing.anchor_ns + ((after_ns - timing.anchor_ns) // interval_ns + 1) * interval_ns
    try:
        after = _EPOCH + timedelta(seconds=after_ns // SECOND_NS)
        found = _next_of_hours(timing, after, zone) if timing.every_hour else _next_of_day(timing, after, zone)
    except OverflowError:
        return None
    return None if found is None else (found - _EPOCH) // timedelta(seconds=1) * SECOND_NS


def _next_of_day(cron: Cron, after: datetime, zone: tzinfo) -> datetime | None:
    """Each local time once: the instants grow with the local times, so that the first later one is it."""
    local: datetime | None = after.astimezone(zone).replace(tzinfo=None, fold=0)
    while local is not None:
        local = cron.next_local(local)
        if local is not None:
            instant = _instant(local, zone) if _exists(local, zone) else _end_of_gap(local, zone)
            if instant > after:
                return instant
    return None


def _next_of_hours(cron: Cron, after: datetime, zone: tzinfo) -> datetime | None:
    """Both of two like local times; none in a missing hour."""
    now = after.astimezone(zone).replace(tzinfo=None, fold=0)
    candidates = [
        found for fold, start in ((0, now), (1, now - BACK_MOST)) if (found := _first(cron, after, zone, start, fold))
    ]
    return min(candidates, default=None)


def _first(cron: Cron, after: datetime, zone: tzinfo, start: datetime, fold: int) -> datetime | None:
    local: datetime | None = start
    while local is not None:
        local = cron.next_local(local)
        if local is not None and _exists(local, zone):
            instant = _instant(local.replace(fold=fold), zone)
            if instant > after:
                return instant
    return None


def _instant(local: datetime, zone: tzinfo) -> datetime:
    return local.replace(tzinfo=zone).astimezone(timezone.utc)


def _exists(local: datetime, zone: tzinfo) -> bool:
    return _instant(local, zone).astimezone(zone).replace(tzinfo=None, fold=0) == local.replace(fold=0)


def _end_of_gap(local: datetime, zone: tzinfo) -> datetime:
    """The instant at which clocks jump over this local time, found by halving between the two ways to read it."""
    early, late = sorted((_instant(local.replace(fold=0), zone), _instant(local.replace(fold=1), zone)))
    offset = early.astimezone(zone).utcoffset()
    while late - early > timedelta(seconds=1):
        middle = early + timedelta(seconds=(late - early) // timedelta(seconds=2))
        if middle.astimezone(zone).utcoffset() == offset:
            early = middle
        else:
            late = middle
    return late
