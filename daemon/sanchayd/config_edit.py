"""A setting put into the text of config.toml, or taken out of it; comments, order and all else stay as they are."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import tomlkit
from pydantic import ValidationError
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError

from sanchay.address import Places
from sanchay.errors import ConfigInvalid, SanchayError
from sanchay.names import shown_path
from sanchayd import config, misspelt
from sanchayd.config import LIVE_KEYS, VARIABLES, Setting

MARK = "\ufeff"


class Edited(NamedTuple):
    """The whole text to write, what it says of the setting (None: nothing), and the setting before and after it.

    `before` is None where the file made no sense; `is_live`: a daemon that runs takes the setting over.
    """

    text: str
    value: str | None
    before: Setting | None
    after: Setting
    is_live: bool


def edit(where: Places, environ: Mapping[str, str], key: str, words: Sequence[str] | None) -> Edited:
    """config.toml with the setting as the words say, or (None) without it. Nothing is written.

    Raises config_invalid where the key, the value or any line of the file is not valid.
    """
    if key not in VARIABLES:
        meant = misspelt.suggestion(key, VARIABLES) or f"; the settings are {', '.join(VARIABLES)}."
        raise _refusal(key, f"{key}: there is no such setting{meant}")
    value = None if words is None else _value(key, words)
    before, refused = None, None
    try:
        before = _setting(config.load(where, {}, environ), key)
    except SanchayError as error:  # it may be of this very setting
        refused = error
    try:
        text = _changed(_read(where), lambda document: _put(document, key, value))
    except (OSError, UnicodeDecodeError, TOMLKitError) as error:
        raise refused or _refusal(key, f"{shown_path(where.config_file)} cannot be edited: {error}") from error
    after = _setting(config.load(where, {}, environ, config_text=text), key)
    said = None if value is None else config.as_toml(tuple(value) if isinstance(value, list) else value)
    return Edited(text, said, before, after, key in LIVE_KEYS)


def _read(where: Places) -> str:
    """The text as it is: a mark at its beginning and the ends of its lines are kept."""
    try:
        return where.config_file.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return ""


def _value(key: str, words: Sequence[str]) -> Any:
    """The value as its type has it: the words are checked by the rules that the file is read by."""
    is_list = isinstance(config.Config.model_fields[config.attribute(key)].default, list)
    if not is_list and len(words) != 1:
        raise _refusal(key, f"{key} takes one value, not {len(words)}.")
    given: dict[str, Any] = {key: list(words) if is_list else words[0]}
    try:
        raw = config.Config(**given)
    except ValidationError as error:
        why = config.why_not_valid(error, " ".join(words))
        raise _refusal(key, f"{key}: {why}{'' if why.endswith('?') else '.'}") from None
    value = getattr(raw, config.attribute(key))
    return os.path.expanduser(value) if key == "database_path" else value


def _changed(text: str, change: Callable[[TOMLDocument], None]) -> str:
    mark, plain = (MARK, text[1:]) if text.startswith(MARK) else ("", text)
    document = tomlkit.parse(plain)
    change(document)
    edited = tomlkit.dumps(document)
    if "\r\n" in plain:
        edited = edited.replace("\r\n", "\n").replace("\n", "\r\n")
    return mark + edited + ("" if not edited or edited.endswith("\n") else "\n")


def _put(document: TOMLDocument, key: str, value: Any) -> None:
    table, _, name = key.rpartition(".")
    if value is None:
        inside: Any = document.get(table) if table else document
        if inside is not None and name in inside:
            inside.remove(name)
    elif table:
        if table not in document:
            document[table] = tomlkit.table()
        document[table][name] = value
    else:
        document[name] = value


def _setting(settings: config.Config, key: str) -> Setting:
    return next(each for each in settings.settings() if each.key == key)


def _refusal(key: str, message: str) -> ConfigInvalid:
    return ConfigInvalid(message, details={"key": key})
