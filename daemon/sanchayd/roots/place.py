"""Where a folder lies, and how a root there is kept up to date: by the table of mounts, no file system is asked."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from sanchay.sentences import Sentence
from sanchayd.hosts import Mount
from sanchayd.roots.root import WatchMode

_MEMORY = frozenset({"tmpfs", "ramfs"})
_OPTICAL = frozenset({"iso9660", "udf", "cd9660", "CDFS", "UDF"})
# By which a share is known that does not answer; of one that does the engine knows more.
_SHARES = ("nfs", "cifs", "smb", "afpfs", "webdav", "davfs", "9p", "ceph", "fuse.sshfs", "fuse.rclone")
_PROGRAMS = frozenset({"fuse", "macfuse", "osxfuse", "fusefs"})
# Where people's disks and shares are mounted, and what stands beside them at the top.
_DRIVES = (b"/media/", b"/run/media/", b"/mnt/", b"/Volumes/")
_OF_SYSTEM = frozenset(
    b"/bin /boot /dev /etc /home /lib /lib64 /nix /opt /proc /root /run /sbin /snap /sys /tmp /usr /var".split()
)


class Kind(str, Enum):
    """What a folder lies on."""

    LOCAL = "local"
    NETWORK = "network"
    REMOVABLE = "removable"
    OPTICAL = "optical"
    MEMORY = "memory"
    OTHER = "other"


@dataclass(frozen=True)
class KeptUp:
    """How a root is kept up to date, and why, as `RootLive` says it."""

    mode: WatchMode
    because: Sentence


def is_within(path: bytes, folder: bytes) -> bool:
    """Whether the path is the folder or lies below it; `/mnt/movies2` does not lie in `/mnt/movies`."""
    separator = os.fsencode(os.sep)
    return path == folder or path.startswith(folder.rstrip(separator) + separator)


def mount_of(path: bytes, mounts: Sequence[Mount]) -> Mount | None:
    """The mount that a path lies in: the innermost, and of several at one place the last."""
    around = [mount for mount in mounts if is_within(path, mount.path)]
    return max(reversed(around), key=lambda mount: len(mount.path), default=None)


def kind_of(file_system: str, network: bool, mount: Mount | None) -> Kind:
    """What it lies on; `network` is what the engine says, False where it could not be asked."""
    if network or file_system.startswith(_SHARES):
        return Kind.NETWORK
    if file_system in _MEMORY:
        return Kind.MEMORY
    if file_system in _OPTICAL:
        return Kind.OPTICAL
    if mount is not None and mount.is_removable:
        return Kind.REMOVABLE
    is_program = file_system in _PROGRAMS or file_system.startswith("fuse.")
    return Kind.OTHER if is_program or mount is None else Kind.LOCAL


def kept_up(asked: WatchMode, file_system: str, network: bool) -> KeptUp:
    """How a root there would be kept up; a test compares this with what the engine does."""
    if asked is WatchMode.OFF:
        return KeptUp(asked, Sentence("switched-off"))
    if asked is not WatchMode.AUTO:
        return KeptUp(asked, Sentence("asked-for"))
    if network or file_system in _PROGRAMS or file_system.startswith("fuse."):
        return KeptUp(WatchMode.POLL, Sentence("changes-unnoticed", file_system=file_system))
    return KeptUp(WatchMode.EVENTS, Sentence("tells-of-changes", file_system=file_system))


def drives(mounts: Sequence[Mount], home: bytes) -> list[Mount]:
    """The disks and shares that a person mounted, as far as their places tell."""
    if sys.platform == "win32":
        system = os.fsencode(os.environ.get("SYSTEMDRIVE", "C:") + "\\")
        return [mount for mount in mounts if mount.path != system]
    return [
        mount
        for mount in mounts
        if mount.path.startswith(_DRIVES)
        or (mount.path.startswith(home.rstrip(b"/") + b"/") and b"/." not in mount.path)
        or (mount.path.count(b"/") == 1 and mount.path != b"/" and mount.path not in _OF_SYSTEM)
    ]
