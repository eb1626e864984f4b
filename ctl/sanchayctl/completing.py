"""Answers a shell that asks what a command line can go on with."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import click

PROGRAM = "sanchayctl"
VARIABLE = "_SANCHAYCTL_COMPLETE"


def answer(cli: click.Command) -> int:
    """Prints the answer; its exit code."""
    from click.shell_completion import shell_complete

    return shell_complete(cli, {}, PROGRAM, VARIABLE, os.environ[VARIABLE])
