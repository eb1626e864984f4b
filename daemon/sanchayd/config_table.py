"""What is plainly a value of each setting, taken from the model: `config.table()` makes these rows, a test compares.

A daemon checks its settings by the model itself; a person who asks for a check should not wait for pydantic.
"""

from __future__ import annotations

from typing import Any, NamedTuple


class Plain(NamedTuple):
    """A setting's kind (word, bool, int, float, str or list), its default, bounds and words."""

    kind: str
    default: Any
    low: Any = None
    high: Any = None
    words: tuple[str, ...] = ()
    variable: bool = True


# fmt: off
TABLE: dict[str, Plain] = {
    "log_level": Plain("word", "info", words=("debug", "info", "warning", "error")),
    "database_path": Plain("str", ""),
    "listen": Plain("word", "auto", words=("auto", "unix", "tcp")),
    "max_scans": Plain("int", 2, 1, 16),
    "engine_threads": Plain("int", 0, 0, 256),
    "cache_mb": Plain("int", 64, 8, 4096),
    "watch": Plain("word", "auto", words=("auto", "events", "poll", "off")),
    "settle_ms": Plain("int", 500, 0, 60000),
    "reconcile_minutes": Plain("int", 60, 1, 10080),
    "changes_keep_days": Plain("int", 30, 1, 3650),
    "reflection": Plain("bool", False),
    "max_mb_per_s": Plain("float", 0, 0, 1000000),
    "pause_on_battery": Plain("bool", True),
    "metrics.listen": Plain("str", ""),
    "report_rows": Plain("int", 100000, 1, 1000000),
    "schedule_runs": Plain("int", 50, 2, 10000),
    "report_folders": Plain("list", [], variable=False),
    "report_hook": Plain("list", [], variable=False),
    "log_file_mb": Plain("int", 10, 1, 1024),
    "log_files": Plain("int", 3, 1, 100),
}
# fmt: on
