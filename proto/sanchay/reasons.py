"""Why a file stays, was left out of a plan, or was left as it is by a run: a word on the wire, and what it says to
people. Each phrase stands behind a file's path, or behind a number of files."""

from __future__ import annotations

PHRASES = {
    # Which copy of a group stays or goes.
    "only-copy": "the only copy that takes part",
    "first-in-order": "first by order of roots, hard links, age and path",
    "preferred-folder": "in a preferred folder",
    "oldest": "the oldest",
    "newest": "the newest",
    "shortest-path": "the shortest path",
    "most-links": "the most hard links",
    "by-hand": "decided by hand",
    "copy-of-kept": "a copy of the one that stays",
    "fits-keep": "never to go",
    "not-to-drop": "not among those that may go",
    "names-elsewhere": "has other names that take no part",
    "same-replica": "every other copy is in the same replica",
    "too-few-devices": "the copies are on too few devices",
    "companions-differ": "what belongs to it has no equal beside the copy that stays",
    "with-picture": "belongs to a picture that stays",
    # Why nothing was decided.
    "no-rule-decides": "no rule tells the copies apart",
    "all-to-drop": "every copy may go, and no rule says which stays",
    # Why what was asked for cannot be done where it is.
    "no-links": "its file system has no links",
    "no-shared-blocks": "its file system shares no blocks",
    "no-trash": "its file system has no trash",
    "other-volume": "on another file system than the copy that stays",
    "read-only": "its file system is read-only",
    # What takes no part.
    "hidden-folder": "in a hidden folder",
    "version-control": "in a folder of version control",
    "package": "in a folder that a package manager fills",
    "application": "in an application",
    "trash": "in a trash",
    "offline": "in a root that is offline",
    "no-root": "in a root that was removed",
    "perhaps-one-file": "perhaps one file with another copy",
    "too-many-names": "in a group of too many names",
    "wanted": "ignored, as was asked",
    # Why a run left a file.
    "gone": "not there any more",
    "changed": "changed since it was planned",
    "link": "a symbolic link stands in its path",
    "busy": "open for writing in another program",
    "other-bytes": "the same hash, but other bytes",
    "same-file": "the same file as the copy that stays",
    "kept-gone": "the copy that stays is not there any more",
    "other-metadata": "another owner, mode or attributes than the copy that stays",
    "setuid": "runs with its owner's rights",
    "link-limit": "the copy that stays can take no more hard links",
    "unsupported": "its file system, or its owner, cannot do this",
    "denied": "permission denied",
    "disk-full": "no space is left",
    "name-taken": "a name that is needed is taken",
    "too-few-copies": "too few copies would stay",
    "stopped": "the run was stopped before it",
    "not-empty": "something came into the folder",
    "interrupted": "the run was broken off at it, and it is as before",
    "recovered": "the run was broken off at it, and it was put back under another name",
    "no-twin": "no copy with its content is left",
    "nothing-to-undo": "it looks the same as before",
    # Why a file was not repaired, or a repair not taken back.
    "changed-since-found": "changed since it was found",
    "sound": "it has the content again that it should have",
    "hard-linked": "other names of the same file would stay damaged",
    "no-healthy-copy": "no healthy copy was found",
    "healthy-copy-offline": "no healthy copy can be reached now",
    "not-in-trash": "what it was is not in the trash any more",
    "io": "its disk or file system failed",
}


def phrase(word: str) -> str:
    """What a reason says to people; a word of a newer daemon as it is."""
    if word not in PHRASES and word.startswith("kept-"):
        return f"of the copy that stays: {phrase(word.removeprefix('kept-'))}"
    return PHRASES.get(word, word.replace("-", " "))
