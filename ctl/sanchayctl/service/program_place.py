"""Where the program lies that a service is to start: whether the service may read it there, and whether it stays."""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from sanchay.names import shown_path
from sanchayctl.service.plan import Service

TEMPORARY = ("/tmp", "/var/tmp", "/dev/shm", "/run/user")  # noqa: S108 - named, never written to
PACKAGES = ("sanchay", "sanchayd", "sanchay_engine", "grpc")


def notices(service: Service) -> tuple[str, ...]:
    """What a person should know before the service is installed; none where all is well."""
    said = []
    needed = _needed(service.command[0])
    passing = next((path for path in needed if _temporary(path)), None)
    if passing is not None:
        said.append(
            f"{passing} lies in a folder for temporary files: once it is cleared, the service cannot start. Install "
            "Sanchay in a place that stays."
        )
    closed = next(filter(None, (_closed(path, service.user) for path in needed)), None) if service.system else None
    if closed is not None:
        path, folder = closed
        said.append(
            f"{shown_path(path)} lies in {shown_path(folder)}, which {service.user} may not enter, so that the "
            "service cannot start: install "
            "Sanchay where every user can run it, such as /opt/sanchay."
            if folder != path
            else f"{shown_path(path)} may not be read by {service.user}, so that the service cannot start: let "
            "every user read it."
        )
    return tuple(said)


def _needed(program: str) -> list[Path]:
    """The program, the interpreter behind it, its library and the packages: by name and by where that leads."""
    named = [Path(program)]
    if Path(program).parent == Path(sys.executable).parent:
        named += [Path(sys.executable), Path(sys.prefix), Path(sys.base_prefix), Path(os.__file__)]
        named += [Path(spec.origin) for name in PACKAGES if (spec := find_spec(name)) and spec.origin]
    return list(dict.fromkeys(each for path in named for each in (path, Path(os.path.realpath(path)))))


def _temporary(path: Path) -> bool:
    folders = {Path(each) for each in (*TEMPORARY, tempfile.gettempdir())}
    return any(folder in path.parents for folder in folders)


def _closed(path: Path, user: str) -> tuple[Path, Path] | None:
    """The path and the outermost folder above it that the user may not enter, or itself where it is not readable."""
    if os.name != "posix":
        return None
    may = Rights(user)
    for folder in reversed(path.parents):
        if not may.have(folder, stat.S_IXUSR):
            return path, folder
    is_folder = path.is_dir()
    return None if may.have(path, stat.S_IXUSR if is_folder else stat.S_IRUSR) or path.is_symlink() else (path, path)


class Rights:
    """What a user may do by the modes of files; one who is still to be made has no id yet."""

    def __init__(self, user: str) -> None:
        import pwd

        self._user_id, self._group_ids = -1, frozenset[int]()
        try:
            found = pwd.getpwnam(user)
        except KeyError:
            return
        self._user_id = found.pw_uid
        self._group_ids = frozenset(os.getgrouplist(user, found.pw_gid))

    def have(self, path: Path, right: int) -> bool:
        """Whether the user has the right, which is written as the owner's bit. What is not there cannot be had."""
        try:
            info = path.stat()
        except OSError:
            return False
        if info.st_uid == self._user_id:
            return bool(info.st_mode & right)
        return bool(info.st_mode & (right >> (3 if info.st_gid in self._group_ids else 6)))
