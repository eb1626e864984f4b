"""Tables of what was measured, in Markdown: ratios first, for seconds are this machine's alone."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence

from tests.bench.processes import Contestant

#: How the floor and Sanchay are called in every table.
FLOOR = "floor"
SANCHAY = "sanchay"


def machine() -> str:
    """The machine in a line, without its name."""
    return (
        f"{os.cpu_count()} cores, {platform.system()} {platform.machine()}, Python {platform.python_version()}; "
        "page cache warm, medians; ratios hold on other machines, seconds do not."
    )


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A Markdown table; the first column to the left, numbers to the right."""
    lines = ["| " + " | ".join(header) + " |", "|---" + "|--:" * (len(header) - 1) + "|"]
    lines += ["| " + " | ".join(row) + " |" for row in rows]
    return "\n".join(lines)


def contest(title: str, contestants: Sequence[Contestant], target: str = "") -> str:
    """A table of contestants beside the floor (the first that is named so), fastest last to first as they came."""
    floor = next((c for c in contestants if c.name.startswith(FLOOR) and c.runs), None)
    ours = next((c for c in contestants if c.name.startswith(SANCHAY) and c.runs), None)
    rows = []
    for contestant in contestants:
        if not contestant.runs:
            rows.append([contestant.name, contestant.failure or "did not run", "", "", ""])
            continue
        median = contestant.median_s
        rows.append(
            [
                contestant.name,
                f"{median:.2f}",
                f"{contestant.peak_mb:.0f}",
                f"{median / floor.median_s:.2f}" if floor else "",
                f"{median / ours.median_s:.2f}" if ours else "",
            ]
        )
    header = ["program", "seconds", "peak MB", "x floor", "x sanchay"]
    said = f"\nTo reach: {target}\n" if target else ""
    return f"### {title}\n{said}\n{table(header, rows)}\n"


def percentiles(title: str, samples_ms: dict[str, list[float]], target: str = "") -> str:
    """A table of latencies in milliseconds: p50, p99 and the worst."""
    rows = []
    for name, values in samples_ms.items():
        ordered = sorted(values)
        p99 = ordered[min(len(ordered) - 1, int(len(ordered) * 0.99))]
        rows.append([name, f"{ordered[len(ordered) // 2]:.1f}", f"{p99:.1f}", f"{ordered[-1]:.1f}", str(len(ordered))])
    said = f"\nTo reach: {target}\n" if target else ""
    return f"### {title}\n{said}\n{table(['call', 'p50 ms', 'p99 ms', 'worst ms', 'calls'], rows)}\n"
