"""Why a daemon could not start: the word that it left in its home, else what it wrote on its standard error."""

from __future__ import annotations

import contextlib
import os
import signal
from typing import BinaryIO, NamedTuple

from sanchay import hosts
from sanchay.address import Places
from sanchay.errors import BY_KIND, EXIT_UNAVAILABLE, DaemonUnavailable, SanchayError
from sanchay.names import shown_path

READ_BYTES = 8192
# Daemons share the file, for several may be started at once; a long one is begun again.
FILE_BYTES = 1 << 20


class StartError(NamedTuple):
    """Why the last start failed, and when."""

    error: SanchayError
    at_ns: int


class Words:
    """The file that a daemon which is being started has as its standard error."""

    def __init__(self, where: Places) -> None:
        self.file = where.words_file
        with contextlib.suppress(FileNotFoundError):
            if self.file.stat().st_size > FILE_BYTES:
                self.file.unlink()
        handle = os.open(self.file, os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        self.stream: BinaryIO = os.fdopen(handle, "ab")
        self._begin = os.fstat(handle).st_size

    def read(self) -> list[str]:
        """The last lines that have been written since."""
        try:
            with self.file.open("rb") as stream:
                stream.seek(max(self._begin, os.fstat(stream.fileno()).st_size - READ_BYTES))
                said = stream.read().decode("utf-8", "replace")
        except OSError:
            return []
        return [line.strip() for line in said.splitlines() if line.strip()]


def read(where: Places) -> StartError | None:
    """Why the last start failed; None where it did not, or left no word. A daemon that starts takes the word away."""
    try:
        text = where.last_error_file.read_text("utf-8")
    except OSError:
        return None
    import json

    try:
        said = json.loads(text)
        error = BY_KIND.get(said["kind"], SanchayError)(
            said["message"],
            path=os.fsencode(said["path"]) if said.get("path") else None,
            details={str(key): str(value) for key, value in said.get("details", {}).items()},
        )
        return StartError(error, where.last_error_file.stat().st_mtime_ns)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def leave(where: Places, exit_code: int, pid: int, words: list[str]) -> DaemonUnavailable:
    """The failure of a daemon that ended without a word for us, made of its last words; left in the home as well."""
    how = f"ended by signal {-exit_code} ({_signal_name(-exit_code)})" if exit_code < 0 else f"exit code {exit_code}"
    said = f"Its last words: {words[-1]}" if words else "It said nothing; see more with: sanchayd --foreground"
    more = f" (all of them are in {shown_path(where.words_file)})" if len(words) > 1 else ""
    error = DaemonUnavailable(
        f"sanchayd could not start ({how}). {said}{more}",
        details={"exit_code": str(exit_code if exit_code > 0 else EXIT_UNAVAILABLE)},
    )
    import json

    left = {"kind": error.kind, "message": error.message, "path": None, "details": error.details, "pid": pid}
    with contextlib.suppress(OSError):  # the disk may be the reason
        hosts.write_private(where.last_error_file, json.dumps(left))
    return error


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "unknown"
