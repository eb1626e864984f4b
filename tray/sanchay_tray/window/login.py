"""Whether the icon starts at login, as its menu has it too. All of it is for a thread: what the desktop needs for it
takes its time to load."""

from __future__ import annotations

from sanchay.address import places


def is_on() -> bool | None:
    """Whether it starts now; None where it cannot be had here."""
    from sanchay_tray import hosts

    return hosts.autostart_command() is not None if hosts.AUTOSTART_IS_THERE else None


def turn(on: bool) -> str:
    """Has it start, or not; why that could not be done, empty where it was."""
    from sanchay_tray import hosts, opening

    try:
        if on:
            hosts.enable_autostart(opening.icon_command(places()))
        else:
            hosts.disable_autostart()
    except OSError as error:
        return str(error)
    return ""
