"""`sanchay-window`: the window. A second start brings the first to the front."""

from __future__ import annotations

import argparse
import sys

from sanchay.address import places
from sanchay.errors import EXIT_FAILED, SanchayError
from sanchay_tray import words


def program() -> None:
    """Runs it, and ends with its exit code."""
    sys.exit(main())


def main(arguments: list[str] | None = None) -> int:
    """Shows the window until it is closed."""
    parser = argparse.ArgumentParser("sanchay-window", description="Shows Sanchay's window.")
    parser.add_argument("--page", default="", help="the page to show, such as copies, space, search or settings")
    parser.add_argument("--select", default="", help="what to show on it, such as a folder's name")
    parser.add_argument("--language", default="", choices=["", *words.languages()], help="the language, such as hi")
    parser.add_argument("--no-tray", action="store_true", help="say that there is no panel for the icon")
    given = parser.parse_args(arguments)
    try:
        from sanchay_tray.window import app
    except ImportError as error:
        missing = f"The window needs PySide6 ({error}): install sanchay with its extra 'window'."
        print(missing, file=sys.stderr)  # noqa: T201 - the program's voice
        return EXIT_FAILED
    try:
        return app.run(places(), given.page, given.select, given.language, has_tray=not given.no_tray)
    except SanchayError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the program's own voice
        return error.exit_code


if __name__ == "__main__":
    program()
