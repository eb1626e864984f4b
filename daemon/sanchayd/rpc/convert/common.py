"""Values that more than one service speaks of."""

from __future__ import annotations

from sanchay.sentences import Sentence
from sanchay.v1 import common_pb2
from sanchayd.catalog.freshness import Freshness, FreshnessState

_FRESHNESS = {
    FreshnessState.NEVER_SCANNED: common_pb2.Freshness.NEVER_SCANNED,
    FreshnessState.SCANNING: common_pb2.Freshness.SCANNING,
    FreshnessState.SCANNED: common_pb2.Freshness.SCANNED,
    FreshnessState.LIVE: common_pb2.Freshness.LIVE,
    FreshnessState.RECONCILING: common_pb2.Freshness.RECONCILING,
    FreshnessState.POLLED: common_pb2.Freshness.POLLED,
    FreshnessState.PARTIAL: common_pb2.Freshness.PARTIAL,
    FreshnessState.OFFLINE: common_pb2.Freshness.OFFLINE,
}


def path(raw: bytes) -> common_pb2.Path:
    """Exact bytes, and as they can be shown."""
    return common_pb2.Path(raw=raw, display=raw.decode("utf-8", "replace"))


def freshness(fresh: Freshness) -> common_pb2.Freshness:
    """How far an answer can be trusted."""
    return common_pb2.Freshness(
        state=_FRESHNESS[fresh.state],
        as_of_ns=fresh.as_of_ns,
        reason=text(fresh.reason),
        reason_words=words(fresh.reason) if fresh.reason else None,
        rest=_FRESHNESS[fresh.rest] if fresh.rest else common_pb2.Freshness.STATE_UNSPECIFIED,
    )


def words(sentence: Sentence) -> common_pb2.Words:
    """Code and values of a sentence; empty where it is English text only."""
    return common_pb2.Words(
        code=sentence.code,
        values={name: text(value) for name, value in sentence.values.items()},
        parts={
            name: words(value) for name, value in sentence.values.items() if isinstance(value, Sentence) and value.code
        },
    )


def text(value: str) -> str:
    """Text that can travel: a lone surrogate from a file's name is replaced, as in a path's display form."""
    return value.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
