"""`sanchay-tray --check`: what of the icon works here, as one document."""

from __future__ import annotations

from typing import Any

from sanchay import hosts as client_hosts
from sanchay.address import Places
from sanchay.errors import SanchayError
from sanchay.owner import find_owner
from sanchay_tray import hosts, opening
from sanchay_tray.icon import backend


def document(where: Places, wanted: str) -> dict[str, Any]:
    """Every part with what it is, or why it is not there."""
    fault = hosts.display_fault()
    try:
        chosen = backend.chosen(wanted)
    except SanchayError as error:
        chosen, fault = "", fault or error.message
    voice = hosts.make_speaker(lambda _notice, _undo: None)
    try:
        server = voice.server()
    finally:
        voice.close()
    owner = find_owner(where)
    command = hosts.autostart_command()
    return {
        "icon": {"running": client_hosts.is_locked(opening.icon_lock(where)), "fault": fault or None},
        "backend": chosen or None,
        "watcher": hosts.tray() or None,
        "notifications": {"server": server.name or None, "actions": server.actions, "fault": server.fault or None},
        "autostart": {"enabled": command is not None, "command": list(command or ())},
        "daemon": {"running": owner is not None, "state": owner.phase.value if owner is not None else "absent"},
    }


def lines(checked: dict[str, Any]) -> list[str]:
    """The same for a person."""
    notifications, icon, daemon = checked["notifications"], checked["icon"], checked["daemon"]
    clicks = "can be clicked" if notifications["actions"] else "cannot be clicked"
    return [
        f"icon           {'runs' if icon['running'] else 'does not run'}"
        + (f"; it cannot be shown: {icon['fault']}" if icon["fault"] else ""),
        f"backend        {checked['backend'] or 'none'}",
        f"watcher        {checked['watcher'] or 'none: no panel here takes icons'}",
        "notifications  "
        + (
            f"{notifications['server']}; they {clicks}"
            if notifications["server"]
            else f"none: {notifications['fault']}"
        ),
        f"autostart      {'on' if checked['autostart']['enabled'] else 'off'}",
        f"daemon         {daemon['state']}",
    ]
