"""Where the map stands: the folders above, each a button."""

from __future__ import annotations

import os
from collections.abc import Iterable
from functools import partial

from PySide6.QtCore import Signal
from PySide6.QtWidgets import QHBoxLayout, QWidget

from sanchay import paths
from sanchay_tray.window.parts.text import Label, button, clear, tip
from sanchay_tray.words import say

#: More folders than this are left out in the middle, and so are letters of a long name.
SHOWN, LETTERS = 5, 28


def chain(path: bytes, tops: Iterable[bytes]) -> list[bytes]:
    """The folders from everything (an empty path) down to this one: below a root each, the root itself first."""
    if not path:
        return [b""]
    found = [path]
    roots = sorted((top for top in tops if path == top or path.startswith(top.rstrip(b"/") + b"/")), key=len)
    while roots and found[-1] != roots[0]:
        found.append(os.path.dirname(found[-1]))
    return [b"", *found[::-1]]


class Crumbs(QWidget):
    """`gone` says which folder was chosen."""

    gone = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setAccessibleName(say("Folders above"))
        self._layout = QHBoxLayout(self)
        self._layout.setContentsMargins(0, 0, 0, 0)
        self._layout.setSpacing(2)
        self._chain: list[bytes] = []

    def show_chain(self, chain: list[bytes]) -> None:
        """Shows another place."""
        if chain == self._chain:
            return
        self._chain = chain
        clear(self._layout)
        kept = [*chain[:2], *chain[-(SHOWN - 2) :]] if len(chain) > SHOWN else chain
        for number, path in enumerate(kept):
            if number:
                between = " … " if len(kept) < len(chain) and number == 2 else "›"
                self._layout.addWidget(_plain(between))
            whole = _name(path, first=number == 1)
            text = whole if len(whole) <= LETTERS else whole[: LETTERS // 2] + "…" + whole[-LETTERS // 2 :]
            if number == len(kept) - 1:
                here = _plain(text)
                here.setToolTip(tip(paths.shown_bytes(path)) if path else "")
                self._layout.addWidget(here)
            else:
                go = button(text.replace("&", "&&"), partial(self.gone.emit, path), flat=True, name=whole)
                go.setProperty("link", True)
                self._layout.addWidget(go)
        self._layout.addStretch(1)


def _name(path: bytes, *, first: bool) -> str:
    if not path:
        return say("Everything")
    return paths.shown_bytes(path if first else os.path.basename(path) or path)


def _plain(text: str) -> Label:
    label = Label(text)
    label.setWordWrap(False)
    return label
