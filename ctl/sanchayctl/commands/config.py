"""`sanchayctl config`: where the settings are, what they are, and whether a file of them makes sense.

Nothing here starts a daemon. What a setting may be is the daemon's to say: the running one, or its program.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from sanchay.errors import DaemonUnavailable
from sanchayctl import exit_codes, output, paths, settings_check
from sanchayctl.command import Example, Group
from sanchayctl.session import Session

if TYPE_CHECKING:
    from pathlib import Path


@click.group(
    cls=Group,
    examples=[
        Example("config show", "every setting and where it comes from"),
        Example("config check", "does config.toml make sense"),
    ],
)
def config() -> None:
    """Show or check the settings. They come from the environment, .env, config.toml and the defaults, in this order."""


@config.command(examples=[Example("config show", "every setting, its value, and who says so")])
@click.pass_obj
def show(session: Session) -> int:
    """Show every setting: those of the running daemon, else those that it would start with."""
    try:
        answer = session.running_client().settings()
        notices = list(answer.notices)
        running = True
        settings = [settings_check.Setting(each.key, each.value, each.origin) for each in answer.settings]
    except DaemonUnavailable:
        running = False
        settings, notices = settings_check.check(session.where)
    if session.as_json:
        output.document(
            {"running": running, "settings": [setting._asdict() for setting in settings], "notices": notices}
        )
        return exit_codes.DONE
    if not running:
        output.note("No sanchayd is running; it would start with these settings:")
    output.table(
        [output.Column("SETTING"), output.Column("FROM"), output.Column("VALUE")],
        [[setting.key, setting.origin, paths.safe_text(setting.value)] for setting in settings],
    )
    for notice in notices:
        output.note(paths.safe_text(notice))
    return exit_codes.DONE


@config.command(examples=[Example("config path", "where config.toml, the catalog and the log are")])
@click.pass_obj
def path(session: Session) -> int:
    """Show the files and folders that belong to Sanchay."""
    where = session.where
    places: dict[str, Path] = {
        "config": where.config_file,
        "dotenv": where.dotenv_file,
        "data": where.data_folder,
        "catalog": where.catalog_file,
        "state": where.state_file,
        "log": where.log_file,
        "run": where.run_folder,
    }
    if session.as_json:
        output.document({name: str(place) for name, place in places.items()})
    else:
        output.table(
            [output.Column("WHAT"), output.Column("THERE"), output.Column("PATH")],
            [
                [name, "yes" if place.exists() else "no", paths.shown_bytes(os.fsencode(place))]
                for name, place in places.items()
            ],
        )
    return exit_codes.DONE


@config.command(examples=[Example("config check", "check the settings before the daemon is started with them")])
@click.pass_obj
def check(session: Session) -> int:
    """Check config.toml, .env and the environment, without a daemon.

    Exit 78 where something makes no sense; the message names the file, the line and the key.
    """
    settings, notices = settings_check.check(session.where)
    file = session.where.config_file
    if session.as_json:
        output.document(
            {"ok": True, "file": str(file), "settings": [setting._asdict() for setting in settings], "notices": notices}
        )
        return exit_codes.DONE
    shown = paths.shown_bytes(os.fsencode(file))
    if file.exists():
        output.line(f"{shown} makes sense.")
    else:
        output.line(f"There is no {shown}, which is fine: the defaults hold, and what the environment says.")
    for notice in notices:
        output.line(paths.safe_text(notice))
    return exit_codes.DONE
