"""Linux and macOS: Unix sockets, folder modes and flock."""

from __future__ import annotations

import contextlib
import os
import stat
import sys
from pathlib import Path

from sanchay.errors import HomeNotPrivate
from sanchay.names import shown_path

HAS_UNIX_SOCKETS = True
# The kernel's field has 108 bytes (104 on macOS), the last of which ends the path.
SOCKET_PATH_MAX_BYTES = 103 if sys.platform == "darwin" else 107
# How a daemon is cut off from the terminal that started it.
DETACHED: dict[str, bool | int] = {"start_new_session": True}


def make_own(folder: Path) -> None:
    """Makes the folder (0700), or checks that the one that stands is ours and that no one else can write to it."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _check(folder.stat(), folder, forbidden=0o022)


def make_private(folder: Path) -> None:
    """Makes a folder that is Sanchay's own (0700), or closes the one that stands.

    Raises HomeNotPrivate where it belongs to someone else or is a symlink; OSError where it cannot be made.
    """
    folder.parent.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    _check(folder.lstat(), folder, forbidden=0)
    if stat.S_IMODE(folder.lstat().st_mode) & 0o077:
        folder.chmod(0o700)


def check_private(folder: Path) -> None:
    """Raises HomeNotPrivate unless the folder is a real one, ours, and closed to everybody else."""
    _check(folder.lstat(), folder, forbidden=0o077)


def check_above(folder: Path) -> None:
    """Raises HomeNotPrivate where a user other than root could exchange the folder, or one above it, for another.

    In a folder that everyone may write to (/tmp), names are safe by its sticky bit, save for symlinks of others.
    """
    trusted = {0, os.geteuid(), *_unmapped()}
    path, waiting = Path("/"), [*reversed(folder.absolute().parts[1:])]
    for _ in range(_STEPS_MOST):
        if not waiting:
            return
        name = waiting.pop()
        if name == os.pardir:
            path = path.parent
            continue
        info, step = path.stat(), path / name
        if info.st_uid not in trusted:
            raise _exchangeable(folder, f"{path} belongs to user {info.st_uid}, who")
        if info.st_mode & stat.S_IWOTH and not info.st_mode & stat.S_ISVTX:
            raise _exchangeable(folder, f"everyone may write to {path}, and")
        try:
            info = step.lstat()
        except FileNotFoundError:
            return  # it is to be made, by us
        if not stat.S_ISLNK(info.st_mode):
            path = step
            continue
        if info.st_uid not in trusted:
            raise _exchangeable(folder, f"{step} is a symlink of user {info.st_uid}, who")
        target = step.readlink()
        waiting += reversed(target.parts[1:] if target.is_absolute() else target.parts)
        path = Path("/") if target.is_absolute() else path


def _exchangeable(folder: Path, why: str) -> HomeNotPrivate:
    message = f"{folder} is not safe: {why} could put another folder in its place; choose another SANCHAY_HOME."
    return HomeNotPrivate(message, path=os.fsencode(folder))


# Symlinks that lead in a circle end somewhere: what uses the folder says what is wrong.
_STEPS_MOST = 1000


def _unmapped() -> set[int]:
    """The number by which users outside our user namespace are shown, root among them (systemd's PrivateUsers=)."""
    try:
        rows = [[*map(int, row.split())] for row in Path("/proc/self/uid_map").read_text("ascii").splitlines()]
        shown = int(Path("/proc/sys/kernel/overflowuid").read_text("ascii"))
    except (OSError, ValueError):
        return set()
    return set() if any(first <= shown < first + count for first, _, count in rows) else {shown}


def _check(info: os.stat_result, folder: Path, *, forbidden: int) -> None:
    path = os.fsencode(folder)
    if not stat.S_ISDIR(info.st_mode):
        raise HomeNotPrivate(
            f"{shown_path(folder)} is not a folder; move it away or choose another SANCHAY_HOME.", path=path
        )
    if info.st_uid != os.geteuid():
        raise HomeNotPrivate(
            f"{shown_path(folder)} belongs to user {info.st_uid}, not to you (user {os.geteuid()}); choose another "
            "SANCHAY_HOME.",
            path=path,
        )
    if stat.S_IMODE(info.st_mode) & forbidden:
        raise HomeNotPrivate(
            f"{shown_path(folder)} is open to other users; close it with: chmod go-rwx {shown_path(folder)}", path=path
        )


def write_private(file: Path, content: str) -> None:
    """Writes a 0600 file in one step: a reader sees the old content or the new, never a part."""
    temporary = file.with_name(f".{file.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(handle, "w", encoding="utf-8", errors="surrogateescape") as stream:
        stream.write(content)
    temporary.replace(file)


def runtime_folder() -> Path:
    """A short folder of this user's for a socket whose home lies too deep."""
    given = os.environ.get("XDG_RUNTIME_DIR", "")
    if given and os.path.isabs(given) and os.path.isdir(given) and len(os.fsencode(given)) <= 40:
        return Path(given)
    short = Path("/tmp")  # noqa: S108 - the folder below it is made 0700 and checked to be ours
    import tempfile  # seldom needed, and slow to import

    return short if short.is_dir() else Path(tempfile.gettempdir())


def is_locked(lock_file: Path) -> bool:
    """Whether a daemon holds the lock: a socket or a port that outlived its daemon is told from a living one.

    Raises OSError where that cannot be known: no descriptor left is not "no daemon".
    """
    import fcntl

    try:
        handle = os.open(lock_file, os.O_RDONLY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return False
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def is_stopped(pid: int) -> bool:
    """Whether a signal holds the process still; False where that cannot be known (macOS)."""
    return _state(pid) in ("T", "t")


def is_running(pid: int) -> bool:
    """Whether the process has not ended yet. One whose parent has not asked how it ended has ended (Linux)."""
    if _state(pid) in ("Z", "X"):
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


def _state(pid: int) -> str:
    """The letter by which /proc says what a process is at; "" where there is no such process, or no /proc."""
    try:
        stat_line = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace")
    except OSError:
        return ""
    return stat_line.rpartition(")")[2].split()[0]


def has_open(pid: int, file: Path) -> bool:
    """Whether the process has the file open; False where that cannot be known (macOS)."""
    with contextlib.suppress(OSError):
        wanted = file.stat()
        for descriptor in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                if os.path.samestat(descriptor.stat(), wanted):
                    return True
    return False
