"""Checks the settings without the model, where each is plainly what it may be; else the model says, and says why.

A value that this takes, the model takes as the same: a test compares them. What it does not take may be valid.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

from sanchay.address import Places
from sanchay.sentences import Sentence
from sanchayd.config_sources import Setting, read, resolved
from sanchayd.config_table import TABLE, Plain
from sanchayd.metrics.address import check as check_metrics_address

_WHOLE = re.compile(r"[0-9]{1,9}")
_NUMBER = re.compile(r"[0-9]{1,9}(\.[0-9]{1,6})?")
_BOOL = {"true": True, "false": False}


class Checked(NamedTuple):
    """The settings that a daemon would start with, and names that look like settings and are none."""

    settings: list[Setting]
    notices: tuple[Sentence, ...]


def check(where: Places, flags: Mapping[str, str], environ: Mapping[str, str]) -> Checked:
    """The settings of this moment. Raises config_invalid as `config.load` does."""
    given = read(where, flags, environ)
    values = plain_values(given.values)
    if values is None or not _is_absolute(values["database_path"]):
        from sanchayd import config

        settings = config.load(where, flags, environ)
        return Checked(settings.settings(), settings.notices)
    values |= resolved(where, values["database_path"], values["report_folders"])
    return Checked(given.settings(values), given.notices)


def plain_values(given: Mapping[str, Any]) -> dict[str, Any] | None:
    """Every setting's value; None where one is not plainly valid."""
    values = {key: row.default for key, row in TABLE.items()}
    try:
        values |= {key: _plain(key, TABLE[key], value) for key, value in given.items()}
    except (KeyError, ValueError, OverflowError):
        return None
    return values


def _plain(key: str, row: Plain, value: object) -> object:
    """The value as the model has it. Raises KeyError, ValueError or OverflowError where it takes more to say."""
    if row.type == "choice" and value in row.words:
        return value
    if row.type == "bool":
        return value if isinstance(value, bool) else _BOOL[str(value)]
    if row.type == "list" and isinstance(value, list) and (not row.words or {*map(_text, value)} <= {*row.words}):
        return [_text(each) for each in value]
    if row.type in {"text", "time"} and re.fullmatch(row.pattern or ".*", _text(value)):
        return check_metrics_address(_text(value)) if key == "metrics.listen" else value
    if row.type in {"integer", "number"} and not isinstance(value, bool):
        shape = _WHOLE if row.type == "integer" else _NUMBER
        if (isinstance(value, str) and shape.fullmatch(value)) or isinstance(value, (int, float)):
            number = float(value) if row.type == "number" else value if isinstance(value, int) else int(str(value))
            if row.low <= number <= row.high:
                return number
    raise ValueError(value)


def _text(value: object) -> str:
    if not isinstance(value, str) or value != value.strip() or not value.isprintable():
        raise ValueError(value)
    return value


def _is_absolute(database_path: str) -> bool:
    return not database_path or os.path.isabs(os.path.expanduser(database_path))
