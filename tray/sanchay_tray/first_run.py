"""`python -m sanchay_tray.first_run [FOLDER]`: what `make window` shows a newcomer.

Starts the daemon, adds FOLDER where one is named, starts the icon, and opens the window.
"""

from __future__ import annotations

import os
import subprocess
import sys

from sanchay import launcher, paths, programs
from sanchay.address import places
from sanchay.client import Client
from sanchay.errors import SanchayError


def run(arguments: list[str]) -> int:
    """The program; its exit code is the window's."""
    folder = arguments[0] if arguments else ""
    try:
        launcher.start_daemon(tell=_say)
        if folder:
            with Client(places()) as client:
                root = client.add_root(paths.absolute(folder)).root
            _say(f"Scanning {paths.shown(root.path)}; the window shows how far it is.")
    except SanchayError as error:
        print(error.message, file=sys.stderr)  # noqa: T201 - the program's voice
        return error.exit_code
    _say("Opening the window; the icon is in the panel. Close both with Ctrl+Q and the icon's Quit.")
    icon = subprocess.Popen(
        (*programs.ours("sanchay-tray"), "--no-window"), stdin=subprocess.DEVNULL, start_new_session=True
    )
    code = subprocess.call(programs.ours("sanchay-window"))
    icon.poll()
    return code


def _say(text: str) -> None:
    print(text, file=sys.stderr)  # noqa: T201 - the program's voice


if __name__ == "__main__":
    os.environ.setdefault("PYTHONUNBUFFERED", "1")
    sys.exit(run([argument for argument in sys.argv[1:] if argument]))
