"""Values as the window shows them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

import pytest
from PySide6.QtCore import QLocale

from sanchay_tray.window import shown
from tests.support.windows import application


@pytest.fixture
def in_utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    application()
    before = QLocale()
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    QLocale.setDefault(before)
    monkeypatch.undo()
    time.tzset()


@pytest.mark.skipif(os.name == "nt", reason="there is no tzset")
@pytest.mark.usefixtures("in_utc")
@pytest.mark.parametrize(
    ("locale", "moment", "day"),
    [
        ("C", "1998-09-05 18:28", "1998-09-05"),
        ("en_US", "9/5/1998 6:28 pm", "9/5/1998"),
        ("en_GB", "05/09/1998 18:28", "05/09/1998"),
        ("de_DE", "05.09.1998 18:28", "05.09.1998"),
        ("hi_IN", "5/9/1998 6:28 pm", "5/9/1998"),
    ],
)
def test_a_date_has_the_order_of_its_country_and_all_of_its_year(locale: str, moment: str, day: str) -> None:
    QLocale.setDefault(QLocale(locale))
    time_ns = 905_020_080 * 10**9
    assert (shown.moment(time_ns).replace("\u202f", " ").lower(), shown.day(time_ns)) == (moment, day)
    assert (shown.moment(0), shown.day(0)) == ("", "")


def test_a_clock_that_was_set_by_a_year_makes_nothing_just_now() -> None:
    now_ns, year_ns = 1_700_000_000_000_000_000, 365 * 86_400 * 10**9
    assert shown.ago(now_ns, now_ns + year_ns) == shown.moment(now_ns)
    assert shown.ago(now_ns, now_ns - year_ns) == shown.moment(now_ns)
    assert shown.ago(now_ns, now_ns - 2_000_000_000) == "just now"
