"""The plan beneath a review: edited elsewhere, left and entered again, by rules; and a list that copies arrive in."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from sanchay.v1 import catalog_pb2, dedupe_pb2
from sanchay_tray.window.pages.copies import plan_groups
from sanchay_tray.window.pages.copies.groups import Groups
from sanchay_tray.window.pages.copies.page import CopiesPage
from sanchay_tray.window.pages.copies.rules import Rules
from tests.support.daemon import DaemonProcess
from tests.support.windows import button, texts, until
from tests.window.test_copies import GROUPS, copied, copies, decisions, picture, planned, press, reviewed, scan, told

__all__ = ["copied"]  # the fixture

CONTROL = Qt.KeyboardModifier.ControlModifier


def decided(page: CopiesPage) -> list[str]:
    """The column of the list that says whether a group is decided."""
    rows = range(page.rows.total())
    return [page.rows.data(page.rows.index(row, 5), Qt.ItemDataRole.DisplayRole) for row in rows]


def of_three(page: CopiesPage, daemon: DaemonProcess) -> int:
    """The number of the group that has three copies; it is shown."""
    number = next(number for number, each in planned(daemon).items() if len(each) == 3)
    page.review.go(number)
    until(lambda: decisions(page) == ["undecided"] * 3)
    return number


def test_the_list_says_of_each_group_whether_it_is_decided(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        press(page, Qt.Key.Key_1)
        until(lambda: page.review.number == 1)
        plan = told(page)
        assert page.back()
        until(lambda: sorted(map(str, decided(page))) == ["not yet"] * (GROUPS - 1) + ["yes"])
        with daemon.client() as client:
            client.decide_plan_group(plan.id, 3, rest="keep")
        until(lambda: sorted(map(str, decided(page))) == ["not yet"] * (GROUPS - 2) + ["yes"] * 2, "told by an event")
        assert f"2 of {GROUPS} groups decided" in page.progress.text()


def test_what_is_decided_elsewhere_is_shown_and_the_next_undecided_is_another_one(
    daemon: DaemonProcess, copied: Path
) -> None:
    with reviewed(daemon) as (_frame, page):
        plan = told(page)
        with daemon.client() as client:
            client.decide_plan_group(plan.id, 0, rest="keep")
            client.decide_plan_group(plan.id, 1, rest="keep")
        until(lambda: set(decisions(page)) == {"keep"})
        press(page, Qt.Key.Key_U)
        press(page, Qt.Key.Key_1)
        until(lambda: page.review.number == 2 and page.review.group())
        assert told(page).undecided == GROUPS - 2


def test_a_group_undecided_again_is_come_back_to(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        for number in range(GROUPS - 1):
            until(lambda number=number: page.review.number == number and page.review.group())  # type: ignore[misc]
            press(page, Qt.Key.Key_1)
        until(lambda: page.review.number == GROUPS - 1 and page.review.group())
        page.review.go(1)
        until(page.review.group)
        press(page, Qt.Key.Key_U)
        page.review.go(GROUPS - 1)
        press(page, Qt.Key.Key_1)
        until(lambda: page.review.number == 1)
        press(page, Qt.Key.Key_1)
        until(lambda: page.review.said.text() == "Every group is decided.")
        assert told(page).undecided == 0


def test_the_last_copy_does_not_go_though_the_others_were_dropped_elsewhere(
    daemon: DaemonProcess, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with reviewed(daemon) as (frame, page):
        monkeypatch.setattr(page, "happened", lambda _event: None)  # the news comes later than the key
        number = of_three(page, daemon)
        plan = told(page)
        with daemon.client() as client:
            client.decide_plan_group(plan.id, number, undecided=[page.review.members_model.lines[2].path], rest="drop")
        page.review.table.select(2)
        press(page, Qt.Key.Key_Space)
        until(lambda: "was decided elsewhere" in page.review.said.text())
        until(lambda: decisions(page) == ["drop", "drop", "undecided"])
        assert frame.banner_texts() == []


def test_decisions_are_taken_back_after_the_review_was_left_and_by_rules_changed(
    daemon: DaemonProcess, copied: Path
) -> None:
    with reviewed(daemon) as (_frame, page):
        before = planned(daemon)
        press(page, Qt.Key.Key_1)
        until(lambda: page.review.number == 1 and page.review.group())
        press(page, Qt.Key.Key_2)
        until(lambda: page.review.number == 2 and page.review.group())
        told(page)
        assert page.back()
        button(page, "Review").click()
        until(lambda: page.review.isVisible() and page.review.number == 2 and page.review.group())
        press(page, Qt.Key.Key_Z, CONTROL)
        until(lambda: page.review.number == 1)
        assert decisions(page) == ["undecided", "undecided"]
        press(page, Qt.Key.Key_R)
        until(page.rules.isVisible)
        button(page.rules, "Use these rules").click()
        until(lambda: page.review.isVisible() and page.review.group())
        assert planned(daemon)[0] == ["keep", "drop"]
        press(page, Qt.Key.Key_Z, CONTROL)
        until(lambda: page.review.said.text() == "Taken back.")
        told(page)
        assert planned(daemon) == before
        press(page, Qt.Key.Key_Z, CONTROL)
        assert page.review.said.text() == "There is no decision left to take back."


def test_decisions_of_a_window_before_are_said_not_to_be_steps(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        press(page, Qt.Key.Key_1)
        told(page)
    with reviewed(daemon) as (_frame, page):
        until(lambda: page.review.number == 1)
        press(page, Qt.Key.Key_Z, CONTROL)
        assert page.review.said.text().startswith("Earlier decisions were not made in this review")


def held_up(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Decisions reach the daemon once this is set."""
    goes_on, decide = threading.Event(), plan_groups.decide

    def slow(*asked: Any) -> dedupe_pb2.DecidePlanGroupResponse:
        goes_on.wait(30)
        return decide(*asked)

    monkeypatch.setattr("sanchay_tray.window.pages.copies.plan.decide", slow)
    return goes_on


def test_of_several_decisions_the_one_that_is_refused_is_named_and_the_others_count(
    daemon: DaemonProcess, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = held_up(monkeypatch)
    with reviewed(daemon) as (frame, page), daemon.client() as client:
        monkeypatch.setattr(page, "happened", lambda _event: None)
        plan, refused = told(page), of_three(page, daemon)
        other = [path.path for path in page.review.members_model.lines[2:]]
        client.decide_plan_group(plan.id, refused, undecided=other, rest="drop")
        first, second, third = (number for number in range(GROUPS) if number != refused)
        for number, key in (
            (first, Qt.Key.Key_1),
            (second, Qt.Key.Key_1),
            (refused, Qt.Key.Key_Space),
            (third, Qt.Key.Key_1),
        ):
            page.review.go(number)
            until(lambda number=number: page.plan.group(number))  # type: ignore[misc]
            page.review.table.select(2 if number == refused else 0)
            press(page, key)
        goes_on.set()
        until(lambda: "was decided elsewhere" in page.review.said.text())
        assert page.review.number == refused
        until(lambda: client.get_plan(plan.id).plan.undecided == 1, "the others are decided")
        assert told(page).undecided == 1
        assert frame.banner_texts() == []


def test_what_is_decided_just_before_another_filter_is_told_to_the_plan_that_it_was_decided_in(
    daemon: DaemonProcess, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes_on = held_up(monkeypatch)
    with reviewed(daemon) as (frame, page), daemon.client() as client:
        plan = told(page)
        press(page, Qt.Key.Key_1)
        until(lambda: page.review.number == 1 and page.review.group())
        press(page, Qt.Key.Key_1)
        assert page.back()
        page.bar.type.setCurrentIndex(page.bar.type.findData("image"))
        until(lambda: page.plan.plan is None)
        goes_on.set()
        until(lambda: client.get_plan(plan.id).plan.undecided == GROUPS - 2, "both decisions are in the plan")
        until(page.start.isEnabled)
        page.start.click()
        until(lambda: page.review.isVisible() and page.review.group())
        assert told(page).id != plan.id
        assert told(page).undecided == told(page).groups
        assert frame.banner_texts() == []


def names(rules: Rules) -> list[str]:
    return list(rules.rules())


def test_rules_are_moved_by_keys_and_each_change_is_taken_back(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        press(page, Qt.Key.Key_R)
        until(page.rules.isVisible)
        rules = page.rules
        for rule in ("oldest", "newest", "linked"):
            rules.add.activated.emit(rules.add.findData(rule))
        rules.list.setFocus()
        rules.list.setCurrentRow(2)
        QTest.keyClick(rules.list, Qt.Key.Key_Up, CONTROL)
        assert names(rules) == ["oldest", "linked", "newest"]
        assert rules.list.currentRow() == 1
        assert not rules.apply_button.isEnabled(), "not before they were tried"
        QTest.keyClick(rules.list, Qt.Key.Key_Up, CONTROL)
        QTest.keyClick(rules.list, Qt.Key.Key_Down, CONTROL)
        QTest.keyClick(rules.list, Qt.Key.Key_Delete)
        assert names(rules) == ["oldest", "newest"]
        seen = []
        for _ in range(7):
            QTest.keyClick(rules.list, Qt.Key.Key_Z, CONTROL)
            seen.append(names(rules))
        assert seen[:4] == [
            ["oldest", "linked", "newest"],
            ["linked", "oldest", "newest"],
            ["oldest", "linked", "newest"],
            ["oldest", "newest", "linked"],
        ]
        assert seen[-1] == []
        QTest.keyClick(rules.list, Qt.Key.Key_Z, CONTROL)
        assert rules.result.text() == "Every change of the rules is taken back."


def test_a_list_stays_where_it_is_while_copies_arrive_and_says_so(daemon: DaemonProcess, copied: Path) -> None:
    with copies(daemon) as (_frame, page):
        page.table.select(2)
        chosen = page.rows.row(2).hash
        for number in range(GROUPS, GROUPS + 3):  # larger ones: they come before the others
            shutil.copy2(picture(copied / f"Pictures/p{number}.png", number), copied / f"Backup/p{number}.png")
        scan_again(daemon, copied)
        until(lambda: page.news.isVisible() and "have changed" in page.news.label.text())
        assert page.rows.total() == GROUPS
        assert page.rows.row(page.table.current_row()).hash == chosen
        button(page, "List again").click()
        until(lambda: page.rows.total() == GROUPS + 3)
        assert page.news.isHidden()
        until(
            lambda: (row := page.rows.row(page.table.current_row())) is not None and row.hash == chosen,
            "the same group is selected, at its new place",
        )


def test_files_that_are_no_copies_are_no_news(
    daemon: DaemonProcess, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with copies(daemon) as (_frame, page):
        answers: list[bool] = []
        ask = Groups.ask_changed

        def watched(groups: Groups, then: Callable[[bool, catalog_pb2.DuplicatesResponse], None]) -> None:
            def both(has_changed: bool, now: catalog_pb2.DuplicatesResponse) -> None:
                answers.append(has_changed)
                then(has_changed, now)

            ask(groups, both)

        monkeypatch.setattr(Groups, "ask_changed", watched)
        (copied / "Pictures/p1.xmp").write_text("changed beside it")
        scan_again(daemon, copied)
        until(lambda: answers)
        assert set(answers) == {False}
        assert page.news.isHidden()
        (copied / "Pictures/new.xmp").write_text("changed beside it")
        scan_again(daemon, copied)
        until(page.news.isVisible)


def test_what_is_likely_next_is_read_before_it_is_asked_for(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        with daemon.client() as client:
            client.decide_plan_group(told(page).id, 1, rest="keep")
        until(lambda: page.plan.following(0) == 2, "told by an event")
        until(lambda: page.plan.group(1) and page.plan.group(2))
        press(page, Qt.Key.Key_1)
        assert page.review.number == 2, "without a question"
        assert page.review.group() is not None


def test_a_group_of_very_many_copies_is_decided_whole(daemon: DaemonProcess, tmp_path: Path) -> None:
    tree = tmp_path / "tree"
    tree.mkdir()
    for number in range(1_003):
        (tree / f"{number:04}.txt").write_bytes(b"the same")
    scan(daemon, tree)
    with copies(daemon, 1) as (_frame, page):
        button(page, "Review").click()
        until(page.review.group)
        assert len(decisions(page)) == 1_000
        assert "1,003 copies" in page.review.heading.text()
        assert "3 more copies are not listed" in page.review.why.text()
        press(page, Qt.Key.Key_2)
        assert told(page).files == 1_002
        until(lambda: page.review.said.text() == "Every group is decided.")
        press(page, Qt.Key.Key_Z, CONTROL)
        assert (told(page).files, told(page).undecided) == (0, 1)


def test_a_group_that_goes_under_the_pointer_keeps_its_place_and_is_said_to_be_gone(
    daemon: DaemonProcess, copied: Path
) -> None:
    with copies(daemon) as (_frame, page):
        shutil.rmtree(copied / "Backup")
        scan_again(daemon, copied)
        until(page.news.isVisible)
        page.rows.forget()  # as when it is scrolled away and back
        until(lambda: len([row for row in range(GROUPS) if page.rows.is_gone(row)]) == GROUPS - 1)
        gone = [row for row in range(GROUPS) if page.rows.is_gone(row)]
        assert page.rows.total() == GROUPS
        page.table.select(gone[0])
        QTest.keyClick(page.table, Qt.Key.Key_Return)
        assert any(text.startswith("This group is gone") for text in texts(page))
        assert not page.review.isVisible()


def scan_again(daemon: DaemonProcess, tree: Path) -> None:
    with daemon.client() as client:
        for job in client.start_scan([str(tree)]).jobs:
            for _ in client.follow_job(job.id):
                pass
