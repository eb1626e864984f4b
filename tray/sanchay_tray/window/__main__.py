"""`sanchay-window`: the window. A second start brings the first to the front."""

from __future__ import annotations

import argparse
import os
import sys

from sanchay.address import places
from sanchay.errors import EXIT_FAILED, SanchayError
from sanchay_tray import hosts, opening, words


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
    fault = _fault()
    if fault:
        _say(fault)
        return EXIT_FAILED
    from sanchay_tray.window import app

    try:
        return app.run(places(), given.page, given.select, given.language, has_tray=not given.no_tray)
    except SanchayError as error:
        _say(error.message)
        return error.exit_code


def _fault() -> str:
    """Why no window can be shown; empty where it can. Qt itself would end the process without a word for people."""
    if not opening.is_window_there():
        return "The window needs PySide6: install sanchay with its extra 'window'."
    if os.environ.get("QT_QPA_PLATFORM", "xcb").partition(":")[0] in ("offscreen", "minimal", "vnc"):
        return ""
    return hosts.display_fault() or hosts.qt_fault()


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - the program's voice


if __name__ == "__main__":
    program()
