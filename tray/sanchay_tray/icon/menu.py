"""The icon's menu and its line, as a pure function of what the model knows: values, and no toolkit."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from sanchay import names, units
from sanchay_tray import cause_words
from sanchay_tray.model import Cause, Kind, Link, Look, State, causes, look
from sanchay_tray.words import count, mark, say

if TYPE_CHECKING:
    from sanchay.v1 import event_pb2, job_pb2

#: How many events are in "What happened", and how many causes for attention are in the menu itself.
HAPPENED_SHOWN = 10
CAUSES_SHOWN = 4
#: Longer lines make a menu as wide as a screen.
LINE_MOST = 70
HOUR_S = 3600.0
DAY_NS = 86_400_000_000_000

#: Kinds of jobs that change files.
ACTING = ("dedupe", "undo", "repair")


@dataclass(frozen=True)
class Act:
    """What a click does: a verb, and what it is done to.

    The verbs: open, open_without_tray, pause, resume, cancel, scan, hold (about: hour or tomorrow), release, start,
    autostart, quit.
    """

    verb: str
    about: str = ""
    select: str = ""  # open: what to show on the page


@dataclass(frozen=True)
class Item:
    """A line of the menu: it acts, or opens a menu of its items, or only says something. Without a text: a rule."""

    text: str = ""
    act: Act | None = None
    items: tuple[Item, ...] = ()
    is_checked: bool | None = None  # None: it cannot be checked
    is_default: bool = False

    @property
    def is_enabled(self) -> bool:
        """Whether a click does anything."""
        return self.act is not None or bool(self.items)


RULE = Item()


class Opens(Protocol):
    """Gives the act that opens a page, or None where there is no window."""

    def __call__(self, page: str, select: str = "") -> Act | None:
        """The act, or None."""


#: The page that has more of an event.
_EVENT_PAGES = {
    "duplicate": "copies",
    "damage": "health",
    "root_offline": "folders",
    "root_online": "folders",
    "degraded": "folders",
    "recovered": "folders",
    "schedule": "schedules",
    "forecast": "overview",
    "job": "jobs",
}
_JOB_NAMES = {
    "scan": mark("Scan of {roots}"),
    "dedupe": mark("Clean-up of {roots}"),
    "undo": mark("Taking back a clean-up of {roots}"),
    "verify": mark("Check of {roots}"),
    "have": mark("Comparison with {roots}"),
    "repair": mark("Repair in {roots}"),
}
_JOB_ENDS = {
    "done": mark("{job}: done"),
    "partial": mark("{job}: done in part"),
    "failed": mark("{job}: failed"),
    "cancelled": mark("{job}: cancelled"),
    "interrupted": mark("{job}: interrupted"),
}


def menu(
    state: State, now: datetime, *, starts_at_login: bool | None, is_window_there: bool = True
) -> tuple[Item, ...]:
    """The whole menu. `starts_at_login` None: that cannot be set here. `now` is local time, with its zone."""

    def opens(page: str, select: str = "") -> Act | None:
        return Act("open", page, select) if is_window_there else None

    parts = [
        _about_now(state, now, opens),
        _work(state) if state.link is Link.UP else (),
        _known(state, now, opens),
        (Item(say("Open Sanchay"), opens(""), is_default=True),),
        (
            *(
                ()
                if starts_at_login is None
                else (Item(say("Start at login"), Act("autostart"), is_checked=starts_at_login),)
            ),
            Item(say("Quit"), Act("quit")),
        ),
    ]
    return tuple(item for part in parts if part for item in (RULE, *part))[1:]


def line(state: State, now: datetime) -> str:
    """How things stand, in a line."""
    if state.link is not Link.UP:
        return _away(state)
    found = causes(state)
    if found:
        return cause_line(found[0]) if len(found) == 1 else _many(found)
    shown = look(state)
    if shown is Look.WORKING and state.running is not None:
        return job_line(state.running)
    if shown is Look.PAUSED and state.status is not None:
        return _held(state.status.background.state, state.status.background.until_ns, now)
    if not state.roots:
        return say("No folder is in the catalog yet")
    files = sum(root.files for root in state.roots)
    return count("All is well: {n} file", "All is well: {n} files", files)


def cause_line(cause: Cause) -> str:
    """What needs attention, in a line, with its reason where that is not a matter of course."""
    told = cause_words.told(cause)
    if cause.kind in (Kind.CATALOG, Kind.JOB_FAILED, Kind.SCHEDULE_FAILED) and told.more:
        return say("{what}: {why}", what=told.text, why=told.more)
    return told.text


def job_name(job: job_pb2.Job) -> str:
    """What a job is, such as "Scan of Pictures"."""
    roots = names.safe_text(", ".join(job.root_names)) or say("everything")
    return say(_JOB_NAMES.get(job.kind, mark("Work in {roots}")), roots=roots)


def job_line(job: job_pb2.Job) -> str:
    """A job with how far it is, where that is known."""
    name = job_name(job)
    if job.state == "paused":
        return say("{job}: paused", job=name)
    if job.state == "queued":
        return say("{job}: waiting", job=name)
    if job.progress.HasField("percent"):
        return say("{job}: {percent} %", job=name, percent=int(job.progress.percent))
    return count("{job}: {n} file", "{job}: {n} files", job.progress.files, job=name)


def event_page(event: event_pb2.Event) -> str:
    """The page of the window that has more of an event."""
    return "health" if event.kind == "job" and event.job.kind in ACTING else _EVENT_PAGES.get(event.kind, "overview")


def event_line(event: event_pb2.Event) -> str:
    """What happened, in a line, without its time."""
    name = names.safe_text(event.root)
    file = _name(event) if event.HasField("path") else ""
    if event.kind == "job":
        return say(_JOB_ENDS.get(event.job.state, mark("{job}: ended")), job=job_name(event.job))
    if event.kind == "schedule":
        run = event.schedule_run
        known = {
            "running": mark("{name}: began"),
            "done": mark("{name}: done"),
            "partial": mark("{name}: done in part"),
            "failed": mark("{name}: failed"),
        }
        return say(known.get(run.state, mark("{name}: ended early")), name=names.safe_text(run.schedule))
    texts = {
        "duplicate": say("A copy arrived: {name}", name=file),
        "damage": say("A file is damaged: {name}", name=file),
        "root_offline": say("{name} is gone", name=name),
        "root_online": say("{name} is back", name=name),
        "degraded": say("{name} can no longer be watched", name=name),
        "recovered": say("{name} is watched again", name=name),
    }
    if event.kind == "forecast" and event.full_on_ns:
        return say("The disk of {name} fills up on {day}", name=file or name, day=units.day(event.full_on_ns // DAY_NS))
    return texts.get(event.kind, names.safe_text(event.message))


# ---- The parts of the menu, from the top ----


def _about_now(state: State, now: datetime, opens: Opens) -> tuple[Item, ...]:
    found = causes(state)
    if look(state) is Look.WORKING and state.link is Link.UP:
        return ()  # its job stands at the top
    first = Item(_fitted(line(state, now)), opens("overview"))
    if len(found) == 1:
        first = Item(first.text, _opening(found[0], opens))
    items = [first]
    if len(found) > 1:
        items += [Item(_fitted(cause_line(each)), _opening(each, opens)) for each in found[:CAUSES_SHOWN]]
        if len(found) > CAUSES_SHOWN:
            more = len(found) - CAUSES_SHOWN
            items.append(Item(count("{n} more", "{n} more", more), opens("overview")))
    if state.link in (Link.ABSENT, Link.REFUSED):
        items.append(Item(say("Start Sanchay's service"), Act("start")))
    return tuple(items)


def _opening(cause: Cause, opens: Opens) -> Act | None:
    told = cause_words.told(cause)
    return opens(told.page, told.select)


def _work(state: State) -> tuple[Item, ...]:
    items: list[Item] = []
    job = state.running
    if job is not None:
        go_on = Item(say("Go on"), Act("resume", str(job.id)))
        pause = Item(say("Pause"), Act("pause", str(job.id)))
        choices = (go_on if job.state == "paused" else pause, Item(say("Cancel"), Act("cancel", str(job.id))))
        items.append(Item(_fitted(job_line(job)), items=choices))
    there = [root for root in state.roots if root.state != "offline"]
    if there:
        roots = tuple(Item(_fitted(names.safe_text(root.name)), Act("scan", str(root.id))) for root in there)
        every = (Item(say("All folders"), Act("scan")), RULE) if len(roots) > 1 else ()
        items.append(Item(say("Scan now"), items=(*every, *roots)))
    if state.status is not None and state.status.background.state == "paused":
        items.append(Item(say("Go on with background work"), Act("release")))
    else:
        choices = (Item(say("For 1 hour"), Act("hold", "hour")), Item(say("Until tomorrow"), Act("hold", "tomorrow")))
        items.append(Item(say("Pause background work"), items=choices))
    return tuple(items)


def _known(state: State, now: datetime, opens: Opens) -> tuple[Item, ...]:
    items = []
    if state.copies is not None and state.copies.redundant_files:
        size = units.size(state.copies.freed_bytes)
        text = count(
            "{n} copy, {size} could be free",
            "{n} copies, {size} could be free",
            state.copies.redundant_files,
            size=size,
        )
        items.append(Item(text, opens("copies")))
    elif state.copies is not None:
        items.append(Item(say("No copies"), opens("copies")))
    if state.happened:
        events = tuple(
            Item(
                _fitted(say("{time}  {what}", time=when(event.at_ns, now), what=event_line(event))),
                opens(event_page(event)),
            )
            for event in state.happened[:HAPPENED_SHOWN]
        )
        items.append(Item(say("What happened"), items=events))
    return tuple(items)


def when(time_ns: int, now: datetime) -> str:
    """A moment: its time, where it was today; else its day, too."""
    then = datetime.fromtimestamp(time_ns / 1e9, now.tzinfo)
    return f"{then:%H:%M}" if then.date() == now.date() else units.moment(time_ns)


def seconds_of_hold(about: str, now: datetime) -> float:
    """How long a pause of the menu's lasts."""
    if about != "tomorrow":
        return HOUR_S
    midnight = (now + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return (midnight - now).total_seconds()


def _away(state: State) -> str:
    if state.link is Link.REFUSED and state.why:
        return names.safe_text(state.why)
    return cause_words.link_text(state.link)


def _many(found: tuple[Cause, ...]) -> str:
    return count("{n} thing needs attention", "{n} things need attention", len(found))


def _held(kind: str, until_ns: int, now: datetime) -> str:
    if kind == "on_battery":
        return say("Background work waits: the machine runs on battery")
    if not until_ns:
        return say("Background work is paused")
    return say("Background work is paused until {moment}", moment=when(until_ns, now))


def _name(event: event_pb2.Event) -> str:
    """The file of an event without its folders; of a folder that ends with none, the whole."""
    raw: bytes = event.path.raw
    return names.shown(raw.replace(b"\\", b"/").rstrip(b"/").rpartition(b"/")[2] or raw)


def _fitted(text: str) -> str:
    return text if len(text) <= LINE_MOST else text[: LINE_MOST - 1] + "…"
