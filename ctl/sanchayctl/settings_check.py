"""Asks the daemon's own program what it makes of the settings: it alone knows what each may be."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NamedTuple

from sanchay.address import HOME_VARIABLE
from sanchay.errors import BY_KIND, ConfigInvalid, DaemonUnavailable, TimedOut

if TYPE_CHECKING:
    from sanchay.address import Places

TIMEOUT_S = 20.0


class Setting(NamedTuple):
    """A setting, its value as TOML, and where it comes from."""

    key: str
    value: str
    origin: str


def check(where: Places, file: str | None = None) -> list[Setting]:
    """The settings that a daemon of `where` would start with, `file` in the place of its config.toml.

    Raises ConfigInvalid with `file`, `line` and `key` in its details where one makes no sense.
    """
    if file is not None and not os.path.isfile(file):
        raise ConfigInvalid(f"{file} is not there or is no file.", path=os.fsencode(file), details={"file": file})
    environ = dict(os.environ)
    if where.home is not None:
        environ[HOME_VARIABLE] = str(where.home)
    command = [sys.executable, "-m", "sanchayd", "--check-config", *([file] if file is not None else [])]
    try:
        ended = subprocess.run(command, env=environ, stdin=subprocess.DEVNULL, capture_output=True, timeout=TIMEOUT_S)
    except subprocess.TimeoutExpired as error:
        raise TimedOut(f"sanchayd has not checked the settings within {TIMEOUT_S:g} s.") from error
    try:
        answer = json.loads(ended.stdout)
        if ended.returncode == 0:
            return [Setting(each["key"], each["value"], each["origin"]) for each in answer["settings"]]
        said = answer["error"]
        kind, message, details = str(said["kind"]), str(said["message"]), dict(said.get("details") or {})
    except (ValueError, KeyError, TypeError) as error:
        said_last = ended.stderr.decode("utf-8", "replace").strip().splitlines()[-1:]
        reason = f": {said_last[0]}" if said_last else ""
        raise DaemonUnavailable(
            f"sanchayd could not check the settings (exit code {ended.returncode}{reason})."
        ) from error
    raise BY_KIND.get(kind, ConfigInvalid)(message, details={str(key): str(value) for key, value in details.items()})
