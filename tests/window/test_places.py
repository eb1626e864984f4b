"""Copies by place, on a real daemon: pairs of folders, one of which keeps its copies, by keys and by buttons."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from sanchay.documents import freshness_state
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.copies.page import CopiesPage
from sanchay_tray.window.pages.copies.places import SO, Places
from sanchay_tray.window.pages.copies.plan_making import Scope
from sanchay_tray.window.parts.paths import MARKED
from tests.support import trees
from tests.support.daemon import DaemonProcess
from tests.support.windows import button, buttons, nameless, page_of, texts, until, window

FILES = {
    "Album/Pictures/1.jpg": b"one" * 9000,
    "Album/Pictures/2.jpg": b"two" * 8000,
    "Album/Pictures/new.jpg": b"in no backup",
    "Album/Backup/1.jpg": b"one" * 9000,
    "Album/Backup/2.jpg": b"two" * 8000,
    "Letters/letter.txt": b"Dear reader",
    "Letters/letter (copy).txt": b"Dear reader",
}


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A backup of some pictures, and a letter that is there twice in one folder."""
    return trees.build(tmp_path / "tree", FILES)


def rows(places: Places) -> list[tuple[str, ...]]:
    """What each row says, its folders by their names."""
    model = places.model
    said = [[model.data(model.index(row, column)) for column in range(SO + 1)] for row in range(model.rowCount())]
    return [tuple(os.path.basename(str(cell)) for cell in each) for each in said]


@contextmanager
def places(daemon: DaemonProcess) -> Iterator[tuple[Frame, CopiesPage]]:
    """The page, once it lists pairs."""
    with window(daemon.where, "copies") as frame:
        page = page_of(frame, CopiesPage)
        button(page, "Show by place").click()
        until(lambda: page.places.model.pairs)
        yield frame, page


def press(page: CopiesPage, key: Qt.Key) -> None:
    """A key in the list."""
    page.places.table.setFocus()
    QTest.keyClick(page.places.table, key)


def left(tree: Path) -> list[str]:
    """The pictures that are there, by folder."""
    return sorted(str(path.relative_to(tree / "Album")) for path in (tree / "Album").rglob("*.jpg"))


def test_pairs_are_listed_with_what_could_go_where(scanned: DaemonProcess) -> None:
    with places(scanned) as (_frame, page):
        assert rows(page.places) == [
            ("Backup", "2 of 2", "Pictures", "2 of 3", "49.8 KB", "All of the left is on the right"),
            ("Letters", "2 of 2", "the same folder", "2 of 2", "11 B", "Copies within one folder"),
        ]
        assert "2 pairs of folders share copies" in page.total.text()
        pieces = page.places.model.data(page.places.model.index(0, 0), MARKED)
        assert [piece.text for piece in pieces if piece.is_marked] == ["Backup"]
        spoken = page.places.model.data(page.places.model.index(0, 0), Qt.ItemDataRole.AccessibleTextRole)
        assert "Backup and " in spoken
        assert nameless(page) == []


@pytest.mark.parametrize(("key", "goes"), [(Qt.Key.Key_R, "Backup"), (Qt.Key.Key_L, "Pictures")])
def test_a_key_leads_to_the_question_and_no_forgets_the_plan(
    scanned: DaemonProcess, tree: Path, key: Qt.Key, goes: str
) -> None:
    before = left(tree)
    with places(scanned) as (_frame, page):
        press(page, key)
        button(page.sheet, "Move to the trash")
        assert any(text.startswith("Move 2 files (") for text in texts(page.sheet))
        with scanned.client() as client:
            (plan,) = client.list_plans().plans
            dropped = {
                copy.path.raw.split(b"/")[-2].decode()
                for group in client.iter_plan_groups(plan.id)
                for copy in group.copies
                if copy.decision == "drop"
            }
            assert dropped == {goes}
            button(page.sheet, "Not yet").click()
            until(lambda: not client.list_plans().plans, "the plan is forgotten")
        until(lambda: page.places.table.hasFocus())
    assert left(tree) == before


def test_what_was_kept_stays_the_rest_goes_and_comes_back(scanned: DaemonProcess, tree: Path) -> None:
    before = left(tree)
    with places(scanned) as (_frame, page):
        button(page, "Keep right").click()
        button(page.sheet, "Move to the trash").click()
        undo = button(page.sheet, "Undo")
        assert left(tree) == ["Pictures/1.jpg", "Pictures/2.jpg", "Pictures/new.jpg"]
        undo.click()
        until(lambda: "2 files are back" in texts(page.sheet))
        assert left(tree) == before
        button(page.sheet, "Done").click()
        until(lambda: len(page.places.model.pairs) == 2)
        with scanned.client() as client:
            assert len(client.list_plans().plans) == 1, "what was done by a plan is known by it"


def test_what_went_last_comes_back_by_a_key_and_only_once(scanned: DaemonProcess, tree: Path) -> None:
    before = left(tree)
    with places(scanned) as (_frame, page):
        page.places.table.setFocus()
        QTest.keyClick(page.places.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert not page.sheet.isVisible(), "nothing went yet"
        press(page, Qt.Key.Key_R)
        button(page.sheet, "Move to the trash").click()
        button(page.sheet, "Done").click()
        until(lambda: len(page.places.model.pairs) == 1)
        assert left(tree) != before
        QTest.keyClick(page.places.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        until(lambda: "2 files are back" in texts(page.sheet))
        assert left(tree) == before
        button(page.sheet, "Done").click()
        until(lambda: len(page.places.model.pairs) == 2)
        QTest.keyClick(page.places.table, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
        assert not page.sheet.isVisible()


@pytest.mark.skipif(os.name != "posix", reason="names are text there")
def test_folders_whose_names_are_no_text_are_cleared_too(daemon: DaemonProcess, tmp_path: Path) -> None:
    odd = os.fsencode(tmp_path / "tree") + b"/caf\xe9"
    os.makedirs(odd)
    for folder in (odd, os.fsencode(trees.build(tmp_path / "tree/plain", {}))):
        Path(os.fsdecode(folder + b"/one.txt")).write_text("the same")
    with daemon.client() as client:
        client.add_root(tmp_path / "tree", no_scan=True)
        for job in client.start_scan([str(tmp_path / "tree")]).jobs:
            list(client.follow_job(job.id))
    with places(daemon) as (_frame, page):
        assert page.places.model.pairs[0].left.path.raw == odd
        press(page, Qt.Key.Key_R)
        button(page.sheet, "Move to the trash").click()
        button(page.sheet, "Undo")
    assert os.listdir(odd) == []


def test_copies_within_one_folder_lead_to_their_groups(scanned: DaemonProcess, tree: Path) -> None:
    with places(scanned) as (_frame, page):
        page.places.table.select(1)
        assert not buttons(page, "Keep left")
        press(page, Qt.Key.Key_L)
        assert not page.sheet.isVisible()
        press(page, Qt.Key.Key_Return)
        until(lambda: page.rows.total() == 1 and page.table.isVisible())
        assert page.filter.text == f"{tree / 'Letters'}{os.sep}"


def test_filters_count_here_too_and_the_way_of_looking_is_remembered(scanned: DaemonProcess) -> None:
    with places(scanned) as (_frame, page):
        page.bar.type.setCurrentIndex(page.bar.type.findData("document"))
        until(lambda: [row[0] for row in rows(page.places)] == ["Letters"])
        page.bar.type.setCurrentIndex(page.bar.type.findData("video"))
        until(lambda: "No copies fit the filter" in texts(page))
        button(page, "Show all").click()
        until(lambda: len(page.places.model.pairs) == 2)
    with window(scanned.where, "copies") as frame:
        again = page_of(frame, CopiesPage)
        until(lambda: len(again.places.model.pairs) == 2)
        assert again.places.isVisible()
        button(again, "Show groups").click()
        until(lambda: again.rows.total() == 3 and again.table.isVisible())


def test_what_is_told_of_pairs_is_not_said_of_groups_that_are_listed_by_then(scanned: DaemonProcess) -> None:
    with places(scanned) as (_frame, page):
        heard: list[str] = []
        page.places.told.connect(heard.append)
        page.places.list_pairs(Scope())
        button(page, "Show groups").click()
        until(lambda: page.rows.total() == 3 and heard)
        assert "extra copies in 3 groups" in page.total.text()


def test_pairs_are_not_called_live_while_the_daemon_is_away(scanned: DaemonProcess) -> None:
    with places(scanned) as (_frame, page):
        with scanned.client() as client:
            until(lambda: freshness_state(client.shared_folders().freshness) == "live")
        page.places.list_pairs(Scope())
        until(lambda: page.total.text().endswith("live"))
        scanned.kill()
        until(lambda: page.total.text() == "2 pairs of folders share copies  ·  known before")
