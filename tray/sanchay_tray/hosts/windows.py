"""Windows: the Run key of this person, and the taskbar."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

assert sys.platform == "win32"  # noqa: S101 - tells the type checker which system's library this module is read with

import ctypes  # noqa: E402
import msvcrt  # noqa: E402
import winreg  # noqa: E402
from ctypes import wintypes  # noqa: E402

from sanchay.hosts.windows import LOCK_OFFSET_BYTES  # noqa: E402
from sanchay_tray.icon.shapes import Panel  # noqa: E402

if TYPE_CHECKING:
    from sanchay_tray.notices.speaker import Chosen, Speaker

AUTOSTART_IS_THERE = True
#: What a menu shows as one ampersand, where the library leaves that to us.
AMPERSAND = "&&"
PREFERS_QT = False
#: Only Linux has such a list of icons.
WATCHER = ""
_RUN = r"Software\Microsoft\Windows\CurrentVersion\Run"
_COLOURS = r"Software\Microsoft\Windows\CurrentVersion\Themes\Personalize"
_NAME = "Sanchay"
_held: list[int] = []  # descriptors that stay open to the end


def enable_autostart(command: Sequence[str]) -> None:
    """Has the command run at each login of this person. Raises OSError."""
    with winreg.CreateKeyEx(winreg.HKEY_CURRENT_USER, _RUN, 0, winreg.KEY_SET_VALUE) as key:
        winreg.SetValueEx(key, _NAME, 0, winreg.REG_SZ, subprocess.list2cmdline(command))


def disable_autostart() -> None:
    """Has it run no longer. Raises OSError."""
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN, 0, winreg.KEY_SET_VALUE) as key:
            winreg.DeleteValue(key, _NAME)
    except FileNotFoundError:
        return


def autostart_command() -> tuple[str, ...] | None:
    """The command that runs at login; None where none does."""
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _RUN) as key:
            return _words(str(winreg.QueryValueEx(key, _NAME)[0]))
    except OSError:
        return None


def describe_to_desktop(_window: Sequence[str]) -> None:
    """Nothing to do: notices name the program that shows them."""


def display_fault() -> str:
    """There is always a display."""
    return ""


def qt_fault() -> str:
    """Qt brings all that it needs."""
    return ""


def make_speaker(chosen: Chosen) -> Speaker:
    """Who shows notices."""
    from sanchay_tray.notices.by_library import LibrarySpeaker

    return LibrarySpeaker(chosen)


def tray() -> str:
    """The taskbar is always there."""
    return "taskbar"


def panel() -> Panel:
    """The taskbar as the colours of the system have it."""
    try:
        with winreg.OpenKey(winreg.HKEY_CURRENT_USER, _COLOURS) as key:
            is_light = winreg.QueryValueEx(key, "SystemUsesLightTheme")[0]
    except OSError:
        return Panel.UNKNOWN
    return Panel.LIGHT if is_light else Panel.DARK


def hold(file: Path) -> bool:
    """Holds the file for as long as this process lives; False where another process does."""
    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.lseek(handle, LOCK_OFFSET_BYTES, os.SEEK_SET)
        msvcrt.locking(handle, msvcrt.LK_NBLCK, 1)
    except OSError:
        os.close(handle)
        return False
    _held.append(handle)
    return True


def _words(line: str) -> tuple[str, ...]:
    """The words of a command line, as Windows itself takes it apart."""
    split = ctypes.windll.shell32.CommandLineToArgvW
    split.restype = ctypes.POINTER(wintypes.LPWSTR)
    number = ctypes.c_int(0)
    words = split(line, ctypes.byref(number))
    try:
        return tuple(str(words[at]) for at in range(number.value))
    finally:
        ctypes.windll.kernel32.LocalFree(words)
