"""The one way in which the name of a file is shown to a person, wherever it stands: in a table, a sentence or a log.

Nothing that is shown can move the cursor, colour the text, turn its direction or hide in it, and no two names look the
same for such a reason. What stands in a file for programs (JSON, CSV) is exact and not written here.
"""

from __future__ import annotations

import functools
import os
import re

# Controls and what ends a line; marks that turn the direction of writing; and what Unicode lets a screen leave out
# (Default_Ignorable_Code_Point): fillers, joiners, variation selectors, tags. The Braille blank looks like nothing too.
UNSAFE_CLASS = (
    "\x00-\x1f\x7f-\x9f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
_STRANGE_CLASS = f"{UNSAFE_CLASS}\ud800-\udfff"  # bytes that are not UTF-8 are lone surrogates
_NAMED = {"\a": "\\a", "\b": "\\b", "\t": "\\t", "\n": "\\n", "\v": "\\v", "\f": "\\f", "\r": "\\r", "\x1b": "\\e"}


def shown(raw: bytes) -> str:
    """The name for a screen: as it is, or as the shell's `$'…'` where that would not be safe or not be clear.

    What is written as `$'…'` can be pasted into bash or zsh.
    """
    return shown_text(raw.decode("utf-8", "surrogateescape"))


def shown_path(path: str | os.PathLike[str]) -> str:
    """The same for a path of our own, such as a home's: it may hold any byte, too."""
    return shown(os.fsencode(path))


def shown_text(text: str) -> str:
    """The same for a name that is text already, its strange bytes as Python has them."""
    if not is_strange(text) and not text.startswith("$'"):
        return text
    return "$'" + "".join(_escaped(character) for character in text) + "'"


def quoted(text: str) -> str:
    """A word that was typed, or the name of a root or schedule, in a sentence: its bounds are to be seen.

    In single quotes, or as `$'…'` where those would not be safe or not be clear; either can be pasted into a shell.
    """
    if is_strange(text) or "'" in text:
        return "$'" + "".join(map(_escaped, text)) + "'"
    return f"'{text}'"


def safe_text(text: str) -> str:
    """Any other text for a screen: characters that no screen should get as escapes."""
    if _is_plain(text):
        return text
    return _compiled(UNSAFE_CLASS).sub(lambda match: _escaped(match[0]), text)


def is_strange(text: str) -> bool:
    """Whether the text holds what no screen should get."""
    return not _is_plain(text) and _compiled(_STRANGE_CLASS).search(text) is not None


def _is_plain(text: str) -> bool:
    """Whether it is ASCII without controls, as most texts are: they need no look at the classes, slow to compile."""
    return text.isascii() and text.isprintable()


@functools.cache
def _compiled(characters: str) -> re.Pattern[str]:
    return re.compile(f"[{characters}]")


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is not UTF-8, by surrogateescape
        return f"\\x{code - 0xDC00:02x}"
    if character in "\\'":
        return "\\" + character
    if not is_strange(character):
        return character
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return _NAMED.get(character) or (f"\\x{code:02x}" if code < 0x80 else f"\\u{code:04x}")
