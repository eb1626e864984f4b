"""What a click in the menu does at the daemon, and what is said where it fails."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sanchay.address import Places
from sanchay.client import Client
from sanchay_tray.icon.menu import Act, seconds_of_hold
from sanchay_tray.words import mark

CALL_S = 10.0

#: What could not be done, by the verb of the act.
FAILURES = {
    "pause": mark("The job was not paused"),
    "resume": mark("The job does not go on"),
    "cancel": mark("The job was not cancelled"),
    "scan": mark("The scan was not started"),
    "hold": mark("Background work was not paused"),
    "release": mark("Background work does not go on"),
    "start": mark("Sanchay's service was not started"),
    "autostart": mark("Start at login was not changed"),
    "open": mark("The window was not opened"),
}


def ask_daemon(where: Places, act: Act, now: datetime) -> None:
    """Asks the daemon for what was chosen. Raises its errors."""
    with Client(where, timeout_s=CALL_S) as client:
        calls: dict[str, Callable[[], object]] = {
            "pause": lambda: client.pause_job(int(act.about)),
            "resume": lambda: client.resume_job(int(act.about)),
            "cancel": lambda: client.cancel_job(int(act.about)),
            "scan": lambda: client.start_scan([act.about] if act.about else []),
            "hold": lambda: client.pause_background(seconds_of_hold(act.about, now)),
            "release": client.resume_background,
        }
        calls[act.verb]()
