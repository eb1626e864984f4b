"""Mounted file systems and a person's own folders, as the system names them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import NamedTuple

import psutil

_BLOCK = Path("/sys/class/block")
_CARRIED = ("/usb", "/mmc_host/", "/firewire", "/thunderbolt")


class Mount(NamedTuple):
    """A mounted file system; `is_removable`: its disk can be pulled out, as far as the system tells."""

    path: bytes
    file_system: str
    is_removable: bool


def mounts() -> list[Mount]:
    """Every mounted file system, in the order in which they were mounted. May block on Windows."""
    return [
        Mount(os.fsencode(each.mountpoint), each.fstype, _is_removable(each.device, each.opts))
        for each in psutil.disk_partitions(all=True)
    ]


def user_folders() -> dict[str, bytes]:
    """A person's own folders by what is in them, there or not."""
    import platformdirs

    folders = {
        "pictures": platformdirs.user_pictures_dir(),
        "documents": platformdirs.user_documents_dir(),
        "downloads": platformdirs.user_downloads_dir(),
        "music": platformdirs.user_music_dir(),
        "videos": platformdirs.user_videos_dir(),
    }
    return {what: os.fsencode(os.path.normpath(folder)) for what, folder in folders.items()}


def _is_removable(device: str, options: str) -> bool:
    if sys.platform == "win32":
        return "removable" in options.split(",")
    if not device.startswith("/dev/"):
        return False
    return _is_carried(_BLOCK / os.path.basename(os.path.realpath(device)))


def _is_carried(block: Path) -> bool:
    """Whether a disk hangs at a port for what is carried about, or says that it can be removed; Linux alone tells."""
    if block.name.startswith("loop"):
        return False
    if (below := block / "slaves").is_dir() and (slaves := list(below.iterdir())):  # one that is encrypted, or several
        return any(_is_carried(_BLOCK / slave.name) for slave in slaves)
    device = os.path.realpath(block)
    disk = Path(device).parent if (block / "partition").exists() else Path(device)
    try:
        says_so = (disk / "removable").read_text("ascii").strip() == "1"
    except OSError:
        says_so = False
    return says_so or any(mark in device for mark in _CARRIED)
