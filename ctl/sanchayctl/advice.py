"""What to type after an error: daemon and client package name a code, and this program its own commands."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sanchay.errors import ADD_ROOT, LIST_RUNS, START_DAEMON

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sanchayctl.session import Session


def advice(details: Mapping[str, object], session: Session) -> str:
    """A sentence with the command to type next; empty where there is none."""
    code = details.get("advice")
    if code == START_DAEMON:
        return f"Start it with: {session.next('daemon start')}"
    if code == ADD_ROOT:
        return f"Add one with: {session.next('root add PATH')}"
    if code == LIST_RUNS:
        import shlex

        schedule = shlex.quote(str(details["schedule"]))
        return f"Look at its runs with: {session.next(f'schedule history {schedule}')}"
    return ""
