"""Settings of a root as they were stored, read one by one: what cannot be read is known by its name, and no default
takes its place. Without a filter that a person set, files would be cataloged that were to be left out.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping
from typing import Any

from sanchay import names
from sanchay.sentences import Sentence
from sanchayd.roots.root import POLL_S, HashAlgorithm, HashScope, RootSettings, Unreadable, WatchMode

#: What stands in state.db for a setting that is not known; no setting has such a value.
NOT_KNOWN = "?"
POLL_S_MOST = 2**32 - 1
VALUE_CHARACTERS_MOST = 40


def of_row(row: Mapping[str, bytes]) -> tuple[RootSettings, Unreadable | None]:
    """Those of a row of state.db, each as its bytes, and which of them cannot be read."""
    return _read(row, _OF_ROW, lambda value: str(value, "utf-8", "replace"))


def of_catalog(text: str) -> tuple[str, RootSettings, Unreadable | None]:
    """Name and settings that the catalog keeps of a root, and which of them cannot be read. The name may be empty."""
    try:
        stored = json.loads(text)
    except ValueError:
        stored = None
    if not isinstance(stored, dict):
        return "", RootSettings(), Unreadable(tuple(_OF_CATALOG), Sentence("settings-not-json"))
    name = stored.get("name")
    settings, unreadable = _read(_LATER | stored, _OF_CATALOG, json.dumps)
    return name if isinstance(name, str) else "", settings, unreadable


def _read(
    stored: Mapping[str, Any], readers: Mapping[str, Callable[[Any], Any]], shown: Callable[[Any], str]
) -> tuple[RootSettings, Unreadable | None]:
    read: dict[str, Any] = {}
    reasons: dict[str, Sentence] = {}
    for name, reader in readers.items():
        try:
            read[name] = reader(stored[name])
        except KeyError:
            reasons[name] = Sentence("setting-missing", setting=name)
        except (ValueError, TypeError):
            value = shown(stored[name])
            if value == NOT_KNOWN:
                reasons[name] = Sentence("setting-not-known", setting=name)
            else:
                value = names.quoted(value[:VALUE_CHARACTERS_MOST])
                reasons[name] = Sentence("setting-is", setting=name, value=value)
    if not reasons:
        return RootSettings(**read), None
    return RootSettings(**read), Unreadable(tuple(reasons), Sentence.together("each-of", reasons.values()))


def _globs(value: Any) -> tuple[str, ...]:
    if not (isinstance(value, list) and all(isinstance(glob, str) and glob.encode() for glob in value)):
        raise ValueError(value)
    return tuple(value)


def _flag(value: Any) -> bool:
    if value not in (0, 1):  # as state.db has them; False and True are equal to these
        raise ValueError(value)
    return bool(value)


def _seconds(value: Any) -> int:
    if not (isinstance(value, int) and 0 <= value <= POLL_S_MOST):
        raise ValueError(value)
    return value


def _paths(raw: bytes) -> tuple[bytes, ...]:
    paths = tuple(path for path in raw.split(b"\0") if path)
    if not all(map(os.path.isabs, paths)):
        raise ValueError(raw)
    return paths


_OF_CATALOG: dict[str, Callable[[Any], Any]] = {
    "hash": HashScope,
    "algorithm": HashAlgorithm,
    "exclude": _globs,
    "one_file_system": _flag,
    "skip_hidden": _flag,
    "watch": WatchMode,
    "poll_s": _seconds,
    "expect_unreadable": lambda paths: tuple(bytes(list(path)) for path in paths),
}
_OF_ROW: dict[str, Callable[[bytes], Any]] = {
    "hash": lambda raw: HashScope(raw.decode()),
    "algorithm": lambda raw: HashAlgorithm(raw.decode()),
    "exclude": lambda raw: _globs(json.loads(raw)),
    "one_file_system": lambda raw: _flag(json.loads(raw)),
    "skip_hidden": lambda raw: _flag(json.loads(raw)),
    "watch": lambda raw: WatchMode(raw.decode()),
    "poll_s": lambda raw: _seconds(json.loads(raw)),
    "expect_unreadable": _paths,
}
#: A catalog from before these has none of them.
_LATER: dict[str, Any] = {"watch": WatchMode.AUTO.value, "poll_s": POLL_S, "expect_unreadable": []}
