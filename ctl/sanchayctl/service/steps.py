"""Carries a plan out: writes or removes its files, and runs the manager's commands where the manager is reached."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sanchay.errors import InputOutputError, InvalidArgument, PermissionDenied
from sanchay.names import shown_path
from sanchayctl import atomic, output
from sanchayctl.hosts.running import run
from sanchayctl.service.plan import MARK, Command, Manager, Plan, Service, ServiceFile


@dataclass(frozen=True)
class Installed:
    """How far it went: `to_type` is what a person has to do, and `message` why."""

    started: bool
    stopped: bool
    message: str
    to_type: tuple[Command, ...]


@dataclass(frozen=True)
class Gone:
    """What was removed, and what a person has to do."""

    was_installed: bool
    removed: tuple[Path, ...]
    message: str
    to_type: tuple[Command, ...]


def install(
    manager: Manager, service: Service, plan: Plan, stop_running: Callable[[], bool], *, force: bool
) -> Installed:
    """Writes the files and starts the service.

    `stop_running` ends a daemon that runs without the service and says whether there was one. Raises InvalidArgument
    where a file of someone else's stands in the way, PermissionDenied where the files may not be written, and
    InputOutputError where a command of the manager's fails.
    """
    for file in plan.files:
        _check_ours(file, force=force)
    for file in plan.files:
        _write(service, file)
    reason = plan.by_hand or manager.unreachable(service)
    if reason:
        message = f"It was not started: {reason[:1].lower()}{reason[1:]}. To start it, now and later, type:"
        return Installed(started=False, stopped=False, message=message, to_type=plan.start)
    if manager.state(service).running:
        for command in plan.stop:
            run(command)
    stopped = stop_running()
    for command in plan.start:
        outcome = run(command)
        if outcome.code != 0:
            raise InputOutputError(
                f"{output.command(command)} failed: {outcome.text or f'exit code {outcome.code}'}. The files are "
                "written; see also: sanchayctl service logs"
            )
    return Installed(started=True, stopped=stopped, message="", to_type=())


def uninstall(manager: Manager, service: Service, plan: Plan) -> Gone:
    """Stops the service and removes what belongs to it; what is gone already is no fault."""
    for file in plan.files:
        _check_ours(file, force=False)
    known = manager.state(service).installed
    there = [path for path in (*(file.path for file in plan.files), *plan.links) if os.path.lexists(path)]
    reason = manager.unreachable(service) if known or there else ""
    if known and not reason:
        for command in plan.stop:
            run(command)
    removed = []
    for path in there:
        try:
            path.unlink(missing_ok=True)
        except PermissionError as error:
            raise _refused(service, path) from error
        removed.append(path)
    if removed and not reason:
        for command in plan.forget:
            run(command)
    message = f"It may still run: {reason}. Where it does, type:" if known and reason else ""
    to_type = (*plan.stop, *plan.forget) if message else ()
    return Gone(known or bool(there), tuple(removed), message, to_type)


def _check_ours(file: ServiceFile, *, force: bool) -> None:
    try:
        found = file.path.read_bytes().decode(file.encoding, "replace")
    except FileNotFoundError:
        return
    if MARK not in found and not force:
        raise InvalidArgument(
            f"{shown_path(file.path)} was not written by sanchayctl and was left as it is; move it away, or replace "
            "it with "
            "service install --force.",
            path=os.fsencode(file.path),
        )


def _write(service: Service, file: ServiceFile) -> None:
    try:
        file.path.parent.mkdir(parents=True, exist_ok=True)
        atomic.write(str(file.path), [file.content], replace=True)
        file.path.chmod(0o644)  # a manager may read it as another user
    except PermissionError as error:
        raise _refused(service, file.path) from error


def _refused(service: Service, path: Path) -> PermissionDenied:
    advice = " The service of the machine is for its administrator: type sudo before it." if service.system else ""
    return PermissionDenied(f"{shown_path(path)} may not be written.{advice}", path=os.fsencode(path))
