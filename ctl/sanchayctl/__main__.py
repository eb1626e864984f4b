"""Runs a command and turns whatever it ends with into an exit code, once."""

from __future__ import annotations

import io
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

import click

from sanchay.errors import SanchayError
from sanchayctl import exit_codes
from sanchayctl.cli import cli
from sanchayctl.failure import Failure, report
from sanchayctl.session import Session


def main(arguments: Sequence[str] | None = None, session: Session | None = None) -> int:
    """The program; returns its exit code. `session` is for callers that have one, such as a test or the first run."""
    arguments = sys.argv[1:] if arguments is None else arguments
    session = session or Session()
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # a narrow locale shows escapes instead of ending the program
            stream.reconfigure(errors="backslashreplace")
    try:
        return run(list(arguments), session)
    except SanchayError as error:
        return report(Failure.of_sanchay(error), session)
    except click.ClickException as error:
        session.as_json = session.as_json or "--json" in arguments  # the option may stand behind what failed
        return report(Failure.of_click(error), session)
    except click.Abort:
        return exit_codes.INTERRUPTED
    except OSError as error:
        return report(Failure.of_system(error), session)
    finally:
        session.close()


def run(arguments: list[str], session: Session) -> int:
    """Runs the command; its exit code. Raises what it fails with."""
    result = cli.main(arguments, prog_name="sanchayctl", standalone_mode=False, obj=session, windows_expand_args=False)
    return result if isinstance(result, int) else exit_codes.DONE


def program() -> NoReturn:
    """The program as a process. It ends at once: to take grpc and the interpreter apart takes as long as an answer."""
    try:
        code = main()
    except SystemExit as end:  # click's, where whoever read has enough
        code = end.code if isinstance(end.code, int) else exit_codes.FAILED
    for stream in filter(None, (sys.stdout, sys.stderr)):
        try:
            stream.flush()
        except OSError:
            code = code or exit_codes.FAILED
    os._exit(code)


if __name__ == "__main__":
    program()
