"""Space: map and table show and select the same folder, whatever it is called and whatever becomes of it."""

from __future__ import annotations

import os
from functools import partial
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest

from sanchay_tray.model import Link
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages.space.page import SpacePage
from tests.support import trees
from tests.support.daemon import DaemonProcess
from tests.support.windows import button, nameless, page_of, texts, until, window

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
        for _ in range(4):
            for key in (Qt.Key.Key_Right, Qt.Key.Key_Down, Qt.Key.Key_Left):
                QTest.keyClick(page.map, key)
                seen.add(selected(page))
                assert str(tree / selected(page)) in page.details.whole()
        assert len(seen) > 2
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
        button(page.crumbs, "Everything").click()
        until(lambda: "Everything" in texts(page.crumbs) and len(texts(page.crumbs)) == 1)


def test_the_pointer_outlines_all_folders_above_and_a_double_click_goes_in(scanned: DaemonProcess, tree: Path) -> None:
    with window(scanned.where, "space", str(tree)) as frame:
        page = at(frame, tree)

        def middle() -> QPoint:
            picture = page.map.picture
            node = picture.job.tree.node_of(os.fsencode(tree / "Backup")) if picture is not None else None
            assert picture is not None and node is not None  # noqa: PT018
            x, y, wide, high = picture.tiles.rect(picture.tiles.at[node])
            return QPoint(int(x + wide / 2), int(y + high / 2))

        def pointed() -> bool:
            QTest.mouseMove(page.map, middle() + QPoint(0, 2))  # Qt leaves out a move to where the pointer is
            QTest.mouseMove(page.map, middle())
            return bool(page.map.under_pointer())

        until(pointed)
        assert str(tree / "Backup") in page.details.whole()
        QTest.mouseClick(page.map, Qt.MouseButton.LeftButton, pos=middle())
        assert selected(page) == "Backup"


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
        assert button(page, "1 folder is hidden: show it").isVisibleTo(page)
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
            until(lambda: (frame.page() is page) and page.map.picture is not None and rows(page) == [])
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
