"""How far an answer can be trusted, in words."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from sanchay import documents, paths, units

if TYPE_CHECKING:
    from sanchay.v1 import common_pb2

_WORDS = {
    "unknown": "unknown",
    "never_scanned": "never scanned",
    "scanning": "being scanned",
    "live": "live",
    "reconciling": "catching up",
}
_WORDS_WITH_TIME = {
    "scanned": "scanned {when}",
    "partial": "partial, scanned {when}",
    "offline": "offline, last seen {when}",
    "polled": "polled {when}",
}
_WORDS_WITHOUT_TIME = {"scanned": "scanned", "partial": "partial", "offline": "offline", "polled": "polled"}


def brief(message: common_pb2.Freshness, now_ns: int | None = None) -> str:
    """`live`, `scanned 3 min ago`, `offline, last seen on 2024-01-31 14:05`."""
    state = documents.freshness_state(message)
    if state in _WORDS:
        return _WORDS[state]
    if not message.as_of_ns:
        return _WORDS_WITHOUT_TIME[state]
    now_ns = time.time_ns() if now_ns is None else now_ns
    return _WORDS_WITH_TIME[state].format(when=units.ago(message.as_of_ns, now_ns))


def _when(message: common_pb2.Freshness) -> str:
    return units.ago(message.as_of_ns, time.time_ns()) if message.as_of_ns else "some time ago"


def warning(message: common_pb2.Freshness) -> str:
    """A sentence where an answer may lack something; empty where it is complete.

    What cannot be read is told by `status` and `scan`, and not below each answer: all else is as fresh as it is.
    """
    state = documents.freshness_state(message)
    reason = message.reason
    if state == "partial" and message.rest:
        state, reason = documents.freshness_rest(message), ""
    sentence = {
        "never_scanned": "Nothing has been scanned yet, so there is nothing to answer from.",
        "scanning": "A scan is under way: what is here is true, but not all.",
        "partial": "Parts are not there now; for them this shows what was known before.",
        "offline": "A root is not there now; for it this shows what was known before.",
        "reconciling": f"As of {_when(message)}; a comparison with the disk is under way and adds what is newer.",
        "polled": f"Looked at {_when(message)}; what changed since then is not in it.",
        "scanned": f"Scanned {_when(message)}; what changed since then is not in it.",
    }.get(state, "")
    return f"{sentence} ({paths.safe_text(reason)})" if sentence and reason else sentence
