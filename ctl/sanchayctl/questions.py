"""What a question whether files are there came to, in words for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sanchay import paths, units
from sanchayctl import output

if TYPE_CHECKING:
    from collections.abc import Iterable

    from sanchay.v1 import have_pb2, job_pb2
    from sanchayctl.session import Session

STATES = ("known", "offline", "maybe", "new", "unreadable")
SUMMED = (*STATES, "bytes", "new_bytes", "hashed_files", "hashed_bytes", "symlinks", "special", "errors")


def totals(results: Iterable[have_pb2.HaveResult]) -> dict[str, int]:
    """The counts of several questions together."""
    sums = dict.fromkeys(SUMMED, 0)
    for result in results:
        for key in SUMMED:
            sums[key] += getattr(result, key)
    return sums


def summary(sums: dict[str, int]) -> str:
    """`1,204 files, 12G: 1,180 known, 20 new (310M), 3 maybe, 1 unreadable.`"""
    files = sum(sums[state] for state in STATES)
    words = []
    for state in ("known", "new", "offline", "maybe", "unreadable"):
        if sums[state] or state in ("known", "new"):
            size = f" ({units.size(sums['new_bytes'])})" if state == "new" and sums["new_bytes"] else ""
            words.append(f"{units.count(sums[state])} {state}{size}")
    total = f", {units.size(sums['bytes'])}" if sums["bytes"] else ""
    return f"{units.counted(files, 'file')}{total}: {', '.join(words)}."


def passed_over(sums: dict[str, int]) -> str:
    """`Not looked at: 2 symlinks, 1 FIFO, socket or device.`, or nothing."""
    words = []
    if sums["symlinks"]:
        words.append(units.counted(sums["symlinks"], "symlink"))
    if sums["special"]:
        words.append(units.counted(sums["special"], "FIFO, socket or device", "FIFOs, sockets and devices"))
    return f"Not looked at: {'; '.join(words)}." if words else ""


def show_have(session: Session, job: job_pb2.Job, *, errors: bool = True) -> None:  # noqa: ARG001 - as the other kinds
    """What an ended question found, in numbers: its rows went to the one who asked."""
    if not job.HasField("have"):
        why = paths.safe_text(job.message) or "the log of sanchayd says why"
        output.line(f"The files were not compared: {job.state}. {why}")
        return
    if job.state == "cancelled":
        output.line("Cancelled; what was compared before that:")
    output.line(f"Compared {summary(totals([job.have]))}")
