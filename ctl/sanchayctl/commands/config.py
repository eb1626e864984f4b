"""`sanchayctl config`: where the settings are, what they are, and whether a file of them makes sense.

Nothing here starts a daemon. A change goes into config.toml, where comments and order stay. What a setting may be is
the daemon's to say: the running one, or its program.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from sanchay import paths
from sanchay.errors import DaemonUnavailable
from sanchayctl import exit_codes, output, settings_check
from sanchayctl.arguments import setting_keys, setting_values
from sanchayctl.command import Example, Group
from sanchayctl.session import Session

if TYPE_CHECKING:
    from pathlib import Path


@click.group(
    cls=Group,
    examples=[
        Example("config show", "every setting and where it comes from"),
        Example("config check", "does config.toml make sense"),
        Example("config set max_scans 4", "change a setting in config.toml"),
    ],
)
def config() -> None:
    """Show, check or change the settings: of the environment, .env, config.toml and the defaults, in this order."""


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

    Exit 78 where something is invalid; the message names the file, the line and the key.
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
        output.line(f"{shown} is valid.")
    else:
        output.line(f"There is no {shown}, which is fine: the defaults hold, and what the environment says.")
    for notice in notices:
        output.line(paths.safe_text(notice))
    return exit_codes.DONE


@config.command(
    name="set",
    examples=[
        Example("config set max_scans 4", "counts at once where a daemon runs"),
        Example("config set metrics.listen 127.0.0.1:9464", "a setting in a table"),
        Example("config set report_folders /srv/reports ~/reports", "a list: one value after the other"),
        Example("config set -- report_hook /usr/bin/logger -t sanchay", "values that begin with a dash"),
    ],
)
@click.argument("key", shell_complete=setting_keys)
@click.argument("values", metavar="VALUE...", nargs=-1, required=True, shell_complete=setting_values)
@click.pass_obj
def set_(session: Session, key: str, values: tuple[str, ...]) -> int:
    """Set KEY in config.toml; comments and order stay. Nothing is written where it would be invalid (exit 78)."""
    return _edit(session, key, values)


@config.command(examples=[Example("config unset max_scans", "the default holds again")])
@click.argument("key", shell_complete=setting_keys)
@click.pass_obj
def unset(session: Session, key: str) -> int:
    """Take KEY out of config.toml; comments and order stay."""
    return _edit(session, key, None)


def _edit(session: Session, key: str, values: tuple[str, ...] | None) -> int:
    from sanchay import address, hosts
    from sanchayctl import atomic

    where = session.where
    edited = settings_check.edit(where, key, values)
    address.prepare(where)
    atomic.write(str(where.config_file), [edited.text.encode()], replace=True)
    runs = hosts.is_locked(where.lock_file)
    counts = "start" if not runs else "now" if edited.is_live else "restart"
    before, after = edited.before, edited.after
    if session.as_json:
        output.document(
            {
                "key": key,
                "value": edited.value,
                "before": before.value if before is not None else None,
                "after": after.value,
                "origin": after.origin,
                "file": str(where.config_file),
                "counts": counts,
            }
        )
        return exit_codes.DONE
    shown = paths.shown_bytes(os.fsencode(where.config_file))
    was = f", was {paths.safe_text(before.value)}" if before is not None else ""
    if edited.value is None:
        output.line(f"{key} is not in {shown} any more{was}.")
    else:
        output.line(f"{key} = {paths.safe_text(edited.value)} in {shown}{was}.")
    if after.origin not in ("config.toml", "default"):
        output.line(
            f"It does not count: {after.origin} says {paths.safe_text(after.value)}, and wins over config.toml."
        )
    elif counts == "now":
        output.line("It counts at once.")
    elif counts == "restart":
        output.line(f"It counts from the next start: {session.next('daemon restart')}")
    else:
        output.line("It counts when sanchayd is started.")
    return exit_codes.DONE
