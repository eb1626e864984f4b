"""Folders that may be chosen: as the daemon looked at them, and what is said of each."""

from __future__ import annotations

import os

from sanchay import paths
from sanchay.client import Client
from sanchay.v1 import root_pb2
from sanchay_tray.window import shown
from sanchay_tray.words import count, mark, say, sentence

#: So long a folder's files are counted; what is not counted by then is said to be more.
PATIENCE_MS = 300
#: Folders of the desktop, by the daemon's word: name and icon.
OWN = {
    "pictures": (mark("Pictures"), "picture"),
    "documents": (mark("Documents"), "document"),
    "downloads": (mark("Downloads"), "download"),
    "music": (mark("Music"), "music"),
    "videos": (mark("Videos"), "film"),
}
#: Ticked before anyone chose: the folder in which most people have copies.
TICKED = "pictures"
DRIVES = {"network": mark("on the network"), "removable": mark("removable"), "optical": mark("disc")}


def suggested(client: Client) -> tuple[root_pb2.RootCheck, ...]:
    """The person's own folders, and drives that are mounted."""
    return tuple(client.suggest_roots(patience_ms=PATIENCE_MS).checks)


def looked_at(client: Client, chosen: list[str]) -> tuple[root_pb2.RootCheck, ...]:
    """Folders that were dropped, or chosen by the dialog."""
    return tuple(client.check_root(path, patience_ms=PATIENCE_MS).check for path in chosen)


def name(check: root_pb2.RootCheck) -> str:
    """What the folder is called."""
    if check.what in OWN:
        return say(OWN[check.what][0])
    return paths.shown_bytes(os.path.basename(check.path.raw) or check.path.raw)


def picture(check: root_pb2.RootCheck) -> str:
    """Its icon."""
    if check.what in OWN:
        return OWN[check.what][1]
    if check.kind == "network":
        return "network"
    return "drive" if check.what == "drive" else "folders"


def can_be_chosen(check: root_pb2.RootCheck) -> bool:
    """Whether it may become a folder of the catalog."""
    return check.state == "ok" and not check.root


def more(check: root_pb2.RootCheck) -> str:
    """What is known of it: what it holds, on what, how it would be kept up; why it cannot be chosen."""
    if check.state != "ok":
        return paths.safe_text(sentence(check.message, check.message_words))
    if check.root:
        return say("in the catalog already, as {name}", name=paths.safe_text(check.root))
    parts = []
    if check.HasField("count"):
        parts.append(_held(check.count))
    elif check.what == "drive" and check.total_bytes:
        parts.append(shown.size(check.total_bytes))
    if check.kind in DRIVES:
        parts.append(say(DRIVES[check.kind]))
    if check.mode == "poll" and check.poll_s:
        parts.append(say("looked at every {time}", time=shown.duration(check.poll_s)))
    if check.inside:
        parts.append(say("lies in {name}", name=paths.safe_text(", ".join(check.inside))))
    return " · ".join(parts)


def _held(found: root_pb2.FolderCount) -> str:
    files = count("{n} file", "{n} files", found.files)
    if found.complete:
        return say("{files}, {size}", files=files, size=shown.size(found.bytes))
    return say("more than {files}", files=files)
