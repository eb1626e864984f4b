"""What this person just did in the window, so that the icon gives no notice of it.

The window notes each act in a small file in the run folder; the icon, another process, looks it up. A note that is lost
costs a notice too many, and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import time

from sanchay.address import Places

#: What was done longer ago is news again: a root that goes a day later was not removed by hand.
FRESH_S = 6 * 3600.0
KEPT = 200


def note(where: Places, what: str, now_s: float | None = None) -> None:
    """Notes an act: `job ID` that was started, `root ID` that was changed, or `schedule NAME` that was run."""
    now_s = time.time() if now_s is None else now_s
    lines = [*_lines(where)[-KEPT + 1 :], f"{now_s:.0f} {what}"]
    file = where.run_folder / "own-acts"
    temporary = file.with_name(f".own-acts.{os.getpid()}")
    with contextlib.suppress(OSError):
        temporary.write_text("".join(f"{line}\n" for line in lines), "utf-8", "surrogateescape")
        temporary.replace(file)


def is_own(where: Places, what: str, now_s: float | None = None) -> bool:
    """Whether the act was noted lately."""
    now_s = time.time() if now_s is None else now_s
    for line in _lines(where):
        moment, _, act = line.partition(" ")
        if act == what and moment.isdigit() and now_s - int(moment) <= FRESH_S:
            return True
    return False


def _lines(where: Places) -> list[str]:
    try:
        return (where.run_folder / "own-acts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return []
