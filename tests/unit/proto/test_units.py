"""Numbers for people and from people."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sanchay import units
from tests.unit.ctl.canned import NOON_NS


@pytest.mark.parametrize(
    ("size_bytes", "shown"),
    [
        (0, "0B"),
        (1023, "1023B"),
        (1024, "1.0K"),
        (1536, "1.5K"),
        (10 << 10, "10K"),
        ((1 << 20) - 1, "1.0M"),
        (15 << 20, "15.0M"),
        (150 << 20, "150M"),
        (1 << 30, "1.0G"),
        (5 << 40, "5.0T"),
        (1 << 50, "1.0P"),
        (1 << 60, "1.0E"),
        (2**64 - 1, "16.0E"),
    ],
)
def test_sizes_are_short_and_in_powers_of_1024(size_bytes: int, shown: str) -> None:
    assert units.size(size_bytes) == shown


@given(st.integers(min_value=0, max_value=2**64 - 1))
def test_a_shown_size_reads_back_as_nearly_the_same(size_bytes: int) -> None:
    shown = units.size(size_bytes)
    assert len(shown) <= 5
    assert units.parse_size(shown) == pytest.approx(size_bytes, rel=0.06)


@pytest.mark.parametrize(
    ("text", "size_bytes"),
    [("0", 0), ("10", 10), ("10B", 10), ("4k", 4096), ("1.5G", 3 << 29), ("2GiB", 2 << 30), (" 1 MB ", 1 << 20)],
)
def test_sizes_are_read(text: str, size_bytes: int) -> None:
    assert units.parse_size(text) == size_bytes


@pytest.mark.parametrize("text", ["", "G", "-1", "1X", "1,5G", "ten"])
def test_what_is_no_size_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not a valid size"):
        units.parse_size(text)


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.04, "0.0 s"),
        (9.94, "9.9 s"),
        (12.3, "12 s"),
        (60, "1 min"),
        (200, "3 min 20 s"),
        (3725, "1 h 2 min"),
        (90000, "1 d 1 h"),
    ],
)
def test_durations_have_two_units(seconds: float, shown: str) -> None:
    assert units.duration(seconds) == shown


def test_moments_are_exact_for_programs() -> None:
    assert units.rfc3339(NOON_NS) == "2024-01-01T12:00:00Z"
    assert units.rfc3339(NOON_NS + 120) == "2024-01-01T12:00:00.00000012Z"
    assert units.rfc3339(-1) == "1969-12-31T23:59:59.999999999Z"
    assert units.rfc3339(-(2**62)) is not None
    assert units.rfc3339(10**21) is None


def test_moments_are_local_for_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    try:
        assert units.moment(NOON_NS) == "2024-01-01 17:30"
    finally:
        monkeypatch.undo()
        time.tzset()
    assert units.moment(0) == ""


@pytest.mark.parametrize(
    ("seconds", "shown"), [(-5, "just now"), (59, "just now"), (200, "3 min ago"), (7200, "2 h ago")]
)
def test_how_long_ago(seconds: int, shown: str) -> None:
    assert units.ago(NOON_NS, NOON_NS + seconds * 1_000_000_000) == shown
    assert units.ago(NOON_NS, NOON_NS + 10**15) == f"on {units.moment(NOON_NS)}"


def test_one_is_not_plural() -> None:
    assert units.counted(1, "entry", "entries") == "1 entry"
    assert units.counted(1200, "entry", "entries") == "1,200 entries"
    assert units.counted(0, "file") == "0 files"


@pytest.mark.parametrize(("end", "words"), [(2**63 - 1, "after 2262-04-11"), (-(2**63), "before 1677-09-21")])
def test_a_time_that_64_bits_cannot_hold_is_no_date(end: int, words: str) -> None:
    assert units.moment(end) == words
    assert units.rfc3339(end) is None
