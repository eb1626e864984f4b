"""Folders: the first start, folders added, scanned, changed, removed here and elsewhere, and away."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote_from_bytes

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from sanchay_tray.model import Link
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.folders.options import Options
from sanchay_tray.window.pages.folders.page import FoldersPage
from sanchay_tray.window.parts.sheet import Sheet
from tests.support import trees
from tests.support.daemon import DaemonProcess
from tests.support.windows import button, nameless, page_of, settle, texts, until, window
from tests.window.conftest import FILES


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder with pictures and documents, as the desktop knows them."""
    home = trees.build(tmp_path / "person", FILES)
    for variable, value in (("HOME", home), ("XDG_CONFIG_HOME", home / ".config")):
        monkeypatch.setenv(variable, str(value))
    return home


@pytest.fixture
def newcomer(tmp_path: Path, home: Path) -> Iterator[DaemonProcess]:
    """A daemon of that person's, which knows no folder yet."""
    with DaemonProcess(
        tmp_path / "daemon", env={"HOME": str(home), "XDG_CONFIG_HOME": str(home / ".config")}
    ) as daemon:
        yield daemon


def folders(frame: Frame) -> FoldersPage:
    """The page, once it knows the daemon."""
    page = page_of(frame, FoldersPage)
    until(lambda: frame.state.link is Link.UP)
    return page


def drop(page: FoldersPage, *paths: bytes) -> None:
    """Drops folders on the page."""
    data = QMimeData()
    data.setUrls([QUrl.fromEncoded(b"file://" + quote_from_bytes(path).encode()) for path in paths])
    how = (Qt.DropAction.CopyAction, data, Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier)
    QApplication.sendEvent(page, QDragEnterEvent(QPoint(9, 9), *how))
    QApplication.sendEvent(page, QDropEvent(QPointF(9, 9), *how))


def test_the_first_start_scans_what_is_ticked_and_shows_the_copies(newcomer: DaemonProcess, home: Path) -> None:
    with window(newcomer.where) as frame:
        until(lambda: isinstance(frame.page(), FoldersPage), "a window without folders begins with them")
        page = folders(frame)
        choices = page.first.choices
        until(lambda: len(choices.cards) >= 3)
        assert choices.ticked() == [os.fsencode(home / "Pictures")]
        until(lambda: "2 files, 39.1 KB" in texts(choices))
        assert nameless(page) == []
        until(lambda: page.first.at_login.isVisibleTo(page))
        assert not page.first.at_login.isChecked()
        page.first.at_login.setChecked(True)
        drop(page, os.fsencode(home / "Backup"))
        until(lambda: choices.ticked() == [os.fsencode(home / name) for name in ("Pictures", "Backup")])
        button(page, "Start").click()
        until(lambda: "Your folders are in the catalog" in texts(page))
        until(lambda: page.first.scan.more.text().startswith("2 copies, "))
        assert page.first.scan.more.text().endswith(" could be free")
        assert "Copies that take the most" in texts(page.first.scan.copies)
        assert "beach.jpg" in " ".join(texts(page.first.scan.copies))
        assert nameless(page) == []
        autostart = home / ".config/autostart/sanchay-tray.desktop"
        until(autostart.exists)
        button(page, "Show the folders").click()
        until(lambda: sorted(cells[0] for cells in page.rows.cells()) == ["Backup", "Pictures"])
        with newcomer.client() as client:
            for root in frame.state.roots:
                client.remove_root(root.path.raw)
        until(lambda: "Which folders matter to you?" in texts(page))  # it begins again


def test_nothing_can_be_started_without_a_folder_or_without_a_daemon(newcomer: DaemonProcess, home: Path) -> None:
    with window(newcomer.where) as frame:
        until(lambda: isinstance(frame.page(), FoldersPage))
        page = folders(frame)
        until(lambda: page.first.choices.ticked())
        page.first.choices.cards[0].box.setChecked(False)
        assert not page.first.start.isEnabled()
        assert "Tick at least one folder" in texts(page)
        page.first.choices.cards[0].box.setChecked(True)
        assert page.first.start.isEnabled()
        newcomer.stop()
        until(lambda: not page.first.start.isEnabled())
        assert "Sanchay's service must run for this" in texts(page)


def test_a_folder_that_vanished_is_said_and_the_others_are_scanned(newcomer: DaemonProcess, home: Path) -> None:
    with window(newcomer.where, "folders") as frame:
        page = folders(frame)
        until(lambda: page.first.choices.ticked())
        gone = trees.build(home / "gone", {"file": b""})
        drop(page, os.fsencode(gone), os.fsencode(home / "never"))
        until(lambda: len(page.first.choices.ticked()) == 2)
        assert not page.first.choices.cards[-1].box.isEnabled()  # what is not there says so, and cannot be ticked
        shutil.rmtree(gone)
        button(page, "Start").click()
        until(lambda: frame.banner_texts())
        assert str(gone) in frame.banner_texts()[0]
        until(lambda: [root.name for root in frame.state.roots] == ["Pictures"])


def test_a_folder_is_shown_in_full_and_scanned(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "folders") as frame:
        page = folders(frame)
        until(lambda: page.rows.cells())
        until(lambda: page.rows.cells()[0][:4] == ("tree", "up to date", "7", "76.2 KB"))
        facts = page.detail.facts()
        assert facts["held"] == "7 files in 6 folders, 76.2 KB"
        until(lambda: page.detail.facts()["kept"].startswith("Changes are noticed as they happen: "))
        assert nameless(page) == []
        (tree / "new").write_bytes(b"new")
        page.rows.setFocus()
        QTest.keyClick(page.rows.view, Qt.Key.Key_Return)
        until(lambda: frame.toast.text == "tree is being scanned")
        until(lambda: page.rows.cells()[0][2] == "8")


def test_hostile_names_are_dropped_and_shown_as_plain_text(scanned: DaemonProcess, tmp_path: Path) -> None:
    names = [b"<b>bold</b>&amp;", b"two\nlines", b"not utf8 \xff", "back\u202ewards".encode(), b"x" * 255]
    with window(scanned.where, "folders") as frame:
        page = folders(frame)
        until(lambda: page.rows.cells())
        for name in names:
            drop(page, os.fsencode(trees.build_raw(tmp_path / os.fsdecode(name), {b"file": name})))
        until(lambda: len(page.rows.cells()) == 1 + len(names))
        shown = [cells[5] for cells in page.rows.cells()]
        assert any(where.endswith("/<b>bold</b>&amp;") for where in shown)
        assert not any("\n" in where or "\u202e" in where or "\udcff" in where for where in shown)
        page.rows.pick(next(root.id for root in frame.state.roots if root.path.raw.endswith(b"xxx")))
        button(page, "Remove …").click()
        assert page.findChildren(Sheet)[0].minimumSizeHint().width() < frame.width() / 2
        assert {root.path.raw for root in frame.state.roots} >= {os.fsencode(tmp_path) + b"/" + name for name in names}


def test_options_are_changed_in_place(scanned: DaemonProcess) -> None:
    with window(scanned.where, "folders") as frame:
        page = folders(frame)
        until(lambda: page.rows.cells())
        button(page, "Options …").click()
        (sheet,) = page.findChildren(Options)
        assert nameless(page) == []
        sheet.name.setText("photos")
        sheet.watch.setCurrentIndex(sheet.watch.findData("poll"))
        sheet.minutes.setValue(20)
        sheet.hidden.setChecked(True)
        sheet.exclude.setPlainText("*.tmp\n\n *.bak ")
        button(page, "Save").click()
        until(lambda: page.rows.cells()[0][0] == "photos")
        until(lambda: page.rows.cells()[0][4] == "looked at every 20 minutes")
        assert page.detail.facts()["without"] == "hidden files, *.tmp, *.bak"
        settle()
        assert page.findChild(Options) is None
        (root,) = frame.state.roots
        assert (root.settings.poll_s, root.settings.skip_hidden) == (1200, True)


def test_removing_is_asked_within_the_page_and_touches_no_file(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "folders") as frame:
        page = folders(frame)
        until(lambda: page.rows.cells())
        button(page, "Remove …").click()
        assert "Remove tree from the catalog?" in texts(page)
        QTest.keyClick(frame, Qt.Key.Key_Escape)
        settle()
        assert page.findChild(Sheet) is None
        button(page, "Remove …").click()
        button(page, "Remove").click()
        until(lambda: frame.toast.text == "tree is not in the catalog any more")
        until(lambda: "Which folders matter to you?" in texts(page))
        assert (tree / "Pictures/beach.jpg").exists()


def test_a_folder_removed_elsewhere_goes_with_what_was_asked_of_it(scanned: DaemonProcess, tmp_path: Path) -> None:
    other = trees.build(tmp_path / "other", {"file": b"file"})
    with window(scanned.where, "folders", "other") as frame, scanned.client() as client:
        page = folders(frame)
        client.add_root(other)
        until(lambda: len(page.rows.cells()) == 2)
        page.rows.pick(next(root.id for root in frame.state.roots if root.name == "other"))
        button(page, "Remove …").click()
        client.remove_root("other")
        until(lambda: [cells[0] for cells in page.rows.cells()] == ["tree"])
        settle()
        assert page.findChild(Sheet) is None
        assert page.detail.name.whole() == "tree"


def test_a_folder_that_is_away_is_said_so_and_another_in_its_place_is_accepted(
    scanned: DaemonProcess, tree: Path
) -> None:
    with window(scanned.where, "folders") as frame:
        page = folders(frame)
        until(lambda: page.rows.cells())
        shutil.move(tree, tree.with_name("away"))
        until(lambda: page.rows.cells()[0][1] == "not there")
        assert page.rows.cells()[0][2] == "7"  # what it held is kept
        assert not page.detail.scan.isEnabled()
        trees.build(tree, {"another": b"file"})
        until(lambda: "another folder" in " ".join(texts(page.detail)) or page.rows.cells()[0][1] == "not there")
        button(page, "This is the right folder …").click()
        button(page, "It is the right one").click()
        until(lambda: page.rows.cells()[0][1:3] == ("up to date", "1"))
