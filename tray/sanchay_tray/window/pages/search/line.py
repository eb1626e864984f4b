"""The line that a search is typed in: terms coloured, the wrong one underlined, completions below."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication, QEvent, QObject, QStringListModel, Qt, Signal
from PySide6.QtGui import QColor, QInputMethodEvent, QKeyEvent, QTextCharFormat
from PySide6.QtWidgets import QCompleter, QLineEdit, QListView

from sanchay import terms
from sanchay_tray.window.colours import colours
from sanchay_tray.window.pages.search.completing import NONE, Offer
from sanchay_tray.window.parts.clearing import can_be_cleared
from sanchay_tray.words import say


class QueryLine(QLineEdit):
    """`typed` is the text as a person changes it, with the cursor's place; `down` leads to the hits."""

    typed = Signal(str, int)
    down = Signal()

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(say("Search"))
        self.setPlaceholderText(say("A name, or terms such as ext:jpg size:>10M modified:<7d"))
        can_be_cleared(self)
        self.setMaxLength(4000)
        self._wrong: tuple[int, int] | None = None
        self._offer = NONE
        self._offered = QStringListModel(self)
        self._completer = QCompleter(self._offered, self)
        self._completer.setCompletionMode(QCompleter.CompletionMode.UnfilteredPopupCompletion)
        self._completer.setWidget(self)
        self._popup = QListView()
        self._popup.setAccessibleName(say("Completions"))
        self._completer.setPopup(self._popup)
        self._popup.installEventFilter(self)
        self._completer.activated.connect(self._take)
        self.textChanged.connect(self._text_changed)
        self.textEdited.connect(lambda text: self.typed.emit(text, self._characters(self.cursorPosition())))

    def show_offer(self, offer: Offer) -> None:
        """Shows what the term can go on with, or nothing."""
        self._offer = offer
        popup = self._popup
        if not offer.texts or not self.hasFocus():
            popup.hide()
            return
        self._offered.setStringList(list(offer.texts))
        place = self.cursorRect()
        place.setWidth(max(popup.sizeHintForColumn(0) + 40, 160))
        self._completer.complete(place)

    def offered(self) -> tuple[str, ...]:
        """What is offered now."""
        return self._offer.texts

    def mark_wrong(self, begin: int, length: int) -> None:
        """Underlines a piece, in characters."""
        self._wrong = (begin, begin + max(length, 1))
        self._colour()

    def mark_right(self) -> None:
        """Takes the underline away."""
        if self._wrong is not None:
            self._wrong = None
            self._colour()

    def wrong(self) -> str:
        """What is underlined."""
        return self.text()[slice(*self._wrong)] if self._wrong is not None else ""

    def event(self, event: QEvent) -> bool:
        return self._take_first(event) or super().event(event)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        return (watched is self._popup and self._take_first(event)) or super().eventFilter(watched, event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Down, Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.down.emit()
        else:
            super().keyPressEvent(event)

    def _take_first(self, event: QEvent) -> bool:
        """Tab, while completions are shown: takes the selected one, or the first."""
        is_tab = isinstance(event, QKeyEvent) and event.type() == QEvent.Type.KeyPress and event.key() == Qt.Key.Key_Tab
        if not is_tab or not self._offer.texts or not self._popup.isVisible():
            return False
        chosen = self._popup.currentIndex()
        self._take(str(chosen.data()) if chosen.isValid() else self._offer.texts[0])
        return True

    def changeEvent(self, event: QEvent) -> None:
        super().changeEvent(event)
        if event.type() == QEvent.Type.PaletteChange and hasattr(self, "_wrong"):
            self._colour()

    def _take(self, text: str) -> None:
        offer, self._offer = self._offer, NONE
        self._popup.hide()
        if text not in offer.texts:
            return
        whole = self.text()
        after = "" if text.endswith((":", "/")) or whole[offer.end : offer.end + 1].isspace() else " "
        cursor = offer.begin + len(text) + len(after)
        self.setText(whole[: offer.begin] + text + after + whole[offer.end :])
        self.setCursorPosition(_units(self.text(), cursor))
        self.typed.emit(self.text(), cursor)

    def _text_changed(self) -> None:
        self._wrong = None
        self._colour()

    def _characters(self, units: int) -> int:
        """Qt counts places in UTF-16, Python and the daemon in characters."""
        raw = self.text().encode("utf-16-le", "surrogatepass")[: 2 * units]
        return len(raw.decode("utf-16-le", "replace"))

    def _colour(self) -> None:
        """Formats of a line can only be given as an input method gives them; they stay until others come."""
        now, text, attributes = colours(), self.text(), []
        for term in terms.split(text):
            if term.key or term.sign:
                attributes.append(self._format(text, term.begin, term.value_begin, now.accent, bold=True))
            if term.key and term.value:
                attributes.append(self._format(text, term.value_begin, term.end, now.good))
        if self._wrong is not None:
            attributes.append(self._format(text, *self._wrong, now.bad, wrong=True))
        QCoreApplication.sendEvent(self, QInputMethodEvent("", attributes))

    def _format(
        self, text: str, begin: int, end: int, colour: str, *, bold: bool = False, wrong: bool = False
    ) -> QInputMethodEvent.Attribute:
        form = QTextCharFormat()
        form.setForeground(QColor(colour))
        if bold:
            form.setFontWeight(600)
        if wrong:
            form.setUnderlineStyle(QTextCharFormat.UnderlineStyle.WaveUnderline)
            form.setUnderlineColor(QColor(colour))
        start = _units(text, begin)
        return QInputMethodEvent.Attribute(
            QInputMethodEvent.AttributeType.TextFormat,
            start - self.cursorPosition(),
            _units(text, end) - start,
            form,
        )


def _units(text: str, characters: int) -> int:
    return len(text[:characters].encode("utf-16-le", "surrogatepass")) // 2
