"""What is said of files that no answer about copies covers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sanchay import units
from sanchayctl import listing

if TYPE_CHECKING:
    from sanchay.v1 import catalog_pb2


def say(found: catalog_pb2.NotCompared) -> None:
    """A line below the table, where something was not compared."""
    if not found.files:
        return
    reasons = [
        f"{units.count(count)} {why}"
        for count, why in (
            (found.not_read, "not read"),
            (found.unreadable, "unreadable"),
            (found.unstable, "changing"),
            (found.other_algorithm, "hashed by another algorithm"),
        )
        if count
    ]
    listing.remark(
        f"Not compared, so copies of them are not known: {units.counted(found.files, 'file')}, "
        f"{units.size(found.bytes)} ({', '.join(reasons)})."
    )
