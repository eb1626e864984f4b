"""Settings, in two steps: raw values from every source, then one frozen `Config` that is passed on.

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

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from sanchay import names
from sanchay.address import Places
from sanchay.names import shown_path
from sanchayd import misspelt
from sanchayd.errors import DomainError, ErrorKind
from sanchayd.metrics.address import check as check_metrics_address

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

# Every environment variable that is read. A name without SANCHAY_ belongs to other programs too: a database of theirs
# would be written to.
VARIABLES: dict[str, tuple[str, ...]] = {
    "log_level": ("SANCHAY_LOG_LEVEL",),
    "database_path": ("SANCHAY_DATABASE_PATH",),
    "listen": ("SANCHAY_LISTEN",),
    "max_scans": ("SANCHAY_MAX_SCANS",),
    "engine_threads": ("SANCHAY_ENGINE_THREADS",),
    "cache_mb": ("SANCHAY_CACHE_MB",),
    "watch": ("SANCHAY_WATCH",),
    "settle_ms": ("SANCHAY_SETTLE_MS",),
    "reconcile_minutes": ("SANCHAY_RECONCILE_MINUTES",),
    "changes_keep_days": ("SANCHAY_CHANGES_KEEP_DAYS",),
    "reflection": ("SANCHAY_REFLECTION",),
    "max_mb_per_s": ("SANCHAY_MAX_MB_PER_S",),
    "pause_on_battery": ("SANCHAY_PAUSE_ON_BATTERY",),
    "metrics.listen": ("SANCHAY_METRICS_LISTEN",),
    "report_rows": ("SANCHAY_REPORT_ROWS",),
    "schedule_runs": ("SANCHAY_SCHEDULE_RUNS",),
    "report_folders": (),  # in config.toml alone, like the next: what the daemon writes to and starts
    "report_hook": (),
    "log_file_mb": ("SANCHAY_LOG_FILE_MB",),
    "log_files": ("SANCHAY_LOG_FILES",),
}
MARK = "\ufeff"
TCP_VARIABLE = "SANCHAY_TCP"  # the short form of SANCHAY_LISTEN=tcp
# What a running daemon takes over; the others count from its next start.
LIVE_KEYS = frozenset(
    {
        "log_level",
        "max_scans",
        "watch",
        "settle_ms",
        "reconcile_minutes",
        "changes_keep_days",
        "max_mb_per_s",
        "pause_on_battery",
        "report_rows",
        "schedule_runs",
        "report_folders",
        "report_hook",
    }
)


class RawSettings(BaseModel):
    """Every setting with its type, bounds and default; the description is what the manual says."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = Field("info", description="How much is logged.")
    database_path: str = Field("", description="The catalog's file, absolute; empty: catalog.db in the data folder.")
    listen: Literal["auto", "unix", "tcp"] = Field(
        "auto", description="auto: a private socket where there are any; tcp: loopback with a token."
    )
    max_scans: int = Field(2, ge=1, le=16, description="Scans at once; the others wait.")
    engine_threads: int = Field(0, ge=0, le=256, description="Threads of the engine; 0: as many as it has cores.")
    cache_mb: int = Field(64, ge=8, le=4096, description="Memory for the catalog's pages in a large scan, in MiB.")
    watch: Literal["auto", "events", "poll", "off"] = Field(
        "auto", description="How changes are noticed in roots that do not say so themselves."
    )
    settle_ms: int = Field(
        500, ge=0, le=60_000, description="A file is read after it was not written to for so long, in ms."
    )
    reconcile_minutes: int = Field(
        60, ge=1, le=10_080, description="Every root is compared with the disk this often, in minutes."
    )
    changes_keep_days: int = Field(
        30, ge=1, le=3650, description="What changed is kept so long, in days, and at most 512 MiB of it."
    )
    reflection: bool = Field(False, description="gRPC reflection, for developers.")
    max_mb_per_s: float = Field(
        0, ge=0, le=1_000_000, allow_inf_nan=False, description="MiB a second that background work may read; 0: any."
    )
    pause_on_battery: bool = Field(True, description="Background work stands still while the machine is on battery.")
    metrics_listen: str = Field(
        "", alias="metrics.listen", description="Where metrics are served: 127.0.0.1:PORT, unix:/PATH or socket."
    )
    report_rows: int = Field(
        100_000, ge=1, le=1_000_000, description="Rows that a report keeps; the largest files count."
    )
    schedule_runs: int = Field(50, ge=2, le=10_000, description="Runs that are kept of each schedule, with reports.")
    report_folders: list[str] = Field([], description="Folders below which reports may be written; in config.toml.")
    report_hook: list[str] = Field([], description="Command that is run after each report; in config.toml.")
    log_file_mb: int = Field(10, ge=1, le=1024, description="Size at which the log file is put aside, in MiB.")
    log_files: int = Field(3, ge=1, le=100, description="How many of those are kept.")

    @field_validator("metrics_listen")
    @classmethod
    def _is_local(cls, text: str) -> str:
        return check_metrics_address(text)


@dataclass(frozen=True)
class Setting:
    """A setting as it stands: `value` as TOML, `origin` where it came from."""

    key: str
    value: str
    origin: str


@dataclass(frozen=True)
class Config:
    """What the daemon goes by. Sizes in MiB; `origins` names each key's source."""

    log_level: str
    database_path: Path
    listen: str
    max_scans: int
    engine_threads: int
    cache_mb: int
    watch: str
    settle_ms: int
    reconcile_minutes: int
    changes_keep_days: int
    reflection: bool
    max_mb_per_s: float
    pause_on_battery: bool
    metrics_listen: str
    report_rows: int
    schedule_runs: int
    report_folders: tuple[str, ...]
    report_hook: tuple[str, ...]
    log_file_mb: int
    log_files: int
    origins: Mapping[str, str] = field(compare=False)
    notices: tuple[str, ...] = field(default=(), compare=False)  # names that look like settings and are none

    def settings(self) -> list[Setting]:
        """Every setting as TOML, with its origin."""
        return [Setting(key, as_toml(getattr(self, attribute(key))), self.origins[key]) for key in VARIABLES]

    def differing_keys(self, other: Config) -> list[str]:
        """The keys whose values are not those of `other`."""
        return [key for key in VARIABLES if getattr(self, attribute(key)) != getattr(other, attribute(key))]


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
        raw = RawSettings(**merged)
    except ValidationError as error:
        raise _refused(error, sources, origins) from None
    database = Path(os.path.expanduser(raw.database_path)) if raw.database_path else where.catalog_file
    if not database.is_absolute():
        source = next(source for source in sources if source.origin == origins["database_path"])
        raise _complaint(source, "database_path", f"{names.quoted(raw.database_path)} is not an absolute path")
    return Config(
        log_level=raw.log_level,
        database_path=database,
        listen=raw.listen,
        max_scans=raw.max_scans,
        engine_threads=raw.engine_threads,
        cache_mb=raw.cache_mb,
        watch=raw.watch,
        settle_ms=raw.settle_ms,
        reconcile_minutes=raw.reconcile_minutes,
        changes_keep_days=raw.changes_keep_days,
        reflection=raw.reflection,
        max_mb_per_s=raw.max_mb_per_s,
        pause_on_battery=raw.pause_on_battery,
        metrics_listen=raw.metrics_listen,
        report_rows=raw.report_rows,
        schedule_runs=raw.schedule_runs,
        report_folders=tuple(map(_resolved, raw.report_folders)),
        report_hook=tuple(raw.report_hook),
        log_file_mb=raw.log_file_mb,
        log_files=raw.log_files,
        origins=origins,
        notices=_notices(environ, where.dotenv_file, text, lines),
    )


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
        raise DomainError(
            ErrorKind.CONFIG_INVALID,
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
        raise DomainError(
            ErrorKind.CONFIG_INVALID,
            f"{shown_path(file)} cannot be read: {error}",
            path=os.fsencode(file),
            details={"file": str(file)},
        ) from error
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = found.group(1) if found else str(text.count("\n") + 1)
        key = _key_of_line(text, int(line))
        raise DomainError(
            ErrorKind.CONFIG_INVALID,
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


def _refused(error: ValidationError, sources: list[_Source], origins: Mapping[str, str]) -> DomainError:
    """The first complaint, in words: later ones often follow from it."""
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    source = next(source for source in sources if source.origin == origins.get(key, "config.toml"))
    if first["type"] == "extra_forbidden":
        meant = misspelt.suggestion(key, VARIABLES)
        reason = f"there is no such setting{meant or '; the settings are ' + ', '.join(VARIABLES)}"
    else:
        message = first["msg"].removeprefix("Value error, ")
        given = first["input"]
        shown = names.quoted(given) if isinstance(given, str) else as_toml(given)
        reason = f"{shown} is not valid: {message[:1].lower()}{message[1:]}"
    return _complaint(source, key, reason)


def _complaint(source: _Source, key: str, reason: str) -> DomainError:
    return DomainError(
        ErrorKind.CONFIG_INVALID,
        f"{source.places.get(key, source.origin)}: {key}: {reason}.",
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
