"""Names of 255 bytes, of no text, with bidi controls, markup, line breaks: plain text on every page, and to readers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from PySide6.QtCore import QAbstractItemModel, QAbstractListModel, QModelIndex, Qt
from PySide6.QtGui import QAction
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QAbstractItemView, QComboBox, QLabel, QWidget

from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages import ENTRIES
from sanchay_tray.window.pages.copies.page import CopiesPage
from sanchay_tray.window.pages.folders.page import FoldersPage
from sanchay_tray.window.pages.search.page import SearchPage
from sanchay_tray.window.pages.space.page import SpacePage
from tests.support.answers import finished
from tests.support.daemon import DaemonProcess
from tests.support.windows import button, page_of, settle, until, window

pytestmark = pytest.mark.skipif(os.name == "nt", reason="only on systems whose names are bytes")

PAGES = [entry.name for entry in ENTRIES]
#: In every one of the names below, so that a text with a name is known.
MARK = "zq"
FOLDER = b"zq<b>R&B<b>\xff\xe2\x80\xaenew\nline"
NAMES = [
    b"zq" + b"x" * 249 + b".png",
    b"zq\xff\xfe.png",
    "zq\u202egnp.exe".encode(),
    "zq\u2066\u2069\u200f.txt".encode(),
    b"zq<b>&amp;<img src=x>.png",
    b"zq new\nline\r\t\x07.png",
    b'zq[a]{b}*?\\"&.png',
]
ROLES = (
    Qt.ItemDataRole.DisplayRole,
    Qt.ItemDataRole.ToolTipRole,
    Qt.ItemDataRole.AccessibleTextRole,
    Qt.ItemDataRole.AccessibleDescriptionRole,
)
CONTROLS = {chr(code) for code in (*range(32), 127, *range(0x80, 0xA0))} - {"\n"}
BIDI = set("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")


def top(base: Path) -> bytes:
    return os.path.join(os.fsencode(base), FOLDER)


@pytest.fixture
def tree(daemon: DaemonProcess) -> bytes:
    """The folder in the catalog."""
    return top(daemon.home.parent)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """A daemon with a folder whose name, and whose files' names, are of the worst kind."""
    base = tmp_path_factory.mktemp("names")
    tree = top(base)
    os.mkdir(tree)
    for place in (tree, os.path.join(tree, FOLDER)):
        os.makedirs(place, exist_ok=True)
        for name in NAMES:
            Path(os.fsdecode(os.path.join(place, name))).write_bytes(b"the same bytes")
    with DaemonProcess(base / "home") as process, process.client() as client:
        client.add_root(tree, no_scan=True)
        for job in client.start_scan([tree]).jobs:
            finished(client, job.id)
        finished(client, client.start_verify().job_id)
        yield process


@pytest.fixture(scope="module")
def frame(daemon: DaemonProcess) -> Iterator[Frame]:
    with window(daemon.where) as made:
        yield made


def cells(model: QAbstractItemModel, parent: QModelIndex | None = None) -> Iterator[tuple[str, object]]:
    """Every text of the first rows of a model, and of those below them."""
    above = parent or QModelIndex()
    is_list = isinstance(model, QAbstractListModel)  # its columns are private
    for row in range(min(model.rowCount(above), 40)):
        for column in range(1 if is_list else model.columnCount(above)):
            index = model.index(row, column, above)
            for role in ROLES:
                yield role.name, model.data(index, role)
        first = model.index(row, 0, above)
        if not is_list and model.rowCount(first):
            yield from cells(model, first)


def said(widget: QWidget) -> Iterator[tuple[str, str]]:
    """Every text of a widget and of those in it: what is seen, and what is read out."""
    for each in [widget, *widget.findChildren(QWidget)]:
        what = f"{type(each).__name__} {each.objectName()!r}"
        yield f"{what} name", each.accessibleName()
        yield f"{what} description", each.accessibleDescription()
        yield f"{what} tip", each.toolTip()
        yield f"{what} title", each.windowTitle()
        if isinstance(each, (QLabel, QAbstractButton)):
            yield f"{what} text", each.text()
        if isinstance(each, QComboBox):
            for at in range(each.count()):
                yield f"{what} choice", each.itemText(at)
        if isinstance(each, QAbstractItemView) and each.model() is not None:
            for role, text in cells(each.model()):
                if isinstance(text, str):
                    yield f"{what} {role}", text
    for action in widget.findChildren(QAction):
        yield "action", action.text()


def faults(frame: Frame) -> list[str]:
    """What a name does beyond being read."""
    found = []
    for what, text in said(frame):
        where = f"{what}: {text[:120]!r}"
        if set(text) & (CONTROLS | BIDI) or "new\nline" in text:
            found.append(f"a control character in {where}")
        if any("\ud800" <= letter <= "\udfff" for letter in text):
            found.append(f"half a letter in {where}")
        if "tip" in what.lower() and ("<b>" in text or "<img" in text):
            found.append(f"markup in {where}")
    found += [
        f"a label that reads markup: {label.text()[:120]!r}"
        for label in frame.findChildren(QLabel)
        if MARK in label.text() and label.textFormat() is not Qt.TextFormat.PlainText
    ]
    found += [
        f"a key of a button: {pressed.text()[:120]!r}"
        for pressed in frame.findChildren(QAbstractButton)
        if "R&B" in pressed.text()
    ]
    return found


def shown(frame: Frame, name: str) -> int:
    """How many texts of the page hold one of the names, once it has its answers."""
    frame.go(name, MARK if name == "search" else "")
    until(lambda: frame.state.status is not None and frame.is_idle)
    settle()
    page = frame.page()
    assert page is not None
    return sum(MARK in text for _, text in said(page))


#: Pages that show names of files or folders.
WITH_NAMES = {"folders", "copies", "space", "search", "jobs"}


@pytest.mark.parametrize("name", PAGES)
def test_names_are_plain_text_on_every_page(frame: Frame, name: str) -> None:
    if name in WITH_NAMES:
        until(lambda: shown(frame, name) > 0, "a name is shown")
    else:
        shown(frame, name)
    assert faults(frame) == []


def test_names_are_plain_text_where_a_folder_is_chosen_set_and_removed(frame: Frame) -> None:
    shown(frame, "folders")
    page = page_of(frame, FoldersPage)
    for opens in ("Options …", "Remove …"):
        button(page, opens).click()
        settle()
        assert faults(frame) == []
        assert page.back()


def test_names_are_plain_text_in_the_review_and_its_sheet(frame: Frame) -> None:
    shown(frame, "copies")
    page = page_of(frame, CopiesPage)
    until(lambda: page.rows.total() and page.rows.row(0) is not None)
    button(page, "Review").click()
    until(page.review.group)
    until(lambda: all(line.is_there for line in page.review.members_model.lines))
    assert faults(frame) == []


def test_names_are_plain_text_in_what_happened(daemon: DaemonProcess, frame: Frame, tree: bytes) -> None:
    shown(frame, "health")
    until(lambda: "live" in frame.status_line.freshness.whole())
    Path(os.fsdecode(os.path.join(tree, b"zq<b>late\xff\r.png"))).write_bytes(b"the same bytes")
    page = frame.page()
    assert page is not None
    until(lambda: any("late" in text for _, text in said(page)), "the copy is told")
    assert faults(frame) == []


def test_names_are_plain_text_in_the_folders_of_a_map_and_the_start_of_a_file(frame: Frame, tree: bytes) -> None:
    frame.go("space", os.fsdecode(os.path.join(tree, FOLDER)))
    page = page_of(frame, SpacePage)
    until(lambda: any(MARK in text for what, text in said(page.crumbs) if "tip" in what))
    until(lambda: frame.is_idle)
    assert faults(frame) == []
    shown(frame, "search")
    found = page_of(frame, SearchPage)
    until(lambda: found.hits.rowCount() > 0 and found.hits.row(0) is not None)
    for row in range(found.hits.rowCount()):
        found.table.selectRow(row)
        QTest.keyClick(found.table, Qt.Key.Key_Space)
        settle()
        assert faults(frame) == []
