"""`sanchayctl service`: lets the operating system start the daemon, and says how that stands. Nothing here starts a
daemon but the system's own manager of services."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sanchay import paths
from sanchayctl import exit_codes, interrupt, output
from sanchayctl.command import Example, Group
from sanchayctl.session import Session

if TYPE_CHECKING:
    from sanchayctl.service.plan import Manager, Plan, Service

LOG_LINES = 50


@click.group(
    cls=Group,
    examples=[
        Example("service install", "start sanchayd whenever you log in"),
        Example("service status", "is it installed, enabled, running"),
        Example("service logs --follow", "what the daemon notes, as it notes it"),
    ],
)
def service() -> None:
    """Let the operating system start sanchayd (systemd, launchd or Task Scheduler), and see how that stands."""


_system = click.option("--system", is_flag=True, help="The service of the machine, which runs as its own user.")


@service.command(
    examples=[
        Example("service install", "for you: starts when you log in"),
        Example("service install --dry-run", "show what would be written and run"),
        Example("service install --system", "for a server: starts with the machine, as its own user"),
    ]
)
@_system
@click.option("--user", help="Whom the service of the machine runs as, never root.  [default: a user for it alone]")
@click.option("--dry-run", "--print", "dry_run", is_flag=True, help="Show the files and commands, and change nothing.")
@click.option("--force", is_flag=True, help="Replace a file that sanchayctl did not write.")
@click.pass_obj
def install(session: Session, system: bool, user: str | None, dry_run: bool, force: bool) -> int:
    """Write the service's file, and start the service: now, and at each log-in or boot. Says what is left to do."""
    from sanchayctl.service import program_place, steps

    manager, asked = _asked(session, system, user)
    plan = manager.plan(asked)
    plan = replace(plan, notices=(*plan.notices, *program_place.notices(asked)))
    if dry_run:
        return _show_plan(session, manager, asked, plan)
    installed = steps.install(manager, asked, plan, lambda: _stop_own(session, asked), force=force)
    if session.as_json:
        output.document(
            {
                **_named(manager, asked, plan),
                "written": True,
                "started": installed.started,
                "message": installed.message,
                "to_type": [output.command(command) for command in installed.to_type],
                "notices": list(plan.notices),
            }
        )
        return exit_codes.DONE
    for file in plan.files:
        output.line(f"Wrote {_shown(file.path)}")
    if installed.stopped:
        output.line("The sanchayd that ran was stopped; the service's goes on where it was.")
    if installed.started:
        output.line(f"{plan.name} runs, and starts by itself.")
    _say_rest(installed.message, installed.to_type, plan.notices)
    return exit_codes.DONE


@service.command(examples=[Example("service uninstall", "the system starts sanchayd no longer; the catalog stays")])
@_system
@click.pass_obj
def uninstall(session: Session, system: bool) -> int:
    """Stop the service and remove its file; done at once where there is none. Catalog and settings stay."""
    from sanchayctl.service import steps

    manager, asked = _asked(session, system, None)
    plan = manager.plan(asked)
    gone = steps.uninstall(manager, asked, plan)
    if session.as_json:
        output.document(
            {
                **_named(manager, asked, plan),
                "was_installed": gone.was_installed,
                "removed": [str(path) for path in gone.removed],
                "message": gone.message,
                "to_type": [output.command(command) for command in gone.to_type],
            }
        )
        return exit_codes.DONE
    for path in gone.removed:
        output.line(f"Removed {_shown(path)}")
    if not gone.was_installed:
        output.line(f"{plan.name} was not installed.")
    _say_rest(gone.message, gone.to_type, ())
    return exit_codes.DONE


@service.command(examples=[Example("service status", "is it installed, does it start by itself, does it run")])
@_system
@click.pass_obj
def status(session: Session, system: bool) -> int:
    """Show whether the service is installed, starts by itself, and runs."""
    from sanchay import hosts

    manager, asked = _asked(session, system, None)
    plan, state = manager.plan(asked), manager.state(asked)
    daemon_running = hosts.is_locked(asked.where.lock_file)
    if session.as_json:
        output.document(
            {
                **_named(manager, asked, plan),
                "installed": state.installed,
                "enabled": state.enabled,
                "running": state.running,
                "daemon_running": daemon_running,
                "message": state.message,
            }
        )
        return exit_codes.DONE
    output.line(f"{plan.name} ({manager.name}, {asked.scope})")
    rows = [
        ("installed", state.installed),
        ("starts by itself", state.enabled),
        ("running", state.running),
        ("daemon running", daemon_running),
    ]
    for what, value in rows:
        output.line(f"  {what:<17} {'not known' if value is None else 'yes' if value else 'no'}")
    if state.message:
        output.line(paths.safe_text(state.message))
    if not state.installed:
        output.line(f"Install it with: {session.next('service install')}{' --system' if system else ''}")
    return exit_codes.DONE


@service.command(examples=[Example("service logs --follow", "the last lines, and those to come until Ctrl-C")])
@_system
@click.option("--lines", "-n", type=click.IntRange(1, 100_000), default=LOG_LINES, show_default=True, help="How many.")
@click.option("--follow", "-f", is_flag=True, help="Go on with new lines, until Ctrl-C.")
@click.pass_obj
def logs(session: Session, system: bool, lines: int, follow: bool) -> int:
    """Show the daemon's log; with --json as it is, a JSON object a line."""
    from sanchayctl.service import log_lines

    manager, asked = _asked(session, system, None)
    file = asked.where.log_file
    show = _raw if session.as_json else _pretty
    found = log_lines.last(file, lines)
    for line in found:
        show(line)
    journal = manager.journal(asked, lines, follow=follow)
    if not found:
        output.note(f"There is no line in {_shown(file)} yet.")
    if journal is not None and not session.as_json:
        output.note(f"What {manager.name} itself noted: {output.command(journal)}")
    if follow:
        with interrupt.first(lambda: exit_codes.DONE):  # Ctrl-C is how it ends
            for line in log_lines.following(file):
                show(line)
    return exit_codes.DONE


def _asked(session: Session, system: bool, user: str | None) -> tuple[Manager, Service]:
    """The manager of this system, and the service that the options speak of."""
    from sanchay.address import places
    from sanchayctl import hosts
    from sanchayctl.service.plan import Service

    manager = hosts.manager()
    if user is not None and not system:
        raise click.UsageError("--user goes with --system: your own service runs as you.")
    name = user or manager.default_user()
    if name in {"root", "SYSTEM", "NT AUTHORITY\\SYSTEM"}:
        raise click.UsageError(f"The service never runs as {name}: give it its own user.")
    where = places(manager.system_home()) if system else session.where
    home = ("--home", str(where.home)) if where.home is not None else ()
    return manager, Service(system=system, where=where, command=(*manager.program(), *home), user=name)


def _stop_own(session: Session, asked: Service) -> bool:
    """Stops a daemon of the same home that runs already: the lock lets only one run. Whether there was one."""
    from sanchayctl.commands.daemon import stop_running

    if asked.system:
        return False
    return stop_running(session) is not None


def _show_plan(session: Session, manager: Manager, asked: Service, plan: Plan) -> int:
    if session.as_json:
        output.document(
            {
                **_named(manager, asked, plan),
                "written": False,
                "started": False,
                "message": plan.by_hand,
                "to_type": [output.command(command) for command in plan.start],
                "notices": list(plan.notices),
                "contents": {str(file.path): file.text for file in plan.files},
            }
        )
        return exit_codes.DONE
    for file in plan.files:
        output.note(f"Would write {_shown(file.path)}:")
        output.line(file.text)
    for command in plan.start:
        output.note(f"Would run: {output.command(command)}")
    for notice in plan.notices:
        output.note(paths.safe_text(notice))
    return exit_codes.DONE


def _named(manager: Manager, asked: Service, plan: Plan) -> dict[str, object]:
    return {
        "name": plan.name,
        "manager": manager.name,
        "scope": asked.scope,
        "files": [str(file.path) for file in plan.files],
    }


def _say_rest(message: str, to_type: tuple[tuple[str, ...], ...], notices: tuple[str, ...]) -> None:
    if message:
        output.line(paths.safe_text(message))
    for command in to_type:
        output.line(f"    {output.command(command)}")
    for notice in notices:
        output.line(paths.safe_text(notice))


def _shown(path: Path) -> str:
    return paths.shown_bytes(os.fsencode(path))


def _pretty(line: str) -> None:
    from sanchayctl.service import log_lines

    output.line(paths.safe_text(log_lines.for_person(line)))


def _raw(line: str) -> None:
    try:
        fields = json.loads(line)
    except ValueError:
        fields = None
    output.json_line(fields if isinstance(fields, dict) else {"event": line})
