"""Asks the daemon's own program what it makes of the settings: it alone knows what each may be."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, NamedTuple

from sanchay import programs
from sanchay.address import HOME_VARIABLE
from sanchay.errors import BY_KIND, EXIT_CONFIG, ConfigInvalid, DaemonUnavailable, SanchayError, TimedOut

if TYPE_CHECKING:
    from sanchay.address import Places

TIMEOUT_S = 20.0
COMMAND = (*programs.python_module("sanchayd"), "--check-config")
_SAID_BY = "sanchayd: "


class Setting(NamedTuple):
    """A setting, its value as TOML, and where it comes from."""

    key: str
    value: str
    origin: str


class Checked(NamedTuple):
    """The settings that a daemon would start with, and what it would not take for one."""

    settings: list[Setting]
    notices: list[str]


def check(where: Places) -> Checked:
    """The settings that a daemon of `where` would start with.

    Raises ConfigInvalid with `file`, `line` and `key` in its details where one makes no sense.
    """
    environ = dict(os.environ)
    if where.home is not None:
        environ[HOME_VARIABLE] = str(where.home)
    try:
        ended = subprocess.run(
            COMMAND,
            cwd=programs.neutral_folder(),
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TimedOut(f"sanchayd has not checked the settings within {TIMEOUT_S:g} s.") from error
    if ended.returncode != 0:
        raise _refusal(where, ended.returncode, ended.stderr.decode("utf-8", "replace").strip())
    document = json.loads(ended.stdout)
    settings = [Setting(key, setting["value"], setting["origin"]) for key, setting in document.items()]
    said = ended.stderr.decode("utf-8", "replace").splitlines()
    return Checked(settings, [line.removeprefix(_SAID_BY) for line in said if line.startswith(_SAID_BY)])


def _refusal(where: Places, exit_code: int, said: str) -> SanchayError:
    """What the program said, with the details that it left in the home where they belong to the same refusal."""
    message = said.removeprefix(_SAID_BY)
    try:
        left = json.loads(where.last_error_file.read_text("utf-8"))
        if left["message"] == message:
            details = {str(key): str(value) for key, value in left.get("details", {}).items()}
            return BY_KIND.get(left["kind"], ConfigInvalid)(message, details=details)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        pass  # nothing was left, or by another version: its sentence is enough
    if exit_code == EXIT_CONFIG:
        return ConfigInvalid(message)
    last = message.splitlines()[-1:] or ["it said nothing"]
    return DaemonUnavailable(f"sanchayd could not check the settings (exit code {exit_code}): {last[0]}")
