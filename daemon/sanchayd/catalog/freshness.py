"""How far an answer can be trusted: what the catalog holds of a root, how it is kept up to date, what scans run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

from sanchay.sentences import NOTHING, Sentence
from sanchayd.engine_port.values import LiveStatus, RootStatus


class FreshnessState(str, Enum):
    """How far an answer can be trusted, from the least to the most."""

    SCANNING = "scanning"
    NEVER_SCANNED = "never_scanned"
    PARTIAL = "partial"
    OFFLINE = "offline"
    RECONCILING = "reconciling"
    SCANNED = "scanned"
    POLLED = "polled"
    LIVE = "live"


@dataclass(frozen=True)
class Freshness:
    """`as_of_ns` is 0 where nothing was ever scanned; `reason` is for people.

    `rest` goes with partial: how fresh all else is, where nothing but what cannot be read is amiss. None where rows are
    kept of what is out of reach, and may be gone.
    """

    state: FreshnessState
    as_of_ns: int = 0
    reason: Sentence = NOTHING
    rest: FreshnessState | None = None


_OF_STATUS = {
    "new": FreshnessState.NEVER_SCANNED,
    "ready": FreshnessState.SCANNED,
    "partial": FreshnessState.PARTIAL,
    "offline": FreshnessState.OFFLINE,
}
# A degraded root is looked at now and then: its reason says what is amiss.
_OF_LIVE = {
    "live": FreshnessState.LIVE,
    "reconciling": FreshnessState.RECONCILING,
    "polled": FreshnessState.POLLED,
    "degraded": FreshnessState.POLLED,
    "offline": FreshnessState.OFFLINE,
}
_FROM_LEAST = list(FreshnessState)


def _rank(fresh: Freshness) -> int:
    """From the least fresh. What can never be read takes little: a root that is away is of more weight."""
    state = fresh.state if fresh.rest is None else FreshnessState.RECONCILING
    return 2 * _FROM_LEAST.index(state) + (fresh.rest is not None)


def of_root(status: RootStatus, live: LiveStatus, *, scanning: bool, now_ns: int, disk_full: bool = False) -> Freshness:
    """The freshness of one root. A scan of one that is watched takes nothing from it: it was whole before."""
    state = _OF_LIVE.get(live.state)
    if state is None and live.mode != "off":  # its watching is about to begin
        state = FreshnessState.RECONCILING
    as_of_ns = max(status.scanned_ns, live.as_of_ns)
    of_status, of_live = Sentence.of_engine(status.reason), Sentence.of_engine(live.reason)
    if status.scanned_ns == 0 and scanning:
        return Freshness(FreshnessState.SCANNING, 0, Sentence("first-scan"))
    if status.state == "new":
        return Freshness(FreshnessState.NEVER_SCANNED, 0, of_status)
    if "offline" in (live.state, status.state):  # no matter which noticed first
        return Freshness(FreshnessState.OFFLINE, as_of_ns, of_live or of_status)
    if scanning and state is not FreshnessState.LIVE:
        return Freshness(FreshnessState.SCANNING, as_of_ns, Sentence("scan-under-way"))
    if state in (None, FreshnessState.LIVE, FreshnessState.POLLED) and status.state == "partial":
        rest = None if status.holds else state or FreshnessState.SCANNED
        return Freshness(FreshnessState.PARTIAL, as_of_ns, of_status or of_live, rest)
    if disk_full and state is not None:
        return Freshness(FreshnessState.RECONCILING, as_of_ns, Sentence("changes-wait-for-room"))
    if state is FreshnessState.LIVE:
        return Freshness(state, now_ns, of_live)
    if state is not None:
        return Freshness(state, as_of_ns, of_live)
    return Freshness(_OF_STATUS[status.state], status.scanned_ns, of_status)


def overall(of_roots: Iterable[tuple[str, Freshness]]) -> Freshness:
    """The freshness of an answer that draws on several roots: the least of theirs, and the oldest time."""
    known = list(of_roots)
    if not known:
        return Freshness(FreshnessState.NEVER_SCANNED, 0, Sentence("no-root-yet"))
    least_fresh = min((fresh for _, fresh in known), key=_rank)
    least = least_fresh.state
    reasons = [_of_root(name, fresh.reason) for name, fresh in known if fresh.state is least]
    if least in (FreshnessState.SCANNED, FreshnessState.LIVE):
        # Whole, but for files whose content is not known.
        reasons = [_of_root(name, fresh.reason) for name, fresh in known if fresh.state is least and fresh.reason]
    rest = None
    if least_fresh.rest is not None:
        rest = min((fresh.rest or fresh.state for _, fresh in known), key=_FROM_LEAST.index)
    return Freshness(least, min(fresh.as_of_ns for _, fresh in known), Sentence.together("and-also", reasons), rest)


def _of_root(name: str, reason: Sentence) -> Sentence:
    return Sentence("of-root", root=name, reason=reason) if reason else Sentence("root", root=name)
