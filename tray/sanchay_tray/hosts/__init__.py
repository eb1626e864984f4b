"""What differs between operating systems for the icon, behind one face: `linux.py`, `macos.py` or `windows.py`."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from sanchay_tray.hosts.windows import (
        AMPERSAND,
        AUTOSTART_IS_THERE,
        PREFERS_QT,
        WATCHER,
        autostart_command,
        describe_to_desktop,
        disable_autostart,
        display_fault,
        enable_autostart,
        hold,
        make_speaker,
        panel,
        qt_fault,
        tray,
    )
elif sys.platform == "darwin":
    from sanchay_tray.hosts.macos import (
        AMPERSAND,
        AUTOSTART_IS_THERE,
        PREFERS_QT,
        WATCHER,
        autostart_command,
        describe_to_desktop,
        disable_autostart,
        display_fault,
        enable_autostart,
        hold,
        make_speaker,
        panel,
        qt_fault,
        tray,
    )
else:
    from sanchay_tray.hosts.linux import (
        AMPERSAND,
        AUTOSTART_IS_THERE,
        PREFERS_QT,
        WATCHER,
        autostart_command,
        describe_to_desktop,
        disable_autostart,
        display_fault,
        enable_autostart,
        hold,
        make_speaker,
        panel,
        qt_fault,
        tray,
    )

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
