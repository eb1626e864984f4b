"""`sanchayctl config`: where the settings are, what they are, and whether a file of them makes sense.

Nothing here starts a daemon. A change goes into config.toml, where comments and order stay. What a setting may be is
the daemon's to say: the running one, or its program.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from sanchay import paths
from sanchay.errors import ConfigInvalid, DaemonUnavailable, Unsupported
from sanchayctl import exit_codes, output, settings_check
from sanchayctl.arguments import setting_keys, setting_values
from sanchayctl.command import Example, Group
from sanchayctl.session import Session

if TYPE_CHECKING:
    from pathlib import Path

_WHERE = {"environment": "the environment", ".env": ".env"}
_TYPES = {
    "bool": "true or false",
    "integer": "an integer",
    "number": "a number",
    "text": "a text",
    "time": "a time of day",
    "choice": "one",
    "list": "a list",
}


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


@config.command(
    examples=[
        Example("config show", "every setting, its value, and who says so"),
        Example("config show max_scans", "one setting: what it does, and what it may be"),
    ]
)
@click.argument("key", required=False, shell_complete=setting_keys)
@click.pass_obj
def show(session: Session, key: str | None) -> int:
    """Show every setting, or all about KEY: those of the running daemon, else those that it would start with."""
    try:
        answer = session.running_client().settings()
        notices = list(answer.notices)
        running = True
        settings = [settings_check.said(each) for each in answer.settings]
    except DaemonUnavailable:
        running = False
        settings, notices = settings_check.check(session.where)
    if key is not None:
        notices = []
        settings = [setting for setting in settings if setting.key == key]
        if not settings:
            raise ConfigInvalid(f"{paths.safe_text(key)}: there is no such setting.", details={"key": key})
    if session.as_json:
        output.document(
            {"running": running, "settings": [setting._asdict() for setting in settings], "notices": notices}
        )
        return exit_codes.DONE
    if not running:
        output.note("No sanchayd is running; it would start with these settings:")
    if key is not None:
        _describe(settings[0])
        return exit_codes.DONE
    output.table(
        [output.Column("SETTING"), output.Column("FROM"), output.Column("VALUE")],
        [[setting.key, setting.origin, paths.safe_text(setting.value)] for setting in settings],
    )
    for notice in notices:
        output.note(paths.safe_text(notice))
    return exit_codes.DONE


def _describe(setting: settings_check.Setting) -> None:
    """All about a setting, for people."""
    output.line(f"{setting.key} = {paths.safe_text(setting.value)} ({setting.origin})")
    output.line(setting.description)
    unit = f" {setting.unit}" if setting.unit else ""
    bounds = f" from {setting.least} to {setting.most}{unit}" if setting.least else ""
    choices = f" of {', '.join(setting.choices)}" if setting.choices else ""
    of = f"{_TYPES.get(setting.type, setting.type)}{bounds}{choices}"
    output.line(f"It is {of}; the default is {setting.default}{unit}.")
    output.line(f"A change counts {'at once' if setting.counts == 'now' else 'from the next start of the daemon'}.")
    if setting.until_restart:
        output.line(f"Until then it is {paths.safe_text(setting.until_restart)}.")
    if setting.fixed_by:
        output.line(f"It is fixed by {_fixed(setting)}, which wins over config.toml.")


def _fixed(setting: settings_check.Setting) -> str:
    """What wins over config.toml."""
    by = paths.safe_text(setting.fixed_by)
    return f"the flag {by}" if setting.origin == "flag" else f"{by} in {_WHERE[setting.origin]}"


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


def _edit(session: Session, key: str, words: tuple[str, ...] | None) -> int:
    from sanchay import hosts

    where = session.where
    edited = _changed(session, key, None if words is None else settings_check.as_toml(words))
    runs = hosts.is_locked(where.lock_file)
    after = edited.after
    counts = after.counts if runs else "start"
    if session.as_json:
        output.document(
            {
                "key": key,
                "value": edited.value or None,
                "before": edited.before or None,
                "after": after.value,
                "origin": after.origin,
                "fixed_by": after.fixed_by,
                "file": str(where.config_file),
                "counts": counts,
                "error": edited.error,
            }
        )
        return exit_codes.DONE
    shown = paths.shown_bytes(os.fsencode(where.config_file))
    was = f", was {paths.safe_text(edited.before)}" if edited.before else ""
    if edited.value:
        output.line(f"{key} = {paths.safe_text(edited.value)} in {shown}{was}.")
    else:
        output.line(f"{key} is not in {shown} any more{was}.")
    if after.fixed_by:
        output.line(
            f"It does not count: {_fixed(after)} says {paths.safe_text(after.value)}, and wins over config.toml."
        )
    elif edited.error:
        output.line(f"It does not count yet: {paths.safe_text(edited.error)}")
    elif counts == "now":
        output.line("It counts at once.")
    elif counts == "restart":
        output.line(f"It counts from the next start: {session.next('daemon restart')}")
    else:
        output.line("It counts when sanchayd is started.")
    return exit_codes.DONE


def _changed(session: Session, key: str, value: str | None) -> settings_check.Edited:
    """Has the running daemon change config.toml, for it alone knows its flags; else its program."""
    try:
        taken = session.running_client().set_setting(key, value)
    except (DaemonUnavailable, Unsupported):  # none runs, or an older one
        return settings_check.edit(session.where, key, value)
    return settings_check.Edited(taken.value, taken.before, settings_check.said(taken.setting), taken.error)
