"""Folders that a person may want in the catalog: those of the desktop, and drives that are mounted.

Asking may take long where a share hangs: `candidates` is for a thread.
"""

from __future__ import annotations

import os
from pathlib import PurePath
from typing import NamedTuple

from PySide6.QtCore import QStandardPaths, QStorageInfo

from sanchay_tray.words import mark

_Place = QStandardPaths.StandardLocation
#: The first ones first; a folder that is two of them is the first.
STANDARD = (
    (_Place.PicturesLocation, mark("Pictures"), "picture"),
    (_Place.DocumentsLocation, mark("Documents"), "document"),
    (_Place.DownloadLocation, mark("Downloads"), "download"),
    (_Place.MusicLocation, mark("Music"), "music"),
    (_Place.MoviesLocation, mark("Videos"), "film"),
)
SHARES = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.sshfs", "fuse.rclone", "fuse.davfs", "glusterfs", "ncpfs", "nfs", "nfs4", "smb"}
    | {"smb3", "smbfs", "webdav", "afpfs", "smb2"}
)
#: File systems that hold no one's files.
SYSTEMS = frozenset({"tmpfs", "ramfs", "devtmpfs", "squashfs", "overlay", "proc", "sysfs", "cgroup2", "autofs"})
#: Where the drives that a person plugged in or mounted are; others belong to the system.
DRIVES_BELOW = ("/media/", "/run/media/", "/mnt/", "/Volumes/", "/net/")


class Candidate(NamedTuple):
    """A folder to choose: its name, marked where it is one of the desktop's; the icon; for drives how large, and
    whether it is a share, which is looked at from time to time."""

    path: str
    name: str
    picture: str
    bytes: int = 0
    file_system: str = ""
    is_share: bool = False
    is_standard: bool = False


def candidates() -> tuple[Candidate, ...]:
    """Those that are there now."""
    home = os.path.realpath(os.path.expanduser("~"))
    found: dict[str, Candidate] = {}
    for place, name, picture in STANDARD:
        path = QStandardPaths.writableLocation(place)
        # A desktop without such a folder names the home folder in its place.
        if path and os.path.isdir(path) and (real := os.path.realpath(path)) != home:
            found.setdefault(real, Candidate(os.path.normpath(path), name, picture, is_standard=True))
    for volume in QStorageInfo.mountedVolumes():
        path = volume.rootPath()
        if volume.isReady() and not volume.isRoot() and kind_of(volume) not in SYSTEMS and is_persons(path):
            found.setdefault(os.path.realpath(path), drive(volume))
    return tuple(found.values())


def is_persons(mount: str) -> bool:
    """Whether a person mounted it, as far as its place tells."""
    if os.name == "nt":
        return True
    return mount.startswith(DRIVES_BELOW)


def kind_of(volume: QStorageInfo) -> str:
    """The name of its file system."""
    return bytes(volume.fileSystemType().data()).decode("utf-8", "replace")


def drive(volume: QStorageInfo) -> Candidate:
    """A mounted drive."""
    path, kind = volume.rootPath(), kind_of(volume)
    name, is_share = volume.name() or PurePath(path).name or path, kind in SHARES
    return Candidate(path, name, "network" if is_share else "drive", volume.bytesTotal(), kind, is_share)


def dropped(path: str) -> Candidate:
    """A folder that was dropped, or chosen by the dialog."""
    return Candidate(path, PurePath(path).name or path, "folders")
