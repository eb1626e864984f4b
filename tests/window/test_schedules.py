"""Schedules: in plain words, by a fixed zone, changed in place, run, with what is another in their reports."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QTime
from PySide6.QtTest import QTest

from sanchay_tray.model import Link
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.schedules import timing
from sanchay_tray.window.pages.schedules.editor import Editor
from sanchay_tray.window.pages.schedules.page import SchedulesPage
from sanchay_tray.window.pages.schedules.timing import Kind, Timing
from tests.support.answers import scan
from tests.support.daemon import DaemonProcess
from tests.support.windows import application, button, nameless, page_of, settle, texts, until, window


@pytest.mark.parametrize(
    ("cron", "every_s", "words"),
    [
        ("30 2 * * *", 0, "every night at 02:30"),
        ("0 8 * * *", 0, "every morning at 08:00"),
        ("@daily", 0, "every night at 00:00"),
        ("15 19 * * *", 0, "every evening at 19:15"),
        ("0 3 * * 0", 0, "every Sunday at 03:00"),
        ("0 3 * * 7", 0, "every Sunday at 03:00"),
        ("0 3 * * fri", 0, "every Friday at 03:00"),
        ("0 18 * * 1-5", 0, "from Monday to Friday at 18:00"),
        ("0 4 1 * *", 0, "on day 1 of each month at 04:00"),
        ("5 * * * *", 0, "every hour, 5 minutes past"),
        ("*/7 1,2 * jan mon", 0, "by the rule */7 1,2 * jan mon"),
        ("", 3600, "every hour"),
        ("", 6 * 3600, "every 6 hours"),
        ("", 604_800, "every week"),
    ],
)
def test_times_in_words(cron: str, every_s: int, words: str) -> None:
    application()
    assert timing.words(timing.of(cron, every_s)) == words


@pytest.mark.parametrize("kind", [kind for kind in Kind if kind not in (Kind.EVERY, Kind.RULE)])
def test_a_time_that_was_entered_reads_as_it_was_meant(kind: Kind) -> None:
    entered = Timing(kind, 4, 20, weekday=3, day=17)
    again = timing.of(entered.cron, 0)
    assert (again.kind, again.cron) == (kind, entered.cron)


@pytest.fixture
def zoned(tmp_path: Path, tree: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[DaemonProcess]:
    """A daemon in India, with the tree scanned; so is the window."""
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()
    with DaemonProcess(tmp_path / "home", env={"TZ": "Asia/Kolkata"}) as daemon:
        with daemon.client() as client:
            client.add_root(tree, no_scan=True)
            scan(client, str(tree))
        yield daemon
    monkeypatch.undo()
    time.tzset()


def schedules(frame: Frame) -> SchedulesPage:
    """The page, once it knows the daemon."""
    page = page_of(frame, SchedulesPage)
    until(lambda: frame.state.link is Link.UP)
    return page


def test_without_schedules_there_are_three_to_start_from(zoned: DaemonProcess) -> None:
    with window(zoned.where, "schedules") as frame:
        page = schedules(frame)
        assert "Nothing is done by the clock yet" in texts(page)
        assert nameless(page) == []
        button(page, "Add: Scan every folder each night").click()
        until(lambda: page.rows.cells())
        name, state, when, coming, what = page.rows.cells()[0]
        assert (name, state, when, what) == (
            "nightly-scan",
            "never run",
            "every night at 02:30",
            "Scan every folder",
        )
        assert "2:30" in coming
        until(lambda: page.coming.text().count("2:30") == 5)
        assert nameless(page) == []


def test_a_schedule_is_made_and_changed_in_place(zoned: DaemonProcess) -> None:
    with window(zoned.where, "schedules") as frame, zoned.client() as client:
        page = schedules(frame)
        button(page, "New schedule …").click()
        (editor,) = page.findChildren(Editor)
        assert not editor.go.isEnabled()  # it has no name yet
        editor.name.setText("<b>new</b>")
        editor.action.setCurrentIndex(editor.action.findData("report"))
        assert not editor.go.isEnabled()
        editor.expression.setText("size:>1k")
        editor.kind.setCurrentIndex(editor.kind.findData(Kind.RULE))
        editor.rule.setText("61 * * * *")
        until(lambda: "is not within 0 to 59" in editor.coming.text())
        assert not editor.go.isEnabled()
        editor.kind.setCurrentIndex(editor.kind.findData(Kind.WEEKLY))
        editor.weekday.setCurrentIndex(editor.weekday.findData(5))
        editor.time.setTime(QTime(6, 45))
        until(lambda: editor.coming.text().count("6:45") == 5)
        assert nameless(page) == []
        button(page, "Save").click()
        until(lambda: page.rows.cells())
        assert page.rows.cells()[0][0] == "<b>new</b>"
        assert page.rows.cells()[0][2] == "every Friday at 06:45"

        button(page, "Change …").click()
        settle()
        (editor,) = page.findChildren(Editor)
        editor.name.setText("often")
        editor.kind.setCurrentIndex(editor.kind.findData(Kind.EVERY))
        editor.number.setValue(90)
        editor.unit.setCurrentIndex(editor.unit.findData(60))
        button(page, "Save").click()
        until(lambda: [cells[0] for cells in page.rows.cells()] == ["often"])
        (schedule,) = client.list_schedules().schedules
        assert (schedule.cron, schedule.every_s, schedule.expression) == ("", 5400, "size:>1k")


def test_a_report_shows_what_is_new_grown_and_gone(zoned: DaemonProcess, tree: Path) -> None:
    with zoned.client() as client:
        client.add_schedule("large", "report", cron="0 8 * * *", expression="size:>1k")
        with window(zoned.where, "schedules", "large") as frame:
            page = schedules(frame)
            until(lambda: page.rows.cells())
            page.rows.setFocus()
            QTest.keyClick(page.rows.view, Qt.Key.Key_Return)
            until(lambda: [cells[1] for cells in page.results.runs.cells()] == ["done"])
            until(lambda: len(page.results.files.cells()) == 4)
            (tree / "Backup/beach.jpg").unlink()
            (tree / "Music/song.mp3").write_bytes(b"la" * 12_000)
            (tree / "new.bin").write_bytes(b"n" * 5000)
            button(page, "Run now").click()
            until(lambda: [cells[1] for cells in page.results.runs.cells()] == ["done", "done"])
            page.results.runs.view.selectRow(0)
            until(lambda: page.results.files.cells() and page.results.files.cells()[0][1] == "new")
            changes = {Path(cells[0]).name: cells[1:] for cells in page.results.files.cells()}
            assert changes["new.bin"] == ("new", "4.9 KB")
            assert changes["song.mp3"] == ("grown", "23.4 KB, was 17.6 KB")
            assert [cells[1] for cells in page.results.files.cells()].count("gone") == 1
            assert page.results.runs.cells()[0][2].endswith("1 new; 1 grown; 1 gone")
            assert nameless(page) == []


def test_one_is_turned_off_and_removed_here_and_elsewhere(zoned: DaemonProcess) -> None:
    with zoned.client() as client:
        for name in ("one", "two"):
            client.add_schedule(name, "scan", every_s=3600)
        with window(zoned.where, "schedules", "two") as frame:
            page = schedules(frame)
            until(lambda: page.rows.key() == "two")
            button(page, "Turn off").click()
            until(lambda: page.rows.cells()[1][3] == "turned off")
            button(page, "Remove …").click()
            client.remove_schedule("two")
            until(lambda: [cells[0] for cells in page.rows.cells()] == ["one"])
            assert page.heading.text() == "one"
            button(page, "Remove …").click()
            button(page, "Remove").click()
            until(lambda: "Nothing is done by the clock yet" in texts(page))
