"""`sanchayctl dedupe`: clears copies by a plan that was looked at, and takes it back."""

from __future__ import annotations

import click

from sanchayctl.command import Example, LazyGroup

COMMANDS = {
    "plan": "sanchayctl.commands.dedupe.making:plan",
    "show": "sanchayctl.commands.dedupe.plans:show",
    "edit": "sanchayctl.commands.dedupe.plans:edit",
    "plans": "sanchayctl.commands.dedupe.plans:plans",
    "forget": "sanchayctl.commands.dedupe.plans:forget",
    "run": "sanchayctl.commands.dedupe.runs:run",
    "undo": "sanchayctl.commands.dedupe.runs:undo",
    "journal": "sanchayctl.commands.dedupe.journal:journal",
    "ignore": "sanchayctl.commands.dedupe.ignoring:ignore",
    "ignored": "sanchayctl.commands.dedupe.ignoring:ignored",
    "unignore": "sanchayctl.commands.dedupe.ignoring:unignore",
}


@click.group(
    cls=LazyGroup,
    lazy=COMMANDS,
    examples=[
        Example("dedupe plan --under ~/Pictures", "decide which copies would go; nothing is changed"),
        Example("dedupe show 3", "each file of plan 3, and why it goes or stays"),
        Example("dedupe run 3", "do it, after a question"),
        Example("dedupe undo 5", "take back what run 5 did"),
    ],
)
def dedupe() -> None:
    """Clear copies of files: plan, look at the plan, run it, and take it back.

    A plan changes nothing. A run does what the plan says, and only where each file is still as the plan saw it and its
    bytes equal those of the copy that stays.
    """
