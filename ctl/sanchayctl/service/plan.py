"""What installing a service comes to: files, commands and words, decided before anything is touched."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from sanchay.address import Places

# In each file that is ours: no other is overwritten or removed.
MARK = "Written by `sanchayctl service install"
Command = tuple[str, ...]


@dataclass(frozen=True)
class Service:
    """The service that is asked for: for the machine (`system`) or for the person who asks.

    `command` starts the daemon of `where`; `user` is whom it runs as with `system`.
    """

    system: bool
    where: Places
    command: Command
    user: str

    @property
    def scope(self) -> str:
        """system or user."""
        return "system" if self.system else "user"


@dataclass(frozen=True)
class ServiceFile:
    """A file to write, whole."""

    path: Path
    content: bytes
    encoding: str = "utf-8"

    @property
    def text(self) -> str:
        """The content for a screen."""
        return self.content.decode(self.encoding)


@dataclass(frozen=True)
class Plan:
    """How the service is installed and removed.

    `forget` comes after the files are gone. `by_hand` says why a person has to type the commands of `start`, whatever
    runs here; empty: they can be run. `links` are what the manager made beside the files.
    """

    name: str
    files: tuple[ServiceFile, ...]
    start: tuple[Command, ...]
    stop: tuple[Command, ...]
    forget: tuple[Command, ...] = ()
    by_hand: str = ""
    links: tuple[Path, ...] = ()
    notices: tuple[str, ...] = ()


@dataclass(frozen=True)
class State:
    """How the service stands. `enabled` (it starts by itself) and `running` are None where the system does not say."""

    installed: bool
    enabled: bool | None = None
    running: bool | None = None
    message: str = ""


@dataclass(frozen=True)
class Outcome:
    """How a command of the system ended."""

    code: int
    text: str = field(default="")


class Runner(Protocol):
    """Runs a command of the system; never raises for a program that is missing or fails."""

    def __call__(self, command: Sequence[str]) -> Outcome:
        """Its exit code and what it said."""
        ...


class Manager(Protocol):
    """A system's manager of services."""

    name: str

    def default_user(self) -> str:
        """Whom a machine's service runs as."""
        ...

    def system_home(self) -> Path:
        """Where a machine's service keeps everything."""
        ...

    def program(self) -> Command:
        """What starts `sanchayd`, without its flags."""
        ...

    def plan(self, service: Service) -> Plan:
        """Files, commands and words. Raises InvalidArgument where a path cannot be written down."""
        ...

    def unreachable(self, service: Service) -> str:
        """Why commands cannot be run from here; empty: they can."""
        ...

    def state(self, service: Service) -> State:
        """How the service stands."""
        ...

    def journal(self, service: Service, lines: int, *, follow: bool) -> Command | None:
        """The command that shows what the manager itself noted; None where it notes nothing."""
        ...


def service_name(service: Service, base: str) -> str:
    """The service's name: a home of its own has a service of its own."""
    import hashlib
    import os

    if service.system or service.where.home is None:
        return base
    return f"{base}-{hashlib.sha256(os.fsencode(service.where.home)).hexdigest()[:8]}"
