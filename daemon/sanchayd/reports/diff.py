"""A report's rows against the previous run's: what is new, grown and gone. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from sanchayd.reports.report import Report, ReportRow


def compare(
    rows: Sequence[ReportRow],
    previous: Sequence[ReportRow] | None,
    *,
    truncated: bool = False,
    previous_truncated: bool = False,
    unseen_root_ids: Collection[int] = (),
) -> Report:
    """The report of this run. Rows come largest first; with no previous run nothing is new.

    Where rows were cut off, what is as small as the smallest that was kept may have been among them: it is neither new
    nor gone. A file of a root that could not be looked at is not gone.
    """
    if previous is None:
        return Report(rows=tuple(rows))
    before = {row.path: row for row in previous}
    now = {row.path for row in rows}
    floor_before = previous[-1].size if previous_truncated and previous else -1
    floor_now = rows[-1].size if truncated and rows else -1
    grown = []
    for row in rows:
        then = before.get(row.path)
        if then is not None and row.size > then.size:
            grown.append(replace(row, size_before=then.size))
    return Report(
        rows=tuple(rows),
        new=tuple(row for row in rows if row.path not in before and row.size > floor_before),
        grown=tuple(grown),
        gone=tuple(
            row
            for row in previous
            if row.path not in now and row.size > floor_now and row.root_id not in unseen_root_ids
        ),
    )
