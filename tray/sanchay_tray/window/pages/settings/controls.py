"""A control for each type of setting: it shows a value, and says when a person has chosen another."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Protocol

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QLineEdit,
    QPlainTextEdit,
    QVBoxLayout,
    QWidget,
)

from sanchay.v1 import daemon_pb2
from sanchay_tray import words
from sanchay_tray.window.pages.settings.titles import CHOICES, LANGUAGES, UNITS
from sanchay_tray.window.parts.text import button
from sanchay_tray.words import say

WIDTH = 280
LINES_SHOWN = 4

#: What a person chose, as TOML.
Chosen = Callable[[str], None]
Value = bool | int | float | str | list[str]


class Control(Protocol):
    """What every control can do beside being a widget."""

    def show_value(self, value: Value) -> None:
        """Shows a value, without taking it for a choice."""


def parsed(toml: str) -> Value:
    """A value as the daemon writes it: in what TOML and JSON have in common. What is more stands as it is."""
    try:
        found = json.loads(toml)
    except ValueError:
        return toml
    return [str(each) for each in found] if isinstance(found, list) else found if found is not None else toml


def written(value: Value) -> str:
    """A value as TOML."""
    return json.dumps(value, ensure_ascii=False)


class _NoWheel(QObject):
    """Leaves the wheel to the page that scrolls: a value is not changed in passing."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        if isinstance(event, QWheelEvent) and isinstance(watched, QWidget) and not watched.hasFocus():
            event.ignore()
            return True
        return False


class Switch(QCheckBox):
    """Yes or no."""

    def __init__(self, name: str, chosen: Chosen) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self.clicked.connect(lambda on: chosen(written(bool(on))))

    def show_value(self, value: Value) -> None:
        self.setChecked(value is True)


class Choice(QComboBox):
    """One of some."""

    def __init__(self, name: str, options: list[tuple[str, str]], chosen: Chosen) -> None:
        super().__init__()
        self.setAccessibleName(name)
        for word, text in options:
            self.addItem(text, word)
        self.activated.connect(lambda at: chosen(written(str(self.itemData(at)))))
        self.installEventFilter(_NoWheel(self))

    def show_value(self, value: Value) -> None:
        at = self.findData(value)
        if at < 0:  # one that this window does not know
            self.addItem(str(value), value)
            at = self.count() - 1
        self.setCurrentIndex(at)


class Number(QDoubleSpinBox):
    """A number within its bounds, with its unit; it counts once the person has gone on from it."""

    def __init__(self, setting: daemon_pb2.Setting, name: str, chosen: Chosen) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._whole = setting.type == "integer"
        self.setDecimals(0 if self._whole else 1)
        self.setRange(float(setting.least or 0), float(setting.most or 1e9))
        self.setSuffix(say(UNITS[setting.unit]) if setting.unit in UNITS else "")
        self.setGroupSeparatorShown(True)
        self.setKeyboardTracking(False)
        self._shown = 0.0
        self._chosen = chosen
        self.editingFinished.connect(self._finished)
        self.installEventFilter(_NoWheel(self))

    def show_value(self, value: Value) -> None:
        self._shown = float(value) if isinstance(value, (int, float)) else 0.0
        self.setValue(self._shown)

    def _finished(self) -> None:
        value = self.value()
        if value != self._shown:
            self._shown = value
            self._chosen(written(int(value) if self._whole else value))


class Line(QLineEdit):
    """A text."""

    def __init__(self, name: str, chosen: Chosen) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._shown = ""
        self._chosen = chosen
        self.editingFinished.connect(self._finished)

    def show_value(self, value: Value) -> None:
        self._shown = str(value)
        self.setText(self._shown)

    def _finished(self) -> None:
        if self.text() != self._shown:
            self._shown = self.text()
            self._chosen(written(self._shown))


class Ticks(QWidget):
    """Which of some; `inverted`: those that are not in the list are ticked."""

    def __init__(self, name: str, options: list[tuple[str, str]], chosen: Chosen, *, inverted: bool) -> None:
        super().__init__()
        self.setAccessibleName(name)
        self._inverted = inverted
        self._chosen = chosen
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._boxes: dict[str, QCheckBox] = {}
        for word, text in options:
            box = QCheckBox(text)
            box.clicked.connect(self._clicked)
            self._boxes[word] = box
            layout.addWidget(box)

    def show_value(self, value: Value) -> None:
        listed = value if isinstance(value, list) else []
        for word, box in self._boxes.items():
            box.setChecked((word in listed) != self._inverted)

    def _clicked(self) -> None:
        self._chosen(written([word for word, box in self._boxes.items() if box.isChecked() != self._inverted]))


class Lines(QWidget):
    """A list of texts, one a line, taken over by a button."""

    def __init__(self, name: str, chosen: Chosen) -> None:
        super().__init__()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        self._edit = QPlainTextEdit()
        self._edit.setAccessibleName(name)
        self._edit.setTabChangesFocus(True)
        self._edit.setFixedHeight(LINES_SHOWN * self._edit.fontMetrics().lineSpacing() + 16)
        self._apply = button(say("Apply"), lambda: chosen(written(self._lines())), name=say("Apply: {name}", name=name))
        self._edit.textChanged.connect(lambda: self._apply.setEnabled(self._lines() != self._shown))
        self._shown: list[str] = []
        layout.addWidget(self._edit)
        layout.addWidget(self._apply, alignment=Qt.AlignmentFlag.AlignLeft)

    def show_value(self, value: Value) -> None:
        self._shown = value if isinstance(value, list) else []
        self._edit.setPlainText("\n".join(self._shown))
        self._apply.setEnabled(False)

    def _lines(self) -> list[str]:
        return [line for line in self._edit.toPlainText().split("\n") if line.strip()]


def made(setting: daemon_pb2.Setting, name: str, chosen: Chosen) -> QWidget:
    """The control of a setting. Each is a `Control`."""
    options = [(word, say(CHOICES.get((setting.key, word), word))) for word in setting.choices]
    control: QWidget
    if setting.key == "window.language":
        known = [(code, LANGUAGES.get(code, code)) for code in words.languages()]
        control = Choice(name, [("", say("As the system")), *known], chosen)
    elif setting.type == "bool":
        control = Switch(name, chosen)
    elif setting.type == "choice":
        control = Choice(name, options, chosen)
    elif setting.type in ("integer", "number"):
        control = Number(setting, name, chosen)
    elif setting.type == "list" and options:
        control = Ticks(name, options, chosen, inverted=setting.key == "notices.off")
    elif setting.type == "list":
        control = Lines(name, chosen)
    else:
        control = Line(name, chosen)
    if not isinstance(control, Ticks):  # whose texts say how wide they are
        control.setMinimumWidth(WIDTH)
    return control
