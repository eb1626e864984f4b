"""Nominal times: case tables, and a slow oracle that looks at every minute of a year. No clock anywhere."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sanchay.errors import InvalidArgument
from sanchayd.schedules import cron, due
from sanchayd.schedules.timing import SECOND_NS, Every, next_ns

BERLIN = ZoneInfo("Europe/Berlin")
YEAR_NS = 365 * 86_400 * SECOND_NS


def ns(text: str, zone: ZoneInfo = BERLIN) -> int:
    """The instant of a local time; `fold=1` after it for the second of two."""
    word, _, fold = text.partition(" fold=")
    local = datetime.fromisoformat(word).replace(tzinfo=zone, fold=int(fold or 0))
    return int(local.timestamp()) * SECOND_NS


def local(at_ns: int | None, zone: ZoneInfo = BERLIN) -> str:
    assert at_ns is not None
    return datetime.fromtimestamp(at_ns // SECOND_NS, zone).isoformat(timespec="minutes")


@pytest.mark.parametrize(
    ("expression", "after", "expected"),
    [
        ("0 2 * * *", "2026-11-23T01:59", "2026-11-23T02:00+01:00"),
        ("0 2 * * *", "2026-11-23T02:00", "2026-11-24T02:00+01:00"),
        # crontab's Sunday, where APScheduler's own reading says Monday
        ("0 2 * * 0", "2026-11-23T12:00", "2026-11-29T02:00+01:00"),
        ("0 2 * * 7", "2026-11-23T12:00", "2026-11-29T02:00+01:00"),
        ("0 2 * * sun", "2026-11-23T12:00", "2026-11-29T02:00+01:00"),
        ("0 2 * * MON-fri", "2026-11-27T12:00", "2026-11-30T02:00+01:00"),
        ("0 2 * * fri-sun", "2026-11-28T12:00", "2026-11-29T02:00+01:00"),
        ("*/20 8-9 1,15 jan,7 *", "2026-11-23T12:00", "2027-01-01T08:00+01:00"),
        ("5/20 * * * *", "2026-11-23T12:30", "2026-11-23T12:45+01:00"),
        # either of two restricted days
        ("0 0 13 * 5", "2026-11-08T00:00", "2026-11-13T00:00+01:00"),
        ("0 0 13 * 5", "2026-11-13T00:00", "2026-11-20T00:00+01:00"),
        ("0 0 29 2 *", "2026-11-23T00:00", "2028-02-29T00:00+01:00"),
        ("@daily", "2026-11-23T12:00", "2026-11-24T00:00+01:00"),
        ("@hourly", "2026-11-23T12:00", "2026-11-23T13:00+01:00"),
        ("@weekly", "2026-11-23T12:00", "2026-11-29T00:00+01:00"),
        # autumn: once, the first of the two; then not before the next day
        ("0 2 * * *", "2026-10-25T01:00", "2026-10-25T02:00+02:00"),
        ("0 2 * * *", "2026-10-25T02:00", "2026-10-26T02:00+01:00"),
        ("30 2 * * *", "2026-10-25T02:10 fold=1", "2026-10-26T02:30+01:00"),
        # every hour: both of the two
        ("0 * * * *", "2026-10-25T02:00", "2026-10-25T02:00+01:00"),
        ("0 * * * *", "2026-10-25T02:00 fold=1", "2026-10-25T03:00+01:00"),
        # spring: once, when the missing hour is over
        ("0 2 * * *", "2026-03-29T01:30", "2026-03-29T03:00+02:00"),
        ("30 2 * * *", "2026-03-29T01:30", "2026-03-29T03:00+02:00"),
        ("30 2 * * *", "2026-03-29T03:00", "2026-03-30T02:30+02:00"),
        ("*/30 * * * *", "2026-03-29T01:30", "2026-03-29T03:00+02:00"),
    ],
)
def test_the_next_nominal_time(expression: str, after: str, expected: str) -> None:
    assert local(next_ns(cron.parse(expression), ns(after), BERLIN)) == expected


@pytest.mark.parametrize(
    ("expression", "position", "words"),
    [
        ("0 24 * * *", 2, "hour at character 3: 24 is not within 0 to 23"),
        ("x * * * *", 0, "minute at character 1: 'x' is not a valid number"),
        ("0 2 * * 1,noday", 10, "weekday at character 11"),
        ("0 2 * 13 *", 6, "month"),
        ("0 2 0 * *", 4, "day of the month"),
        ("*/0 * * * *", 0, "'0' is not a valid step"),
        ("30-10 * * * *", 0, "30 comes after 10"),
        ("0 2 * *", 0, "4 fields"),
        ("", 0, "0 fields"),
        ("@often", 0, "@daily"),
        ("0 0 30 feb *", 4, "never run"),
        ("², * * * *", 0, "not a valid number"),
    ],
)
def test_a_bad_expression_is_refused_with_its_field_and_position(expression: str, position: int, words: str) -> None:
    with pytest.raises(InvalidArgument) as caught:
        cron.parse(expression)
    assert caught.value.position == position
    assert words in caught.value.message


def oracle(expression: cron.Cron, begin: datetime, end: datetime, zone: ZoneInfo) -> list[datetime]:
    """Every minute between, by the sentences of `timing`'s own words."""
    found, seen = [], set()
    before = begin.astimezone(zone).replace(tzinfo=None)
    moment = begin
    while moment < end:
        moment += timedelta(minutes=1)
        now = moment.astimezone(zone).replace(tzinfo=None, fold=0)
        minutes = [now]
        if not expression.every_hour:
            skipped = before + timedelta(minutes=1)
            while skipped < now:  # clocks were put forward
                minutes.append(skipped)
                skipped += timedelta(minutes=1)
        fits = [
            each
            for each in minutes
            if each.minute in expression.minutes and each.hour in expression.hours and expression.fits_day(each.date())
        ]
        if not expression.every_hour:
            fits = [each for each in fits if each not in seen]
            seen.update(fits)
        if fits:
            found.append(moment)
        before = now
    return found


ZONES = (
    "Europe/Berlin",
    "America/St_Johns",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Sao_Paulo",
    "Pacific/Apia",
)
EXPRESSIONS = ("0 2 * * *", "*/17 * * * *", "30 2,3 * * 0", "15 0-3 * 3,4,10,11 *", "0 0 13 * 5", "59 1 28-31 * mon")


@pytest.mark.parametrize("zone", ZONES)
@settings(max_examples=2, deadline=None)
@given(
    expression=st.sampled_from(EXPRESSIONS),
    # weeks around the changes of both hemispheres; Apia left out a whole day at the end of 2011
    start=st.sampled_from(
        ("2026-03-25", "2026-10-20", "2026-04-01", "2026-09-30", "2017-10-12", "2018-02-15", "2011-12-27")
    ),
)
def test_it_agrees_with_an_oracle_that_looks_at_every_minute(zone: str, expression: str, start: str) -> None:
    begin = datetime.fromisoformat(start).replace(tzinfo=timezone.utc)
    end = begin + timedelta(days=9)
    parsed, there = cron.parse(expression), ZoneInfo(zone)
    found, after = [], int(begin.timestamp()) * SECOND_NS
    while (after := next_ns(parsed, after, there) or 0) <= int(end.timestamp()) * SECOND_NS and after:
        found.append(datetime.fromtimestamp(after // SECOND_NS, timezone.utc))
    assert found == oracle(parsed, begin, end, there)


@pytest.mark.slow
def test_an_oracle_of_a_whole_year_agrees() -> None:
    begin = datetime(2026, 1, 1, tzinfo=timezone.utc)
    end = begin + timedelta(days=365)
    parsed = cron.parse("30 2 * * 0,3")
    found, after = [], int(begin.timestamp()) * SECOND_NS
    while (after := next_ns(parsed, after, BERLIN) or 0) <= int(end.timestamp()) * SECOND_NS:
        found.append(datetime.fromtimestamp(after // SECOND_NS, timezone.utc))
    assert found == oracle(parsed, begin, end, BERLIN)


def test_an_interval_is_anchored_and_does_not_drift() -> None:
    timing = Every(interval_s=6 * 3600, anchor_ns=1000)
    six_hours_ns = 6 * 3600 * SECOND_NS
    assert next_ns(timing, 1000, BERLIN) == 1000 + six_hours_ns
    assert next_ns(timing, 1000 + six_hours_ns - 1, BERLIN) == 1000 + six_hours_ns
    assert next_ns(timing, 1000 + six_hours_ns + 5, BERLIN) == 1000 + 2 * six_hours_ns
    assert next_ns(timing, 0, BERLIN) == 1000


@pytest.mark.parametrize("timing", [Every(1, 0), cron.parse("* * * * *"), cron.parse("0 2 * * *")])
def test_a_year_forward_is_one_run_and_a_year_back_is_none(timing: cron.Cron | Every) -> None:
    now_ns = ns("2026-11-23T12:00")
    ahead = due.look(timing, now_ns, now_ns + YEAR_NS, BERLIN)
    assert (ahead.is_due, ahead.covered_ns) == (True, now_ns + YEAR_NS)
    again = due.look(timing, ahead.covered_ns, now_ns + YEAR_NS, BERLIN)
    assert not again.is_due
    back = due.look(timing, ahead.covered_ns, now_ns, BERLIN)
    assert (back.is_due, back.covered_ns) == (False, now_ns)
    assert back.next_ns is not None
    assert now_ns < back.next_ns <= now_ns + 86_400 * SECOND_NS


def test_a_clock_that_is_put_right_by_seconds_repeats_nothing() -> None:
    timing = cron.parse("0 2 * * *")
    two = ns("2026-11-23T02:00")
    first = due.look(timing, two - SECOND_NS, two, BERLIN)
    assert first.is_due
    back = due.look(timing, first.covered_ns, two - 3 * SECOND_NS, BERLIN)
    assert (back.is_due, local(back.next_ns)) == (False, "2026-11-24T02:00+01:00")
