"""What every page is: a widget with a name, a title and keys, that is told when it is shown and when things change."""

from __future__ import annotations

from typing import ClassVar, NamedTuple

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QScrollArea, QStackedLayout, QVBoxLayout, QWidget

from sanchay.v1 import event_pb2
from sanchay_tray.model import State
from sanchay_tray.window.desk import Desk

MARGIN = 20


class Key(NamedTuple):
    """A key of a page, and what it does, for the list that `?` shows."""

    keys: str
    does: str


class Page(QWidget):
    """One page. `name` is its word for the program and in memory.

    A page asks its first question in `enter`, and shows something at once: what it knew, or a place that waits.
    """

    name: ClassVar[str] = ""
    keys: ClassVar[tuple[Key, ...]] = ()  # beside those of the window

    def __init__(self, desk: Desk) -> None:
        super().__init__()
        self.desk = desk
        self.setObjectName(f"page-{self.name}")

    def enter(self, select: str = "") -> None:
        """The page is shown now; `select` names what on it, where another page or a notice leads to something."""

    def leave(self) -> None:
        """Another page is shown now: questions are called off, nothing goes on."""

    def state_changed(self, state: State) -> None:
        """What is known of the daemon changed; only told to the page that is shown, and before `enter`."""

    def happened(self, event: event_pb2.Event) -> None:
        """Something happened; only told to the page that is shown."""

    def back(self) -> bool:
        """Esc: closes what is open on the page. False where nothing was, so that the window goes back a page."""
        return False

    def main(self) -> QWidget | None:
        """What has the keys when the page is opened otherwise than from the list of pages; None: its first control."""
        return None

    def focus_filter(self) -> bool:
        """Ctrl+F: goes to the page's filter. False where it has none."""
        return False


def page_layout(page: QWidget) -> QVBoxLayout:
    """The usual layout of a page: one column with room around it."""
    layout = QVBoxLayout(page)
    layout.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
    layout.setSpacing(12)
    return layout


class Scrolled(QScrollArea):
    """A column of cards that is scrolled where the window is small; `column` is its layout."""

    def __init__(self) -> None:
        super().__init__()
        self.setWidgetResizable(True)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        body = QWidget()
        self.column = page_layout(body)
        self.setWidget(body)


class Either(QWidget):
    """One of several widgets at a time: rows, or why there are none."""

    def __init__(self, *widgets: QWidget) -> None:
        super().__init__()
        self._stack = QStackedLayout(self)
        for widget in widgets:
            self._stack.addWidget(widget)
        self.setFocusPolicy(Qt.FocusPolicy.NoFocus)

    def show_only(self, widget: QWidget) -> None:
        """Shows this one."""
        if self._stack.indexOf(widget) < 0:
            self._stack.addWidget(widget)
        self._stack.setCurrentWidget(widget)

    def drop(self, widget: QWidget) -> None:
        """Takes one away for good."""
        self._stack.removeWidget(widget)
        widget.deleteLater()

    def shown(self) -> QWidget | None:
        """The one that is shown."""
        return self._stack.currentWidget()
