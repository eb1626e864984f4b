"""What is said of a folder in the catalog."""

from __future__ import annotations

from sanchay import documents, paths
from sanchay.v1 import root_pb2
from sanchay_tray.window import shown
from sanchay_tray.words import count, mark, say, sentence

#: How often a polled folder is looked at where its own settings do not say.
POLL_S = 300

STATES = {
    "new": (mark("not scanned yet"), "warn"),
    "scanning": (mark("being scanned"), ""),
    "ready": (mark("up to date"), "good"),
    "partial": (mark("partly read"), "warn"),
    "offline": (mark("not there"), "bad"),
}
HASHES = {
    "all": mark("every file"),
    "duplicates": mark("only files that may have a copy"),
    "none": mark("no file"),
}
WATCHES = {
    "auto": mark("as the disk allows"),
    "events": mark("as changes happen"),
    "poll": mark("by looking again from time to time"),
    "off": mark("only by a scan"),
}


def state(root: root_pb2.Root, *, is_up: bool = True) -> tuple[str, str]:
    """How the folder stands, and how that is meant: good | warn | bad. `is_up`: the daemon is there."""
    if root.unreadable_settings:
        return say("settings cannot be read"), "bad"
    if not is_up and root.state in ("scanning", "ready"):
        return say("known before"), ""
    text, tone = STATES.get(root.state, (mark("unknown"), ""))
    if root.state == "ready" and root.live.state == "degraded":
        return say("not watched as asked"), "warn"
    if root.state == "ready" and root.live.state == "reconciling":
        return say("catching up"), ""
    return say(text), tone


def often(root: root_pb2.Root) -> str:
    """How often it is looked at, where it is polled."""
    return say("looked at every {time}", time=shown.duration(root.settings.poll_s or POLL_S))


def kept_up(root: root_pb2.Root, *, is_up: bool = True) -> str:
    """How changes are noticed, in some words."""
    if not is_up:
        return say("not watched now")
    if root.live.mode == "events":
        return say("live")
    if root.live.mode == "poll":
        return often(root)
    return say("only by a scan")


def kept_up_why(root: root_pb2.Root, *, is_up: bool = True) -> str:
    """How changes are noticed and why so, in a sentence. The reason is the daemon's."""
    if not is_up:
        return say("not watched now")
    if root.live.mode == "events":
        text = say("Changes are noticed as they happen")
    elif root.live.mode == "poll":
        text = say("It is looked at every {time}", time=shown.duration(root.settings.poll_s or POLL_S))
    else:
        text = say("Changes are noticed only by a scan")
    because = paths.safe_text(sentence(root.live.because, root.live.because_words))
    parts = [f"{text}: {because}" if because else text]
    parts += [
        say("{path} ({kind}) is looked at from time to time", path=shown.path(part.path), kind=part.file_system)
        for part in root.live.polled_parts
    ]
    return "\n".join(parts)


def fresh(root: root_pb2.Root, *, is_up: bool = True) -> str:
    """How fresh it is."""
    return shown.freshness(root.freshness, is_up=is_up)


def reasons(root: root_pb2.Root) -> list[str]:
    """What the daemon says of it beside all that, each once."""
    found = []
    if root.unreadable_settings:
        names = ", ".join(root.unreadable_settings)
        found.append(say("These settings cannot be read: {names}. Set them again.", names=paths.safe_text(names)))
    for told in (root.freshness, root.live):
        text = paths.safe_text(sentence(told.reason, told.reason_words))
        if text and text not in found:
            found.append(text)
    return found


def held(root: root_pb2.Root) -> str:
    """What it holds."""
    files = count("{n} file", "{n} files", root.files)
    folders = count("{n} folder", "{n} folders", root.directories)
    return say("{files} in {folders}, {size}", files=files, folders=folders, size=shown.size(root.bytes))


def hash_words(root: root_pb2.Root) -> str:
    """Which files are hashed, as the options name it."""
    return documents.hash_scope(root.settings)
