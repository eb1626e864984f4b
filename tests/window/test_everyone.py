"""For everyone, on every page: names for screen readers, room for longer languages, right-to-left, contrast."""

from __future__ import annotations

import gettext
import math
from collections.abc import Iterator

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QAbstractButton, QLabel, QWidget

from sanchay_tray import words
from sanchay_tray.window import colours
from sanchay_tray.window.colours import Colours
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.pages import ENTRIES
from sanchay_tray.window.parts.text import Elided
from tests.support.daemon import DaemonProcess
from tests.support.windows import application, nameless, settle, until, window

PAGES = [entry.name for entry in ENTRIES]
NORMAL_TEXT = 4.5


class Longer(gettext.NullTranslations):
    """A language whose every text is longer by 40 %, in letters that are higher."""

    def gettext(self, message: str) -> str:
        return message + " Ẵǧ" * -(-len(message) * 2 // 15)

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return self.gettext(msgid1 if n == 1 else msgid2)


@pytest.fixture
def longer() -> Iterator[None]:
    application()
    words.translate_by(Longer())
    yield
    words.speak("en")


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
        assert cut(page) == []


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
@pytest.mark.usefixtures("right_to_left")
def test_right_to_left_has_room_too(scanned: DaemonProcess, name: str) -> None:
    with window(scanned.where, name) as frame:
        page = shown(frame, name)
        assert page.layoutDirection() == Qt.LayoutDirection.RightToLeft
        assert_uncut(page)


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
