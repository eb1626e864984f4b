"""Task Scheduler: a task at log-on, or one of the machine that runs as a user of its own, logged on or not.

sanchayd does not speak to Windows' service control manager, so that `services.msc` does not list it; the task of the
machine does what a service would: it starts at boot, needs no one logged on, and is started again where it failed.
"""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath

from sanchay import programs
from sanchayctl.service import template
from sanchayctl.service.plan import Command, Plan, Runner, Service, ServiceFile, State, service_name

# By their whole paths: Windows looks for a bare name in the current folder first, and so does a person's shell.
_SYSTEM = PureWindowsPath(programs.windows_system_folder())
SCHTASKS = str(_SYSTEM / "schtasks.exe")
NET = str(_SYSTEM / "net.exe")
POWERSHELL = str(_SYSTEM / "WindowsPowerShell" / "v1.0" / "powershell.exe")


class TaskScheduler:
    """The manager of Windows that needs no program of ours to be a service."""

    name = "Task Scheduler"

    def __init__(self, run: Runner) -> None:
        self._run = run

    def default_user(self) -> str:
        """A local account."""
        return "sanchay"

    def system_home(self) -> Path:
        """Where programs of the machine keep things."""
        return Path(os.environ.get("PROGRAMDATA", r"C:\ProgramData"), "Sanchay")

    def program(self) -> Command:
        """Python without a console window."""
        return programs.ours("sanchayd", windowless=True)

    def plan(self, service: Service) -> Plan:
        """The task as XML, kept beside the daemon's data: Task Scheduler copies it."""
        name = self._name(service)
        kind, user = ("boot", service.user) if service.system else ("logon", _whoami())
        program, *arguments = service.command
        values = {
            "PROGRAM": template.xml_text(template.task_text(program)),
            "ARGUMENTS": template.task_arguments(arguments),
            "FOLDER": template.xml_text(template.task_text(str(PureWindowsPath(program).parent))),
            "USER": template.xml_text(user),
        }
        text = template.fill(f"windows/{kind}-task.xml", values)
        file = self._file(service)
        create: Command = (SCHTASKS, "/Create", "/TN", name, "/XML", str(file), "/F")
        if service.system:
            create = (*create, "/RU", user, "/RP", "*")
        start = (create, (SCHTASKS, "/Run", "/TN", name))
        return Plan(
            name,
            (ServiceFile(file, text.encode("utf-16"), "utf-16"),),
            ((NET, "user", user, "*", "/add"), *start) if service.system else start,
            ((SCHTASKS, "/End", "/TN", name), (SCHTASKS, "/Delete", "/TN", name, "/F")),
            by_hand="Windows asks for the password of the account that it runs as" if service.system else "",
            notices=tuple(_words(service)),
        )

    def unreachable(self, service: Service) -> str:  # noqa: ARG002 - one scheduler serves every scope
        """Task Scheduler runs wherever Windows does."""
        outcome = self._run((SCHTASKS, "/Query", "/FO", "LIST"))
        return "" if outcome.code == 0 else f"Task Scheduler was not reached: {outcome.text}"

    def state(self, service: Service) -> State:
        """Asked of PowerShell, whose words are the same in every language of Windows."""
        script = f"(Get-ScheduledTask -TaskName '{self._name(service)}').State"
        outcome = self._run((POWERSHELL, "-NoProfile", "-NonInteractive", "-Command", script))
        found = outcome.text.strip()
        if outcome.code != 0 or found not in {"Ready", "Running", "Disabled", "Queued"}:
            return State(installed=False, enabled=False, running=False)
        return State(installed=True, enabled=found != "Disabled", running=found == "Running")

    def journal(self, service: Service, lines: int, *, follow: bool) -> Command | None:  # noqa: ARG002
        """Task Scheduler's history is off unless someone switched it on."""
        return None

    def _name(self, service: Service) -> str:
        return service_name(service, "sanchayd")

    def _file(self, service: Service) -> Path:
        return service.where.data_folder / f"{self._name(service)}.xml"


def _whoami() -> str:
    domain, name = os.environ.get("USERDOMAIN", ""), os.environ.get("USERNAME", "")
    return f"{domain}\\{name}" if domain else name


def _words(service: Service) -> list[str]:
    if not service.system:
        return ["It starts when you log on and ends when you log off; for a machine without log-ons use --system."]
    return [
        "This is a task that runs whether anybody is logged on or not; services.msc does not list it. It runs as "
        f"{service.user}, which needs the right to log on as a batch job and to read the folders.",
        f"Ask it as that user, with SANCHAY_HOME={service.where.data_folder} in the environment.",
    ]
