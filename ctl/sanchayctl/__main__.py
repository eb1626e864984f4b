"""Runs a command and turns whatever it ends with into an exit code, once."""

from __future__ import annotations

import io
import sys
from collections.abc import Sequence

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


if __name__ == "__main__":
    sys.exit(main())
