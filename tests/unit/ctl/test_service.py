"""The service's files as text, for every system, and the commands that install, remove and show it."""

from __future__ import annotations

import json
import os
import plistlib
import pwd
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PureWindowsPath
from xml.etree import ElementTree

import pytest

from sanchay.address import places
from sanchay.errors import InvalidArgument
from sanchayctl.hosts.linux import Systemd
from sanchayctl.hosts.macos import Launchd
from sanchayctl.hosts.running import run as run_program
from sanchayctl.hosts.windows import POWERSHELL, TaskScheduler
from sanchayctl.service import log_lines, program_place, steps, template
from sanchayctl.service.plan import Manager, Outcome, Plan, Service
from tests.unit.ctl.conftest import Run

HOSTILE = """/opt/my "files"/50% %h $HOME \\n 'x' & <y>/sanchayd"""
TASK = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"


class Recorder:
    """Stands in for the system's programs: remembers what is run, and answers as it is told."""

    def __init__(self, *answers: tuple[str, Outcome]) -> None:
        self.commands: list[tuple[str, ...]] = []
        self._answers = answers

    def __call__(self, command: Sequence[str]) -> Outcome:
        self.commands.append(tuple(command))
        typed = " ".join(command)
        return next((outcome for start, outcome in self._answers if typed.startswith(start)), Outcome(0))


def service(
    *, system: bool = False, program: str = "/usr/bin/sanchayd", home: str = "/srv/h", user: str = "sanchay"
) -> Service:
    return Service(system=system, where=places(home), command=(program, "--home", home), user=user)


def plan(manager: Manager, asked: Service) -> Plan:
    return manager.plan(asked)


def unit_values(text: str, key: str) -> list[str]:
    return [line.partition("=")[2] for line in text.splitlines() if line.startswith(f"{key}=")]


def systemd_words(line: str) -> list[str]:
    """What systemd makes of an ExecStart line: C escapes in double quotes, %% a percent sign."""
    assert line.startswith(":")
    return [word.replace("%%", "%") for word in shlex.split(line[1:].replace("$", "\0"))]


@pytest.mark.parametrize("system", [False, True])
def test_a_systemd_unit_takes_every_path_literally(system: bool) -> None:
    asked = service(system=system, program=HOSTILE, home="/home/a b/%i")
    unit = Systemd(Recorder()).plan(asked).files[-1]
    (line,) = unit_values(unit.text, "ExecStart")
    words = [word.replace("\0", "$") for word in systemd_words(line)]
    assert words[-3:] == [HOSTILE, "--home", "/home/a b/%i"]
    assert words[:-3] == ["/bin/sh", "-c", 'exec "$0" "$@"'], "systemd refuses quotes in a program's name"
    assert unit_values(unit.text, "Type") == ["notify"]
    assert int(unit_values(unit.text, "WatchdogSec")[0]) > 0
    assert not template.PLACEHOLDER.search(unit.text)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
@pytest.mark.parametrize("system", [False, True])
@pytest.mark.parametrize("name", ["sanchayd", "a b 100% $HOME", """a "b" 'c' \\d"""])
def test_systemd_finds_nothing_wrong_with_the_units(tmp_path: Path, system: bool, name: str) -> None:
    program = tmp_path / name
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    asked = service(system=system, program=str(program), user=pwd.getpwuid(os.geteuid()).pw_name)
    made = Systemd(Recorder()).plan(asked)
    unit = tmp_path / made.files[-1].path.name
    unit.write_bytes(made.files[-1].content)
    runtime = {**os.environ, "XDG_RUNTIME_DIR": str(tmp_path)}
    scope = ["--system"] if system else ["--user"]
    done = subprocess.run(
        ["systemd-analyze", *scope, "--man=no", "--recursive-errors=no", "verify", str(unit)],
        env=runtime,
        capture_output=True,
        text=True,
        check=False,
    )
    about_ours = [line for line in done.stderr.splitlines() if made.name in line or str(unit) in line]
    assert about_ours == []
    assert done.returncode == 0, done.stderr


def test_the_users_unit_leaves_folders_readable_and_its_namespace_bites() -> None:
    text = Systemd(Recorder()).plan(service()).files[0].text
    assert unit_values(text, "PrivateUsers") == ["yes"]
    assert unit_values(text, "NoNewPrivileges") == ["yes"]
    assert unit_values(text, "ProtectSystem") == ["full"]
    assert not unit_values(text, "ProtectHome")
    assert unit_values(text, "WantedBy") == ["default.target"]


def test_the_machines_unit_runs_as_a_user_that_is_made_for_it() -> None:
    made = Systemd(Recorder()).plan(service(system=True, home="/var/lib/sanchay"))
    users, unit = made.files
    assert unit_values(unit.text, "User") == ["sanchay"]
    assert shlex.split(users.text.splitlines()[-1]) == ["u", "sanchay", "-", "Sanchay", "/var/lib/sanchay"]
    assert made.start[0] == ("systemd-sysusers", "/etc/sysusers.d/sanchay.conf")
    assert "User=root" not in unit.text


@pytest.mark.parametrize("user", ["a b", "x\nUser=root", "", "-x", "%h"])
def test_a_user_that_would_add_to_the_unit_is_refused(user: str) -> None:
    with pytest.raises(InvalidArgument):
        Systemd(Recorder()).plan(service(system=True, user=user))


@pytest.mark.parametrize("path", ["/a\nExecStartPre=/bin/rm", "/a\x1b", "/a\udc80"])
@pytest.mark.parametrize("manager", [Systemd(Recorder()), Launchd(Recorder()), TaskScheduler(Recorder())], ids=type)
def test_a_path_that_cannot_be_written_down_is_refused(manager: Manager, path: str) -> None:
    with pytest.raises(InvalidArgument):
        manager.plan(service(home=path))


@pytest.mark.parametrize("system", [False, True])
def test_a_launchd_property_list_holds_every_path_literally(system: bool) -> None:
    made = Launchd(Recorder()).plan(service(system=system, program=HOSTILE, user="_sanchay"))
    found = plistlib.loads(made.files[0].content)
    assert found["ProgramArguments"] == [HOSTILE, "--home", "/srv/h"]
    assert found["Label"] == made.name
    assert found["RunAtLoad"] is True
    assert found["KeepAlive"] == {"SuccessfulExit": False}
    assert found["Umask"] == 0o077
    assert found.get("UserName") == ("_sanchay" if system else None)
    assert bool(made.by_hand) is system


@pytest.mark.parametrize("system", [False, True])
def test_a_windows_task_holds_every_path_literally(monkeypatch: pytest.MonkeyPatch, system: bool) -> None:
    monkeypatch.setenv("USERDOMAIN", "PC & Co")
    monkeypatch.setenv("USERNAME", "me")
    program = r"C:\Program Files\<Python> & Co\pythonw.exe"
    asked = Service(
        system=system,
        where=places("/srv/h"),
        command=(program, "-m", "sanchayd", "--home", "C:\\50%\\a b\\"),
        user="sanchay",
    )
    made = TaskScheduler(Recorder()).plan(asked)
    assert made.files[0].content.startswith((b"\xff\xfe", b"\xfe\xff")), "schtasks reads UTF-16"
    task = ElementTree.fromstring(made.files[0].content)
    found = {element.tag.removeprefix(TASK): element.text for element in task.iter()}
    assert found["Command"] == program
    assert found["Arguments"] == '-m sanchayd --home "C:\\50%\\a b\\\\"'
    assert found["WorkingDirectory"] == str(PureWindowsPath(program).parent)
    assert found["RunLevel"] == "LeastPrivilege"
    assert found["ExecutionTimeLimit"] == "PT0S"
    assert found["LogonType"] == ("Password" if system else "InteractiveToken")
    assert found["UserId"] == ("sanchay" if system else r"PC & Co\me")
    assert ("BootTrigger" in found, "LogonTrigger" in found) == (system, not system)
    assert bool(made.by_hand) is system


def test_what_task_scheduler_would_take_for_a_variable_is_refused() -> None:
    for home in ("C:\\%TEMP%\\x", "C:\\$(Arg0)"):
        with pytest.raises(InvalidArgument, match="variable"):
            TaskScheduler(Recorder()).plan(service(home=home))


@pytest.mark.parametrize(
    ("manager", "running"),
    [
        (Systemd, ("systemctl --user is-active", Outcome(0, "active"))),
        (Launchd, ("launchctl print gui", Outcome(0, "state = running"))),
        (TaskScheduler, (POWERSHELL, Outcome(0, "Running"))),
    ],
)
def test_the_state_is_the_managers(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    manager: type[Systemd | Launchd | TaskScheduler],
    running: tuple[str, Outcome],
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CONFIG_HOME", raising=False)
    monkeypatch.setattr("sanchayctl.hosts.linux.BOOTED", tmp_path)
    there = manager(Recorder(running))
    file = there.plan(service()).files[0].path
    if manager is not TaskScheduler:
        assert not there.state(service()).installed
        file.parent.mkdir(parents=True)
        file.write_text("")
    state = there.state(service())
    assert (state.installed, state.running) == (True, True)
    stopped = manager(Recorder((running[0], Outcome(1, "Unknown")))).state(service())
    assert not stopped.running


@pytest.fixture
def units(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's units go; no systemd is reached."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(home / "xdg"))
    monkeypatch.setattr("sanchayctl.hosts.manager", lambda: Systemd(run_program))
    monkeypatch.setattr("sanchayctl.hosts.linux.BOOTED", home / "not booted")
    return home / "xdg" / "systemd" / "user"


def test_install_without_a_manager_writes_the_file_and_says_what_to_type(run: Run, units: Path, home: Path) -> None:
    answer = run("service", "install", "--json").document
    (file,) = answer["files"]
    assert Path(file).parent == units
    assert Path(file).stat().st_mode & 0o777 == 0o644
    assert answer["written"] is True
    assert answer["started"] is False
    assert "systemd does not run here" in answer["message"]
    assert f"systemctl --user enable {answer['name']}.service" in answer["to_type"]
    assert any("enable-linger" in notice for notice in answer["notices"])

    text = run("service", "install")
    assert text.code == 0
    assert "systemctl --user restart" in text.out
    state = run("service", "status", "--json").document
    assert (state["installed"], state["enabled"], state["running"]) == (True, False, None)
    assert "not known" in run("service", "status").out

    link = units / "default.target.wants" / Path(file).name
    link.parent.mkdir()
    link.symlink_to(file)
    assert run("service", "status", "--json").document["enabled"] is True
    gone = run("service", "uninstall", "--json").document
    assert gone["was_installed"] is True
    assert set(gone["removed"]) == {file, str(link)}
    again = run("service", "uninstall", "--json")
    assert (again.code, again.document["was_installed"], again.document["removed"]) == (0, False, [])
    assert "was not installed" in run("service", "uninstall").out


def test_a_dry_run_shows_everything_and_writes_nothing(run: Run, units: Path) -> None:
    shown = run("service", "install", "--print")
    assert "ExecStart=:" in shown.out
    assert "Would run: systemctl --user daemon-reload" in shown.err
    document = run("service", "install", "--dry-run", "--json").document
    assert document["written"] is False
    assert "ExecStart=:" in document["contents"][document["files"][0]]
    assert not units.exists()


def test_a_unit_that_is_not_ours_is_left_alone(run: Run, units: Path) -> None:
    file = Path(run("service", "install", "--dry-run", "--json").document["files"][0])
    units.mkdir(parents=True)
    file.write_text("[Service]\nExecStart=/bin/true\n")
    refused = run("service", "install", "--json")
    assert refused.code == 2
    assert refused.error["path"] == str(file)
    assert run("service", "uninstall").code == 2
    assert "true" in file.read_text()
    assert run("service", "install", "--force").code == 0
    assert "ExecStart=:" in file.read_text()


def test_the_service_never_runs_as_root(run: Run, units: Path) -> None:
    assert run("service", "install", "--system", "--user", "root").code == 2
    assert run("service", "install", "--user", "me").code == 2


def test_install_stops_what_runs_and_starts_the_service(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setattr("sanchayctl.hosts.linux.BOOTED", tmp_path)
    record = Recorder(("systemctl --user is-active", Outcome(3, "inactive")))
    monkeypatch.setattr(steps, "run", record)
    manager = Systemd(record)
    made = manager.plan(service())
    done = steps.install(manager, service(), made, lambda: True, force=False)
    assert (done.started, done.stopped, done.to_type) == (True, True, ())
    assert record.commands[-3:] == list(made.start)
    gone = steps.uninstall(manager, service(), made)
    assert gone.was_installed
    assert made.stop[0] in record.commands
    assert record.commands[-1] == made.forget[0]


def test_an_interpreter_that_the_service_may_not_read_or_that_will_be_cleared_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_place, "TEMPORARY", ())
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "tmp"))
    venv, closed = tmp_path / "venv" / "bin", tmp_path / "closed"
    for folder in (venv, closed, tmp_path / "tmp"):
        folder.mkdir(parents=True)
    for name in ("sanchayd", "python"):
        (closed / name).write_text("")
        (venv / name).symlink_to(closed / name)
    closed.chmod(0o700)
    monkeypatch.setattr(program_place, "Rights", lambda user: AllBut(closed))
    # The script can be entered, what it leads to cannot: a service of one's own may all the same.
    there = service(system=True, program=str(venv / "sanchayd"))
    assert [f"{closed}, which sanchay may not enter" in said for said in program_place.notices(there)] == [True]
    assert program_place.notices(replace(there, system=False)) == ()
    monkeypatch.setattr(tempfile, "gettempdir", lambda: str(tmp_path / "venv"))
    (said,) = program_place.notices(replace(there, system=False))
    assert f"{venv / 'sanchayd'} lies in a folder for temporary files" in said


class AllBut:
    """Rights to everything but what lies in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def have(self, path: Path, right: int) -> bool:
        return path != self._folder


@pytest.mark.skipif(sys.platform == "win32", reason="modes are POSIX'")
def test_rights_are_those_of_the_services_user(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    me = pwd.getpwuid(os.geteuid()).pw_name
    assert program_place.Rights(me).have(tmp_path / "closed", 0o100)
    assert not program_place.Rights("no-user-yet").have(tmp_path / "closed", 0o100)
    assert not program_place.Rights(me).have(tmp_path / "missing", 0o100)


def test_a_dry_run_shows_its_notices(run: Run, units: Path) -> None:
    shown = run("service", "install", "--dry-run")
    assert "loginctl enable-linger" in shown.err


def test_the_log_is_read_across_all_its_files(tmp_path: Path) -> None:
    file = tmp_path / "sanchayd.log"
    for number in range(12):
        part = file.with_name(f"sanchayd.log.{number}") if number else file
        part.write_text(f"{number} older\n{number} newer\n")
    (tmp_path / "sanchayd.log.bak").write_text("no part of it\n")
    assert log_lines.last(file, 5) == ["2 newer", "1 older", "1 newer", "0 older", "0 newer"]
    whole = log_lines.last(file, 1000)
    assert (len(whole), whole[0], whole[-1]) == (24, "11 older", "0 newer")
    assert log_lines.last(tmp_path / "none" / "x.log", 5) == []


def test_logs_are_the_last_lines_across_a_rotation(run: Run, units: Path, home: Path) -> None:
    folder = home / "logs"
    folder.mkdir()
    lines = [json.dumps({"ts": f"2026-01-01T00:00:0{n}Z", "level": "info", "event": "e", "n": n}) for n in range(4)]
    (folder / "sanchayd.log.1").write_text("\n".join(lines[:2]) + "\n")
    (folder / "sanchayd.log").write_text("\n".join(lines[2:]) + "\nno json\n")
    raw = run("service", "logs", "--json", "-n", "3")
    assert [json.loads(line).get("n") for line in raw.out.splitlines()] == [2, 3, None]
    assert run("service", "logs", "-n", "4").out.splitlines()[0] == "2026-01-01T00:00:01Z info    e  n=1"
    assert "journalctl --user-unit" in run("service", "logs").err


def test_a_log_moves_no_cursor_with_json_either(run: Run, units: Path, home: Path) -> None:
    folder = home / "logs"
    folder.mkdir()
    fields = {"ts": "2026-01-01T00:00:01Z", "level": "info", "event": "e", "path": "a\x9b\u202e\U000e0001"}
    lines = [json.dumps(fields, ensure_ascii=False), "{no json\x1b[2J", "[1]"]
    (folder / "sanchayd.log").write_text("\n".join(lines) + "\n")
    raw = run("service", "logs", "--json").out
    assert raw.isascii()
    assert "\x1b" not in raw
    assert [json.loads(line) for line in raw.splitlines()] == [fields, {"event": lines[1]}, {"event": "[1]"}]
    shown = run("service", "logs").out
    assert not set(shown) & set("\x1b\x9b\u202e\U000e0001")


def test_following_a_log_goes_over_a_rotation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log_lines, "POLL_S", 0.01)
    file = tmp_path / "sanchayd.log"
    file.write_text("old\n")
    found: list[str] = []
    steps_left = iter(range(6))

    def write() -> bool:
        """Between two looks the log grows, is put aside, and begins again."""
        step = next(steps_left, None)
        if step == 1:
            with file.open("a") as stream:
                stream.write("one\ntw")
        if step == 2:
            with file.open("a") as stream:
                stream.write("o\nlast\n")
            file.rename(tmp_path / "sanchayd.log.1")
            file.write_text("new\n")
        return step is not None

    found = list(log_lines.following(file, write))
    assert found == ["one", "two", "last", "new"]


def test_a_command_that_is_missing_or_fails_is_an_outcome() -> None:
    assert run_program(["/no/such/program"]).code == 127
    assert run_program(["false"]).code == 1
