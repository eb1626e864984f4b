"""Asks the daemon's own program what it makes of the settings: it alone knows what each may be."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

from sanchay import programs
from sanchay.address import HOME_VARIABLE
from sanchay.errors import BY_KIND, EXIT_CONFIG, ConfigInvalid, DaemonUnavailable, SanchayError, TimedOut

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sanchay import v1
    from sanchay.address import Places

TIMEOUT_S = 20.0
_SAID_BY = "sanchayd: "


class Setting(NamedTuple):
    """A setting, its value as TOML, where it comes from, and all that the daemon says of it."""

    key: str
    value: str
    origin: str
    fixed_by: str = ""
    until_restart: str = ""
    description: str = ""
    type: str = ""
    default: str = ""
    least: str = ""
    most: str = ""
    choices: Sequence[str] = ()
    unit: str = ""
    counts: str = ""


class Checked(NamedTuple):
    """The settings that a daemon would start with, and what it would not take for one."""

    settings: list[Setting]
    notices: list[str]


class Edited(NamedTuple):
    """What config.toml says of a setting after an edit (as TOML; empty: nothing), and the setting before and after it.

    `before` is empty where the file was invalid; `error`: why the running daemon could not take the edit over.
    """

    value: str
    before: str
    after: Setting
    error: str = ""


def check(where: Places) -> Checked:
    """The settings that a daemon of `where` would start with.

    Raises ConfigInvalid with `file`, `line` and `key` in its details where one is not valid.
    """
    document, said = _ask(where, "--check-config")
    settings = [Setting(**setting) for setting in document.values()]
    return Checked(settings, [line.removeprefix(_SAID_BY) for line in said.splitlines() if line.startswith(_SAID_BY)])


def said(message: v1.daemon_pb2.Setting) -> Setting:
    """What a running daemon says of a setting."""
    told = Setting(*(getattr(message, name) for name in Setting._fields))
    return told._replace(choices=[*told.choices])


def edit(where: Places, key: str, value: str | None) -> Edited:
    """Has the daemon's program write the setting into config.toml, or (None) take it out. Raises what it says."""
    document, _ = _ask(where, "--edit-config", json.dumps([key, value]))
    return Edited(document["value"] or "", document["before"] or "", Setting(**document["setting"]))


def as_toml(words: Sequence[str]) -> str:
    """Words as they were typed: one is a text, several are a list; the setting's type says what it makes of a text."""
    return json.dumps(words[0] if len(words) == 1 else list(words), ensure_ascii=False).replace("\x7f", "\\u007F")


def _ask(where: Places, *arguments: str) -> tuple[dict[str, Any], str]:
    """What the daemon's program answers, and what it said beside."""
    environ = dict(os.environ)
    if where.home is not None:
        environ[HOME_VARIABLE] = str(where.home)
    try:
        ended = subprocess.run(
            [*programs.ours("sanchayd"), *arguments],
            cwd=programs.neutral_folder(),
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise TimedOut(f"sanchayd has not checked the settings within {TIMEOUT_S:g} s.") from error
    said = ended.stderr.decode("utf-8", "replace").strip()
    if ended.returncode != 0:
        raise _refusal(ended.returncode, ended.stdout, said)
    return json.loads(ended.stdout), said


def _refusal(exit_code: int, answer: bytes, said: str) -> SanchayError:
    """The error that the program answered with; its last words where it could not."""
    try:
        error = json.loads(answer)["error"]
        details = {str(key): str(value) for key, value in error.get("details", {}).items()}
        return BY_KIND.get(error["kind"], ConfigInvalid)(error["message"], details=details)
    except (ValueError, KeyError, TypeError, AttributeError):
        pass
    message = said.removeprefix(_SAID_BY)
    if exit_code == EXIT_CONFIG:
        return ConfigInvalid(message)
    last = message.splitlines()[-1:] or ["it said nothing"]
    return DaemonUnavailable(f"sanchayd could not check the settings (exit code {exit_code}): {last[0]}")
