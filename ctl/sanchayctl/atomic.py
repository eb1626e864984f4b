"""Writes a file in one step: a reader sees the old file or the whole new one, never a part.

Nothing half-written is left behind, not even by a signal that ends the program; only SIGKILL cannot be heard.
"""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable
from typing import BinaryIO

from sanchay import names, replacing
from sanchay.errors import InvalidArgument
from sanchayctl import interrupt


def write(path: str, pieces: Iterable[bytes], *, replace: bool) -> int:
    """Writes the pieces; how many bytes they were. What failed half-way leaves nothing behind.

    A symlink stays and its target is written; a device or a FIFO is written to as it is. Raises InvalidArgument for a
    folder and, without `replace`, for a file that is there; OSError where the system refuses.
    """
    target = os.path.realpath(path)
    try:
        mode = os.stat(target).st_mode
    except FileNotFoundError:
        mode = None
    if mode is not None and not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        with open(target, "wb", buffering=0) as device:
            return _copy(pieces, device)
    check(path, replace=replace)
    temporary = os.path.join(os.path.dirname(target), f".{os.path.basename(target)[:100]}.{os.urandom(6).hex()}.part")
    with interrupt.first(lambda: _forget(temporary)):
        size_bytes = _write_new(path, temporary, target, pieces, replace=replace)
    replacing.sync_folder(os.path.dirname(target))
    return size_bytes


def _write_new(path: str, temporary: str, target: str, pieces: Iterable[bytes], *, replace: bool) -> int:
    # What only its owner may read stays so, and is so while it is written.
    mode = 0o600 if os.path.exists(target) else 0o666
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), mode)
    try:
        with os.fdopen(handle, "wb") as stream:
            size_bytes = _copy(pieces, stream)
            stream.flush()
            os.fsync(stream.fileno())
        check(path, replace=replace)  # it may have come in between
        replacing.make_like(temporary, target)
        os.replace(temporary, target)
    except BaseException:
        _forget(temporary)
        raise
    return size_bytes


def _forget(temporary: str) -> None:
    with contextlib.suppress(OSError):
        os.unlink(temporary)


def check(path: str, *, replace: bool) -> None:
    """Raises InvalidArgument where the path may not be written, before any work is done for it."""
    if os.path.isdir(path):
        raise InvalidArgument(
            f"{names.shown(os.fsencode(path))} is a folder; name a file in it.", path=os.fsencode(path)
        )
    if os.path.isfile(path) and not replace:
        raise InvalidArgument(
            f"{names.shown(os.fsencode(path))} is there already and was left as it is; choose another name, or replace "
            "it with --force.",
            path=os.fsencode(path),
        )
    folder = os.path.dirname(os.path.realpath(path))
    if not os.path.isdir(folder):
        shown, missing = names.shown(os.fsencode(path)), names.shown(os.fsencode(folder))
        raise InvalidArgument(f"{shown} cannot be written: there is no folder {missing}.", path=os.fsencode(path))


def _copy(pieces: Iterable[bytes], stream: BinaryIO) -> int:
    size_bytes = 0
    for piece in pieces:
        view = memoryview(piece)
        while view:  # a device may take less than it is given
            view = view[stream.write(view) or 0 :]
        size_bytes += len(piece)
    return size_bytes
