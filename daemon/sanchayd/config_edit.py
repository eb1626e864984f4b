"""A setting put into config.toml, or taken out of it; comments, order and all else stay as they are."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
import stat
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import tomlkit
from pydantic import ValidationError
from tomlkit import TOMLDocument
from tomlkit.exceptions import TOMLKitError

from sanchay import address, names, replacing
from sanchay.address import Places
from sanchay.errors import Busy, ConfigInvalid, DiskFull, InputOutputError, PermissionDenied, SanchayError
from sanchay.names import shown_path
from sanchayd import config, misspelt
from sanchayd.config import VARIABLES, Setting
from sanchayd.config_table import TABLE

MARK = "\ufeff"
# Another program may be writing the file just now.
TRIES = 3
_REFUSED = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


class Edited(NamedTuple):
    """The whole text to write, what it says of the setting as TOML (None: nothing), and the setting before and after.

    `before` is None where the file was invalid. `seen` is the file that was read.
    """

    text: str
    value: str | None
    before: Setting | None
    after: Setting
    seen: os.stat_result | None


def change(where: Places, flags: Mapping[str, str], environ: Mapping[str, str], key: str, value: str | None) -> Edited:
    """Writes the setting, a value in TOML, into config.toml, or (None) takes it out. Blocks.

    Raises what `edit` does, and permission, disk_full, io or busy where the file cannot be written.
    """
    for _ in range(TRIES):
        edited = edit(where, flags, environ, key, value)
        if _write(where, edited):
            return edited
    raise Busy(f"{shown_path(where.config_file)} was not changed: another program is writing it.")


def edit(where: Places, flags: Mapping[str, str], environ: Mapping[str, str], key: str, value: str | None) -> Edited:
    """config.toml with the setting, or (None) without it. Nothing is written.

    Raises config_invalid where the key, the value or any line of the file is not valid.
    """
    if key not in VARIABLES:
        meant = misspelt.suggestion(key, VARIABLES) or f"; the settings are {', '.join(VARIABLES)}."
        raise _refusal(key, f"{names.quoted(key)}: there is no such setting{meant}")
    checked = None if value is None else _checked(key, value)
    before, refused = None, None
    try:
        before = _setting(config.load(where, flags, environ), key)
    except SanchayError as error:  # it may be of this very setting
        refused = error
    try:
        seen, plain = _read(where.config_file)
        text = _changed(plain, lambda document: _put(document, key, checked))
        text.encode("utf-8")
    except (OSError, UnicodeError, TOMLKitError) as error:
        raise refused or _refusal(key, f"{shown_path(where.config_file)} cannot be edited: {error}") from error
    after = _setting(config.load(where, flags, environ, config_text=text), key)
    return Edited(text, None if checked is None else config.as_toml(checked), before, after, seen)


def _read(file: Path) -> tuple[os.stat_result | None, str]:
    """The file, and its text as it is: a mark at its beginning and the ends of its lines are kept."""
    try:
        with file.open("rb") as stream:
            return os.fstat(stream.fileno()), stream.read().decode("utf-8")
    except FileNotFoundError:
        return None, ""


def _write(where: Places, edited: Edited) -> bool:
    """Writes the text in one step, through a link to where it leads; False where the file is not that any more."""
    file = where.config_file
    address.prepare(where)
    target = os.path.realpath(file)
    if edited.seen is not None and not edited.seen.st_mode & (stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH):
        raise _unwritable(file, OSError(errno.EACCES, "it is read-only"))
    temporary = f"{target}.{secrets.token_hex(6)}.part"
    try:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)
        mode = 0o600 if edited.seen is not None else 0o666  # what only its owner may read is so while it is written
        with os.fdopen(os.open(temporary, flags, mode), "wb") as stream:
            stream.write(edited.text.encode())
            stream.flush()
            os.fsync(stream.fileno())
        replacing.make_like(temporary, target)
        if _state(target) != _of(edited.seen):
            os.unlink(temporary)
            return False
        os.replace(temporary, target)
    except OSError as error:
        with contextlib.suppress(OSError):
            os.unlink(temporary)
        raise _unwritable(file, error) from error
    replacing.sync_folder(os.path.dirname(target))
    return True


def _state(target: str) -> tuple[int, ...] | None:
    try:
        return _of(os.stat(target))
    except FileNotFoundError:
        return None


def _of(seen: os.stat_result | None) -> tuple[int, ...] | None:
    """What changes when someone writes the file."""
    return None if seen is None else (seen.st_dev, seen.st_ino, seen.st_size, seen.st_mtime_ns)


def _unwritable(file: Path, error: OSError) -> SanchayError:
    kind = PermissionDenied if error.errno in _REFUSED else DiskFull if error.errno in _FULL else InputOutputError
    return kind(
        f"{shown_path(file)} cannot be written: {error.strerror or error}. Nothing was changed.", path=os.fsencode(file)
    )


def _checked(key: str, value: str) -> Any:
    """The value as its type has it: it is checked by the rules that the file is read by."""
    try:
        given = tomlkit.value(value.strip()).unwrap()
    except (TOMLKitError, ValueError) as error:
        raise _refusal(key, f"{key}: {names.quoted(value)} is not a value in TOML: {error}") from None
    if TABLE[key].type == "list":
        given = given if isinstance(given, list) else [given]
    elif isinstance(given, list):
        raise _refusal(key, f"{key} takes one value, not {len(given)}.")
    try:
        raw = config.Config(**{key: given})
    except ValidationError as error:
        why = config.why_not_valid(error)
        raise _refusal(key, f"{key}: {why}{'' if why.endswith('?') else '.'}") from None
    checked = getattr(raw, config.attribute(key))
    return os.path.expanduser(checked) if key == "database_path" else checked


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
