"""`changes` and `growth`, and the moments that `--since` takes."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime

import pytest

from sanchay import since
from sanchay.errors import InvalidQuery
from sanchay.v1 import change_pb2
from sanchayctl.commands.growth import by_day
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl import canned
from tests.unit.ctl.conftest import Run

NOW = datetime(2024, 5, 10, 12, 30)  # noqa: DTZ001 - local time, as a person types it


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "Europe/Berlin")
    if hasattr(time, "tzset"):
        time.tzset()
    yield
    monkeypatch.undo()
    if hasattr(time, "tzset"):
        time.tzset()


@pytest.mark.skipif(os.name == "nt", reason="no tzset")
@pytest.mark.parametrize(
    ("text", "utc"),
    [
        ("yesterday 18:00", "2024-05-09T16:00:00"),
        ("yesterday", "2024-05-08T22:00:00"),
        ("today 01:02:03", "2024-05-09T23:02:03"),
        ("now", "2024-05-10T10:30:00"),
        ("18:00", "2024-05-10T16:00:00"),
        ("2024-01-31", "2024-01-30T23:00:00"),
        ("2024-01-31 14:05", "2024-01-31T13:05:00"),
        ("2024-01-31T14:05", "2024-01-31T13:05:00"),
        ("2024-01-31T14:05:06Z", "2024-01-31T14:05:06"),
        ("2024-01-31 14:05 +0200", "2024-01-31T12:05:00"),
        ("7d", "2024-05-03T10:30:00"),
        ("1.5h", "2024-05-10T09:00:00"),
        ("2w", "2024-04-26T10:30:00"),
    ],
)
@pytest.mark.usefixtures("berlin")
def test_a_moment_is_local_time(text: str, utc: str) -> None:
    expected = datetime.fromisoformat(f"{utc}+00:00")
    assert since.parse(text, NOW) == ("", round(expected.timestamp()) * 10**9)


def test_a_cursor_is_passed_on() -> None:
    assert since.parse("c1.2.3", NOW) == ("c1.2.3", None)


@pytest.mark.parametrize(
    ("text", "term", "position"),
    [
        ("yesterday 25:00", "25:00", 10),
        ("tuesday", "tuesday", 0),
        ("2024-02-31", "2024-02-31", 0),
        ("yesterday at 18:00", "at", 10),
        ("today 18:00 sharp", "sharp", 12),
        ("now 18:00", "18:00", 4),
        ("7", "7", 0),
        ("99999999999d", "99999999999d", 0),
        ("", "", 0),
    ],
)
def test_what_is_no_moment_is_refused_by_its_term(text: str, term: str, position: int) -> None:
    with pytest.raises(InvalidQuery) as refused:
        since.parse(text, NOW)
    assert (refused.value.term, refused.value.position) == (term, position)


@pytest.mark.usefixtures("people")
def test_changes_are_lines_and_end_with_where_to_go_on(run: Run, daemon: CannedDaemon) -> None:
    ended = run("changes")
    assert (ended.code, ended.err) == (0, "")
    assert "+5.0G" in ended.out
    assert "-1.0K" in ended.out
    assert "/data/photos/old  (1 file)" in ended.out
    assert "(was $'/data/photos/caf\\xe9.jpg')" in ended.out
    assert "sanchayctl changes --since c7.12.3" in ended.out
    (request,) = daemon.asked("ListChanges")
    assert (request.limit, request.cursor) == (1000, "")
    assert abs(request.since_ns - (time.time_ns() - 86400 * 10**9)) < 600 * 10**9


def test_changes_of_a_script_have_a_cursor_and_rows(run: Run, daemon: CannedDaemon) -> None:
    document = run("--json", "changes", "--since", "c7.1.0", "--under", "/data").document
    assert (document["cursor"], document["complete"], document["truncated"]) == ("c7.12.3", True, False)
    _, grown, moved, removed = document["rows"]
    assert (grown["kind"], grown["bytes_delta"], grown["at"]) == ("grown", 1536, "2024-01-01T12:00:00Z")
    assert "from_path_bytes" in moved
    assert (removed["folder"], removed["files"]) == (True, 1)
    (request,) = daemon.asked("ListChanges")
    assert (request.cursor, request.HasField("since_ns"), request.under.raw) == ("c7.1.0", False, b"/data")


@pytest.mark.usefixtures("people")
def test_all_changes_are_asked_for_page_by_page_and_what_is_lost_is_said(run: Run, daemon: CannedDaemon) -> None:
    def page(request: change_pb2.ListChangesRequest) -> change_pb2.ListChangesResponse:
        page = canned.changes()
        page.truncated = not request.cursor
        page.complete = request.cursor == "c1.2.0"
        page.cursor = "c1.2.0" if not request.cursor else "c1.3.0"
        return page

    daemon.answers["ListChanges"] = page
    document = run("--json", "changes", "--all").document
    assert (len(document["rows"]), document["truncated"], document["cursor"]) == (8, True, "c1.3.0")
    assert "are not kept any more" in run("changes", "--all").err
    limited = run("changes", "--limit", "4")
    assert "There is more" in limited.out
    assert daemon.asked("ListChanges")[-1].limit == 4


def test_a_wrong_moment_is_shown_where_it_stands(run: Run, daemon: CannedDaemon) -> None:
    ended = run("changes", "--since", "yesterday 25:00")
    assert ended.code == 2
    assert ended.err.splitlines()[-1] == "    " + " " * 10 + "^"
    assert run("--json", "changes", "--since", "yesterday 25:00").error["term"] == "25:00"
    assert not daemon.asked("ListChanges")


def test_growth_is_a_table_with_sparklines_and_the_day_that_the_disk_is_full(run: Run, daemon: CannedDaemon) -> None:
    ended = run("growth", "/data", "--days", "10")
    assert (ended.code, ended.err) == (0, "")
    assert "▁▁▁▁▁▁▁▁▁▁▁█" in ended.out
    assert "it is full on 2024-01-01" in ended.out
    assert "/gone does not say how much is free" in ended.out
    document = run("--json", "growth").document
    (row,) = document["rows"]
    assert (row["bytes"], row["bytes_per_day"]) == (3000, 200.0)
    assert row["history"][0] == {"day": "2023-12-22", "bytes": 1000}
    assert document["full_on"] == "2024-01-01T12:00:00Z"
    assert document["file_systems"][1]["free_bytes"] is None
    daemon.answers["GetGrowth"] = change_pb2.GetGrowthResponse()
    assert "Ask again tomorrow" in run("growth").out
    assert run("--json", "growth").document["full_on"] is None


def test_days_without_a_total_have_that_of_the_day_before() -> None:
    history = [change_pb2.DayTotal(day=day, bytes=total) for day, total in ((10, 1), (12, 5), (20, 9))]
    assert by_day(history, 6) == [1, 5, 5, 5, 5, 9]
    assert by_day([], 6) == []
