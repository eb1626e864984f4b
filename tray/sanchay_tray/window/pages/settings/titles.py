"""What each setting is called and means, for people who never saw the file.

A key that is not here shows what the daemon says of it.
"""

from __future__ import annotations

from typing import NamedTuple

from sanchay_tray.words import mark


class Title(NamedTuple):
    """A setting's name and what it does, both marked for translation."""

    name: str
    about: str = ""


class Group(NamedTuple):
    """Settings that belong together, under one heading."""

    title: str
    keys: tuple[str, ...]


GROUPS = (
    Group(mark("General"), ("window.language", "pause_on_battery", "max_mb_per_s")),
    Group(mark("Notices"), ("notices.off", "notices.quiet_from", "notices.quiet_until")),
    Group(mark("Watching"), ("watch", "settle_ms", "reconcile_minutes", "changes_keep_days")),
    Group(mark("Scanning"), ("max_scans", "engine_threads", "cache_mb")),
    Group(mark("Reports"), ("report_rows", "schedule_runs", "report_folders", "report_hook")),
    Group(
        mark("For experts"),
        ("log_level", "log_file_mb", "log_files", "database_path", "listen", "reflection", "metrics.listen"),
    ),
)

TITLES = {
    "window.language": Title(mark("Language"), mark("Counts when the window is opened again.")),
    "pause_on_battery": Title(
        mark("Pause background work on battery"), mark("Scans that you start yourself are not paused.")
    ),
    "max_mb_per_s": Title(
        mark("Limit of background reading"), mark("For all of it together, each second. 0 is no limit.")
    ),
    "notices.off": Title(mark("Tell me of"), mark("What is not ticked is still kept under “What happened”.")),
    "notices.quiet_from": Title(mark("Quiet hours begin"), mark("Such as 22:30. Without both times there are none.")),
    "notices.quiet_until": Title(mark("Quiet hours end"), mark("Such as 07:00.")),
    "watch": Title(mark("How changes are noticed"), mark("In folders that have no choice of their making.")),
    "settle_ms": Title(mark("Read a file once it has rested"), mark("So long must a file be unchanged first.")),
    "reconcile_minutes": Title(
        mark("Compare watched folders with the disk"), mark("So that nothing stays missed for long.")
    ),
    "changes_keep_days": Title(mark("Keep changes"), mark("For “what is new since …”; at most 512 MB of them.")),
    "max_scans": Title(mark("Scans at once"), mark("Others wait for their turn.")),
    "engine_threads": Title(mark("Threads of a scan"), mark("0 is as many as the machine has cores.")),
    "cache_mb": Title(mark("Memory while a large scan is written")),
    "report_rows": Title(mark("Rows of a report"), mark("The largest files come first.")),
    "schedule_runs": Title(mark("Runs that are kept of each schedule"), mark("With their reports.")),
    "report_folders": Title(
        mark("Folders for reports"), mark("Reports may be written below these and nowhere else. One a line.")
    ),
    "report_hook": Title(mark("Program after a report"), mark("Its whole path first, then each argument. One a line.")),
    "log_level": Title(mark("How much is logged")),
    "log_file_mb": Title(mark("Size of a log file")),
    "log_files": Title(mark("Log files that are kept")),
    "database_path": Title(mark("Where the catalog is")),
    "listen": Title(mark("How programs reach the service")),
    "reflection": Title(mark("Tell programs which calls there are"), mark("For developers.")),
    "metrics.listen": Title(mark("Figures for Prometheus"), mark("An address such as 127.0.0.1:9100. Empty is none.")),
}

CHOICES = {
    ("watch", "auto"): mark("As events tell, else by looking again"),
    ("watch", "events"): mark("As events tell"),
    ("watch", "poll"): mark("By looking again"),
    ("watch", "off"): mark("Not at all"),
    ("log_level", "debug"): mark("Everything"),
    ("log_level", "info"): mark("What happens"),
    ("log_level", "warning"): mark("What may be wrong"),
    ("log_level", "error"): mark("What failed"),
    ("listen", "auto"): mark("As fits the system"),
    ("listen", "unix"): mark("A private socket"),
    ("listen", "tcp"): mark("A port of this machine"),
    ("notices.off", "copies"): mark("Copies that arrived"),
    ("notices.off", "damage"): mark("Files that rotted"),
    ("notices.off", "roots"): mark("Folders that are gone or back"),
    ("notices.off", "reports"): mark("Reports of schedules"),
    ("notices.off", "disk"): mark("A disk that fills up"),
    ("notices.off", "cleanups"): mark("Clean-ups that ended"),
    ("notices.off", "jobs"): mark("Jobs that failed"),
}

UNITS = {
    "MiB": mark(" MB"),
    "MiB/s": mark(" MB a second"),
    "ms": mark(" milliseconds"),
    "minutes": mark(" minutes"),
    "days": mark(" days"),
}

LANGUAGES = {"en": "English", "hi": "हिन्दी"}
