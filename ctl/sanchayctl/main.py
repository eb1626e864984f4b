"""Runs a command and turns whatever it ends with into an exit code, once."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

import click

from sanchay.errors import SanchayError
from sanchayctl import exit_codes, output
from sanchayctl.cli import cli
from sanchayctl.command import PROGRAM, VARIABLE
from sanchayctl.session import Session


def main(arguments: Sequence[str] | None = None, session: Session | None = None) -> int:
    """The program; returns its exit code. `session` is for callers that have one, such as a test or the first run."""
    arguments = sys.argv[1:] if arguments is None else arguments
    session = session or Session()
    output.speak_any_encoding()
    try:
        return run(list(arguments), session)
    except BrokenPipeError:  # no failure: the reader has enough
        raise
    except (SanchayError, click.ClickException, OSError) as error:
        from sanchayctl.failure import Failure, report

        if isinstance(error, click.ClickException):
            session.as_json = session.as_json or "--json" in arguments  # the option may stand behind what failed
        return report(Failure.of(error), session)
    finally:
        session.close()


def run(arguments: list[str], session: Session) -> int:
    """Runs the command; its exit code. Raises what it fails with."""
    if VARIABLE in os.environ:
        from sanchayctl import completing

        return completing.answer(cli)
    try:
        with cli.make_context(PROGRAM, arguments, obj=session) as context:
            result = cli.invoke(context)
    except click.exceptions.Exit as end:  # --help and --version
        return end.exit_code
    return result if isinstance(result, int) else exit_codes.DONE
