"""What a cause for attention is called, and the page that mends it: the same words in icon, notices and window."""

from __future__ import annotations

from typing import NamedTuple

from sanchay import paths
from sanchay_tray.model import Cause, Kind, Link
from sanchay_tray.words import count, mark, say, sentence


class Told(NamedTuple):
    """A cause in words: a line, what is known beside it, and where it is mended by which button."""

    text: str
    more: str
    page: str
    select: str
    action: str


def told(cause: Cause) -> Told:
    """The words of a cause."""
    why = cause.why if cause.words is None else sentence(cause.why, cause.words)
    subject, why = paths.safe_text(cause.subject), paths.safe_text(why)
    if cause.kind is Kind.DAMAGE:
        text = count("{n} file has rotted", "{n} files have rotted", cause.count)
        return Told(text, "", "health", "damage", say("Look"))
    if cause.kind is Kind.ROOT_OFFLINE:
        return Told(say("{root} is not there", root=subject), why, "folders", cause.subject, say("Look"))
    if cause.kind is Kind.ROOT_SETTINGS:
        text = say("Settings of {root} cannot be read", root=subject)
        return Told(text, why, "folders", cause.subject, say("Set them"))
    if cause.kind is Kind.CONFIG:
        return Told(say("The configuration file has a mistake"), why, "settings", "", say("Look"))
    if cause.kind is Kind.JOB_FAILED:
        return Told(say("A job failed"), why, "jobs", cause.subject, say("Look"))
    if cause.kind is Kind.SCHEDULE_FAILED:
        return Told(say("The schedule {name} failed", name=subject), why, "schedules", cause.subject, say("Look"))
    return Told(say(CATALOG.get(cause.subject, mark("The catalog needs attention"))), why, "health", "", say("Look"))


CATALOG = {
    "disk_full": mark("The disk that holds the catalog is full"),
    "damaged": mark("The catalog is damaged"),
    "rebuilt": mark("The catalog was damaged and is being built again"),
}

LINKS = {
    Link.CONNECTING: mark("Looking for Sanchay's service …"),
    Link.UP: mark("All is well"),
    Link.ABSENT: mark("Sanchay's service is not running"),
    Link.STARTING: mark("Sanchay's service is starting …"),
    Link.ENDING: mark("Sanchay's service is ending …"),
    Link.SILENT: mark("Sanchay's service does not answer"),
    Link.HELD: mark("Sanchay's service is held still"),
    Link.REFUSED: mark("Sanchay's service cannot be reached"),
}


def link_text(link: Link) -> str:
    """How the service is reached, in a line."""
    return say(LINKS[link])
