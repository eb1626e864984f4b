"""Starts the programs of this package: the window at a page, and the icon at login."""

from __future__ import annotations

import os
import subprocess
from importlib.util import find_spec
from pathlib import Path

from sanchay import hosts as client_hosts
from sanchay import programs
from sanchay.address import HOME_VARIABLE, Places


def icon_lock(where: Places) -> Path:
    """Held by the one icon of a home."""
    return where.data_folder / "tray.lock"


def window_memory(where: Places) -> Path:
    """What the window remembers of itself; there once it was open."""
    return where.config_folder / "window.ini"


def is_window_there() -> bool:
    """Whether the window can be opened here: PySide6 is an extra."""
    return find_spec("PySide6") is not None


def window_command() -> tuple[str, ...]:
    """The command that opens the window."""
    return programs.ours("sanchay-window", windowless=True)


def icon_command(where: Places) -> tuple[str, ...]:
    """The command that shows the icon of this home, from whatever environment."""
    home = ("--home", str(where.home)) if where.home is not None else ()
    return (*programs.ours("sanchay-tray", windowless=True), *home)


def open_window(where: Places, page: str = "", select: str = "", *, has_tray: bool = True) -> subprocess.Popen[bytes]:
    """Opens the window, or brings the one that is open to the front. Raises OSError.

    The caller waits for the process, which ends at once where a window was open.
    """
    command = [*window_command()]
    if page:
        command += ["--page", page]
    if select:
        command += ["--select", select]
    if not has_tray:
        command.append("--no-tray")
    environ = dict(os.environ)
    if where.home is not None:
        environ[HOME_VARIABLE] = str(where.home)
    process: subprocess.Popen[bytes] = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd=programs.neutral_folder(),
        env=environ,
        **client_hosts.DETACHED,  # type: ignore[call-overload]
    )
    return process
