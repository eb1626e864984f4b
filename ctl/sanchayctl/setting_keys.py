"""The keys of config.toml and the words that some of them take, for completion only.

A shell waits while a key is completed, and the daemon's own list takes as long as the daemon's start. A test compares.
"""

from __future__ import annotations

_BOOL = ("true", "false")
#: By key, the words that its value, or each of several, is one of; none: anything else.
KEYS: dict[str, tuple[str, ...]] = {
    "log_level": ("debug", "info", "warning", "error"),
    "database_path": (),
    "listen": ("auto", "unix", "tcp"),
    "max_scans": (),
    "engine_threads": (),
    "cache_mb": (),
    "watch": ("auto", "events", "poll", "off"),
    "settle_ms": (),
    "reconcile_minutes": (),
    "changes_keep_days": (),
    "reflection": _BOOL,
    "max_mb_per_s": (),
    "pause_on_battery": _BOOL,
    "metrics.listen": (),
    "report_rows": (),
    "schedule_runs": (),
    "report_folders": (),
    "report_hook": (),
    "log_file_mb": (),
    "log_files": (),
    "notices.off": ("copies", "damage", "roots", "reports", "disk", "cleanups", "jobs"),
    "notices.quiet_from": (),
    "notices.quiet_until": (),
    "window.language": (),
}
