"""What a schedule's row and the clock say together: whether a run is due, and when to look again. Pure.

`covered_ns` is the moment up to which every nominal time has been dealt with. However many were missed, while the
daemon was off, asleep or the clock was wrong, they are one run.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import tzinfo

from sanchayd.schedules.timing import SECOND_NS, Timing, next_ns

# A clock that is put right by a little must not repeat a run; one that was a year ahead must not stop a schedule.
BACK_STEP_NS = 300 * SECOND_NS


@dataclass(frozen=True)
class Outlook:
    """`is_due`: one run now. `covered_ns` is to be stored, `next_ns` is when to look again (None: never)."""

    is_due: bool
    covered_ns: int
    next_ns: int | None


def look(timing: Timing, covered_ns: int, now_ns: int, zone: tzinfo) -> Outlook:
    """What there is to do at `now_ns`."""
    if covered_ns > now_ns + BACK_STEP_NS:
        return Outlook(False, now_ns, next_ns(timing, now_ns, zone))
    first_ns = next_ns(timing, covered_ns, zone)
    if first_ns is None or first_ns > now_ns:
        return Outlook(False, covered_ns, first_ns)
    return Outlook(True, now_ns, next_ns(timing, now_ns, zone))


def times(timing: Timing, covered_ns: int, now_ns: int, zone: tzinfo, count: int) -> list[int]:
    """When the next runs are, none of them past: what is due is due now. Fewer than `count` where there are no more."""
    after_ns = now_ns if covered_ns > now_ns + BACK_STEP_NS else covered_ns
    found: list[int] = []
    while len(found) < count and (nominal_ns := next_ns(timing, after_ns, zone)) is not None:
        after_ns = max(nominal_ns, now_ns)
        found.append(after_ns)
    return found
