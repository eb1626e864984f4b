"""`sanchayctl events`: what happens, a line of JSON for each event."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import click

from sanchay import hosts
from sanchay.errors import CatalogClosed, DaemonUnavailable, ShuttingDown
from sanchayctl import documents, exit_codes, interrupt, output
from sanchayctl.command import Command, Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import event_pb2

KINDS = (
    "file",
    "added",
    "changed",
    "removed",
    "moved",
    "duplicate",
    "root",
    "root_offline",
    "root_online",
    "degraded",
    "recovered",
    "reconciled",
    "job",
    "schedule",
    "forecast",
)
# How often a daemon that has ended is looked for while its events are followed.
RETRY_S = 0.5


@click.command(
    cls=Command,
    examples=[
        Example("events", "what the daemon remembers of the last time"),
        Example("events --follow --kind duplicate", "tell of each copy as it arrives"),
        Example("events --follow --kind file --root photos | jq .path", "the names of files as they change"),
    ],
)
@click.option("--follow", is_flag=True, help="Go on with what happens, until Ctrl-C.")
@click.option(
    "--kind",
    "kinds",
    metavar="KIND",
    type=click.Choice(KINDS),
    multiple=True,
    help=f"Only events of this kind; repeatable. One of {', '.join(KINDS)}.",
)
@click.option("--root", "roots", metavar="ROOT", multiple=True, help="Only events of this root; repeatable.")
@click.pass_obj
def events(session: Session, follow: bool, kinds: tuple[str, ...], roots: tuple[str, ...]) -> int:
    """Print what happens, one JSON object a line: files that change, copies that arrive, jobs, roots that come and go.

    Without --follow it prints what the daemon remembers, and ends. With it, it goes on, and waits for a daemon that is
    started again; what the new one has seen since its start is printed as well.
    """
    with interrupt.first(lambda: exit_codes.DONE if follow else None):
        for event in _events(session, follow, kinds, roots):
            output.json_line(documents.event(event))
    return exit_codes.DONE


def _events(
    session: Session, follow: bool, kinds: tuple[str, ...], roots: tuple[str, ...]
) -> Iterator[event_pb2.Event]:
    """The events of this daemon and, with `follow`, of those that come after it."""
    words = session.root_names(roots)
    told = False
    while True:
        try:
            for event in session.client().events(kinds=kinds, roots=words, recent=True, follow=follow):
                told = False
                yield event
        except (DaemonUnavailable, ShuttingDown, CatalogClosed):
            if not follow:
                raise
        if not follow:
            return
        if not told:
            output.note("sanchayd has ended; its events go on here once it is started again.")
            told = True
        session.close()
        session.may_start = False  # whoever ended it had a reason
        time.sleep(RETRY_S)
        while not hosts.is_locked(session.where.lock_file):
            time.sleep(RETRY_S)
