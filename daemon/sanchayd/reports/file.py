"""A report as a file: CSV, only below a folder that config.toml allows, whole or not at all, through no symlink."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import os
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta, timezone

from sanchay import names
from sanchay.errors import InputOutputError, PermissionDenied
from sanchayd.reports.report import Report

COLUMNS = ("change", "path", "size", "size_before", "allocated", "modified", "type", "hash")
_HAS_DIR_FD = os.open in os.supports_dir_fd and os.rename in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")


def allowed_folder(folder: bytes, allowed: Sequence[str]) -> tuple[bytes, bytes]:
    """The allowed folder that this one is or lies in, and the way from there. Raises permission, with what to do.

    `allowed` are real paths, as the settings have them. An entry that is no whole path allows nothing.
    """
    real = os.path.realpath(folder)
    separator = os.fsencode(os.sep)
    for top in map(os.fsencode, filter(os.path.isabs, allowed)):
        if real == top or real.startswith(top.rstrip(separator) + separator):
            return top, os.path.relpath(real, top)
    shown = names.shown(folder)
    listed = ", ".join(names.shown(os.fsencode(each)) for each in allowed if each) or "there is none yet"
    raise PermissionDenied(
        f"Reports may not be written to {shown}: config.toml allows only the folders of report_folders ({listed}). "
        f"Allow it there: report_folders = [{json.dumps(os.fsdecode(folder))}]",
        path=folder,
    )


def write(folder: bytes, allowed: Sequence[str], name: str, at_ns: int, run_id: int, report: Report) -> bytes:
    """Writes the file, named by the schedule, the time and the run; its path. Raises permission or io. Blocks."""
    top, below = allowed_folder(folder, allowed)
    moment = _moment(at_ns)
    plain = re.sub(r"[^A-Za-z0-9._-]+", "_", name).strip(".") or "report"
    file_name = f"{plain}-{moment:%Y%m%dT%H%M%SZ}-{run_id}.csv"  # the run: two may begin within a second
    try:
        if _HAS_DIR_FD:
            handle = _open_below(top, below)
            try:
                _put(_csv(report), file_name, handle)
            finally:
                os.close(handle)
        else:
            _put(_csv(report), os.path.join(os.fsdecode(folder), file_name), None)
    except OSError as error:
        raise InputOutputError(
            f"The report could not be written to {names.shown(folder)}: {error.strerror or error}.",
            path=folder,
        ) from error
    return os.path.join(os.path.realpath(folder), os.fsencode(file_name))


def _open_below(top: bytes, below: bytes) -> int:
    """The folder by a handle, step by step: a symlink that was put in the way in between is refused."""
    flags = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
    handle = os.open(top, flags)
    for step in below.split(b"/") if below != b"." else []:
        try:
            inner = os.open(step, flags, dir_fd=handle)
        finally:
            os.close(handle)
        handle = inner
    return handle


def _put(data: bytes, name: str, folder: int | None) -> None:
    temporary = os.path.join(os.path.dirname(name), f".{os.path.basename(name)}.{secrets.token_hex(6)}.part")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    handle = os.open(temporary, flags, 0o600, dir_fd=folder)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(temporary, name, src_dir_fd=folder, dst_dir_fd=folder)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(temporary, dir_fd=folder)
        raise


def _moment(at_ns: int) -> datetime:
    try:
        return datetime(1970, 1, 1, tzinfo=timezone.utc) + timedelta(seconds=at_ns // 1_000_000_000)
    except OverflowError:
        return datetime.max.replace(tzinfo=timezone.utc)


class _Lines(io.StringIO):
    """Takes rows that end with CR and LF, and ends them with LF."""

    def write(self, row: str) -> int:
        return super().write(row.removesuffix("\r\n") + "\n")


def _csv(report: Report) -> bytes:
    text = _Lines()
    # Of the ends of lines that readers know, a field is quoted only for those that are the writer's own.
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    changed = {row.path: ("grown", row.size_before) for row in report.grown}
    changed |= {row.path: ("new", None) for row in report.new}
    changed |= {row.path: ("gone", None) for row in report.gone}
    for row in (*report.rows, *report.gone):
        change, before = changed.get(row.path, ("", None))
        modified = _moment(row.modified_ns).isoformat()
        path = row.path.decode("utf-8", "surrogateescape")
        writer.writerow((change, path, row.size, before, row.allocated, modified, row.type, row.hash))
    return text.getvalue().encode("utf-8", "surrogateescape")
