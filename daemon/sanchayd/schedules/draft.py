"""A schedule as it is asked for, and what makes one valid."""

from __future__ import annotations

from dataclasses import dataclass

from sanchay import guess, names
from sanchay.errors import InvalidArgument
from sanchayd.schedules import cron
from sanchayd.schedules.runs import budget_of
from sanchayd.schedules.schedule import Action, Schedule

NAME_MAX_CHARACTERS = 100
EVERY_MAX_S = 10 * 366 * 86_400


@dataclass(frozen=True)
class Draft:
    """A schedule as it is asked for: `cron` or `every_s`; `roots` are words for roots."""

    name: str
    cron: str = ""
    every_s: int = 0
    action: str = ""
    roots: tuple[bytes, ...] = ()
    expression: str = ""
    to_folder: bytes = b""


@dataclass(frozen=True)
class Changes:
    """What is to change of a schedule; None: it stays. `cron` takes the place of `every_s`, and the other way round."""

    name: str | None = None
    cron: str | None = None
    every_s: int | None = None
    action: str | None = None
    roots: tuple[bytes, ...] | None = None
    expression: str | None = None
    to_folder: bytes | None = None
    enabled: bool | None = None


def check_timing(cron_text: str, every_s: int) -> None:
    """Raises invalid_argument, with the field and position of a bad cron expression."""
    if bool(cron_text) == bool(every_s):
        raise InvalidArgument("A schedule needs a cron expression or an interval.")
    if cron_text:
        cron.parse(cron_text)
    elif not 1 <= every_s <= EVERY_MAX_S:
        raise InvalidArgument("An interval is between one second and ten years.")


def check_action(schedule: Schedule) -> None:
    """Raises invalid_argument where the action takes no such roots, expression or folder. A report's are not looked at.

    What a report asks, and where to it may be written, is the catalog's and the settings' to say.
    """
    if schedule.action is Action.REPORT:
        if schedule.root_ids:
            raise InvalidArgument("A report names its roots in the expression, as root:NAME.")
        return
    if schedule.action is Action.CHECK and (schedule.root_ids or schedule.expression):
        raise InvalidArgument("A check looks at the whole catalog: name no roots for it.")
    if schedule.to_folder:
        raise InvalidArgument("Only reports are written to a folder.")
    if schedule.action is Action.VERIFY:
        budget_of(schedule.expression)


def checked_name(name: str) -> str:
    """The name as it is kept. Raises invalid_argument."""
    chosen = name.strip()
    if not chosen or len(chosen) > NAME_MAX_CHARACTERS or not chosen.isprintable():
        raise InvalidArgument(
            f"{names.quoted(name)} is not a valid name for a schedule: it needs 1 to {NAME_MAX_CHARACTERS} characters "
            "that can be shown.",
        )
    return chosen


def action_of(word: str) -> Action:
    """The action of that name. Raises invalid_argument."""
    found = next((each for each in Action if each.value == word), None)
    if found is None:
        raise InvalidArgument(
            f"{names.quoted(word)} is not a valid action; the actions are scan, report, check and verify."
            f"{guess.did_you_mean(word, [each.value for each in Action])}",
        )
    return found
