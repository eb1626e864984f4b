"""macOS: a launch agent of this person, and the menu bar."""

from __future__ import annotations

import plistlib
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from sanchay.address import home_folder
from sanchay_tray.hosts.posix import hold
from sanchay_tray.icon.shapes import Panel

if TYPE_CHECKING:
    from sanchay_tray.notices.speaker import Chosen, Speaker

__all__ = [
    "AMPERSAND",
    "AUTOSTART_IS_THERE",
    "PREFERS_QT",
    "WATCHER",
    "autostart_command",
    "describe_to_desktop",
    "disable_autostart",
    "display_fault",
    "enable_autostart",
    "hold",
    "make_speaker",
    "panel",
    "qt_fault",
    "tray",
]

AUTOSTART_IS_THERE = True
#: What a menu shows as one ampersand, where the library leaves that to us.
AMPERSAND = "&"
PREFERS_QT = False
#: Only Linux has such a list of icons.
WATCHER = ""
_LABEL = "org.sanchay.icon"


def enable_autostart(command: Sequence[str]) -> None:
    """Has the command run at each login of this person. Raises OSError."""
    file = _file()
    file.parent.mkdir(parents=True, exist_ok=True)
    agent = {
        "Label": _LABEL,
        "ProgramArguments": list(command),
        "RunAtLoad": True,
        "ProcessType": "Interactive",
        "LimitLoadToSessionType": "Aqua",
    }
    temporary = file.with_suffix(".part")
    temporary.write_bytes(plistlib.dumps(agent))
    temporary.replace(file)


def disable_autostart() -> None:
    """Has it run no longer. Raises OSError."""
    _file().unlink(missing_ok=True)


def autostart_command() -> tuple[str, ...] | None:
    """The command that runs at login; None where none does."""
    try:
        agent = plistlib.loads(_file().read_bytes())
    except (OSError, ValueError):  # none, or one that launchd cannot read either
        return None
    return None if agent.get("Disabled") else tuple(agent.get("ProgramArguments", ()))


def describe_to_desktop(_window: Sequence[str]) -> None:
    """Nothing to do: an application bundle says its name and icon."""


def display_fault() -> str:
    """A log-in without a screen cannot be told from one with it beforehand."""
    return ""


def qt_fault() -> str:
    """Qt brings all that it needs."""
    return ""


def make_speaker(chosen: Chosen) -> Speaker:
    """Who shows notices."""
    from sanchay_tray.notices.by_library import LibrarySpeaker

    return LibrarySpeaker(chosen)


def tray() -> str:
    """The menu bar is always there."""
    return "menu bar"


def panel() -> Panel:
    """The menu bar as the appearance has it."""
    found = subprocess.run(
        ["/usr/bin/defaults", "read", "-g", "AppleInterfaceStyle"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    return Panel.DARK if found.stdout.strip() == b"Dark" else Panel.LIGHT


def _file() -> Path:
    return home_folder() / "Library" / "LaunchAgents" / f"{_LABEL}.plist"
