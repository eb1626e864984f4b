"""What the soak says of memory is only what it measured."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.live.measures import Sample, growth_bytes


def _samples(seconds: int, rss_bytes_per_s: int) -> list[Sample]:
    return [Sample(1000.0 + at_s, 5_000 + rss_bytes_per_s * at_s, 0, 0, 0, 0, 0) for at_s in range(seconds + 1)]


def test_growth_is_that_of_the_time_that_is_judged() -> None:
    assert growth_bytes(_samples(900, 3), 600.0) == pytest.approx(3 * 600)
    assert growth_bytes(_samples(600, 3), 600.0) == pytest.approx(3 * 600)


def test_a_burst_that_passes_is_no_growth() -> None:
    samples = [replace(each, rss_bytes=each.rss_bytes + 10**6 * (each.at_s % 100 < 20)) for each in _samples(900, 3)]
    assert growth_bytes(samples, 600.0) == pytest.approx(3 * 600, abs=1)


def test_what_came_before_the_time_that_is_judged_does_not_count() -> None:
    before = [Sample(float(at_s), 1, 0, 0, 0, 0, 0) for at_s in range(300, 1000)]
    assert growth_bytes(before + _samples(600, 0), 600.0) == pytest.approx(0)


def test_a_run_that_is_too_short_measures_no_growth() -> None:
    assert growth_bytes(_samples(599, 3), 600.0) is None
    assert growth_bytes(_samples(900, 3), 60.0) is None
    assert growth_bytes([], 600.0) is None
