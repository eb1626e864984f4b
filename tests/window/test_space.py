"""Space: map and table show and select the same folder, whatever it is called and whatever becomes of it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from sanchay_tray.model import Link
from sanchay_tray.window import opening
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.search.page import SearchPage
from sanchay_tray.window.pages.space.page import SpacePage
from tests.support import trees
from tests.support.daemon import DaemonProcess
from tests.support.windows import application, button, nameless, page_of, texts, until, window

HOSTILE = (b"<b>bold", b"line\nbreak", b"\xff\xfe", "\u202egnp.exe".encode(), b"a" * 255)


def at(frame: Frame, path: Path | bytes) -> SpacePage:
    """The page once map and table show this folder."""
    page = page_of(frame, SpacePage)
    raw = os.fsencode(path)

    def shows() -> bool:
        picture = page.map.picture
        return picture is not None and picture.job.tree.paths[picture.job.top] == raw

    until(shows, f"the map shows {path!r}")
    return page


def answered(page: SpacePage) -> bytes | None:
    """The folder of the answer that the map shows."""
    return page.map.picture.job.tree.paths[0] if page.map.picture is not None else None


def rows(page: SpacePage) -> list[str]:
    """The names in the table's first level."""
    model = page.table.model()
    return [str(model.index(row, 0).data()) for row in range(model.rowCount())]


def selected(page: SpacePage) -> str:
    """What the table has selected."""
    return str(page.table.currentIndex().siblingAtColumn(0).data())


def test_map_and_table_show_and_select_the_same_folder(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "space", str(tree)) as frame:
        page = at(frame, tree)
        assert sorted(rows(page)) == ["Backup", "Documents", "Music", "Pictures", "src"]
        assert selected(page) == "Pictures"
        page.map.setFocus()
        seen = {selected(page)}

        def has_seen_more() -> bool:
            for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left):
                QTest.keyClick(page.map, key)
                seen.add(selected(page))
                assert str(tree / selected(page)) in page.details.whole()
            return len(seen) > 2

        until(has_seen_more, "once the tiles are laid out")
        assert nameless(page) == []


def test_enter_goes_in_and_backspace_out_with_the_folder_selected_that_one_came_from(
    scanned: DaemonProcess, tree: Path
) -> None:
    with window(scanned.where, "space", str(tree)) as frame:
        page = at(frame, tree)
        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_Return)
        page = at(frame, tree / "Pictures")
        QTest.keyClick(page.map, Qt.Key.Key_Backspace)
        page = at(frame, tree)
        assert selected(page) == "Pictures"
        page.show_folder(os.fsencode(tree / "Pictures"))
        until(lambda: answered(page) == os.fsencode(tree / "Pictures"))
        page.map.setFocus()
        QTest.keyClick(page.map, Qt.Key.Key_Backspace)  # now that what lies above is not known
        until(lambda: answered(page) == os.fsencode(tree) and selected(page) == "Pictures")
        button(page.crumbs, "Everything").click()
        until(lambda: "Everything" in texts(page.crumbs) and len(texts(page.crumbs)) == 1)


def test_the_pointer_outlines_all_folders_above_and_a_double_click_goes_in(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "space", str(tree)) as frame:
        page = at(frame, tree)

        def middle() -> QPoint:
            picture = page.map.picture
            node = picture.job.tree.node_of(os.fsencode(tree / "Backup/beach.jpg")) if picture is not None else None
            assert picture is not None and node is not None  # noqa: PT018
            x, y, wide, high = picture.tiles.rect(picture.tiles.at[node])
            return QPoint(int(x + wide / 2), int(y + high / 2))

        def pointed() -> bool:
            QTest.mouseMove(page.map, middle() + QPoint(0, 2))  # Qt leaves out a move to where the pointer is
            QTest.mouseMove(page.map, middle())
            return bool(page.map.under_pointer())

        until(pointed)
        picture = page.map.picture
        assert picture is not None
        outlined = [picture.job.tree.paths[node] for node in page.map.under_pointer()]
        assert outlined == [os.fsencode(tree / "Backup"), os.fsencode(tree / "Backup/beach.jpg")]
        assert str(tree / "Backup/beach.jpg") in page.details.whole()
        QTest.mouseClick(page.map, Qt.MouseButton.LeftButton, pos=middle())
        assert selected(page) == "beach.jpg"
        QTest.mouseDClick(page.map, Qt.MouseButton.LeftButton, pos=middle())
        at(frame, tree / "Backup")
        assert selected(page) == "beach.jpg"


def test_enter_on_a_file_shows_it_in_its_folder(
    scanned: DaemonProcess, tree: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[bytes] = []
    monkeypatch.setattr(opening, "show_in_folder", seen.append)
    with window(scanned.where, "space", str(tree / "Music")) as frame:
        page = at(frame, tree / "Music")
        for widget in (page.table, page.map):
            widget.setFocus()
            QTest.keyClick(widget, Qt.Key.Key_Return)
        assert seen == 2 * [os.fsencode(tree / "Music/song.mp3")]
        assert rows(page) == ["song.mp3"]


def test_tiles_are_of_the_type_that_most_in_them_is_and_of_copies(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "space", str(tree)) as frame:
        page = at(frame, tree)

        def words() -> dict[str, str]:
            model = page.table.model()
            indexes = [model.index(row, 0) for row in range(model.rowCount())]
            return {str(each.data()): str(each.data(Qt.ItemDataRole.AccessibleTextRole)) for each in indexes}

        until(lambda: words().get("Pictures", "").endswith("Pictures"), "the sums by type are there")
        assert words()["Music"].endswith("1 file, Music and sound")
        assert words()["src"].endswith("Source code")
        assert {"Pictures", "Music and sound", "Logs"} <= set(texts(page.legend))
        page.colour.setCurrentIndex(page.colour.findData("copies"))
        assert words()["Backup"].endswith("half of it or more has copies")
        assert words()["Music"].endswith("no copies")


def test_what_is_too_small_for_a_tile_is_one_with_its_sisters(daemon: DaemonProcess, tmp_path: Path) -> None:
    small = {f"small {number}.txt": b"s" * 5000 for number in range(30)}
    top = trees.build(tmp_path / "tree", {"large.bin": b"L" * 60_000_000, **small})
    with daemon.client() as client:
        client.add_root(top, no_scan=True)
        for job in client.start_scan([str(top)]).jobs:
            list(client.follow_job(job.id))
    with window(daemon.where, "space", str(top)) as frame:
        page = at(frame, top)
        until(lambda: rows(page) == ["large.bin", "The rest"])
        rest = page.table.model().index(1, 0)
        until(lambda: str(rest.data(Qt.ItemDataRole.AccessibleTextRole)).endswith("30 files, Documents"))
        page.table.setCurrentIndex(page.table.model().index(1, 0))
        QTest.keyClick(page.table, Qt.Key.Key_Return)
        search = page_of(frame, SearchPage)
        until(lambda: search.isVisible() and search.hits.rowCount() == 31)
        assert search.line.text() == f'under:"{top}"'


def test_from_right_to_left_a_path_keeps_its_slashes(scanned: DaemonProcess, tree: Path, tmp_path: Path) -> None:
    other = trees.build(tmp_path / "other", {"file": b"x" * 9000})
    with scanned.client() as client:
        client.add_root(other, no_scan=True)
        for job in client.start_scan([str(other)]).jobs:
            list(client.follow_job(job.id))
    with window(scanned.where, "space", "") as frame:
        application().setLayoutDirection(Qt.LayoutDirection.RightToLeft)
        try:
            page = page_of(frame, SpacePage)
            page.show_folder(b"")
            until(lambda: f"\u2066{tree}\u2069" in rows(page))
            page.table.setCurrentIndex(page.table.model().index(0, 0))
            assert "\u2066" in page.details.whole()
            assert "\u2066" not in page.table.model().index(0, 0).data(Qt.ItemDataRole.AccessibleTextRole)
        finally:
            application().setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def test_h_hides_a_folder_from_the_map_and_shows_it_again(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "space", str(tree)) as frame:
        page = at(frame, tree)

        def on_map() -> bool:
            picture = page.map.picture
            node = picture.job.tree.node_of(os.fsencode(tree / "Pictures")) if picture else None
            return picture is not None and node in picture.tiles.at

        page.table.setFocus()
        QTest.keyClick(page.table, Qt.Key.Key_H)
        until(lambda: not on_map())
        assert "Pictures (hidden)" in rows(page)
        assert button(page, "1 is hidden: show it").isVisibleTo(page)
        QTest.keyClick(page.table, Qt.Key.Key_H)
        until(on_map)
        assert "Pictures" in rows(page)


def test_names_of_any_bytes_are_shown_escaped_and_can_be_gone_into(daemon: DaemonProcess, tmp_path: Path) -> None:
    top = tmp_path / "tree"
    for name in HOSTILE:
        folder = Path(os.fsdecode(os.path.join(os.fsencode(top), name)))
        trees.build(folder, {"file": b"x" * 5000})
    with daemon.client() as client:
        client.add_root(top, no_scan=True)
        for job in client.start_scan([str(top)]).jobs:
            list(client.follow_job(job.id))
    with window(daemon.where, "space", str(top)) as frame:
        page = at(frame, top)
        found = rows(page)
        assert {"<b>bold", "$'line\\nbreak'", "$'\\xff\\xfe'"} < set(found)
        assert not any("\u202e" in name or "\n" in name for name in found)
        for name in HOSTILE:
            page.show_folder(os.path.join(os.fsencode(top), name))
            at(frame, os.path.join(os.fsencode(top), name))


def test_a_root_removed_elsewhere_leads_back_to_everything(scanned: DaemonProcess, tree: Path, tmp_path: Path) -> None:
    other = trees.build(tmp_path / "other", {"file": b"x" * 9000})
    with scanned.client() as client:
        client.add_root(other)
        with window(scanned.where, "space", str(tree)) as frame:
            page = at(frame, tree)
            client.remove_root(str(tree))
            until(lambda: (frame.page() is page) and page.map.picture is not None and rows(page) == ["file"])
            until(lambda: texts(page.crumbs) == ["Everything"])


def test_a_daemon_that_goes_leaves_the_map_and_one_that_comes_back_is_asked(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "space", str(tree)) as frame:
        page = at(frame, tree)
        scanned.stop()
        until(lambda: frame.state.link is Link.ABSENT)
        before = rows(page)
        page.show_folder(os.fsencode(tree / "Pictures"))  # what is known can still be looked at
        assert before
        until(lambda: "Pictures" in texts(page.crumbs))
        trees.build(tree, {"Pictures/new/one.jpg": b"n" * 50_000, "Pictures/two/one.jpg": b"n"})
        with DaemonProcess(scanned.home):
            until(lambda: "new" in rows(page))


def test_a_file_that_arrives_is_on_the_map_soon(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "space", str(tree)) as frame:
        page = at(frame, tree)
        until(lambda: all(root.state == "ready" for root in frame.state.roots))
        trees.build(tree, {"Fresh/large.bin": b"L" * 300_000})
        until(lambda: "Fresh" in rows(page))


def test_colours_have_words(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "space", str(tree)) as frame:
        page = at(frame, tree)

        def said(words: str) -> bool:
            return words in texts(page.legend)

        for key, words in (("age", "changed this week"), ("growth", "not known")):
            page.colour.setCurrentIndex(page.colour.findData(key))
            until(partial(said, words), words)
            assert words in page.details.whole()


def test_without_folders_it_leads_to_them(daemon: DaemonProcess) -> None:
    with window(daemon.where, "space") as frame:
        page = page_of(frame, SpacePage)
        until(lambda: "Nothing is cataloged yet" in texts(page))
        assert nameless(page) == []
