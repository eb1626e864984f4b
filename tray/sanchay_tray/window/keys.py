"""Which widget has the keys when a page is opened."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject
from PySide6.QtWidgets import QApplication, QWidget


class Keys(QObject):
    """Gives the keys to a widget: at once, or when it is shown, unless a person has taken them elsewhere by then."""

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._waits_for: QWidget | None = None
        self._before: QWidget | None = None

    def give(self, widget: QWidget) -> None:
        """Gives them now, and again once the widget is shown: there may be no answer yet that it shows."""
        self._let_go()
        now = QApplication.focusWidget()
        if now is not None and widget.isAncestorOf(now):
            return
        widget.setFocus()
        if not widget.isVisible():
            self._waits_for, self._before = widget, QApplication.focusWidget()
            widget.installEventFilter(self)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Hears that the widget is shown."""
        widget = self._waits_for
        if widget is not None and watched is widget and event.type() is QEvent.Type.Show:
            before = self._before
            self._let_go()
            if before is None or QApplication.focusWidget() is before:  # none: the window has only just come up
                widget.setFocus()
        return False

    def _let_go(self) -> None:
        if self._waits_for is not None:
            self._waits_for.removeEventFilter(self)
        self._waits_for = self._before = None
