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
    "was-replaced": "{path} was replaced",
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

_SAID: Mapping[str, str | Template] = {**_FRESHNESS, **_ENGINE, **_ROOTS}

TEMPLATES: Mapping[str, Template] = {
    code: said if isinstance(said, Template) else Template(said) for code, said in _SAID.items()
}
ENGINE = tuple(_ENGINE)
