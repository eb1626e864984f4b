"""The raw values of every source, and where each came from. What they may be is `config`'s to say.

Nothing here imports pydantic, which takes longer than all the rest of a check of the settings.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from sanchay.address import Places
from sanchay.errors import ConfigInvalid
from sanchay.names import shown_path
from sanchay.sentences import Sentence
from sanchayd import misspelt
from sanchayd.config_table import TABLE

MARK = "\ufeff"
TCP_VARIABLE = "SANCHAY_TCP"  # the short form of SANCHAY_LISTEN=tcp
# Every environment variable that is read. A name without SANCHAY_ belongs to other programs too: a database of theirs
# would be written to.
VARIABLES: dict[str, tuple[str, ...]] = {
    key: (f"SANCHAY_{key.replace('.', '_').upper()}",) if row.variable else () for key, row in TABLE.items()
}


class Setting(NamedTuple):
    """A setting as it stands: `value` as TOML, `origin` where it came from, `fixed_by` what wins over config.toml.

    `until_restart`: what the daemon goes by until its next start, where that is another value.
    """

    key: str
    value: str
    origin: str
    fixed_by: str = ""
    until_restart: str = ""

    @property
    def counts(self) -> str:
        """When a change of it counts."""
        return "now" if TABLE[self.key].live else "restart"

    def document(self) -> dict[str, Any]:
        """All that can be told of it, as clients are told."""
        row = TABLE[self.key]
        low, high = (as_toml(bound) if bound is not None else "" for bound in (row.low, row.high))
        return {
            **self._asdict(),
            "description": row.description,
            "type": row.type,
            "default": as_toml(row.default),
            "least": low,
            "most": high,
            "choices": [*row.words],
            "unit": row.unit,
            "counts": self.counts,
        }


class Source(NamedTuple):
    """Raw values of one source, and where each stands, for a message; `names`: what each has there, if not its key."""

    origin: str
    values: Mapping[str, Any]
    places: Mapping[str, str]
    names: Mapping[str, str] = MappingProxyType({})
    details: Mapping[str, Mapping[str, str]] = MappingProxyType({})


class Given(NamedTuple):
    """What all sources say together: raw values, and the origin of each setting."""

    sources: Sequence[Source]
    values: Mapping[str, Any]
    origins: Mapping[str, str]
    notices: tuple[Sentence, ...]

    def source_of(self, key: str) -> Source:
        """Where the value of a setting stands, or of a key that is none."""
        return next(each for each in self.sources if each.origin == self.origins.get(key, "config.toml"))

    def settings(self, values: Mapping[str, Any]) -> list[Setting]:
        """Every setting, whose checked values are these."""
        names = {key: name for source in reversed(self.sources) for key, name in source.names.items()}
        return [Setting(key, as_toml(values[key]), self.origins[key], names.get(key, "")) for key in TABLE]


def read(where: Places, flags: Mapping[str, str], environ: Mapping[str, str], config_text: str | None = None) -> Given:
    """The sources as they are now, or with another text of config.toml. Raises config_invalid for what is not TOML."""
    text = _read_dotenv(where.dotenv_file)
    lines = _lines_of(text)
    dotenv = {key: value for key, value in lines.items() if value is not None}
    sources = [
        Source("flag", flags, {key: f"the flag for {key}" for key in flags}, {key: f"--set {key}" for key in flags}),
        _from_variables("environment", environ, "the environment"),
        _from_variables(".env", dotenv, str(where.dotenv_file)),
        _from_toml(where.config_file, config_text),
    ]
    merged: dict[str, Any] = {}
    origins = dict.fromkeys(VARIABLES, "default")
    for source in reversed(sources):
        merged.update(source.values)
        origins.update(dict.fromkeys(source.values, source.origin))
    return Given(sources, merged, origins, _notices(environ, where.dotenv_file, text, lines))


def resolved(where: Places, database_path: str, report_folders: Sequence[str]) -> dict[str, Any]:
    """The settings that are paths, as they lead now."""
    database = os.path.expanduser(database_path) if database_path else where.catalog_file
    return {"database_path": str(Path(database)), "report_folders": [*map(_resolved, report_folders)]}


def _notices(
    environ: Mapping[str, str], file: Path, text: str, lines: Mapping[str, str | None]
) -> tuple[Sentence, ...]:
    known = {TCP_VARIABLE, *(name for names in VARIABLES.values() for name in names)}
    elsewhere = {key for key, names in VARIABLES.items() if not names}
    return (
        *misspelt.in_environment(environ, known, elsewhere),
        *misspelt.in_dotenv(file, text, lines, known, elsewhere),
    )


def _resolved(folder: str) -> str:
    """Where an allowed folder leads now: one that becomes a link to elsewhere later doesn't allow what is there."""
    whole = os.path.expanduser(folder)
    return os.path.realpath(whole) if os.path.isabs(whole) else folder


def _from_variables(origin: str, environ: Mapping[str, str], what: str) -> Source:
    values: dict[str, str] = {}
    found: dict[str, str] = {}
    for key, variables in VARIABLES.items():
        for name in variables:
            if environ.get(name, "") != "":
                # INFO is how many write it
                values[key] = environ[name].lower() if key == "log_level" else environ[name]
                found[key] = name
                break
    if environ.get(TCP_VARIABLE, "").lower() in {"1", "true", "yes"} and "listen" not in values:
        values["listen"] = "tcp"
        found["listen"] = TCP_VARIABLE
    return Source(origin, values, {key: f"{name} in {what}" for key, name in found.items()}, found)


def _read_dotenv(file: Path) -> str:
    """The file. It may be another program's, in a home that is its folder too: what isn't text is passed over."""
    try:
        if not file.is_file():
            return ""
        return file.read_bytes().decode("utf-8-sig", "surrogateescape")
    except OSError as error:
        raise ConfigInvalid(
            f"{shown_path(file)} cannot be read: {error}",
            path=os.fsencode(file),
            details={"file": str(file)},
        ) from error


def _lines_of(text: str) -> Mapping[str, str | None]:
    """The variables of a `.env`; None where one has no value."""
    if not text:
        return {}
    from dotenv import dotenv_values

    return dotenv_values(stream=io.StringIO(text), interpolate=False)


def _from_toml(file: Path, given: str | None) -> Source:
    text = ""
    try:
        text = file.read_bytes().decode("utf-8") if given is None else given
        text = text.removeprefix(MARK)  # with which an editor of Windows begins its files
    except FileNotFoundError:
        return Source("config.toml", {}, {})
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(
            f"{shown_path(file)} cannot be read: {error}",
            path=os.fsencode(file),
            details={"file": str(file)},
        ) from error
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    try:
        values = _flat(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = found.group(1) if found else str(text.count("\n") + 1)
        key = _key_of_line(text, int(line))
        raise ConfigInvalid(
            f"{shown_path(file)}, line {line}{f', {key}' if key else ''}: this is not TOML: {error}",
            path=os.fsencode(file),
            details={"file": str(file), "line": line, "key": key},
        ) from error
    lines = {key: _line_of_key(text, key) for key in values}
    places = {key: f"{shown_path(file)}, line {line}" for key, line in lines.items()}
    details = {key: {"file": str(file), "line": str(line)} for key, line in lines.items()}
    return Source("config.toml", values, places, details=details)


def attribute(key: str) -> str:
    """The name of a setting's attribute: a key in a table is written with a dot."""
    return key.replace(".", "_")


def _flat(table: Mapping[str, Any]) -> dict[str, Any]:
    """The keys of tables with their table's name before them, as `VARIABLES` has them."""
    tables = {key.partition(".")[0] for key in VARIABLES if "." in key}
    flat: dict[str, Any] = {}
    for name, value in table.items():
        is_table = isinstance(value, dict) and name in tables
        flat.update({f"{name}.{key}": each for key, each in value.items()} if is_table else {name: value})
    return flat


def _line_of_key(text: str, key: str) -> int:
    if "." in key:
        table, _, name = key.partition(".")
        header = _line_of_key(text, table)
        inside = _line_of_key("\n".join(text.splitlines()[header:]), name)
        return header + inside if re.match(r"\s*\[", text.splitlines()[header - 1]) else header
    pattern = re.compile(rf"""^\s*(\[+\s*)?["']?{re.escape(key)}["']?\s*[=.\]]""")
    return next((number for number, line in enumerate(text.splitlines(), 1) if pattern.match(line)), 1)


def _key_of_line(text: str, number: int) -> str:
    lines = text.splitlines()
    found = re.match(r"\s*([A-Za-z0-9_-]+)\s*=?", lines[number - 1]) if 0 < number <= len(lines) else None
    return found.group(1) if found else ""


def as_toml(value: object) -> str:
    """A value as config.toml would have it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:g}"
    if isinstance(value, (tuple, list)):
        return json.dumps(list(value), ensure_ascii=False)
    if isinstance(value, dict):
        return "a table"
    return str(value) if isinstance(value, int) else json.dumps(str(value), ensure_ascii=False)
