"""Settings: raw values from every source, checked by one frozen model, `Config`, that is passed on.

Flags win over the environment, the environment over `.env` in the configuration folder, that over config.toml, and that
over the defaults. Each value remembers where it came from. An invalid setting is refused with the file, the
line and the key.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

# Read when pydantic makes its first model: else it looks through all installed packages for plug-ins, and runs them.
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

from pydantic import BaseModel, ConfigDict, Field, PrivateAttr, ValidationError, field_validator
from pydantic.config import JsonDict
from pydantic.fields import FieldInfo

from sanchay import guess, names
from sanchay.address import Places
from sanchay.errors import ConfigInvalid
from sanchay.sentences import Sentence
from sanchayd import config_sources as sources
from sanchayd import misspelt
from sanchayd.config_sources import TCP_VARIABLE, VARIABLES, Given, Setting, Source, as_toml, attribute
from sanchayd.config_table import TABLE, Plain
from sanchayd.metrics.address import check as check_metrics_address

__all__ = ["LIVE_KEYS", "TCP_VARIABLE", "VARIABLES", "Config", "Setting", "as_toml", "attribute", "load", "manual"]


# A time of day, or nothing; the tag of a language, or nothing.
TIME = r"^(([01][0-9]|2[0-3]):[0-5][0-9])?$"
LANGUAGE = r"^([a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?)?$"


def _setting(
    default: Any,
    what: str,
    *,
    live: bool = False,
    variable: bool = True,
    unit: str = "",
    form: str = "",
    shown: str = "",
    **bounds: Any,
) -> Any:
    """A setting: what the manual says of it, and whether a running daemon takes it over (`live`).

    Without `variable` it stands in config.toml only: what the daemon writes to and starts, and what is its clients'.
    `form` says in words what a `pattern` asks for; `shown` is the manual's word for a default that is not a value.
    """
    facts: JsonDict = {"live": live, "variable": variable, "unit": unit, "form": form, "shown": shown}
    return Field(default, description=what, json_schema_extra=facts, **bounds)


def _of_clients(default: Any, what: str, **more: Any) -> Any:
    """A setting of the icon and the window, which the daemon only keeps and checks for them."""
    return _setting(default, what, live=True, variable=False, **more)


class Config(BaseModel):
    """What the daemon goes by: every setting with its type, bounds, default and description. Sizes in MiB."""

    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True, frozen=True)

    log_level: Literal["debug", "info", "warning", "error"] = _setting(
        "info", "how much is logged: `debug`, `info`, `warning` or `error`", live=True
    )
    database_path: str = _setting("", "the catalog's file, an absolute path", shown="in the data folder")
    listen: Literal["auto", "unix", "tcp"] = _setting(
        "auto",
        "how clients reach the daemon; `unix`: a private socket; `tcp`: loopback, by TLS with a key that only you can "
        "read, and the socket for when others take the port's connections; `auto`: the socket where there are any",
    )
    max_scans: int = _setting(2, "scans at once; the others wait", ge=1, le=16, live=True)
    engine_threads: int = _setting(0, "threads of a scan; 0: as many as there are cores", ge=0, le=256)
    cache_mb: int = _setting(
        64,
        "memory for the catalog's pages while a large scan is written, in MiB; 8 at other times",
        ge=8,
        le=4096,
        unit="MiB",
    )
    watch: Literal["auto", "events", "poll", "off"] = _setting(
        "auto",
        "how changes are noticed in roots whose own setting is `auto`: `auto`, `events`, `poll` or `off`",
        live=True,
    )
    settle_ms: int = _setting(
        500,
        "how long a file must be unchanged before it is read, in milliseconds",
        ge=0,
        le=60_000,
        live=True,
        unit="ms",
    )
    reconcile_minutes: int = _setting(
        60,
        "how often every watched root is compared with the disk, in minutes",
        ge=1,
        le=10_080,
        live=True,
        unit="minutes",
    )
    changes_keep_days: int = _setting(
        30,
        "how long changes are kept for `changes`, in days; at most 512 MiB of them",
        ge=1,
        le=3650,
        live=True,
        unit="days",
    )
    reflection: bool = _setting(False, "gRPC reflection, for developers")
    max_mb_per_s: float = _setting(
        0,
        "limit for all background reading together, in MiB a second; 0: no limit. Scans that a client waits for "
        "are not limited",
        ge=0,
        le=1_000_000,
        allow_inf_nan=False,
        unit="MiB/s",
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
    log_file_mb: int = _setting(10, "size at which the log file is rotated, in MiB", ge=1, le=1024, unit="MiB")
    log_files: int = _setting(3, "how many rotated log files are kept", ge=1, le=100)

    notices_off: list[Literal["copies", "damage", "roots", "reports", "disk", "cleanups", "jobs"]] = _of_clients(
        [],
        "kinds of notices that are not shown: new `copies`, `damage` to files, `roots` that are gone or back, "
        "`reports`, a `disk` that fills up, `cleanups` that ended, `jobs` that failed; `off` under `[notices]`",
        alias="notices.off",
    )
    notices_quiet_from: str = _of_clients(
        "",
        "when the quiet hours without notices begin, such as `22:30`; without both times there are none",
        alias="notices.quiet_from",
        pattern=TIME,
        form="a time such as 22:30",
    )
    notices_quiet_until: str = _of_clients(
        "",
        "when the quiet hours end, such as `07:00`",
        alias="notices.quiet_until",
        pattern=TIME,
        form="a time such as 07:00",
    )
    window_language: str = _of_clients(
        "",
        "language of the window and the icon, such as `en` or `hi`",
        alias="window.language",
        pattern=LANGUAGE,
        form="the tag of a language, such as en, hi or pt-BR",
        shown="the system's",
    )

    _given: Given = PrivateAttr(default_factory=lambda: Given([], {}, dict.fromkeys(TABLE, "default"), ()))

    @field_validator("metrics_listen")
    @classmethod
    def _is_local(cls, text: str) -> str:
        return check_metrics_address(text)

    @property
    def catalog_file(self) -> Path:
        """The catalog's file."""
        return Path(self.database_path)

    @property
    def notices(self) -> tuple[Sentence, ...]:
        """Names that look like settings and are none."""
        return self._given.notices

    def settings(self) -> list[Setting]:
        """Every setting as TOML, with its origin."""
        return self._given.settings({key: getattr(self, attribute(key)) for key in TABLE})

    def differing_keys(self, other: Config) -> list[str]:
        """The keys whose values are not those of `other`."""
        return [key for key in TABLE if getattr(self, attribute(key)) != getattr(other, attribute(key))]

    def resolved(self, changes: Mapping[str, Any], given: Given) -> Config:
        """The settings with what was found out about them, and what they were made of."""
        config = self.model_copy(update=changes)
        config._given = given
        return config


def _fact(field: FieldInfo, name: str) -> Any:
    facts = field.json_schema_extra
    return facts[name] if isinstance(facts, dict) else None


_FIELDS = {field.alias or name: field for name, field in Config.model_fields.items()}
# What a running daemon takes over; the others count from its next start.
LIVE_KEYS = frozenset(key for key, row in TABLE.items() if row.live)
_TYPES = {bool: "bool", int: "integer", float: "number", str: "text"}


def table() -> str:
    """The rows of `config_table.py`: what each setting is, for a check that has no time to import pydantic."""
    return "\n".join(_row(key, field) for key, field in _FIELDS.items())


def _row(key: str, field: FieldInfo) -> str:
    is_list = get_origin(field.annotation) is list
    kind: Any = get_args(field.annotation)[0] if is_list else field.annotation
    words = get_args(kind) if get_origin(kind) is Literal else ()
    bounds = {name: getattr(m, name) for m in field.metadata for name in ("ge", "le", "pattern") if hasattr(m, name)}
    pattern = bounds.get("pattern", "")
    of_type = "list" if is_list else "choice" if words else "time" if pattern == TIME else _TYPES[kind]
    facts = {"low": bounds.get("ge"), "high": bounds.get("le")}
    facts |= {name: _fact(field, name) for name in ("unit", "live", "variable")}
    said = [f"{name}={_python(value)}" for name, value in facts.items() if value != Plain._field_defaults[name]]
    lines = [", ".join([_python(of_type), _python(field.default), *said])]
    lines += [f"{name}={_python(value)}" for name, value in (("words", words), ("pattern", pattern)) if value]
    what = "\n        ".join(_python(line) for line in _lines(field.description or ""))
    inside = "".join(f"        {line},\n" for line in [*lines, f"what={what}"])
    return f"    {_python(key)}: Plain(\n{inside}    ),"


def _python(value: object) -> str:
    if isinstance(value, tuple):
        return f"({', '.join(map(_python, value))})"
    return json.dumps(value, ensure_ascii=False) if isinstance(value, str) else repr(value)


def _lines(text: str) -> list[str]:
    """The text in pieces that fit a line of code."""
    return re.findall(r".{1,100}(?:\s|$)", text)


def manual() -> str:
    """The rows of the manual's table of settings."""
    rows = []
    for key, each in _FIELDS.items():
        variables = "; ".join(f"`{name}`" for name in VARIABLES[key]) or "only in config.toml"
        also = f"; `{TCP_VARIABLE}=1` for `tcp`" if key == "listen" else ""
        default = _fact(each, "shown") or f"`{as_toml(each.default).strip(chr(34))}`"
        rows.append(f"| `{key}` | {variables}{also} | {default} | {each.description} |")
    return "\n".join(rows)


def load(
    where: Places, flags: Mapping[str, str], environ: Mapping[str, str], *, config_text: str | None = None
) -> Config:
    """The settings of this moment, or as they would be with another text of config.toml.

    Raises config_invalid with `file`, `line` and `key` where one is not valid.
    """
    given = sources.read(where, flags, environ, config_text)
    try:
        raw = Config(**given.values)
    except ValidationError as error:
        raise _refused(error, given) from None
    if raw.database_path and not os.path.isabs(os.path.expanduser(raw.database_path)):
        reason = f"{names.quoted(raw.database_path)} is not an absolute path"
        raise _complaint(given.source_of("database_path"), "database_path", reason)
    return raw.resolved(sources.resolved(where, raw.database_path, raw.report_folders), given)


def _refused(error: ValidationError, given: Given) -> ConfigInvalid:
    """The first complaint, in words: later ones often follow from it."""
    first = error.errors()[0]
    key = str(first["loc"][0]) if first["loc"] else ""
    source = given.source_of(key)
    if first["type"] == "extra_forbidden":
        meant = misspelt.suggestion(key, VARIABLES)
        reason = f"there is no such setting{meant or '; the settings are ' + ', '.join(VARIABLES)}"
    else:
        reason = why_not_valid(error)
    return _complaint(source, key, reason)


def why_not_valid(error: ValidationError) -> str:
    """What is wrong with a value that was given, and what it was probably meant to be."""
    first = error.errors()[0]
    given, message = first["input"], _message(first)
    shown = names.quoted(given) if isinstance(given, str) else as_toml(given)
    known = first.get("ctx", {}).get("expected", "") if first["type"] == "literal_error" else ""
    meant = guess.alike(given, re.findall(r"'(\w+)'", str(known))) if isinstance(given, str) else []
    said = f"{shown} is not valid: {message[:1].lower()}{message[1:]}"
    return said + (f"; did you mean {meant[0]}?" if meant else "")


def _message(complaint: Mapping[str, Any]) -> str:
    """What pydantic says, or what a person would."""
    if complaint["type"] == "bool_parsing":
        return "write true or false"
    field = _FIELDS.get(str(complaint["loc"][0])) if complaint["loc"] else None
    if complaint["type"] == "string_pattern_mismatch" and field is not None:
        return f"write {_fact(field, 'form')}"
    return str(complaint["msg"]).removeprefix("Value error, ")


def _complaint(source: Source, key: str, reason: str) -> ConfigInvalid:
    return ConfigInvalid(
        f"{source.places.get(key, source.origin)}: {key}: {reason}{'' if reason.endswith('?') else '.'}",
        details={**source.details.get(key, {}), "key": key},
    )
