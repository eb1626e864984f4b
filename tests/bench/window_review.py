"""Measures the page Copies and its review on a home whose daemon runs and has very many groups:

generate_catalog HOME/catalog.db 2000000 1000000
SANCHAY_HOME=HOME sanchayctl daemon start
SANCHAY_HOME=HOME sanchayctl dedupe plan --drop 'size:>=0'
python -m tests.bench.window_review HOME
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from sanchay.address import places
from sanchay_tray.window.pages.copies.page import CopiesPage
from tests.support.windows import application, page_of, window

PATIENCE_S = 120.0
LOOKED_AT_S = 0.15
JUMPS, KEYS = 60, 200


class Watch:
    """Runs the loop, and keeps how long its turns take, and how much of it the processor worked for them."""

    def __init__(self) -> None:
        self.turns_s: list[float] = []
        self.worked_s: list[float] = []

    def until(self, condition: Callable[[], object]) -> None:
        """Turns the loop until the condition holds."""
        deadline_s = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > deadline_s:
                raise TimeoutError(condition)
            began_s, idle_s = time.perf_counter(), time.thread_time()
            application().processEvents()
            self.turns_s.append(time.perf_counter() - began_s)
            self.worked_s.append(time.thread_time() - idle_s)
            time.sleep(0.0005)

    def look(self) -> None:
        """A person looks at what is shown."""
        end_s = time.monotonic() + LOOKED_AT_S
        self.until(lambda: time.monotonic() > end_s)

    def timed(self, do: Callable[[], object], condition: Callable[[], object]) -> float:
        """The seconds from what is done until the condition holds."""
        began_s = time.perf_counter()
        do()
        self.until(condition)
        return time.perf_counter() - began_s


def line(what: str, found_s: list[float]) -> str:
    """A measure's line."""
    ordered = [1000 * each for each in sorted(found_s)]
    middle, p99 = ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]
    return f"{what}: min {ordered[0]:.1f}, median {middle:.1f}, p99 {p99:.1f}, max {ordered[-1]:.1f} ms"


def unshared_mb() -> float:
    """What this process has for itself."""
    rows = [row.split() for row in Path("/proc/self/smaps_rollup").read_text("ascii").splitlines()]
    return sum(int(row[1]) for row in rows if row[0].startswith("Private")) / 1024


def measure(home: Path) -> None:
    """Jumps through the list, decides groups by keys, takes them back."""
    watch, rng = Watch(), random.Random(1)
    with window(places(home), "copies") as frame:
        page = page_of(frame, CopiesPage)
        rows, review = page.rows, page.review
        watch.until(lambda: rows.total() and rows.row(0) is not None)
        print(f"{rows.total()} groups are listed; {unshared_mb():.0f} MB unshared")

        def jump() -> float:
            at = rng.randrange(rows.total())
            return watch.timed(lambda: page.table.select(at), lambda: rows.row(at) is not None)

        print(line("a jump in the list to its rows", [jump() for _ in range(JUMPS)]))
        opened_s = watch.timed(page.start.click, lambda: review.isVisible() and review.group() is not None)
        print(f"the review of the first undecided group: {1000 * opened_s:.0f} ms")

        def key(pressed: Qt.Key) -> float:
            watch.look()
            before = review.number
            return watch.timed(
                lambda: QTest.keyClick(review.table, pressed),
                lambda: review.number != before and review.group() is not None,
            )

        print(line("a decision until the next undecided group", [key(Qt.Key.Key_1) for _ in range(KEYS)]))
        print(line("the next group", [key(Qt.Key.Key_J) for _ in range(KEYS)]))
        watch.until(lambda: not page.plan.is_telling)
        print(line("turns of the loop", watch.turns_s))
        print(line("the processor's part of them", watch.worked_s))
        print(f"{unshared_mb():.0f} MB unshared at the end")


if __name__ == "__main__":
    measure(Path(sys.argv[1]))
