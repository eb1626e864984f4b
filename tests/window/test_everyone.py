"""For everyone, on every page: names for screen readers, room for longer languages, right-to-left, contrast."""

from __future__ import annotations

import gettext
import math
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QFont
from PySide6.QtWidgets import QAbstractButton, QLabel, QTableView, QWidget

from sanchay_tray import words
from sanchay_tray.window import colours
from sanchay_tray.window.colours import Colours
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages import ENTRIES
from sanchay_tray.window.pages.copies.page import CopiesPage
from sanchay_tray.window.parts.text import Elided
from tests.support import trees
from tests.support.answers import scan
from tests.support.daemon import DaemonProcess
from tests.support.windows import application, nameless, settle, until, window
from tests.window.conftest import FILES

PAGES = [entry.name for entry in ENTRIES]
NORMAL_TEXT = 4.5
#: The loop goes round so often before a page is laid out for good.
PASSES = 50


class Longer(gettext.NullTranslations):
    """A language whose every text is longer by 40 %, in letters that are higher."""

    def gettext(self, message: str) -> str:
        return message + " Ẵǧ" * -(-len(message) * 2 // 15)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.fixture(scope="module")
def scanned(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon for all: its windows only look."""
    base = tmp_path_factory.mktemp("everyone")
    tree = trees.build(base / "tree", FILES)
    with DaemonProcess(base / "home") as process:
        with process.client() as client:
            client.add_root(tree, no_scan=True)
            scan(client, tree)
        yield process


@pytest.fixture
def longer() -> Iterator[None]:
    application()
    words.translate_by(Longer())
    yield
    words.speak("en")


@pytest.fixture
def twice_as_large() -> Iterator[None]:
    app = application()
    before = app.font()
    larger = QFont(before)
    larger.setPointSizeF(before.pointSizeF() * 2)
    app.setFont(larger)
    yield
    app.setFont(before)


@pytest.fixture
def right_to_left() -> Iterator[None]:
    application().setLayoutDirection(Qt.LayoutDirection.RightToLeft)
    yield
    application().setLayoutDirection(Qt.LayoutDirection.LeftToRight)


def shown(frame: Frame, name: str) -> QWidget:
    """The page, once it has its answers."""
    frame.go(name)
    until(lambda: frame.state.status is not None and frame.is_idle, f"{name} has its answers")
    settle()
    page = frame.page()
    assert page is not None
    return page


def assert_uncut(page: QWidget) -> None:
    """No text is cut once all is laid out, which takes the loop some turns."""
    try:
        until(lambda: not cut(page))
    except AssertionError:
        assert cut_at_rest(page) == []


def cut(widget: QWidget) -> list[str]:
    """Texts that have less room than they need; what is shortened by intent has a tool tip instead."""
    found = []
    texts: list[QLabel | QAbstractButton] = [*widget.findChildren(QLabel), *widget.findChildren(QAbstractButton)]
    for each in texts:
        if isinstance(each, Elided) or not each.isVisibleTo(widget) or not each.text():
            continue
        wraps = isinstance(each, QLabel) and each.wordWrap()
        wide = each.minimumSizeHint().width() if wraps else each.sizeHint().width()
        high = each.heightForWidth(each.width()) if wraps else each.minimumSizeHint().height()
        if wide > each.width() + 1 or high > each.height() + 1:
            found.append(f"{each.text()!r} needs {wide}x{high}, has {each.width()}x{each.height()}")
    return found


def cut_at_rest(widget: QWidget) -> list[str]:
    """The same once it is laid out: a text that breaks knows how high it is when it knows its width."""
    for _ in range(PASSES):
        settle()
        if not cut(widget):
            break
    return cut(widget)


@pytest.mark.parametrize("name", PAGES)
def test_every_control_has_a_name(scanned: DaemonProcess, name: str) -> None:
    with window(scanned.where, name) as frame:
        assert nameless(shown(frame, name)) == []


@pytest.mark.parametrize("name", PAGES)
def test_no_text_is_cut(scanned: DaemonProcess, name: str) -> None:
    with window(scanned.where, name) as frame:
        assert_uncut(shown(frame, name))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.usefixtures("longer")
def test_a_longer_language_has_room(scanned: DaemonProcess, name: str) -> None:
    with window(scanned.where, name) as frame:
        assert_uncut(shown(frame, name))


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.usefixtures("twice_as_large")
def test_text_of_twice_the_size_has_room(scanned: DaemonProcess, name: str) -> None:
    with window(scanned.where, name) as frame:
        assert cut_at_rest(shown(frame, name)) == []
        assert cut_at_rest(frame.sidebar) == []


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.usefixtures("right_to_left")
def test_right_to_left_has_room_too(scanned: DaemonProcess, name: str) -> None:
    with window(scanned.where, name) as frame:
        page = shown(frame, name)
        assert page.layoutDirection() == Qt.LayoutDirection.RightToLeft
        assert_uncut(page)


def test_text_that_becomes_larger_while_the_window_is_open_has_room(scanned: DaemonProcess) -> None:
    app = application()
    small = app.font()
    large = QFont(small)
    large.setPointSizeF(small.pointSizeF() * 2)
    with window(scanned.where, PAGES[0]) as frame:
        for name in PAGES:
            shown(frame, name)
        app.setFont(large)
        try:
            for name in PAGES:
                page = shown(frame, name)
                assert cut_at_rest(page) == []
                assert cut_at_rest(frame.sidebar) == []
                sizes = {label.font().pointSizeF() for label in page.findChildren(QLabel) if label.isVisibleTo(page)}
                assert min(sizes, default=large.pointSizeF()) >= large.pointSizeF()
                for table in page.findChildren(QTableView):
                    assert table.verticalHeader().defaultSectionSize() >= table.fontMetrics().height()
        finally:
            app.setFont(small)


@pytest.fixture(params=["as it is", "longer", "right_to_left"])
def look(request: pytest.FixtureRequest) -> str:
    """How texts are written: as they are, longer, from the right."""
    if request.param != "as it is":
        request.getfixturevalue(request.param)
    return str(request.param)


def test_copies_by_place_have_room_and_names(scanned: DaemonProcess, look: str) -> None:
    with window(scanned.where, "copies") as frame:
        page = shown(frame, "copies")
        assert isinstance(page, CopiesPage)
        page.switch.places.click()
        until(lambda: page.places.model.pairs and frame.is_idle)
        settle()
        assert cut(page) == []
        assert nameless(page) == []
        # Left is left in any language: the buttons are named by it.
        assert page.places.keep_left.x() < page.places.keep_right.x()


def luminance(colour: str) -> float:
    """As WCAG 2 defines it."""
    read = QColor(colour)
    parts = (float(read.redF()), float(read.greenF()), float(read.blueF()))
    linear = [part / 12.92 if part <= 0.04045 else math.pow((part + 0.055) / 1.055, 2.4) for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """As WCAG 2 defines it, from 1 to 21."""
    light, dark = sorted((luminance(one), luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("scheme", [colours.LIGHT, colours.DARK], ids=["light", "dark"])
def test_text_stands_out_from_each_ground(scheme: Colours) -> None:
    grounds = (scheme.window, scheme.base, scheme.raised, scheme.selected)
    faint = [
        (text, ground, round(contrast(text, ground), 2))
        for text in (scheme.text, scheme.muted, scheme.accent, scheme.good, scheme.warn, scheme.bad)
        for ground in grounds
        if contrast(text, ground) < NORMAL_TEXT
    ]
    faint += [
        (scheme.text, ground, round(contrast(scheme.text, ground), 2))
        for ground in (scheme.warn_ground, scheme.bad_ground, scheme.good_ground)
        if contrast(scheme.text, ground) < NORMAL_TEXT
    ]
    assert faint == []
    assert contrast(scheme.on_accent, scheme.accent) >= NORMAL_TEXT
