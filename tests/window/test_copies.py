"""Copies and their review, by keys, on a real daemon: from the filter to the undo, and what may go wrong between."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from sanchay.v1 import dedupe_pb2
from sanchay_tray.model import Link
from sanchay_tray.window import opening
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.copies.filters import Filter
from sanchay_tray.window.pages.copies.page import CopiesPage
from tests.support.daemon import DaemonProcess, environment
from tests.support.windows import button, nameless, page_of, texts, until, window

GROUPS = 4


def picture(path: Path, number: int) -> Path:
    """A small picture that differs from those of other numbers, and is larger the higher the number."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = QImage(20 + 8 * number, 40, QImage.Format.Format_RGB32)
    image.fill(QColor.fromHsv(number * 50 % 360, 200, 200))
    for at in range(16):
        image.setPixelColor(at, number, QColor("white"))
    assert image.save(str(path))
    return path


@pytest.fixture
def copied(daemon: DaemonProcess, tmp_path: Path) -> Path:
    """Pictures of which each has a copy in Backup, the first a third one; scanned as one root."""
    tree = tmp_path / "tree"
    for number in range(GROUPS):
        first = picture(tree / f"Pictures/p{number}.png", number)
        (tree / "Backup").mkdir(exist_ok=True)
        shutil.copy2(first, tree / f"Backup/p{number}.png")
    shutil.copy2(tree / "Pictures/p0.png", tree / "Pictures/again.png")
    (tree / "Pictures/p1.xmp").write_text("beside it")
    scan(daemon, tree)
    return tree


def scan(daemon: DaemonProcess, tree: Path) -> None:
    """Adds a root and scans it."""
    with daemon.client() as client:
        client.add_root(tree, no_scan=True)
        for job in client.start_scan([str(tree)]).jobs:
            for _ in client.follow_job(job.id):
                pass


@contextmanager
def copies(daemon: DaemonProcess, groups: int = GROUPS) -> Iterator[tuple[Frame, CopiesPage]]:
    """The page, once it lists its groups."""
    with window(daemon.where, "copies") as frame:
        page = page_of(frame, CopiesPage)
        until(lambda: page.rows.total() == groups and (groups == 0 or page.rows.row(0) is not None))
        yield frame, page


@contextmanager
def reviewed(daemon: DaemonProcess) -> Iterator[tuple[Frame, CopiesPage]]:
    """The review of every group, at its first."""
    with copies(daemon) as (frame, page):
        button(page, "Review").click()
        until(page.review.group, "a group is shown")
        yield frame, page


def press(page: CopiesPage, key: Qt.Key, modifier: Qt.KeyboardModifier = Qt.KeyboardModifier.NoModifier) -> None:
    """A key in the review."""
    QTest.keyClick(page.review.table, key, modifier)


def decisions(page: CopiesPage) -> list[str]:
    """What becomes of each copy of the group that is shown."""
    group = page.review.group()
    return [member.decision for member in group.members] if group is not None else []


def planned(daemon: DaemonProcess) -> dict[int, list[str]]:
    """What the daemon's newest plan says of each group."""
    with daemon.client() as client:
        plan = client.list_plans().plans[0]
        return {group.number: [copy.decision for copy in group.copies] for group in client.iter_plan_groups(plan.id)}


def told(page: CopiesPage) -> dedupe_pb2.Plan:
    """The plan, once the daemon has every decision."""
    until(lambda: not page.plan.is_telling)
    assert page.plan.plan is not None
    return page.plan.plan


def test_groups_are_listed_with_their_pictures_and_members(daemon: DaemonProcess, copied: Path) -> None:
    with copies(daemon) as (_frame, page):
        assert "5 extra copies in 4 groups" in page.total.text()
        columns = [page.rows.data(page.rows.index(0, column), Qt.ItemDataRole.DisplayRole) for column in range(6)]
        assert columns[1] in ("2", "3")
        assert columns[4].startswith("tree: ")
        until(lambda: len(page.members_model.lines) == int(columns[1]))
        until(lambda: all(line.companions is not None for line in page.members_model.lines))
        assert nameless(page) == []


def test_filters_narrow_the_list_and_an_empty_one_says_what_was_looked_at(daemon: DaemonProcess, copied: Path) -> None:
    with copies(daemon) as (_frame, page):
        page.bar.type.setCurrentIndex(page.bar.type.findData("video"))
        until(lambda: "No copies fit the filter" in texts(page))
        assert any(text.startswith("10 files were looked at") for text in texts(page))
        button(page, "Show all").click()
        until(lambda: page.rows.total() == GROUPS)
        assert page.filter == Filter()
        page.bar.sort.setCurrentIndex(page.bar.sort.findData("copies"))
        until(lambda: page.rows.total() == GROUPS and page.rows.row(0) is not None)
        assert page.rows.row(0).copies == 3


def test_without_folders_it_leads_to_them(daemon: DaemonProcess) -> None:
    with copies(daemon, 0) as (_frame, page):
        until(lambda: "No folder is cataloged yet" in texts(page))


def test_each_key_decides_and_goes_on_to_the_next_undecided(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        assert nameless(page) == []
        assert decisions(page) == ["undecided", "undecided"]
        press(page, Qt.Key.Key_1)
        until(lambda: page.review.number == 1 and page.review.group())
        press(page, Qt.Key.Key_Space)  # two copies: the other one stays
        until(lambda: page.review.number == 2 and page.review.group())
        press(page, Qt.Key.Key_K)
        until(lambda: decisions(page) == ["drop", "keep"])
        press(page, Qt.Key.Key_K)
        until(lambda: decisions(page) == ["keep", "drop"])
        press(page, Qt.Key.Key_U)
        assert page.review.number == 0
        assert decisions(page) == ["undecided", "undecided"]
        press(page, Qt.Key.Key_J)
        press(page, Qt.Key.Key_J)
        until(lambda: page.review.number == 2 and page.review.group())
        press(page, Qt.Key.Key_Down)
        press(page, Qt.Key.Key_Space)
        until(lambda: page.review.number == 3 and page.review.group())
        plan = told(page)
        assert (plan.undecided, plan.files) == (2, 2)
        assert planned(daemon)[2] == ["keep", "drop"]


def test_the_last_copy_is_not_dropped_and_it_is_said_why(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        press(page, Qt.Key.Key_1)
        until(lambda: page.review.number == 1)
        press(page, Qt.Key.Key_K)
        until(lambda: decisions(page) == ["keep", "drop"])
        press(page, Qt.Key.Key_Space)
        assert "last copy" in page.review.said.text()
        assert decisions(page) == ["keep", "drop"]
        press(page, Qt.Key.Key_9)
        assert "no copy of this number" in page.review.said.text()
        assert told(page).files == 1


def test_every_decision_is_taken_back_to_the_first(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        before = planned(daemon)
        press(page, Qt.Key.Key_2)
        until(lambda: page.review.number == 1 and page.review.group())
        press(page, Qt.Key.Key_A)
        until(lambda: page.review.number == 2 and page.review.group())
        told(page)
        with daemon.client() as client:
            assert len(client.list_ignored().groups) == 1
            for _ in range(2):
                press(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
            assert page.review.number == 0
            told(page)
            assert len(client.list_ignored().groups) == 0
        assert planned(daemon) == before
        press(page, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert "no decision left" in page.review.said.text()


def test_files_are_opened_shown_and_copied_by_keys(
    daemon: DaemonProcess, copied: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard: list[tuple[str, bytes]] = []
    with copies(daemon) as (_frame, page):
        monkeypatch.setattr(opening, "open_file", lambda path: heard.append(("open", path)))
        monkeypatch.setattr(opening, "show_in_folder", lambda path: heard.append(("show", path)))
        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_Return)
        until(page.review.group)
        path = page.review.selected()
        press(page, Qt.Key.Key_O)
        press(page, Qt.Key.Key_F)
        press(page, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert heard == [("open", path), ("show", path)]
        assert QGuiApplication.clipboard().text() == os.fsdecode(path or b"")


def test_rules_decide_and_keep_what_was_decided_by_hand(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        press(page, Qt.Key.Key_2)
        until(lambda: page.review.number == 1)
        by_hand = planned(daemon)[0] if told(page).files else []
        press(page, Qt.Key.Key_R)
        until(lambda: page.rules.isVisible())
        at = next(at for at in range(page.rules.add.count()) if page.rules.add.itemData(at) == "shortest-path")
        page.rules.add.activated.emit(at)
        until(lambda: page.rules.apply_button.isEnabled() and page.rules.list.count() == 1)
        assert "decides 3 groups" in page.rules.list.item(0).text()
        assert "4 files go" in page.rules.result.text()
        assert "0 groups are left to decide" in page.rules.result.text()
        button(page.rules, "Use these rules").click()
        until(lambda: page.review.isVisible())
        assert told(page).undecided == 0
        assert planned(daemon)[0] == by_hand
        with daemon.client() as client:
            assert len(client.list_plans().plans) == 2  # what was tried is forgotten; the one before is the way back


def test_the_whole_story_from_the_filter_to_the_undo(daemon: DaemonProcess, copied: Path) -> None:
    before = sorted(path.relative_to(copied) for path in copied.rglob("*"))
    with copies(daemon) as (frame, page):
        page.bar.type.setCurrentIndex(page.bar.type.findData("image"))
        until(lambda: page.rows.total() == GROUPS and page.rows.row(0) is not None)
        QTest.keyClick(page.table, Qt.Key.Key_Home, Qt.KeyboardModifier.ControlModifier)
        button(page, "Review").click()
        for number in range(GROUPS):
            until(lambda number=number: page.review.number == number and page.review.group())  # type: ignore[misc]
            press(page, Qt.Key.Key_1)
        until(lambda: page.review.said.text() == "Every group is decided.")
        told(page)
        button(page.review, "Move to the trash…").click()
        go = button(page.sheet, "Move to the trash")
        assert any(text.startswith("Move 5 files (") for text in texts(page.sheet))
        assert "tree: 5 files go, 4 stay" in texts(page.sheet)
        assert nameless(page) == []
        go.click()
        button(page.sheet, "Undo")
        assert any(text.startswith("5 files (") and text.endswith("moved to the trash") for text in texts(page.sheet))
        assert len([path for path in copied.rglob("*.png") if ".Trash" not in str(path)]) == GROUPS
        button(page.sheet, "Undo").click()
        until(lambda: "5 files are back" in texts(page.sheet))
        assert [
            path for path in sorted(path.relative_to(copied) for path in copied.rglob("*")) if "Trash" not in str(path)
        ] == before
        button(page.sheet, "Done").click()
        until(lambda: page.rows.total() == GROUPS)
        assert page.plan.plan is None
        assert frame.state.link is Link.UP


def test_a_plan_that_was_edited_elsewhere_is_looked_at_again(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (frame, page):
        press(page, Qt.Key.Key_1)
        plan = told(page)
        button(page.review, "Move to the trash…").click()
        go = button(page.sheet, "Move to the trash")
        with daemon.client() as client:
            group = next(group for group in client.iter_plan_groups(plan.id) if group.number == 1)
            client.edit_plan(plan.id, group.copies[0].path.raw, "drop")
        go.click()
        until(lambda: any("edited since" in text for text in frame.banner_texts()))
        until(lambda: any(text.startswith("Move 2 files (") for text in texts(page.sheet)))


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no signals")
def test_a_window_that_is_killed_in_review_loses_no_decision(daemon: DaemonProcess, copied: Path) -> None:
    program = (
        "import sys; from sanchay.address import places; from tests.support.windows import *;"
        "from PySide6.QtCore import Qt; from PySide6.QtTest import QTest;"
        "from sanchay_tray.window.pages.copies.page import CopiesPage\n"
        "with window(places(), 'copies') as frame:\n"
        "    page = page_of(frame, CopiesPage)\n"
        "    until(lambda: page.rows.total())\n"
        "    button(page, 'Review').click()\n"
        "    for number in range(2):\n"
        "        until(lambda: page.review.number == number and page.review.group())\n"
        "        QTest.keyClick(page.review.table, Qt.Key.Key_1)\n"
        "    until(lambda: not page.plan.is_telling)\n"
        "    print('decided', flush=True)\n"
        "    until(lambda: False)\n"
    )
    env = environment(daemon.home, {"QT_QPA_PLATFORM": "offscreen"})
    with subprocess.Popen([sys.executable, "-c", program], env=env, stdout=subprocess.PIPE, text=True) as killed:
        assert killed.stdout is not None
        assert killed.stdout.readline() == "decided\n"
        killed.kill()
    assert planned(daemon)[0] == ["keep", "drop"]
    with copies(daemon) as (_frame, page):
        until(lambda: page.plan.plan is not None)
        assert page.plan.plan is not None
        assert page.plan.plan.files == 2
        button(page, "Review").click()
        until(lambda: page.review.number == 2 and page.review.group())
        with daemon.client() as client:
            assert len(client.list_plans().plans) == 1


def test_a_window_that_is_closed_right_after_a_key_loses_no_decision(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        press(page, Qt.Key.Key_2)
        press(page, Qt.Key.Key_K)
        press(page, Qt.Key.Key_U)
        press(page, Qt.Key.Key_2)
    until(lambda: planned(daemon)[0] == ["drop", "keep"])


def test_groups_that_vanish_under_the_pointer(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (_frame, page):
        shutil.rmtree(copied / "Backup")
        scan(daemon, copied)
        page.plan.take(page.plan.plan)  # read again, as after a while
        page.review.go(1)
        until(page.review.group)
        lines = page.review.members_model.lines
        assert [line.is_there for line in lines].count(False) == 1
        press(page, Qt.Key.Key_1)
        told(page)
        assert page.back()
        until(lambda: page.rows.total() == 1)  # Pictures/p0.png and its copy beside it


@pytest.mark.skipif(os.name == "nt", reason="names are text there")
def test_names_of_any_bytes_are_reviewed(daemon: DaemonProcess, tmp_path: Path) -> None:
    tree = os.fsencode(tmp_path / "tree")
    os.mkdir(tree)
    names = [b"x" * 251 + b".png", b"\xff.png", "\u202egnp.exe".encode(), b"<b>&amp;<img src=x>.png", b"new\nline.png"]
    for name in (*names, b'[a]{b}*?\\".png'):
        with open(os.path.join(tree, name), "wb") as file:
            file.write(b"the same bytes")
    scan(daemon, Path(os.fsdecode(tree)))
    with copies(daemon, 1) as (frame, page):
        QTest.keyClick(page.table, Qt.Key.Key_Return)
        until(page.review.group)
        until(lambda: all(line.is_there for line in page.review.members_model.lines))
        for text in texts(frame):
            assert "\n" not in text.replace("\n1 file", "").replace("\n0 files", "")
            assert "\u202e" not in text
        press(page, Qt.Key.Key_3)
        told(page)
        assert sorted(planned(daemon)[0]) == ["drop"] * 5 + ["keep"]
        assert frame.banner_texts() == []


def test_the_review_keeps_the_keys_where_its_page_is_asked_for_again(daemon: DaemonProcess, copied: Path) -> None:
    with reviewed(daemon) as (frame, page):
        frame.activateWindow()
        frame.go("copies")
        until(lambda: frame.is_idle)
        until(page.review.table.hasFocus)
        button(page, "Rules…").click()
        rules = QApplication.focusWidget()
        frame.go("copies")
        assert QApplication.focusWidget() is rules


def test_a_daemon_that_goes_in_review_is_said_and_nothing_is_shown_as_decided(
    daemon: DaemonProcess, copied: Path
) -> None:
    with reviewed(daemon) as (frame, page):
        daemon.stop()
        until(lambda: frame.state.link is not Link.UP)
        press(page, Qt.Key.Key_1)
        until(lambda: not page.plan.is_telling)
        assert page.plan.group(0) is None
        assert frame.banner_texts()
