"""The English of every sentence that has a code: see `sanchay.sentences`. A translation has the same named values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Template:
    """English with named values. Where `counted` names one of them, `many` is said for every number but 1."""

    one: str
    many: str = ""
    counted: str = ""


#: Codes of several sentences in a row, whose values are numbered from 1, and what stands between them.
LISTS: Mapping[str, str] = {"in-a-row": " ", "and-also": "; ", "each-of": ", "}

# How far an answer can be trusted, and how a root is kept up to date.
_FRESHNESS = {
    "first-scan": "its first scan is under way",
    "scan-under-way": "a scan is under way",
    "changes-wait-for-room": "the disk of the catalog is full; changes wait for room",
    "no-root-yet": "there is no root yet",
    "root": "{root}",
    "of-root": "{root}: {reason}",
    "root-not-claimed": (
        "the catalog has rows of it, but it is not among the roots of state.db, which was lost or replaced; nothing "
        "keeps it up to date. Add its folder again, or remove it"
    ),
    "root-settings-unreadable": (
        "its stored settings cannot be read ({why}): the root itself is neither scanned nor watched, and what was "
        "known of it is kept. Set {settings} again, or remove the root and add it again"
    ),
    "setting-missing": "{setting} is missing",
    "setting-not-known": "{setting} is not known",
    "setting-is": "{setting} is {value}",
    "settings-not-json": "they are not JSON",
}

# What the engine says in English only: its codes are found again by these texts.
_ENGINE: Mapping[str, str | Template] = {
    "paused": "paused",
    "asked-for": "asked for",
    "switched-off": "switched off",
    "broken-off": "it was broken off",
    "watched-with": "watched with {path}",
    "tells-of-changes": "{file_system} tells of its changes",
    "changes-unnoticed": "{file_system} can be changed without this system noticing",
    "compared-instead": "{reason}; it is compared every {every_s} s instead",
    "no-watcher-left": "the system's limit of watchers is reached (on Linux: fs.inotify.max_user_instances)",
    "no-watch-left": "the system's limit of watched folders is reached (on Linux: fs.inotify.max_user_watches)",
    "cannot-watch-here": "it cannot be watched here: {why}",
    "cannot-watch": "it cannot be watched: {why}",
    "comparison-failed": "the last comparison failed, the next one follows: {reason}",
    "catalog-damaged-rebuilt-later": "the catalog is damaged: it is rebuilt at the next start",
    "catalog-disk-full": "the disk of the catalog is full: changes wait for room",
    "stored-settings-unreadable": (
        "the stored settings of {root} cannot be read ({why}): it is neither scanned nor watched, and what was known "
        "of it is kept. Change one of its settings to store all of them again"
    ),
    "pseudo-file-system": "{path} is on a pseudo file system now",
    "other-file-system": (
        "{path}: another file system is there than at the last scan, or the one that was there is not mounted; accept "
        "it if it is the right one"
    ),
    "other-folder": (
        "{path} is another folder than at the last scan, with {found_count} of the {known_count} "
        "names that were in it; accept it if it is the right one"
    ),
    "was-removed-replaced-unmounted": "{path} was removed, replaced or unmounted",
    "was-replaced": "{path} was replaced",
    "does-not-exist": "{path} does not exist ({why})",
    "not-a-folder": "{path} is not a folder ({why})",
    "permission-denied": "{path} cannot be read: permission denied ({why})",
    "could-not-be-read": "{path} could not be read ({why})",
    "gone-or-replaced": "{path} is gone or was replaced ({why})",
    "through-a-link": "{path} is reached through a symbolic link, which is never followed ({why})",
    "does-not-answer": "{path} does not answer",
    "path-unreadable": "{path} could not be read; what was known of it is kept",
    "paths-unreadable": Template(
        "{path} and {more_count} more could not be read; what was known of them is kept",
        "{path} and {more_count} more could not be read; what was known of them is kept",
        "more_count",
    ),
    "items-unreadable": Template(
        "{items_count} item could not be read; what was known of it is kept",
        "{items_count} items could not be read; what was known of them is kept",
        "items_count",
    ),
    "scan-cancelled": "cancelled; what was read so far is kept",
    "open-for-writing": "{path} is open for writing: its content is read when it is closed",
    "more-open-for-writing": Template(
        "{path} and {more_count} more are open for writing: their content is read when they are closed",
        "{path} and {more_count} more are open for writing: their content is read when they are closed",
        "more_count",
    ),
    "part-is-polled": "{parts} is compared every {every_s} s; the rest is watched",
    "parts-are-polled": "{parts} are compared every {every_s} s; the rest is watched",
    "many-changed-at-once": Template(
        "more than {files_count} file changed at once", "more than {files_count} files changed at once", "files_count"
    ),
    "run-cancelled": "cancelled; what was done stays",
    "files-left": Template(
        "{files_count} file was left as it is", "{files_count} files were left as they are", "files_count"
    ),
    "catalog-being-rebuilt": "the catalog was damaged and is being rebuilt; the damaged file was kept as {path}",
    "journal-begun-again": (
        "the journal of what was done to files was damaged and begun again; plans and runs before that cannot be "
        "undone from here. The damaged file was kept as {path}"
    ),
}

# Of calls on roots and scans.
_ROOTS = {
    "root-inside": "{root} lies inside the root {other}; each file is cataloged once.",
    "root-contains": "{root} contains the root {other}; each file is cataloged once.",
    "root-added": "Added {path} as the root {root}.",
    "paused-scan-goes-on": "The scan of {root} was paused; it goes on.",
}

# Why jobs stand still, ended or do not go on.
_JOBS: Mapping[str, str | Template] = {
    "background-paused": "work in the background is paused",
    "background-paused-on-battery": "work in the background is paused on battery",
    "waits-for-room": "the disk of the catalog is full; it goes on by itself when there is room",
    "read-left-behind": "cancelled; a read at {path} does not come back and is left behind",
    "run-broken-off": (
        "The daemon ended before it did. What was done is in the journal; it goes on when plan {plan} is run again."
    ),
    "undo-broken-off": (
        "The daemon ended before it did. What was taken back is in the journal; it goes on when run {run} is taken "
        "back again."
    ),
    "repair-broken-off": (
        "The daemon ended before it did. The file is either repaired or as it was; it goes on when finding {finding} "
        "is repaired again."
    ),
    "ask-again": "The daemon that was asked has ended; ask again.",
}

# What runs of schedules do, and how they ended.
_RUNS: Mapping[str, str | Template] = {
    "checks-catalog": "checks the catalog",
    "asks-catalog": "asks the catalog",
    "scans-roots": Template("scans {roots}: {files_count} file", "scans {roots}: {files_count} files", "files_count"),
    "scans-roots-percent": Template(
        "scans {roots}: {percent}% {files_count} file", "scans {roots}: {percent}% {files_count} files", "files_count"
    ),
    "verifies-roots": Template(
        "verifies {roots}: {files_count} file", "verifies {roots}: {files_count} files", "files_count"
    ),
    "check-broken-off": "The check was broken off.",
    "mended": "Mended: {what}.",
    "no-root-to-scan": "There is no root to scan.",
    "no-root-to-verify": "There is no root to verify.",
    "named-root-removed": "A root that it names was removed.",
    "files-damaged": Template("{files_count} file damaged.", "{files_count} files damaged.", "files_count"),
    "not-readable": Template("{items_count} could not be read", "{items_count} could not be read", "items_count"),
    "ended-as": "{state}",
    "roots-ended": "{roots}: {reason}.",
    "only-largest-kept": Template(
        "Only the largest row is kept.", "Only the largest {rows_count} rows are kept.", "rows_count"
    ),
    "daemon-ended-in-run": "sanchayd ended in the middle of this run.",
    "schedule-removed": "The schedule was removed.",
    "failed-inside": "It failed inside sanchayd: {why}",
    "hook-not-found": ("The report_hook could not be started: {program} was not found on PATH; write its whole path."),
    "hook-not-started": "The report_hook could not be started: {why}.",
    "hook-ended-late": "The report_hook was ended after {after_s}.",
    "hook-failed": "The report_hook ended with exit code {code}.",
}

# Of events.
_EVENTS: Mapping[str, str | Template] = {
    "read-too-slowly": Template(
        "{events_count} event was lost here: this subscriber read too slowly.",
        "{events_count} events were lost here: this subscriber read too slowly.",
        "events_count",
    ),
    "more-than-is-kept": Template(
        "{events_count} event was lost here: more happened at once than the daemon keeps.",
        "{events_count} events were lost here: more happened at once than the daemon keeps.",
        "events_count",
    ),
    "full-today": "At the pace of the last {pace_days_count} days this file system is full today.",
    "full-in-days": Template(
        "At the pace of the last {pace_days_count} days this file system is full in {days_count} day.",
        "At the pace of the last {pace_days_count} days this file system is full in {days_count} days.",
        "days_count",
    ),
}

# What everyone who asks for the status is told.
_STATUS: Mapping[str, str | Template] = {
    "other-catalog": (
        "{path} is not the catalog of the last run, which was moved or deleted: it is filled again from your folders."
    ),
    "metrics-not-served": "Metrics are not served: {address} cannot be listened on: {why}.",
    "nothing-is-watched": "Changes are seen at the next scan only: {why}",
    "edits-count-later": "Edits of {file} count from the next start: {why}.",
    "edits-are-polled": "Edits of {file} are looked for every {every_s}: {reason}.",
    "state-disk-full": (
        "The disk of {file} is full: roots, schedules and pauses cannot be changed, and what becomes of jobs waits in "
        "memory. It goes on by itself when there is room."
    ),
    "counts-from-next-start": "Changed in config.toml, counts from the next start: {settings}.",
    "settings-not-taken-over": "The new settings could not be taken over: {why}",
    "catalog-damaged": (
        "The catalog {path} is damaged: {why}. Answers may fail, and changes may not be seen. The next start of the "
        "daemon moves the file aside and rebuilds the catalog from your folders."
    ),
    "catalog-waits-for-room": ("The disk of {path} is full: scans and changes wait, and go on by themselves."),
    "catalog-was-damaged": "The catalog was damaged. It was moved to {path}, and is rebuilt.",
    "file-gone": (
        "{path} was deleted or moved away while sanchayd uses it: what changes from here on is lost when it ends. Put "
        "it back, or restart the daemon, which begins a new one."
    ),
    "in-the-environment": "{name} in the environment",
    "in-dotenv": "{file}, line {line}: {name}",
    "variable-without-value": "{variable} has no value and does not count: write {name}=VALUE.",
    "variable-of-environment": "{variable} counts in the environment only.",
    "variable-of-config": "{variable} does not count: {key} can be set in config.toml only.",
    "no-such-variable": "{variable} is not a setting and does not count.",
    "no-such-variable-but": "{variable} is not a setting and does not count; did you mean {meant}?",
}

_SAID: Mapping[str, str | Template] = {**_FRESHNESS, **_ENGINE, **_ROOTS, **_JOBS, **_RUNS, **_EVENTS, **_STATUS}

TEMPLATES: Mapping[str, Template] = {
    code: said if isinstance(said, Template) else Template(said) for code, said in _SAID.items()
}
ENGINE = tuple(_ENGINE)
