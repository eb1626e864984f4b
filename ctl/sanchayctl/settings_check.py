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

    from sanchay.address import Places

TIMEOUT_S = 20.0
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


class Edited(NamedTuple):
    """config.toml with a setting changed: the text to write, the setting before (None: it was none) and after it.

    `value` is what the file says of it then, None where it says nothing; `is_live`: a daemon that runs takes it over.
    """

    text: str
    value: str | None
    before: Setting | None
    after: Setting
    is_live: bool


def check(where: Places) -> Checked:
    """The settings that a daemon of `where` would start with.

    Raises ConfigInvalid with `file`, `line` and `key` in its details where one is not valid.
    """
    document, said = _ask(where, "--check-config")
    settings = [Setting(key, setting["value"], setting["origin"]) for key, setting in document.items()]
    return Checked(settings, [line.removeprefix(_SAID_BY) for line in said.splitlines() if line.startswith(_SAID_BY)])


def edit(where: Places, key: str, words: Sequence[str] | None) -> Edited:
    """What config.toml would be with the setting as the words say, or (None) without it. Raises ConfigInvalid."""
    document, _ = _ask(where, "--edit-config", json.dumps([key, words]))
    before = document["before"]
    return Edited(
        document["text"],
        document["value"],
        Setting(**before) if before is not None else None,
        Setting(**document["after"]),
        document["is_live"],
    )


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
