"""Whether the icon starts at login. Nothing is offered where this installation has no icon, or no way to start it."""

from __future__ import annotations

from importlib import import_module
from typing import Any

from sanchay.address import places


def is_offered() -> bool:
    """Whether it can be chosen here."""
    hosts = _module("hosts")
    return hosts is not None and bool(hosts.AUTOSTART_IS_THERE)


def is_on() -> bool:
    """Whether it starts now."""
    hosts = _module("hosts")
    return hosts is not None and hosts.autostart_command() is not None


def turn(on: bool) -> str:
    """Has it start, or not; why that could not be done, empty where it was."""
    hosts, opening = _module("hosts"), _module("opening")
    try:
        if hosts is not None and opening is not None and on:
            hosts.enable_autostart(opening.icon_command(places()))
        elif hosts is not None and not on:
            hosts.disable_autostart()
    except OSError as error:
        return str(error)
    return ""


def _module(name: str) -> Any | None:
    try:
        return import_module(f"sanchay_tray.{name}")
    except ModuleNotFoundError:
        return None
