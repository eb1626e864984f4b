"""What each setting is, taken from the model: `config.table()` makes these rows, a test compares.

A daemon checks its settings by the model itself; a person who asks for a check should not wait for pydantic.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Plain(NamedTuple):
    """A setting's type, as clients are told it (bool, integer, number, text, time, choice or list), and its bounds.

    `words` are what a choice or the items of a list may be; `variable`: whether the environment may have it; `live`:
    whether a running daemon takes it over; `what`: what the manual says of it.
    """

    type: str
    default: Any
    low: Any = None
    high: Any = None
    words: tuple[str, ...] = ()
    pattern: str = ""
    unit: str = ""
    live: bool = False
    variable: bool = True
    what: str = ""

    @property
    def description(self) -> str:
        """What the manual says, as a sentence without marks."""
        plain = self.what.replace("`", "")
        return f"{plain[:1].upper()}{plain[1:]}."


# fmt: off
TABLE: dict[str, Plain] = {
    "log_level": Plain(
        "choice", "info", live=True,
        words=("debug", "info", "warning", "error"),
        what="how much is logged: `debug`, `info`, `warning` or `error`",
    ),
    "database_path": Plain(
        "text", "",
        what="the catalog's file, an absolute path",
    ),
    "listen": Plain(
        "choice", "auto",
        words=("auto", "unix", "tcp"),
        what="how clients reach the daemon; `unix`: a private socket; `tcp`: loopback, by TLS with a key that only "
        "you can read, and the socket for when others take the port's connections; `auto`: the socket where "
        "there are any",
    ),
    "max_scans": Plain(
        "integer", 2, low=1, high=16, live=True,
        what="scans at once; the others wait",
    ),
    "engine_threads": Plain(
        "integer", 0, low=0, high=256,
        what="threads of a scan; 0: as many as there are cores",
    ),
    "cache_mb": Plain(
        "integer", 64, low=8, high=4096, unit="MiB",
        what="memory for the catalog's pages while a large scan is written, in MiB; 8 at other times",
    ),
    "watch": Plain(
        "choice", "auto", live=True,
        words=("auto", "events", "poll", "off"),
        what="how changes are noticed in roots whose own setting is `auto`: `auto`, `events`, `poll` or `off`",
    ),
    "settle_ms": Plain(
        "integer", 500, low=0, high=60000, unit="ms", live=True,
        what="how long a file must be unchanged before it is read, in milliseconds",
    ),
    "reconcile_minutes": Plain(
        "integer", 60, low=1, high=10080, unit="minutes", live=True,
        what="how often every watched root is compared with the disk, in minutes",
    ),
    "changes_keep_days": Plain(
        "integer", 30, low=1, high=3650, unit="days", live=True,
        what="how long changes are kept for `changes`, in days; at most 512 MiB of them",
    ),
    "reflection": Plain(
        "bool", False,
        what="gRPC reflection, for developers",
    ),
    "max_mb_per_s": Plain(
        "number", 0, low=0, high=1000000, unit="MiB/s", live=True,
        what="limit for all background reading together, in MiB a second; 0: no limit. Scans that a client waits "
        "for are not limited",
    ),
    "pause_on_battery": Plain(
        "bool", True, live=True,
        what="pause background work while the machine runs on battery, where that can be known",
    ),
    "metrics.listen": Plain(
        "text", "",
        what="Prometheus metrics on `127.0.0.1:PORT`, `unix:/PATH` or `socket` (in the run folder); in config.toml "
        "`listen` under `[metrics]`",
    ),
    "report_rows": Plain(
        "integer", 100000, low=1, high=1000000, live=True,
        what="maximum number of rows in a report: the largest files",
    ),
    "schedule_runs": Plain(
        "integer", 50, low=2, high=10000, live=True,
        what="how many runs of each schedule are kept, with their reports",
    ),
    "report_folders": Plain(
        "list", [], live=True, variable=False,
        what="folders (absolute paths) below which reports may be written",
    ),
    "report_hook": Plain(
        "list", [], live=True, variable=False,
        what="command to run after each report, as a list of arguments; the program by its absolute path, or a "
        "name on PATH",
    ),
    "log_file_mb": Plain(
        "integer", 10, low=1, high=1024, unit="MiB",
        what="size at which the log file is rotated, in MiB",
    ),
    "log_files": Plain(
        "integer", 3, low=1, high=100,
        what="how many rotated log files are kept",
    ),
    "notices.off": Plain(
        "list", [], live=True, variable=False,
        words=("copies", "damage", "roots", "reports", "disk", "cleanups", "jobs"),
        what="kinds of notices that are not shown: new `copies`, `damage` to files, `roots` that are gone or back, "
        "`reports`, a `disk` that fills up, `cleanups` that ended, `jobs` that failed; `off` under "
        "`[notices]`",
    ),
    "notices.quiet_from": Plain(
        "time", "", live=True, variable=False,
        pattern="^(([01][0-9]|2[0-3]):[0-5][0-9])?$",
        what="when the quiet hours without notices begin, such as `22:30`; without both times there are none",
    ),
    "notices.quiet_until": Plain(
        "time", "", live=True, variable=False,
        pattern="^(([01][0-9]|2[0-3]):[0-5][0-9])?$",
        what="when the quiet hours end, such as `07:00`",
    ),
    "window.language": Plain(
        "text", "", live=True, variable=False,
        pattern="^([a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?)?$",
        what="language of the window and the icon, such as `en` or `hi`",
    ),
}
# fmt: on
