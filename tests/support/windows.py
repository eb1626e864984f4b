"""A window on a real daemon, without a display: opened, watched until something is so, closed at the end."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeVar

from tests.support.daemon import PATIENCE_S

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")

# Qt reads the variable above when it is imported.
from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QLabel, QPushButton, QWidget

from sanchay.address import Places
from sanchay_tray.window import app as window_app
from sanchay_tray.window.frame import Frame
from sanchay_tray.window.page import Page

Kind = TypeVar("Kind", bound=QObject)


def application() -> QApplication:
    """The one application of the process, prepared as the program prepares it."""
    made = QApplication.instance()
    app = made if isinstance(made, QApplication) else QApplication(["tests"])
    if app.applicationName() != "sanchay-window":
        window_app.prepare(app, "en")
    return app


def until(condition: Callable[[], object], what: str = "") -> None:
    """Lets the loop run until the condition holds; fails where it never does."""
    app, deadline_s = application(), time.monotonic() + PATIENCE_S
    while not condition():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"never so: {what or condition}")
        app.processEvents()
        time.sleep(0.002)


def settle() -> None:
    """Lets the loop do what waits for it, and what was to be deleted be gone."""
    app = application()
    app.processEvents()
    app.sendPostedEvents(None, QEvent.Type.DeferredDelete)


@contextmanager
def window(where: Places, page: str = "", select: str = "") -> Iterator[Frame]:
    """A window on the daemon of `where`, once it knows how it stands to it."""
    application()
    frame = Frame(where)
    frame.begin(page, select)
    frame.show()
    try:
        yield frame
    finally:
        frame.close()
        frame.deleteLater()
        settle()


def page_of(frame: Frame, kind: type[Kind]) -> Kind:
    """The page that is shown, which is of this kind."""
    shown: Page | None = frame.page()
    assert isinstance(shown, kind), shown
    return shown


def texts(widget: QWidget) -> list[str]:
    """What can be read on a widget: its labels and buttons that are shown."""
    readable: list[QLabel | QPushButton] = [*widget.findChildren(QLabel), *widget.findChildren(QPushButton)]
    return [each.text() for each in readable if each.isVisibleTo(widget) and each.text()]


def buttons(widget: QWidget, text: str) -> list[QPushButton]:
    """The buttons of this text or name that are shown."""
    found = widget.findChildren(QPushButton)
    return [each for each in found if text in (each.text(), each.accessibleName()) and each.isVisibleTo(widget)]


def button(widget: QWidget, text: str) -> QPushButton:
    """The first button of this text or name, once it is shown."""
    until(lambda: buttons(widget, text), f"no button {text!r} among {texts(widget)}")
    return buttons(widget, text)[0]


def nameless(widget: QWidget) -> list[str]:
    """Controls that a screen reader could not name."""
    found = []
    for each in widget.findChildren(QWidget):
        takes_keys = bool(each.focusPolicy().value) and each.isVisibleTo(widget)
        inner = each.objectName().startswith("qt_") or type(each).__name__ in {"QWidget", "QStackedWidget"}
        named = each.accessibleName() or each.property("text")
        if takes_keys and not inner and not named:
            found.append(f"{type(each).__name__} {each.objectName()!r} in {type(each.parent()).__name__}")
    return found
