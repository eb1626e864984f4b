"""`python -m sanchayctl.first_run FOLDER`: what `make run` shows a newcomer, by the commands that they can type next.

Starts the daemon, scans FOLDER (which becomes a root), and shows the summary, the top duplicates, the largest files,
and what to type next.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from sanchay import paths
from sanchayctl import exit_codes, interrupt, output
from sanchayctl.main import main
from sanchayctl.session import Session, program_in

DUPLICATES_SHOWN = "5"
FILES_SHOWN = "10"


def show(folder: str) -> int:
    """The first run; its exit code. A scan that could not read everything is content enough."""
    program = program_in(os.path.dirname(sys.executable))
    target = paths.absolute(folder)
    code = _step(program, "The daemon", "daemon", "start")
    if code != exit_codes.DONE:
        return code
    code = _step(program, f"Scanning {paths.shown_bytes(os.fsencode(target))}", "scan", target)
    if code not in (exit_codes.DONE, exit_codes.PARTIAL):
        return code
    steps = (
        ("What is there, by type", ("summary",)),
        ("The duplicates that would give back the most", ("duplicates", "--limit", DUPLICATES_SHOWN)),
        ("The largest files", ("find", "size:>0", "--sort", "-size", "--limit", FILES_SHOWN)),
    )
    for title, arguments in steps:
        code = _step(program, title, *arguments)
        if code != exit_codes.DONE:
            return code
    _say_next(program, target)
    return exit_codes.DONE


def _step(program: str, title: str, *arguments: str) -> int:
    """Runs one command under its title, after the line that a person would type for it."""
    output.line()
    output.line(output.bold(title))
    output.line(f"$ {program} {output.command(arguments)}")
    with output.people():
        return main(arguments, Session(program=program))


def _say_next(program: str, target: str) -> None:
    output.line()
    output.line(output.bold("What to type next"))
    folder = output.command([target])
    for arguments, purpose in (
        ("status", "the daemon keeps running; this shows it"),
        (f"scan {folder}", "look again; only what changed is read"),
        ("find py 'size:>100K' --sort -size", "search by name, size, age, type and more"),
        ("duplicates --type image", "duplicates of one type"),
        ("dedupe plan", "what clearing them would do; no file is changed"),
        ("summary --by age", "or by ext, size, owner"),
        (f"du {folder}", "what its folders hold"),
        ("export --format csv -o files.csv", "all of it for another program"),
        ("--help", "everything else"),
        ("daemon stop", "end the daemon; the catalog stays"),
    ):
        output.line(f"  {program} {arguments}")
        output.line(f"      {purpose}")


def run(arguments: Sequence[str] | None = None) -> int:
    """The program: takes one folder."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    if len(given) != 1:
        click.echo("Usage: python -m sanchayctl.first_run FOLDER", err=True)
        return exit_codes.USAGE
    return show(given[0])


if __name__ == "__main__":
    interrupt.install()
    sys.exit(run())
