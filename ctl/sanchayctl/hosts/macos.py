"""launchd: an agent of the user's log-in, or a daemon of the machine with a user of its own."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from sanchay import programs
from sanchay.address import home_folder
from sanchayctl.service import template
from sanchayctl.service.plan import Command, Plan, Runner, Service, ServiceFile, State, service_name

LABEL = "org.sanchay.sanchayd"


class Launchd:
    """The manager of macOS."""

    name = "launchd"

    def __init__(self, run: Runner) -> None:
        self._run = run

    def default_user(self) -> str:
        """Users of services begin with an underscore."""
        return "_sanchay"

    def system_home(self) -> Path:
        """Where programs of the machine keep things."""
        return Path("/Library/Application Support/Sanchay")

    def program(self) -> Command:
        """The script beside the interpreter, which looks for no modules in the current folder; else the module."""
        return programs.ours("sanchayd")

    def plan(self, service: Service) -> Plan:
        """One property list. The user of a machine's daemon is made by hand: macOS has no file for that."""
        name, file = self._name(service), self._file(service)
        values = {
            "NAME": template.xml_text(name),
            "COMMAND": template.plist_array(service.command),
            "STDERR": template.xml_text(str(service.where.log_folder / "sanchayd.stderr.log")),
        }
        kind = "agent"
        if service.system:
            kind = "daemon"
            values["USER"] = template.xml_text(template.user_name(service.user))
        text = template.fill(f"launchd/{kind}.plist", values)
        start: list[Command] = [("launchctl", "bootstrap", self._domain(service), str(file))]
        by_hand = ""
        if service.system:
            start = [*_user_commands(service), *start]
            by_hand = "The user that it runs as has to be made first"
        return Plan(
            name,
            (ServiceFile(file, text.encode()),),
            tuple(start),
            (("launchctl", "bootout", f"{self._domain(service)}/{name}"),),
            by_hand=by_hand,
            notices=tuple(_words(service)),
        )

    def unreachable(self, service: Service) -> str:
        """Whether this person's domain is there: over ssh without a log-in at the screen it is not."""
        outcome = self._run(("launchctl", "print", self._domain(service)))
        return "" if outcome.code == 0 else "launchd was not reached: no one is logged in at the screen"

    def state(self, service: Service) -> State:
        """A job that is loaded starts by itself: RunAtLoad."""
        if not self._file(service).exists():
            return State(installed=False, enabled=False, running=False)
        outcome = self._run(("launchctl", "print", f"{self._domain(service)}/{self._name(service)}"))
        loaded = outcome.code == 0
        return State(installed=True, enabled=loaded, running=loaded and "state = running" in outcome.text)

    def journal(self, service: Service, lines: int, *, follow: bool) -> Command | None:
        """What the daemon could not write into its own log is in the file of its standard error."""
        words = ("tail", "-n", str(lines), *(("-F",) if follow else ()))
        return (*words, str(service.where.log_folder / "sanchayd.stderr.log"))

    def _name(self, service: Service) -> str:
        return service_name(service, LABEL)

    def _domain(self, service: Service) -> str:
        return "system" if service.system else f"gui/{getattr(os, 'getuid', int)()}"

    def _file(self, service: Service) -> Path:
        folder = Path("/Library/LaunchDaemons") if service.system else home_folder() / "Library" / "LaunchAgents"
        return folder / f"{self._name(service)}.plist"


def _user_commands(service: Service) -> list[Command]:
    home = str(service.where.data_folder)
    return [
        ("sudo", "sysadminctl", "-addUser", service.user, "-roleAccount", "-UID", "390", "-home", home),
        ("sudo", "mkdir", "-p", "-m", "0700", home, str(service.where.log_folder)),
        ("sudo", "chown", "-R", service.user, home),
    ]


def _words(service: Service) -> list[str]:
    disks = (
        "For folders that macOS guards (Desktop, Documents, other disks) give "
        f"{service.command[0]} Full Disk Access in System Settings, Privacy & Security."
    )
    if not service.system:
        return ["It starts when you log in and ends when you log out; for a Mac without log-ins use --system.", disks]
    ask = shlex.join(["sudo", "-u", service.user, "env", f"SANCHAY_HOME={service.where.data_folder}", "sanchayctl"])
    return [f"It runs as {service.user}, never as root. Ask it with: {ask} status", disks]
