"""systemd: a unit of the user's own, or one of the machine with a user of its own."""

from __future__ import annotations

import os
import shlex
from pathlib import Path

from sanchay import programs
from sanchay.address import home_folder
from sanchayctl.service import template
from sanchayctl.service.plan import Command, Plan, Runner, Service, ServiceFile, State, service_name

SYSTEM_UNITS = Path("/etc/systemd/system")
SYSUSERS = Path("/etc/sysusers.d/sanchay.conf")
BOOTED = Path("/run/systemd/system")  # see sd_booted(3)


class Systemd:
    """Linux' usual manager. Where another one runs, the files are written and the rest is said."""

    name = "systemd"

    def __init__(self, run: Runner) -> None:
        self._run = run

    def default_user(self) -> str:
        """Made by systemd-sysusers."""
        return "sanchay"

    def system_home(self) -> Path:
        """The unit's StateDirectory."""
        return Path("/var/lib/sanchay")

    def program(self) -> Command:
        """The script beside the interpreter, which looks for no modules in the current folder; else the module."""
        return programs.ours("sanchayd")

    def plan(self, service: Service) -> Plan:
        """One unit, and with `system` the line that makes the user."""
        name = self._name(service)
        unit = f"{name}.service"
        command = template.systemd_command(service.command)
        control = self._control(service)
        reload: Command = (*control, "daemon-reload")
        # Restarted, so that a daemon that runs by an older unit takes the new one.
        start: tuple[Command, ...] = (reload, (*control, "enable", unit), (*control, "restart", unit))
        stop: tuple[Command, ...] = ((*control, "disable", "--now", unit),)
        links = (self._link(service),)
        if not service.system:
            text = template.fill("systemd/sanchayd-user.service", {"NAME": name, "COMMAND": command})
            file = ServiceFile(self._unit(service), text.encode())
            return Plan(name, (file,), start, stop, (reload,), links=links, notices=(_lingering(),))
        user = template.user_name(service.user)
        text = template.fill("systemd/sanchayd-system.service", {"NAME": name, "COMMAND": command, "USER": user})
        home = template.sysusers_path(self.system_home())
        users = template.fill("systemd/sanchay-sysusers.conf", {"USER": user, "HOME": home})
        return Plan(
            name,
            (ServiceFile(SYSUSERS, users.encode()), ServiceFile(self._unit(service), text.encode())),
            (("systemd-sysusers", str(SYSUSERS)), *start),
            stop,
            (reload,),
            links=links,
            notices=tuple(_of_machine(service, name)),
        )

    def unreachable(self, service: Service) -> str:
        """Whether systemd runs here, and with a session for this user."""
        if not BOOTED.is_dir():
            return "systemd does not run here"
        outcome = self._run((*self._control(service), "show", "--property=Version"))
        if outcome.code == 0:
            return ""
        return f"systemd was not reached: {outcome.text.splitlines()[0] if outcome.text else 'it said nothing'}"

    def state(self, service: Service) -> State:
        """From the files, and where systemd is reached from systemd."""
        if not self._unit(service).exists():
            return State(installed=False, enabled=False, running=False)
        enabled = os.path.lexists(self._link(service))
        reason = self.unreachable(service)
        if reason:
            return State(installed=True, enabled=enabled, message=f"{reason}.")
        found = self._run((*self._control(service), "is-active", f"{self._name(service)}.service")).text
        message = "" if found in {"active", "inactive"} else f"systemd says: {found}."
        return State(installed=True, enabled=enabled, running=found in {"active", "reloading"}, message=message)

    def journal(self, service: Service, lines: int, *, follow: bool) -> Command | None:
        """journalctl of the unit."""
        unit = "--unit" if service.system else "--user-unit"
        command = ("journalctl", unit, f"{self._name(service)}.service", f"--lines={lines}", "--no-pager")
        return (*command, "--follow") if follow else command

    def _name(self, service: Service) -> str:
        return service_name(service, "sanchayd")

    def _control(self, service: Service) -> Command:
        return ("systemctl",) if service.system else ("systemctl", "--user")

    def _unit(self, service: Service) -> Path:
        return self._folder(service) / f"{self._name(service)}.service"

    def _link(self, service: Service) -> Path:
        """What `systemctl enable` makes."""
        target = "multi-user.target" if service.system else "default.target"
        return self._folder(service) / f"{target}.wants" / f"{self._name(service)}.service"

    def _folder(self, service: Service) -> Path:
        if service.system:
            return SYSTEM_UNITS
        given = os.environ.get("XDG_CONFIG_HOME", "")
        base = Path(given) if os.path.isabs(given) else home_folder() / ".config"
        return base / "systemd" / "user"


def _lingering() -> str:
    return (
        "It starts when you log in, and ends when your last session does. To let it run from boot on and after you log "
        "out: loginctl enable-linger"
    )


def _of_machine(service: Service, name: str) -> list[str]:
    ask = shlex.join(["sudo", "-u", service.user, "env", f"SANCHAY_HOME={service.where.data_folder}", "sanchayctl"])
    return [
        f"It runs as {service.user}, never as root, and reads what that user may read. Ask it with: {ask} status",
        f"To let it read a folder: usermod -aG GROUP {service.user}. To let it read every file, the unit says how.",
        f"It may change no file of yours. To let it clear copies in a folder: systemctl edit {name}, and there "
        f"[Service] and ReadWritePaths=FOLDER; {service.user} has to be allowed to write there, too.",
    ]
