"""`sanchayctl man`: writes a manual page for each command, for packages and for those who read with `man`."""

from __future__ import annotations

import os
from pathlib import Path

import click

from sanchay import paths
from sanchayctl import exit_codes, output
from sanchayctl.command import Command, Example
from sanchayctl.session import Session


@click.command(
    cls=Command,
    hidden=True,
    examples=[Example("man ~/.local/share/man/man1", "where `man sanchayctl` finds the pages")],
)
@click.argument("folder", type=click.Path(file_okay=False))
@click.pass_obj
def man(session: Session, folder: str) -> int:
    """Write a manual page for each command into FOLDER, which is made where it is not there."""
    from sanchayctl.cli import cli
    from sanchayctl.man_pages import pages

    place = Path(folder).expanduser()
    place.mkdir(parents=True, exist_ok=True)
    files = []
    for name, text in pages(cli):
        (place / name).write_text(text, "ascii")
        files.append(name)
    if session.as_json:
        output.document({"folder": str(place), "files": files})
    else:
        shown = paths.shown_bytes(os.fsencode(place))
        output.line(f"Wrote {len(files)} pages to {shown}. Read one with: man -l {shown}/{files[0]}")
    return exit_codes.DONE
