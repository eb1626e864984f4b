"""`sanchayctl pause` and `sanchayctl resume`: pauses background work, and lets it go on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from sanchay import documents, units
from sanchayctl import exit_codes, output
from sanchayctl.command import Command, Example
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchay.v1 import daemon_pb2


@click.command(
    cls=Command,
    examples=[
        Example("pause 1h", "nothing is read in the background for an hour"),
        Example("pause", "nothing is, until: sanchayctl resume"),
    ],
)
@click.argument("duration", required=False)
@click.pass_obj
def pause(session: Session, duration: str | None) -> int:
    """Pause background work: scans and hashing that you do not wait for. What you start and wait for goes on.

    DURATION is a number with s, m, h or d, such as 90m; without it the pause lasts until `sanchayctl resume`. It
    outlives a restart of the daemon.
    """
    seconds = 0.0
    if duration is not None:
        try:
            seconds = units.parse_duration(duration)
        except ValueError as error:
            raise click.UsageError(str(error)) from error
        if seconds <= 0:
            raise click.UsageError("A pause takes longer than nothing; end one with: sanchayctl resume")
    return _tell(session, session.client().pause_background(seconds).background)


@click.command(cls=Command, examples=[Example("resume", "work in the background goes on")])
@click.pass_obj
def resume(session: Session) -> int:
    """Resume the background work that `sanchayctl pause` holds."""
    return _tell(session, session.client().resume_background().background)


def _tell(session: Session, state: daemon_pb2.BackgroundState) -> int:
    if session.as_json:
        output.document({"background": documents.background(state)})
    else:
        output.line(words(state) or "Background work goes on.")
    return exit_codes.DONE


def words(state: daemon_pb2.BackgroundState) -> str:
    """What holds the work in the background; empty where nothing does."""
    if state.state == "paused":
        until = f" until {units.moment(state.until_ns)}" if state.until_ns else ""
        end = "." if state.until_ns else "; resume it with: sanchayctl resume"
        return f"Background work is paused{until}{end}"
    if state.state == "on_battery":
        return "Background work is paused while the machine runs on battery (setting pause_on_battery)."
    return ""
