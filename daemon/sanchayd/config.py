"""Settings: raw values from every source, checked by one frozen model, `Config`, that is passed on.

Flags win over the environment, the environment over `.env` in the configuration folder, that over config.toml, and that
over the defaults. Each value remembers where it came from. An invalid setting is refused with the file, the
line and the key.
"""

from __future__ import annotations

import io
import json
import os
import re
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

# Read when pydantic makes its first model: else it looks through all installed packages for plug-ins, and runs them.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from sanchay import guess, names
from sanchay.address import Places
from sanchay.errors import ConfigInvalid
from sanchay.names import shown_path
from sanchayd import misspelt
from sanchayd.metrics.address import check as check_metrics_address

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MARK = "\ufeff"
TCP_VARIABLE = "SANCHAY_TCP"  # the short form of SANCHAY_LISTEN=tcp


def _setting(
    default: Any, what: str, *, live: bool = False, variable: bool = True, shown: str = "", **bounds: Any
) -> Any:
    """A setting: what the manual says of it, and whether a running daemon takes it over (`live`).

    Without `variable` it stands in config.toml only: what the daemon writes to and starts. `shown` is the manual's word
    for a default that is not a value.
    """
    facts: JsonDict = {"live": live, "variable": variable, "shown": shown}
    return Field(default, description=what, json_schema_extra=facts, **bounds)


@dataclass(frozen=True)
class Setting:
    """A setting as it stands: `value` as TOML, `origin` where it came from."""

    key: str
    value: str
    origin: str


class Config(BaseModel):
    """What the daemon goes by: every setting with its type, bounds, default and description. Sizes in MiB."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "how much is logged: `debug`, `info`, `warning` or `error`", live=True
    )
    database_path: str = _setting("", "the catalog's file, an absolute path", shown="in the data folder")
    listen: Literal["auto", "unix", "tcp"] = _setting(
        "auto",
        "`unix`: a private socket; `tcp`: loopback, by TLS with a key that only you can read, and the socket for when "
        "others take the port's connections; `auto`: the socket where there are any",
    )
    max_scans: int = _setting(2, "scans at once; the others wait", ge=1, le=16, live=True)
    engine_threads: int = _setting(0, "threads of a scan; 0: as many as there are cores", ge=0, le=256)
    cache_mb: int = _setting(
        64, "memory for the catalog's pages while a large scan is written, in MiB; 8 at other times", ge=8, le=4096
    )
    watch: Literal["auto", "events", "poll", "off"] = _setting(
        "auto",
        "how changes are noticed in roots whose own setting is `auto`: `auto`, `events`, `poll` or `off`",
        live=True,
    )
    settle_ms: int = _setting(
        500, "how long a file must be unchanged before it is read, in milliseconds", ge=0, le=60_000, live=True
    )
    reconcile_minutes: int = _setting(
        60, "how often every watched root is compared with the disk, in minutes", ge=1, le=10_080, live=True
    )
    changes_keep_days: int = _setting(
        30, "how long changes are kept for `changes`, in days; at most 512 MiB of them", ge=1, le=3650, live=True
    )
    reflection: bool = _setting(False, "gRPC reflection, for developers")
    max_mb_per_s: float = _setting(
        0,
        "limit for all background reading together, in MiB a second; 0: no limit. Scans that a client waits for "
        "are not limited",
        ge=0,
        le=1_000_000,
        allow_inf_nan=False,
        live=True,
    )
    pause_on_battery: bool = _setting(
        True, "pause background work while the machine runs on battery, where that can be known", live=True
    )
    metrics_listen: str = _setting(
        "",
        "Prometheus metrics on `127.0.0.1:PORT`, `unix:/PATH` or `socket` (in the run folder); in config.toml "
        "`listen` under `[metrics]`",
        alias="metrics.listen",
        shown="none",
    )
    report_rows: int = _setting(
        100_000, "maximum number of rows in a report: the largest files", ge=1, le=1_000_000, live=True
    )
    schedule_runs: int = _setting(
        50, "how many runs of each schedule are kept, with their reports", ge=2, le=10_000, live=True
    )
    report_folders: list[str] = _setting(
        [], "folders (absolute paths) below which reports may be written", live=True, variable=False
    )
    report_hook: list[str] = _setting(
        [],
        "command to run after each report, as a list of arguments; the program by its absolute path, or a name on PATH",
        live=True,
        variable=False,
    )
    log_file_mb: int = _setting(10, "size at which the log file is rotated, in MiB", ge=1, le=1024)
    log_files: int = _setting(3, "how many rotated log files are kept", ge=1, le=100)

    _origins: Mapping[str, str] = PrivateAttr({})
    _notices: tuple[str, ...] = PrivateAttr(())

    @field_validator("metrics_listen")
    @classmethod
    def _is_local(cls, text: str) -> str:
        return check_metrics_address(text)

    @property
    def catalog_file(self) -> Path:
        """The catalog's file."""
        return Path(self.database_path)

    @property
    def origins(self) -> Mapping[str, str]:
        """Where each key's value came from."""
        return self._origins

    @property
    def notices(self) -> tuple[str, ...]:
        """Names that look like settings and are none."""
        return self._notices

    def settings(self) -> list[Setting]:
        """Every setting as TOML, with its origin."""
        return [Setting(key, as_toml(getattr(self, attribute(key))), self._origins[key]) for key in VARIABLES]

    def differing_keys(self, other: Config) -> list[str]:
        """The keys whose values are not those of `other`."""
        return [key for key in VARIABLES if getattr(self, attribute(key)) != getattr(other, attribute(key))]

    def resolved(self, changes: Mapping[str, Any], origins: Mapping[str, str], notices: tuple[str, ...]) -> Config:
        """The settings with what was found out about them; `origins` names each key's source."""
        config = self.model_copy(update=changes)
        config._origins, config._notices = origins, notices
        return config


def _fact(field: FieldInfo, name: str) -> Any:
    facts = field.json_schema_extra
    return facts[name] if isinstance(facts, dict) else None


_FIELDS = {field.alias or name: field for name, field in Config.model_fields.items()}
# Every environment variable that is read. A name without SANCHAY_ belongs to other programs too: a database of theirs
# would be written to.
VARIABLES: dict[str, tuple[str, ...]] = {
    key: (f"SANCHAY_{key.replace('.', '_').upper()}",) if _fact(field, "variable") else ()
    for key, field in _FIELDS.items()
}
# What a running daemon takes over; the others count from its next start.
LIVE_KEYS = frozenset(key for key, field in _FIELDS.items() if _fact(field, "live"))


def manual() -> str:
    """The rows of the manual's table of settings."""
    rows = []
    for key, each in _FIELDS.items():
        variables = "; ".join(f"`{name}`" for name in VARIABLES[key]) or "only in config.toml"
        also = f"; `{TCP_VARIABLE}=1` for `tcp`" if key == "listen" else ""
        default = _fact(each, "shown") or f"`{as_toml(each.default).strip(chr(34))}`"
        rows.append(f"| `{key}` | {variables}{also} | {default} | {each.description} |")
    return "\n".join(rows)


@dataclass(frozen=True)
class _Source:
    """Raw values of one source, and where each stands, for a message."""

    origin: str
    values: Mapping[str, Any]
    places: Mapping[str, str]
    details: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


def load(
    where: Places, flags: Mapping[str, str], environ: Mapping[str, str], *, config_text: str | None = None
) -> Config:
    """The settings of this moment, or as they would be with another text of config.toml.

    Raises config_invalid with `file`, `line` and `key` where one is not valid.
    """
    text = _read_dotenv(where.dotenv_file)
    lines = _lines_of(text)
    dotenv = {key: value for key, value in lines.items() if value is not None}
    sources = [
        _Source("flag", flags, {key: f"the flag for {key}" for key in flags}),
        _from_variables("environment", environ, "the environment"),
        _from_variables(".env", dotenv, str(where.dotenv_file)),
        _from_toml(where.config_file, config_text),
    ]
    merged: dict[str, Any] = {}
    origins = dict.fromkeys(VARIABLES, "default")
    for source in reversed(sources):
        merged.update(source.values)
        origins.update(dict.fromkeys(source.values, source.origin))
    try:
        raw = Config(**merged)
    except ValidationError as error:
        raise _refused(error, sources, origins) from None
    database = Path(os.path.expanduser(raw.database_path)) if raw.database_path else where.catalog_file
    if not database.is_absolute():
        source = next(source for source in sources if source.origin == origins["database_path"])
        raise _complaint(source, "database_path", f"{names.quoted(raw.database_path)} is not an absolute path")
    found = {"database_path": str(database), "report_folders": [*map(_resolved, raw.report_folders)]}
    return raw.resolved(found, origins, _notices(environ, where.dotenv_file, text, lines))


def _notices(environ: Mapping[str, str], file: Path, text: str, lines: Mapping[str, str | None]) -> tuple[str, ...]:
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


def _from_variables(origin: str, environ: Mapping[str, str], what: str) -> _Source:
    values: dict[str, str] = {}
    places: dict[str, str] = {}
    for key, variables in VARIABLES.items():
        for name in variables:
            if environ.get(name, "") != "":
                # INFO is how many write it
                values[key] = environ[name].lower() if key == "log_level" else environ[name]
                places[key] = f"{name} in {what}"
                break
    if environ.get(TCP_VARIABLE, "").lower() in {"1", "true", "yes"} and "listen" not in values:
        values["listen"] = "tcp"
        places["listen"] = f"{TCP_VARIABLE} in {what}"
    return _Source(origin, values, places)


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


def _from_toml(file: Path, given: str | None) -> _Source:
    text = ""
    try:
        text = file.read_bytes().decode("utf-8") if given is None else given
        text = text.removeprefix(MARK)  # with which an editor of Windows begins its files
        values = _flat(tomllib.loads(text))
    except FileNotFoundError:
        return _Source("config.toml", {}, {})
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigInvalid(
            f"{shown_path(file)} cannot be read: {error}",
            path=os.fsencode(file),
            details={"file": str(file)},
        ) from error
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
    return _Source("config.toml", values, places, details)


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


def _refused(error: ValidationError, sources: list[_Source], origins: Mapping[str, str]) -> ConfigInvalid:
    """The first complaint, in words: later ones often follow from it."""
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    source = next(source for source in sources if source.origin == origins.get(key, "config.toml"))
    if first["type"] == "extra_forbidden":
        meant = misspelt.suggestion(key, VARIABLES)
        reason = f"there is no such setting{meant or '; the settings are ' + ', '.join(VARIABLES)}"
    else:
        reason = why_not_valid(error, first["input"])
    return _complaint(source, key, reason)


def why_not_valid(error: ValidationError, given: object) -> str:
    """What is wrong with a value that was given, and what it was probably meant to be."""
    first = error.errors()[0]
    message = "write true or false" if first["type"] == "bool_parsing" else first["msg"].removeprefix("Value error, ")
    shown = names.quoted(given) if isinstance(given, str) else as_toml(given)
    known = first.get("ctx", {}).get("expected", "") if first["type"] == "literal_error" else ""
    meant = guess.alike(given, re.findall(r"'(\w+)'", str(known))) if isinstance(given, str) else []
    said = f"{shown} is not valid: {message[:1].lower()}{message[1:]}"
    return said + (f"; did you mean {meant[0]}?" if meant else "")


def _complaint(source: _Source, key: str, reason: str) -> ConfigInvalid:
    return ConfigInvalid(
        f"{source.places.get(key, source.origin)}: {key}: {reason}{'' if reason.endswith('?') else '.'}",
        details={**source.details.get(key, {}), "key": key},
    )


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
