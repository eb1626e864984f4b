"""Colours and fonts, light and dark. Contrast of text is 4.5 or more on each ground that it stands on; what a colour
says, a shape or a word says too."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QColor, QGuiApplication, QPalette


@dataclass(frozen=True)
class Colours:
    """One scheme, by what a colour is for."""

    window: str
    base: str
    raised: str
    text: str
    muted: str
    line: str
    accent: str
    on_accent: str
    selected: str
    good: str
    warn: str
    bad: str
    warn_ground: str
    bad_ground: str
    good_ground: str
    #: Kinds of content, for people who see few colours too (after Okabe and Ito); `on_types` is text on them.
    types: dict[str, str]

    def type_colour(self, name: str) -> QColor:
        """The colour of a kind of content."""
        return QColor(self.types.get(name, self.types["other"]))


LIGHT = Colours(
    window="#f5f6f8",
    base="#ffffff",
    raised="#ffffff",
    text="#1b2230",
    muted="#566070",
    line="#d5dae2",
    accent="#1d5bb8",
    on_accent="#ffffff",
    selected="#dbe8fb",
    good="#176c40",
    warn="#7a4f00",
    bad="#a6221b",
    warn_ground="#fff3d6",
    bad_ground="#fde7e5",
    good_ground="#e2f5ea",
    types={
        "image": "#0072b2",
        "video": "#d55e00",
        "audio": "#cc79a7",
        "document": "#009e73",
        "archive": "#e69f00",
        "code": "#56b4e9",
        "log": "#8a8f98",
        "other": "#b7b1a3",
    },
)

DARK = Colours(
    window="#1a1e25",
    base="#13161b",
    raised="#222730",
    text="#e7eaf0",
    muted="#a6b0bf",
    line="#383f4b",
    accent="#82b6ff",
    on_accent="#0a1a30",
    selected="#26405f",
    good="#66d097",
    warn="#ecbf62",
    bad="#ff9a91",
    warn_ground="#3a2f14",
    bad_ground="#42201e",
    good_ground="#173526",
    types={
        "image": "#4aa3df",
        "video": "#e8804a",
        "audio": "#dd9cc0",
        "document": "#35b892",
        "archive": "#f0b840",
        "code": "#7cc7f2",
        "log": "#9aa1ac",
        "other": "#8d8779",
    },
)


class _Wanted:
    """What was asked for against the desktop's own word."""

    dark: bool | None = None


def want(dark: bool | None) -> None:
    """Has the window light or dark whatever the desktop is; None: as the desktop is."""
    _Wanted.dark = dark


def is_dark() -> bool:
    """Whether the window is dark now."""
    if _Wanted.dark is not None:
        return _Wanted.dark
    return QGuiApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark


def colours() -> Colours:
    """The colours of now."""
    return DARK if is_dark() else LIGHT


def palette() -> QPalette:
    """The palette of now, for all that Qt paints itself."""
    now, made = colours(), QPalette()
    role = QPalette.ColorRole
    for which, colour in (
        (role.Window, now.window),
        (role.Base, now.base),
        (role.AlternateBase, now.window),
        (role.Button, now.raised),
        (role.WindowText, now.text),
        (role.Text, now.text),
        (role.ButtonText, now.text),
        (role.BrightText, now.bad),
        (role.PlaceholderText, now.muted),
        (role.ToolTipBase, now.raised),
        (role.ToolTipText, now.text),
        (role.Highlight, now.accent),
        (role.HighlightedText, now.on_accent),
        (role.Link, now.accent),
        (role.LinkVisited, now.accent),
        (role.Mid, now.line),
        (role.Midlight, now.line),
        (role.Accent, now.accent),
    ):
        made.setColor(which, QColor(colour))
    for which in (role.WindowText, role.Text, role.ButtonText):
        made.setColor(QPalette.ColorGroup.Disabled, which, QColor(now.muted))
    return made


def style_sheet() -> str:
    """What Qt's palette cannot say: the few shapes that are ours."""
    now = colours()
    return f"""
    QToolTip {{ color: {now.text}; background: {now.raised}; border: 1px solid {now.line}; padding: 4px; }}
    QPushButton {{ padding: 5px 14px; border: 1px solid {now.line}; border-radius: 6px; background: {now.raised}; }}
    QPushButton:hover {{ border-color: {now.accent}; }}
    QPushButton:focus {{ border: 2px solid {now.accent}; padding: 4px 13px; }}
    QPushButton:disabled {{ color: {now.muted}; }}
    QPushButton:checked {{ background: {now.selected}; border: 2px solid {now.accent}; padding: 4px 13px; }}
    QPushButton:checked:focus {{ border: 2px solid {now.text}; }}
    QPushButton[main="true"] {{ background: {now.accent}; color: {now.on_accent}; border-color: {now.accent}; }}
    QPushButton[main="true"]:focus {{ border: 2px solid {now.text}; }}
    QPushButton[main="true"]:disabled {{ background: {now.line}; color: {now.muted}; border-color: {now.line}; }}
    QPushButton[flat="true"] {{ border: none; background: transparent; color: {now.accent}; }}
    QPushButton[link="true"] {{ padding: 2px 4px; text-align: left; }}
    QPushButton[flat="true"]:focus {{ border: 2px solid {now.accent}; padding: 3px 12px; }}
    QLineEdit, QPlainTextEdit {{
        padding: 5px 8px; border: 1px solid {now.line}; border-radius: 6px; background: {now.base};
    }}
    QLineEdit:focus, QPlainTextEdit:focus {{ border: 2px solid {now.accent}; padding: 4px 7px; }}
    QHeaderView::section {{
        padding: 6px 8px; border: none; border-bottom: 1px solid {now.line}; background: {now.window};
        color: {now.muted};
    }}
    QTableView, QListView, QTreeView {{
        border: 1px solid {now.line}; border-radius: 6px; background: {now.base};
        selection-background-color: {now.selected}; selection-color: {now.text}; outline: none;
    }}
    QTableView::item {{ padding: 0 6px; }}
    QListView#sidebar {{ border: none; border-radius: 0; background: {now.window}; padding: 6px; }}
    QListView#sidebar::item {{ padding: 8px 10px; border-radius: 6px; }}
    QListView#sidebar::item:selected {{ background: {now.selected}; color: {now.text}; }}
    QListView#sidebar::item:focus {{ border: 2px solid {now.accent}; }}
    QFrame#line {{ color: {now.line}; background: {now.line}; }}
    QFrame[card="true"] {{ border: 1px solid {now.line}; border-radius: 10px; background: {now.raised}; }}
    QFrame[banner="warn"] {{ background: {now.warn_ground}; border-bottom: 1px solid {now.line}; }}
    QFrame[banner="bad"] {{ background: {now.bad_ground}; border-bottom: 1px solid {now.line}; }}
    QFrame[banner="good"] {{ background: {now.good_ground}; border-bottom: 1px solid {now.line}; }}
    QLabel[muted="true"] {{ color: {now.muted}; }}
    QLabel[tone="good"] {{ color: {now.good}; }}
    QLabel[tone="warn"] {{ color: {now.warn}; }}
    QLabel[tone="bad"] {{ color: {now.bad}; }}
    QProgressBar {{ border: none; border-radius: 4px; background: {now.line}; max-height: 8px; }}
    QProgressBar::chunk {{ border-radius: 4px; background: {now.accent}; }}
    QScrollArea {{ border: none; }}
    QScrollBar:vertical {{ background: transparent; width: 12px; margin: 2px; }}
    QScrollBar:horizontal {{ background: transparent; height: 12px; margin: 2px; }}
    QScrollBar::handle {{ background: {now.muted}; border-radius: 4px; min-height: 32px; min-width: 32px; }}
    QScrollBar::handle:hover {{ background: {now.accent}; }}
    QScrollBar::add-line, QScrollBar::sub-line {{ height: 0; width: 0; }}
    QScrollBar::add-page, QScrollBar::sub-page {{ background: transparent; }}
    QFrame#status {{ border-top: 1px solid {now.line}; }}
    """
