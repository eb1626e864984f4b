"""One folder: how it stands, how it is kept up, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from PySide6.QtWidgets import QGridLayout, QWidget

from sanchay import paths
from sanchay.v1 import root_pb2
from sanchay_tray.window import shown
from sanchay_tray.window.pages.folders import words
from sanchay_tray.window.parts.text import Card, Elided, Label, button, muted, row
from sanchay_tray.words import say


class Acts(NamedTuple):
    """What the buttons do."""

    scan: Callable[[], object]
    options: Callable[[], object]
    remove: Callable[[], object]
    accept: Callable[[], object]
    errors: Callable[[], object]
    space: Callable[[], object]


class Detail(Card):
    """A folder in full."""

    def __init__(self, acts: Acts) -> None:
        super().__init__()
        self.name = Elided(scale=1.15, bold=True)
        self.path = Elided(tone="muted")
        self.body.addWidget(self.name)
        self.body.addWidget(self.path)
        self._facts: dict[str, Label] = {}
        facts = QWidget()
        self._grid = QGridLayout(facts)
        self._grid.setContentsMargins(0, 4, 0, 4)
        self._grid.setHorizontalSpacing(16)
        self._grid.setColumnStretch(1, 1)
        for at, (key, name) in enumerate(
            (
                ("state", say("State")),
                ("held", say("Holds")),
                ("kept", say("Kept up")),
                ("fresh", say("Freshness")),
                ("hash", say("Compared by content")),
                ("without", say("Left out")),
            )
        ):
            label = muted(name)
            label.setWordWrap(False)
            self._facts[key] = Label()
            self._grid.addWidget(label, at, 0)
            self._grid.addWidget(self._facts[key], at, 1)
        self.body.addWidget(facts)
        self.why = Label(tone="warn")
        self.body.addWidget(self.why)
        self.scan = button(say("Scan now"), acts.scan, main=True)
        self.accept = button(say("This is the right folder …"), acts.accept)
        self.errors = button(say("What could not be read"), acts.errors)
        self.space = button(say("What takes the space"), acts.space)
        self.options = button(say("Options …"), acts.options)
        self.remove = button(say("Remove …"), acts.remove)
        self.body.addWidget(row(self.scan, self.accept, self.errors, self.space, self.options, self.remove, 1))

    def show_root(self, root: root_pb2.Root, is_up: bool) -> None:
        """Shows a folder; `is_up`: the daemon can be asked for something."""
        self.name.show_text(paths.safe_text(root.name))
        self.path.show_text(shown.path(root.path))
        text, tone = words.state(root, is_up=is_up)
        self._facts["state"].setText(text)
        self._facts["state"].set_tone(tone)
        self._facts["held"].setText(words.held(root))
        self._facts["kept"].setText(words.kept_up_why(root, is_up=is_up))
        self._facts["fresh"].setText(words.fresh(root, is_up=is_up))
        self._facts["hash"].setText(say(words.HASHES.get(words.hash_words(root), "")) or say("unknown"))
        self._facts["without"].setText(left_out(root))
        reasons = words.reasons(root)
        self.why.setText("\n".join(reasons))
        self.why.setVisible(bool(reasons))
        offline = root.state == "offline"
        self.errors.setVisible(root.state == "partial")
        self.accept.setVisible(offline or root.state == "partial")
        self.scan.setEnabled(is_up and not offline and root.state != "scanning")
        for each in (self.accept, self.errors, self.options, self.remove):
            each.setEnabled(is_up)

    def facts(self) -> dict[str, str]:
        """What it says, by the fact."""
        return {key: label.text() for key, label in self._facts.items()}


def left_out(root: root_pb2.Root) -> str:
    """What of the folder is not in the catalog."""
    settings = root.settings
    parts = []
    if settings.skip_hidden:
        parts.append(say("hidden files"))
    if settings.one_file_system:
        parts.append(say("other disks mounted below it"))
    parts += [paths.safe_text(glob) for glob in settings.exclude]
    return ", ".join(parts) or say("nothing")
