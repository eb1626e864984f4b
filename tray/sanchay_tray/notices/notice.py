"""What is told to a person, and when it may be: values without a clock or a bus."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, time
from enum import Enum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sanchay.v1 import daemon_pb2


class Kind(Enum):
    """Kinds of notices, by the words of the setting `notices.off`."""

    COPIES = "copies"
    DAMAGE = "damage"
    ROOTS = "roots"
    REPORTS = "reports"
    DISK = "disk"
    CLEANUPS = "cleanups"
    JOBS = "jobs"
    ANSWER = "answer"  # to what was chosen in the icon's menu: it cannot be turned off


@dataclass(frozen=True)
class Notice:
    """One notice. Where one of the same key is still shown, this one takes its place."""

    kind: Kind
    key: str
    title: str
    body: str = ""
    page: str = ""  # of the window, that a click opens
    select: str = ""  # what to show on it
    undo: str = ""  # the button Undo opens the page with this selected, and asks there
    is_urgent: bool = False


@dataclass(frozen=True)
class Wanted:
    """Which notices a person wants, and when."""

    off: frozenset[str] = frozenset()
    quiet_from: time | None = None
    quiet_until: time | None = None

    def allows(self, kind: Kind, now: datetime) -> bool:
        """Whether a notice of the kind may be shown now."""
        return kind is Kind.ANSWER or (kind.value not in self.off and not self._is_quiet(now.time()))

    def _is_quiet(self, now: time) -> bool:
        begins, ends = self.quiet_from, self.quiet_until
        if begins is None or ends is None or begins == ends:
            return False
        return begins <= now < ends if begins < ends else now >= begins or now < ends


def wanted(settings: Iterable[daemon_pb2.Setting]) -> Wanted:
    """What the daemon's settings say; a daemon without such settings turns nothing off."""
    values = {setting.key: setting.value for setting in settings}
    return Wanted(
        frozenset(re.findall(r'"([a-z]+)"', values.get("notices.off", ""))),
        _time(values.get("notices.quiet_from", "")),
        _time(values.get("notices.quiet_until", "")),
    )


def _time(toml: str) -> time | None:
    try:
        return time.fromisoformat(toml.strip('"'))
    except ValueError:
        return None
