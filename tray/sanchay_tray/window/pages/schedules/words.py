"""What is said of a schedule and its runs."""

from __future__ import annotations

from typing import NamedTuple

from sanchay import paths
from sanchay.v1 import schedule_pb2
from sanchay_tray.window import shown
from sanchay_tray.window.pages.jobs import words as job_words
from sanchay_tray.window.pages.schedules import timing
from sanchay_tray.words import count, mark, say

ACTIONS = {
    "scan": mark("Scan folders"),
    "verify": mark("Check files for rot"),
    "report": mark("Report files"),
    "check": mark("Check the catalog itself"),
}


class Start(NamedTuple):
    """A schedule to start from: its name, what it is for, and what the client's `add_schedule` takes."""

    name: str
    text: str
    action: str
    cron: str
    expression: str = ""


STARTS = (
    Start("nightly-scan", mark("Scan every folder each night"), "scan", "30 2 * * *"),
    Start("weekly-check", mark("Check files for rot each week, for two hours"), "verify", "0 3 * * 0", "2h"),
    Start("large-files", mark("Report files over 1 GB each morning"), "report", "0 8 * * *", "size:>1G"),
)


def when(schedule: schedule_pb2.Schedule) -> str:
    """When it runs."""
    return timing.words(timing.of(schedule.cron, schedule.every_s))


def what(schedule: schedule_pb2.Schedule) -> str:
    """What it does."""
    names = paths.safe_text(", ".join(schedule.root_names))
    expression = paths.safe_text(schedule.expression)
    if schedule.action == "scan":
        return say("Scan {folders}", folders=names) if names else say("Scan every folder")
    if schedule.action == "verify":
        text = say("Check {folders} for rot", folders=names) if names else say("Check every folder for rot")
        return say("{what}, at most {budget} each time", what=text, budget=expression) if expression else text
    if schedule.action == "report":
        return say("Report files: {expression}", expression=expression)
    return say(ACTIONS.get(schedule.action, mark("unknown")))


def following(schedule: schedule_pb2.Schedule) -> str:
    """When it runs next."""
    if not schedule.enabled:
        return say("turned off")
    return shown.moment(schedule.next_ns) or say("never")


def run_state(run: schedule_pb2.Run) -> tuple[str, str]:
    """How a run stands, and how that is meant: good | warn | bad."""
    text, tone = job_words.STATES.get(run.state, ("", ""))
    return (say(text) if text else say("never run")), tone


def run_result(run: schedule_pb2.Run) -> str:
    """What a run came to: what is another since the one before, and how much there is."""
    parts = []
    if run.HasField("counts"):
        found = run.counts
        parts.append(
            say("{files}, {size}", files=count("{n} file", "{n} files", found.rows), size=shown.size(found.bytes))
        )
        if found.previous_run:
            parts += [
                count(one, many, n)
                for n, one, many in (
                    (found.new, mark("{n} new"), mark("{n} new")),
                    (found.grown, mark("{n} grown"), mark("{n} grown")),
                    (found.gone, mark("{n} gone"), mark("{n} gone")),
                )
                if n
            ] or [say("as the time before")]
    if run.message:
        parts.append(job_words.message(run))
    return "; ".join(parts)
