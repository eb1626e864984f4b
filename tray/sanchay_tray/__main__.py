"""`sanchay-tray`: the icon in the panel."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import sys
from collections.abc import Sequence

from sanchay.address import HOME_VARIABLE, Places, places, prepare
from sanchay.errors import SanchayError
from sanchay.version import __version__
from sanchay_tray import hosts, opening, words
from sanchay_tray.icon import backend
from sanchay_tray.icon.front import Front
from sanchay_tray.icon.shapes import Panel

FAILED = 1


def program() -> None:
    """What the script `sanchay-tray` runs."""
    sys.exit(main())


def main(arguments: Sequence[str] | None = None) -> int:
    """Shows the icon until a person quits it; the exit code."""
    asked = _parser().parse_args(arguments)
    words.speak()
    try:
        if asked.home:
            os.environ[HOME_VARIABLE] = os.path.abspath(asked.home)
        where = places()
        if asked.check:
            return _check(where, asked.icon, as_json=asked.json)
        return _show(where, asked)
    except SanchayError as error:
        _say(error.message)
        return error.exit_code
    except OSError as error:
        _say(str(error))
        return FAILED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="sanchay-tray", description="Show Sanchay's icon in the panel.")
    parser.add_argument("--version", action="version", version=f"sanchay-tray {__version__}")
    parser.add_argument(
        "--icon", choices=backend.BACKENDS, default=backend.AUTO, help="what shows the icon (default: what fits)"
    )
    parser.add_argument(
        "--panel", choices=("auto", Panel.LIGHT.value, Panel.DARK.value), default="auto", help="what the icon stands on"
    )
    parser.add_argument("--home", metavar="FOLDER", help=f"as the variable {HOME_VARIABLE}")
    parser.add_argument("--no-start", action="store_true", help="do not start the daemon where none runs")
    parser.add_argument("--no-window", action="store_true", help="do not open the window at the first start")
    parser.add_argument("--check", action="store_true", help="say what of icon and notices works here, and end")
    parser.add_argument("--json", action="store_true", help="with --check: as one JSON document")
    return parser


def _show(where: Places, asked: argparse.Namespace) -> int:
    prepare(where)
    if not hosts.hold(opening.icon_lock(where)):
        if not opening.is_window_there():
            _say("the icon is shown already.")
            return FAILED
        opening.open_window(where).returncode = 0  # it lives on: no warning that its handle is dropped
        return 0
    chosen = backend.chosen(asked.icon)
    panel = None if asked.panel == "auto" else Panel(asked.panel)
    if where.home is None:  # a trial under SANCHAY_HOME is not the Sanchay that the desktop knows
        with contextlib.suppress(OSError):
            hosts.describe_to_desktop(opening.window_command())
    Front(where, chosen, panel, starts_daemon=not asked.no_start, opens_window=not asked.no_window).run()
    return 0


def _check(where: Places, icon: str, *, as_json: bool) -> int:
    from sanchay_tray import check

    checked = check.document(where, icon)
    print(json.dumps(checked, indent=2) if as_json else "\n".join(check.lines(checked)))  # noqa: T201
    return 0


def _say(text: str) -> None:
    print(f"sanchay-tray: {text}", file=sys.stderr)  # noqa: T201


if __name__ == "__main__":
    program()
