"""Search: hits as one types, what is wrong is said, a hit can be looked at, dragged, written down."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication
from PySide6.QtTest import QTest

from sanchay_tray.model import Link
from sanchay_tray.window import opening
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.search import finding
from sanchay_tray.window.pages.search.hits import FOLDER, NAME, SIZE
from sanchay_tray.window.pages.search.page import SearchPage
from sanchay_tray.window.parts.long_rows import PAGE_ROWS
from sanchay_tray.window.parts.paths import MARKED
from tests.support import trees
from tests.support.daemon import DaemonProcess
from tests.support.windows import button, nameless, page_of, settle, texts, until, window

MANY = 1000
HOSTILE = (b"<b>hit&amp;.txt", b"hit\nbreak.txt", b"hit\xff.txt", "hit\u202egnp.exe".encode(), b"hit" + b"a" * 252)


def searching(frame: Frame) -> SearchPage:
    """The page, once it can ask."""
    page = page_of(frame, SearchPage)
    until(lambda: frame.state.link is Link.UP and frame.is_idle)
    settle()  # the answers are taken up
    return page


def names(page: SearchPage) -> list[str]:
    """The names of the hits, in their order."""
    return [str(page.hits.index(row, NAME).data()) for row in range(page.hits.rowCount())]


def find(page: SearchPage, expression: str, first: str) -> None:
    """Types a search, and waits for its first hit."""
    page.line.clear()
    QTest.keyClicks(page.line, expression)
    until(lambda: first in names(page), f"{first} is a hit of {expression}")


def test_hits_come_as_one_types_and_what_was_sought_is_marked(scanned: DaemonProcess) -> None:
    with window(scanned.where, "search", "focus") as frame:
        page = searching(frame)
        assert "Examples" in texts(page)
        QTest.keyClicks(page.line, "bea")
        until(lambda: sorted(names(page)) == ["beach.jpg", "beach.jpg", "copy of beach.jpg"])
        QTest.keyClicks(page.line, "ch copy")
        until(lambda: names(page) == ["copy of beach.jpg"])
        marked = page.hits.index(0, NAME).data(MARKED)
        assert [piece.text for piece in marked if piece.is_marked] == ["copy", "beach"]
        assert page.said.text().startswith("1 hit  ·  19.5 KB")
        assert nameless(page) == []


@pytest.fixture
def many(daemon: DaemonProcess, tmp_path: Path) -> DaemonProcess:
    """A daemon that knows a thousand hits."""
    top = trees.build_raw(tmp_path / "tree", {b"hit %03d" % number: b"x" * number for number in range(MANY)})
    with daemon.client() as client:
        client.add_root(top, no_scan=True)
        for job in client.start_scan([str(top)]).jobs:
            list(client.follow_job(job.id))
    return daemon


def name(page: SearchPage, row: int) -> str:
    return str(page.hits.index(row, NAME).data())


def test_all_hits_can_be_jumped_through_in_any_order(many: DaemonProcess) -> None:
    with window(many.where, "search", "hit") as frame:
        page = searching(frame)
        until(lambda: page.finding.listed == MANY)
        assert page.hits.rowCount() == MANY
        assert page.said.text().startswith("1,000 hits")
        titles = page.table.horizontalHeader()
        titles.sectionClicked.emit(SIZE)  # largest first
        until(lambda: page.finding.listed == MANY and name(page, 0) == "hit 999")
        page.table.select(MANY - 1)
        until(lambda: name(page, MANY - 1) == "hit 000")
        titles.sectionClicked.emit(SIZE)
        until(lambda: page.finding.listed == MANY and name(page, 0) == "hit 000")
        page.table.select(MANY // 2)
        until(lambda: name(page, MANY // 2) == "hit 500")
        assert frame.banner_texts() == []


def test_no_order_is_made_while_one_types(many: DaemonProcess, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "REST_MS", 3_600_000)
    with window(many.where, "search", "focus") as frame:
        page = searching(frame)
        for key in "hit ":
            QTest.keyClicks(page.line, key)
            until(lambda: page.hits.rowCount() == PAGE_ROWS)
        until(lambda: frame.is_idle)
        settle()
        assert page.finding.source is None
        assert page.said.text().startswith("1,000 hits")
        page.finding.open_again()
        until(lambda: page.hits.rowCount() == MANY)


def test_an_order_that_the_daemon_let_go_is_made_again_without_a_word(many: DaemonProcess) -> None:
    with many.client() as client, window(many.where, "search", "hit") as frame:
        page = searching(frame)
        page.table.ordered.emit("name")
        until(lambda: page.finding.listed == MANY)
        source = page.finding.source
        assert source is not None
        client.close_view(source.view)
        until(lambda: not source.is_held)
        page.table.select(700)
        until(lambda: name(page, 700) == "hit 700")
        assert page.finding.source is not source
        assert page.said.text().startswith("1,000 hits")
        again = page.finding.source
        assert again is not None
        client.close_view(again.view)
        until(lambda: not again.is_held)
        page.finding.look_again()
        until(lambda: page.finding.source is not again and page.finding.source is not None and page.finding.source.view)


def test_a_long_order_that_moved_on_says_so_and_stays_where_it_is(
    many: DaemonProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(finding, "AGAIN_ROWS", MANY - 1)
    with window(many.where, "search", "hit") as frame:
        page = searching(frame)
        page.table.ordered.emit("name")
        until(lambda: page.finding.listed == MANY)
        page.table.select(500)
        until(lambda: name(page, 500) == "hit 500")
        at = page.table.visualRect(page.table.currentIndex()).top()
        trees.build_raw(tmp_path / "tree", {b"hit 1a": b"new"})
        again = button(page, "Files may have changed: show the list as it is now")
        assert page.hits.rowCount() == MANY
        again.click()
        until(lambda: page.table.current_row() == 501 and name(page, 501) == "hit 500")
        assert page.table.visualRect(page.table.currentIndex()).top() == at
        assert not again.isVisibleTo(page)
        assert page.said.text().startswith("1,001 hits")


def test_where_no_order_can_be_held_the_first_hits_are_listed(many: DaemonProcess) -> None:
    with many.client() as client, window(many.where, "search", "focus") as frame:
        page = searching(frame)
        views = [client.open_hits("") for _ in range(16)]
        page.line.setText("hit")
        until(lambda: page.said.text().endswith("only the first 200 are listed"))
        assert page.hits.rowCount() == PAGE_ROWS
        for view in views:
            view.close()


def test_a_drag_is_of_all_that_is_selected_or_of_nothing(many: DaemonProcess) -> None:
    with window(many.where, "search", "hit") as frame:
        page = searching(frame)
        until(lambda: page.finding.listed == MANY)
        page.table.selectAll()
        page.table.startDrag(Qt.DropAction.CopyAction)
        assert frame.toast.text == "So many files cannot be dragged at once"


def test_a_wrong_term_is_underlined_and_the_reason_stands_below(scanned: DaemonProcess) -> None:
    with window(scanned.where, "search", "focus") as frame:
        page = searching(frame)
        page.line.setText("b\U0001d54f size:>>1 ext:jpg")  # places are in characters, not in Qt's units
        until(lambda: page.line.wrong() == "size:>>1")
        assert ">>1" in page.said.text()
        assert frame.banner_texts() == []
        page.line.setText("beach")
        until(lambda: page.hits.rowCount() == 3)
        assert page.line.wrong() == ""


def test_terms_are_completed_with_what_the_catalog_knows(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "search", "focus") as frame:
        page = searching(frame)
        frame.activateWindow()
        QTest.keyClicks(page.line, "ty")
        assert page.line.offered() == ("type:",)
        QTest.keyClicks(page.line, "pe:im")
        assert page.line.offered() == ("image",)
        page.line.setText("")
        QTest.keyClicks(page.line, "ext:jpg,m")
        assert page.line.offered() == ("mp3",)
        page.line.setText("")
        QTest.keyClicks(page.line, "root:t")
        assert page.line.offered() == ("tree",)
        page.line.setText("")
        QTest.keyClicks(page.line, f"under:{tree}/Mu")
        until(lambda: page.line.offered() == (f"{tree}/Music",))
        QTest.keyClick(page.line, Qt.Key.Key_Tab)
        assert page.line.text() == f"under:{tree}/Music "
        until(lambda: names(page) == ["song.mp3"])


def test_titles_sort_by_the_daemon(scanned: DaemonProcess) -> None:
    with window(scanned.where, "search", "type:image,audio,document") as frame:
        page = searching(frame)
        until(lambda: page.hits.rowCount() == 6)
        titles = page.table.horizontalHeader()
        titles.sectionClicked.emit(SIZE)
        until(lambda: names(page)[0] != "letter.txt" and names(page)[-1].startswith("letter"))
        titles.sectionClicked.emit(SIZE)
        until(lambda: names(page)[0].startswith("letter"))


def test_a_file_that_arrives_or_goes_is_seen_without_asking(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "search", "beach") as frame:
        page = searching(frame)
        until(lambda: page.hits.rowCount() == 3)
        trees.build(tree, {"beach two.jpg": b"b"})
        until(lambda: "beach two.jpg" in names(page))
        page.table.setCurrentIndex(page.hits.index(names(page).index("copy of beach.jpg"), 0))
        (tree / "beach two.jpg").unlink()
        until(lambda: "beach two.jpg" not in names(page))
        assert str(page.table.currentIndex().siblingAtColumn(NAME).data()) == "copy of beach.jpg"


def test_space_shows_how_a_file_begins_and_esc_closes_that(scanned: DaemonProcess) -> None:
    with window(scanned.where, "search", "focus") as frame:
        page = searching(frame)
        find(page, "letter -copy", "letter.txt")
        QTest.keyClick(page.line, Qt.Key.Key_Down)
        QTest.keyClick(page.table, Qt.Key.Key_Space)
        until(lambda: page.preview.text.toPlainText() == "Dear reader")
        assert nameless(page) == []
        find(page, "song", "song.mp3")
        page.table.setCurrentIndex(page.hits.index(0, 0))
        until(lambda: "Sound" in texts(page.preview) and not page.preview.text.isVisibleTo(page))
        assert page.back()
        assert not page.preview.isVisibleTo(page)


def test_names_of_any_bytes_are_found_dragged_and_copied_whole(
    daemon: DaemonProcess, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    top = trees.build_raw(tmp_path / "tree", dict.fromkeys(HOSTILE, b"x"))
    shown_in_folder: list[bytes] = []
    monkeypatch.setattr(opening, "show_in_folder", shown_in_folder.append)
    with daemon.client() as client:
        client.add_root(top, no_scan=True)
        for job in client.start_scan([str(top)]).jobs:
            list(client.follow_job(job.id))
    with window(daemon.where, "search", "hit") as frame:
        page = searching(frame)
        until(lambda: page.hits.rowCount() == len(HOSTILE))
        found = names(page)
        assert {"<b>hit&amp;.txt", "$'hit\\nbreak.txt'", "$'hit\\xff.txt'"} < set(found)
        assert not any("\u202e" in name or "\n" in name for name in found)
        strange = found.index("$'hit\\xff.txt'")
        dragged = page.hits.mimeData([page.hits.index(strange, NAME)]).data("text/uri-list").data()
        assert bytes(dragged).strip().endswith(b"/hit%FF.txt")
        page.table.setCurrentIndex(page.hits.index(strange, NAME))
        QTest.keyClick(page.table, Qt.Key.Key_F)
        assert shown_in_folder == [os.fsencode(top) + b"/hit\xff.txt"]
        QTest.keyClick(page.table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
        assert QGuiApplication.clipboard().text().endswith("hit\\xff.txt'")


def test_what_was_found_is_exported_whole_or_not_at_all(scanned: DaemonProcess, tmp_path: Path) -> None:
    with window(scanned.where, "search", "beach") as frame:
        page = searching(frame)
        until(lambda: page.hits.rowCount() == 3)
        written = tmp_path / "found.csv"
        page.tools.export_to(str(written))
        until(lambda: frame.toast.text.startswith("3 rows were written to"))
        assert len(written.read_text("utf-8").splitlines()) == 4
        page.tools.export_to(str(tmp_path / "no such folder" / "found.csv"))
        until(lambda: frame.banner_texts())
        assert not (tmp_path / "no such folder").exists()


def test_a_search_is_kept_and_made_a_report(scanned: DaemonProcess) -> None:
    with window(scanned.where, "search", "beach ext:jpg") as frame:
        page = searching(frame)
        until(lambda: page.hits.rowCount() == 3)
        button(page, "Save this search").click()
        for _ in range(2):
            page.tools.reports.actions()[1].trigger()
            until(lambda: frame.is_idle)
        with scanned.client() as client:
            made = {(each.name, each.action, each.expression) for each in client.list_schedules().schedules}
        assert made == {(name, "report", "beach ext:jpg") for name in ("beach ext:jpg", "beach ext:jpg (2)")}
        page.line.clear()
        until(lambda: "beach ext:jpg" in texts(page))
        button(page, "beach ext:jpg").click()
        until(lambda: page.hits.rowCount() == 3)
        page.line.clear()
        button(page, "Forget the search beach ext:jpg").click()
        settle()
        assert "beach ext:jpg" not in texts(page)


def test_folders_are_offered_where_no_file_has_the_name(scanned: DaemonProcess) -> None:
    with window(scanned.where, "search", "Pictures") as frame:
        page = searching(frame)
        until(lambda: "Show 1 folder of this name" in texts(page))
        button(page, "Show 1 folder of this name").click()
        until(lambda: names(page) == ["Pictures"])


def test_words_of_folders_are_offered_to_be_looked_for_where_no_name_has_them(scanned: DaemonProcess) -> None:
    with window(scanned.where, "search", "type:image pictures") as frame:
        page = searching(frame)
        offered = "Look for this in the names of folders, too"
        button(page, offered).click()
        until(lambda: page.line.text() == "type:image path:**pictures**")
        until(lambda: page.hits.rowCount() > 0)
        until(lambda: offered not in texts(page))


def test_without_a_daemon_the_hits_stay_and_with_one_they_are_asked_again(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "search", "beach") as frame:
        page = searching(frame)
        until(lambda: page.hits.rowCount() == 3)
        scanned.stop()
        until(lambda: frame.state.link is Link.ABSENT)
        QTest.keyClick(page.line, Qt.Key.Key_End)
        QTest.keyClicks(page.line, " ext:jpg")
        settle()
        assert page.hits.rowCount() == 3
        trees.build(tree, {"beach three.jpg": b"b"})
        with DaemonProcess(scanned.home):
            until(lambda: "beach three.jpg" in names(page))


def test_a_root_removed_elsewhere_takes_its_hits_with_it(scanned: DaemonProcess, tree: Path) -> None:
    with scanned.client() as client, window(scanned.where, "search", "beach") as frame:
        page = searching(frame)
        until(lambda: page.hits.rowCount() == 3)
        client.remove_root(str(tree))
        until(lambda: "Nothing is cataloged yet" in texts(page))


def test_a_folder_column_says_where(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "search", "song") as frame:
        page = searching(frame)
        until(lambda: page.hits.rowCount() == 1)
        assert page.hits.index(0, FOLDER).data() == str(tree / "Music")
