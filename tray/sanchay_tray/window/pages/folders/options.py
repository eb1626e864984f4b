"""The options of a folder, changed in place."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypedDict

from PySide6.QtWidgets import QCheckBox, QComboBox, QFormLayout, QLineEdit, QPlainTextEdit, QSpinBox, QWidget

from sanchay import documents, paths
from sanchay.v1 import root_pb2
from sanchay_tray.window.pages.folders import words
from sanchay_tray.window.parts.sheet import Sheet
from sanchay_tray.words import say

LINES_SHOWN = 4
MINUTES_MOST = 7 * 24 * 60


class Changes(TypedDict, total=False):
    """What is to be another: arguments of the client's `update_root`."""

    name: str
    hash_scope: str
    watch: str
    poll_s: int
    one_file_system: bool
    skip_hidden: bool
    exclude: list[str]
    replace_exclude: bool


class Options(Sheet):
    """The sheet. `save` gets what was changed, and nothing else."""

    def __init__(self, root: root_pb2.Root, save: Callable[[Changes], object], not_now: Callable[[], object]) -> None:
        self._root = root
        self.name = QLineEdit(root.name)
        self.hash = _choice(words.HASHES, documents.hash_scope(root.settings))
        self.watch = _choice(words.WATCHES, documents.watch_mode(root.settings))
        self.minutes = QSpinBox()
        self.minutes.setRange(1, MINUTES_MOST)
        self.minutes.setSuffix(" " + say("minutes"))
        self.minutes.setValue(max(round((root.settings.poll_s or words.POLL_S) / 60), 1))
        self._minutes_before = self.minutes.value()
        self.hidden = QCheckBox(say("Leave out hidden files"))
        self.hidden.setChecked(root.settings.skip_hidden)
        self.one = QCheckBox(say("Leave out other disks that are mounted below it"))
        self.one.setChecked(root.settings.one_file_system)
        self.exclude = QPlainTextEdit("\n".join(root.settings.exclude))
        self.exclude.setPlaceholderText(say("A pattern in each line, such as *.tmp or node_modules"))
        self.exclude.setTabChangesFocus(True)
        self.exclude.setFixedHeight(self.exclude.fontMetrics().lineSpacing() * LINES_SHOWN + 16)
        form = QWidget()
        layout = QFormLayout(form)
        layout.setContentsMargins(0, 4, 0, 4)
        fields: tuple[tuple[str, QWidget], ...] = (
            (say("Name"), self.name),
            (say("Compare by content"), self.hash),
            (say("Notice changes"), self.watch),
            (say("Look again every"), self.minutes),
            (say("Leave out"), self.exclude),
            ("", self.hidden),
            ("", self.one),
        )
        for text, field in fields:
            if text:
                field.setAccessibleName(text)
            layout.addRow(text, field)
        super().__init__(
            say("Options of {name}", name=paths.safe_text(root.name)),
            "",
            say("Save"),
            lambda: save(self.changes()),
            not_now,
            form,
        )
        self.watch.currentIndexChanged.connect(self._show_minutes)
        self._show_minutes()

    def changes(self) -> Changes:
        """What was changed."""
        settings, found = self._root.settings, Changes()
        again = set(self._root.unreadable_settings)  # those cannot be compared: they are set whatever they were
        if (name := self.name.text().strip()) != self._root.name:
            found["name"] = name
        if self.hash.currentData() != documents.hash_scope(settings) or "hash" in again:
            found["hash_scope"] = str(self.hash.currentData())
        if self.watch.currentData() != documents.watch_mode(settings) or "watch" in again:
            found["watch"] = str(self.watch.currentData())
        if self.minutes.value() != self._minutes_before or "poll_s" in again:
            found["poll_s"] = self.minutes.value() * 60
        if self.hidden.isChecked() != settings.skip_hidden or "skip_hidden" in again:
            found["skip_hidden"] = self.hidden.isChecked()
        if self.one.isChecked() != settings.one_file_system or "one_file_system" in again:
            found["one_file_system"] = self.one.isChecked()
        globs = [line.strip() for line in self.exclude.toPlainText().splitlines() if line.strip()]
        if globs != list(settings.exclude) or "exclude" in again:
            found["exclude"], found["replace_exclude"] = globs, True
        return found

    def _show_minutes(self) -> None:
        self.minutes.setEnabled(self.watch.currentData() in ("auto", "poll"))


def _choice(texts: dict[str, str], now: str) -> QComboBox:
    made = QComboBox()
    for word, text in texts.items():
        made.addItem(say(text), word)
    made.setCurrentIndex(max(made.findData(now), 0))
    return made
