"""Paths between a person and the daemon.

Going in, `~` and relative paths are made absolute here, since only the client knows the folder it stands in; symlinks
are left to the daemon. Coming out, a path is exact in JSON, and on a screen no name can move the cursor, colour the
text or pass for another name.
"""

from __future__ import annotations

import base64
import os
import unicodedata
from typing import TYPE_CHECKING

from sanchay import names
from sanchay.errors import InvalidArgument
from sanchay.names import shown_path

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sanchay.v1 import common_pb2, root_pb2


def absolute(text: str) -> str:
    """`text` with `~` expanded, made absolute from the current folder, `.` and `..` taken out; symlinks stay.

    Only a link that a `..` follows is resolved, since that goes up from where the link leads.
    """
    expanded = os.path.expanduser(text)
    if not os.path.isabs(expanded):
        expanded = os.path.join(_current_folder(expanded), expanded)
    names = expanded.split(os.sep)
    if os.name != "posix" or os.pardir not in names:
        return os.path.abspath(expanded)
    last = len(names) - names[::-1].index(os.pardir)
    return os.path.normpath(os.path.join(os.path.realpath(os.sep.join(names[:last])), *names[last:]))


def _current_folder(path: str) -> str:
    try:
        return os.getcwd()
    except FileNotFoundError as error:
        raise InvalidArgument(
            f"The current folder is not there any more, so {shown_path(path)} leads nowhere; name a whole path, or "
            "go elsewhere."
        ) from error


def home_expanded(glob: str) -> str:
    """A pattern with `~/` expanded, where the shell has left it: `~$*` is a name."""
    return os.path.expanduser(glob) if glob.startswith("~/") else glob


def looks_like_path(text: str) -> bool:
    """Whether the word can only be a path: it has a separator, or begins with `~` or a dot."""
    return text.startswith(("~", ".")) or "/" in text or os.sep in text or os.path.isabs(text)


def root_argument(text: str, roots: Iterable[root_pb2.Root] | None = None) -> str:
    """A ROOT as typed, ready for the daemon: a name or an id as it is, a path made absolute.

    A bare word is the root of that name or id; only where `roots` has none and the current folder has such an entry is
    it a path.
    """
    if looks_like_path(text):
        return absolute(text)
    known = roots is not None and any(text in (root.name, str(root.id)) for root in roots)
    return absolute(text) if roots is not None and not known and os.path.lexists(text) else text


def document(path: common_pb2.Path) -> dict[str, str]:
    """The keys of a path in JSON: `path`, and `path_bytes` (base64) where the bytes are not UTF-8."""
    return of_bytes(path.raw)


def of_bytes(raw: bytes) -> dict[str, str]:
    """As `document`, from the bytes."""
    try:
        return {"path": raw.decode("utf-8")}
    except UnicodeDecodeError:
        return {"path": raw.decode("utf-8", "replace"), "path_bytes": base64.b64encode(raw).decode("ascii")}


def shown(path: common_pb2.Path) -> str:
    """The path for a screen."""
    return shown_bytes(path.raw)


shown_bytes = names.shown
safe_text = names.safe_text


def shortened(text: str, columns: int) -> str:
    """The text in at most `columns` of a terminal, its middle left out: the end of a path says the most."""
    if width(text) <= columns:
        return text
    tail = max((columns - 1) * 2 // 3, 0)
    end = _within(text[::-1], tail)[::-1]
    return _within(text, max(columns - 1 - tail, 0)) + "…" + end


def _within(text: str, columns: int) -> str:
    """As many characters from the beginning as take at most so many columns."""
    taken = 0
    for number, character in enumerate(text):
        taken += width(character)
        if taken > columns:
            return text[:number]
    return text


def width(text: str) -> int:
    """Columns of a terminal that the text takes: wide East Asian characters take two, combining ones none."""
    if text.isascii():
        return len(text)
    return sum(
        0 if unicodedata.combining(character) else 2 if unicodedata.east_asian_width(character) in "WF" else 1
        for character in text
    )
