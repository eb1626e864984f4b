"""Children of Sanchay's run nothing that lies in the current folder, whatever its names and whatever PATH says."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay import launcher, programs
from sanchay.address import places
from sanchayctl import settings_check
from sanchayctl.hosts.running import run as run_program
from sanchayctl.hosts.windows import TaskScheduler
from sanchayctl.service.plan import Outcome, Service
from sanchayd.reports import hook as report_hook
from tests.support.daemon import PATIENCE_S, environment

OWN = ("sanchay", "sanchayd", "sanchayctl", "sanchay_engine", "grpc", "pydantic", "sitecustomize", "usercustomize")


@pytest.fixture
def strange(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The current folder holds modules and programs of every name that is used; each leaves a mark when it runs."""
    folder = tmp_path / "strange"
    folder.mkdir()
    mark = tmp_path / "mark"
    for name in {*sys.stdlib_module_names, *OWN}:
        (folder / f"{name}.py").write_text(f"open({str(mark)!r}, 'a').write({name + chr(10)!r})\n")
    (folder / "sanchayd.py").unlink()
    (folder / "sanchayd").mkdir()
    (folder / "sanchayd" / "__init__.py").write_text(f"open({str(mark)!r}, 'a').write('sanchayd')\n")
    for name in ("systemctl", "bash", "true", "schtasks", "hook", "python3"):
        (folder / name).write_text(f"#!/bin/sh\necho {name} >> {mark}\n")
        (folder / name).chmod(0o755)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("PATH", f".:::{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", environment(tmp_path)["PYTHONPATH"])
    yield folder
    assert not mark.exists(), mark.read_text()


@pytest.mark.usefixtures("strange")
def test_the_check_of_the_settings_imports_nothing_from_the_current_folder(tmp_path: Path) -> None:
    assert "log_level" in {setting.key for setting in settings_check.check(places(tmp_path / "home")).settings}


@pytest.mark.usefixtures("strange")
def test_a_started_daemon_imports_nothing_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "ours", lambda _name: programs.python_module("tests.support.fake_daemon"))
    where = places(tmp_path / "home")
    launcher.start_daemon(where.home)
    with launcher.probe(where) as client:
        client.stop_daemon()
    assert launcher.wait_stopped(where, PATIENCE_S)


@pytest.mark.usefixtures("strange")
def test_pythons_without_a_safe_path_take_nothing_from_the_current_folder_either(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys, "version_info", (3, 10, 0))
    command = programs.python_module("sanchayd")
    assert "-P" not in command
    done = subprocess.run([*command, "--version"], capture_output=True, check=True, timeout=PATIENCE_S)
    assert done.stdout.startswith(b"sanchayd ")


@pytest.mark.usefixtures("strange")
@pytest.mark.parametrize("name", ["true", "hook", "./hook", "schtasks", ""])
def test_programs_are_not_looked_up_in_the_current_folder(name: str) -> None:
    found = programs.found(name)
    assert found is None or (os.path.isabs(found) and found == f"/usr/bin/{name}")
    assert run_program([name]).code == (0 if name == "true" else 127)


@pytest.mark.usefixtures("strange")
@pytest.mark.parametrize("name", ["hook", "./hook", ""])
def test_a_hook_is_not_looked_up_in_the_current_folder(name: str) -> None:
    assert "write its whole path" in asyncio.run(report_hook.call([name], {}))
    assert asyncio.run(report_hook.call(["true"], {})) == ""


def test_task_scheduler_is_spoken_to_by_programs_of_windows_own_folder(tmp_path: Path) -> None:
    commands: list[tuple[str, ...]] = []

    def note(command: object) -> Outcome:
        assert isinstance(command, tuple)
        commands.append(command)
        return Outcome(0, "Ready")

    manager = TaskScheduler(note)
    for system in (False, True):
        service = Service(system=system, where=places(tmp_path), command=manager.program(), user="sanchay")
        manager.state(service)
        manager.unreachable(service)
        plan = manager.plan(service)
        commands += [*plan.start, *plan.stop, *plan.forget]
    assert commands
    assert {command[0].rpartition("\\")[0] for command in commands} == {
        r"C:\Windows\System32",
        r"C:\Windows\System32\WindowsPowerShell\v1.0",
    }


def test_our_programs_are_found_in_a_bundle_an_environment_and_a_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ending = ".exe" if os.name == "nt" else ""
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    assert programs.ours("sanchayd") == programs.python_module("sanchayd", sys.executable)
    (tmp_path / "sanchayd").touch(0o755)
    if os.name != "nt":
        assert programs.ours("sanchayd") == (str(tmp_path / "sanchayd"),)
    monkeypatch.setattr(sys, "frozen", True, raising=False)
    assert programs.ours("sanchayctl") == (str(tmp_path / f"sanchayctl{ending}"),)
