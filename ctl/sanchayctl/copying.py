"""Copies files into a folder so that none is lost: whole, durable, with their times, and never over another file.

What is copied appears under its name only when it is whole and on the disk. A name that is taken by other bytes is left
as it is, and the copy gets a free one beside it; where the same bytes are there already, nothing is copied.
"""

from __future__ import annotations

import contextlib
import errno
import filecmp
import itertools
import os
import shutil
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import BinaryIO

from sanchay import names
from sanchayctl import interrupt

PIECE_BYTES = 1 << 20
#: After one of these nothing more can be written: the rest is left.
_NO_ROOM = {getattr(errno, name) for name in ("ENOSPC", "EDQUOT", "EROFS") if hasattr(errno, name)}


class SourceChangedError(OSError):
    """The file is not what was looked at, or changed while it was copied."""


@dataclass
class Copied:
    """What was copied so far."""

    files: int = 0
    size_bytes: int = 0
    already_there: int = 0
    renamed: list[tuple[bytes, bytes]] = field(default_factory=list)  # the path that was taken, and the new one
    failed: list[tuple[bytes, str]] = field(default_factory=list)
    stopped: str = ""  # why the rest was left; empty: nothing was


class Copier:
    """Copies into one folder, which is made where it is not there. Use it as a context manager: its end syncs."""

    def __init__(self, folder: bytes) -> None:
        self._folder = folder
        self._unsynced = b""
        self.copied = Copied()

    def __enter__(self) -> Copier:
        return self

    def __exit__(self, *_: object) -> None:
        self._sync(b"")

    def copy(self, source: bytes, relative: bytes, size_bytes: int) -> None:
        """Copies one file to a path below the folder. What fails is noted, and after a full disk nothing is tried."""
        if self.copied.stopped:
            return
        target = os.path.join(self._folder, relative)
        try:
            self._make_folder(os.path.dirname(target))
            self._copy(source, target, size_bytes)
        except OSError as error:
            reason = error.strerror or str(error)
            self.copied.failed.append((source, reason))
            if error.errno in _NO_ROOM:
                self.copied.stopped = f"{names.shown(self._folder)}: {reason}"

    def _copy(self, source: bytes, target: bytes, size_bytes: int) -> None:
        folder, name = os.path.split(target)
        temporary = os.path.join(folder, b".%b.%b.part" % (name[:100], os.urandom(6).hex().encode("ascii")))
        with _opened(source, size_bytes) as stream, interrupt.first(lambda: _forget(temporary)):
            try:
                _write(temporary, stream)
                self._name(temporary, target, size_bytes)
            finally:
                _forget(temporary)

    def _name(self, temporary: bytes, target: bytes, size_bytes: int) -> None:
        """Gives the copy its name, or a free one where another file has that."""
        stem, extension = os.path.splitext(target)
        for number in itertools.count(1):
            free = target if number == 1 else b"%b-%d%b" % (stem, number, extension)
            if _put(temporary, free):
                self.copied.files += 1
                self.copied.size_bytes += size_bytes
                if free != target:
                    self.copied.renamed.append((target, free))
                self._sync(os.path.dirname(target))
                return
            if _is_equal(temporary, free):
                self.copied.already_there += 1
                return

    def _make_folder(self, folder: bytes) -> None:
        if not os.path.isdir(folder):
            self._make_folder(os.path.dirname(folder))
            with contextlib.suppress(FileExistsError):
                os.mkdir(folder)
            _sync_folder(os.path.dirname(folder))

    def _sync(self, folder: bytes) -> None:
        """Files come folder by folder: one is synced when the next begins."""
        if self._unsynced and self._unsynced != folder:
            _sync_folder(self._unsynced)
        self._unsynced = folder


@contextlib.contextmanager
def _opened(source: bytes, size_bytes: int) -> Iterator[BinaryIO]:
    """The file, open; raises where it is not the one that was looked at, or is not that any more at the end.

    A FIFO that was put in its place does not block, and a link is not followed.
    """
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with os.fdopen(os.open(source, flags), "rb", buffering=0) as stream:
        before = os.fstat(stream.fileno())
        if not stat.S_ISREG(before.st_mode) or before.st_size != size_bytes:
            raise SourceChangedError("it is not the file any more that was looked at")
        yield stream


def _write(temporary: bytes, stream: BinaryIO) -> None:
    """The whole file under another name, on the disk, with its times."""
    before = os.fstat(stream.fileno())
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    with os.fdopen(handle, "wb", buffering=0) as copy:
        shutil.copyfileobj(stream, copy, PIECE_BYTES)
        after = os.fstat(stream.fileno())
        if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns) or copy.tell() != before.st_size:
            raise SourceChangedError("it changed while it was copied")
        os.utime(
            copy.fileno() if os.utime in os.supports_fd else temporary, ns=(before.st_atime_ns, before.st_mtime_ns)
        )
        os.fsync(copy.fileno())


def _put(temporary: bytes, target: bytes) -> bool:
    """Renames, but never over another name; False where there is one."""
    try:
        if os.name == "nt":
            os.rename(temporary, target)
            return True
        os.link(temporary, target, follow_symlinks=False)
    except FileExistsError:
        return False
    except OSError:
        return _put_without_links(temporary, target)
    return True


def _put_without_links(temporary: bytes, target: bytes) -> bool:
    """The same where the file system has no hard links, as FAT: the name is taken first, and then given to the copy."""
    try:
        os.close(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    except FileExistsError:
        return False
    try:
        os.rename(temporary, target)
    except OSError:
        _forget(target)
        raise
    return True


def _is_equal(copy: bytes, other: bytes) -> bool:
    """Whether a file holds the same bytes. Nothing special is opened, and a link is none."""
    try:
        if not stat.S_ISREG(os.lstat(other).st_mode):
            return False
        return filecmp.cmp(copy, other, shallow=False)
    except OSError:
        return False


def _forget(temporary: bytes) -> None:
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def _sync_folder(folder: bytes) -> None:
    """Makes new names durable, where the system lets a folder be opened."""
    with contextlib.suppress(OSError):
        handle = os.open(folder or b".", os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
