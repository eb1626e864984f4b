"""Starting and stopping, and commands where no daemon runs."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from sanchay import errors, launcher
from sanchay.v1 import daemon_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl.conftest import Run, every_answer


@pytest.fixture
def started(home: Path, monkeypatch: pytest.MonkeyPatch) -> list[CannedDaemon]:
    """Lets the launcher start a fake daemon instead of a process; those that it started."""
    running: list[CannedDaemon] = []

    def start(given: Path | None = None, tell: Callable[[str], None] | None = None) -> launcher.Started:
        assert tell is not None  # no one waits in silence
        assert given == home
        running.append(CannedDaemon(home, every_answer()).__enter__())
        return launcher.Started(pid=4711, already=False)

    monkeypatch.setattr(launcher, "start_daemon", start)
    return running


def test_status_never_starts_a_daemon(run: Run, started: list[CannedDaemon], home: Path) -> None:
    ended = run("status")
    assert ended.code == 69
    assert "sanchayctl daemon start" in ended.out
    document = run("--json", "status")
    assert document.code == 69
    assert document.document["running"] is False
    assert document.document["data_folder"] == str(home)
    assert document.document["last_error"] is None
    assert started == []


def test_status_shows_why_the_last_start_failed(run: Run, home: Path) -> None:
    left = {"kind": "config_invalid", "message": "config.toml, line 2: no.", "details": {"line": "2"}}
    (home / "last_error.json").write_text(json.dumps(left), "utf-8")
    assert "Its last start failed (just now): config.toml, line 2: no." in run("status").out
    told = run("--json", "status").document["last_error"]
    assert (told["kind"], told["message"], told["line"]) == ("config_invalid", "config.toml, line 2: no.", "2")


@pytest.mark.parametrize("arguments", [["daemon", "stop"], ["config", "path"], ["completion", "zsh"], ["--version"]])
def test_nor_do_these(run: Run, started: list[CannedDaemon], arguments: list[str]) -> None:
    assert run(*arguments).code == 0
    assert started == []


def test_other_commands_start_one_and_say_so(run: Run, started: list[CannedDaemon]) -> None:
    ended = run("root", "list")
    assert ended.code == 0
    assert "Started sanchayd (process 4711)" in ended.err
    assert "photos" in ended.out
    assert len(started) == 1
    started[0].stop()


def test_beside_json_nothing_is_said_of_the_way(run: Run, started: list[CannedDaemon]) -> None:
    ended = run("--json", "root", "list")
    assert (ended.code, ended.err) == (0, "")
    started[0].stop()


def test_no_start_forbids_it(run: Run, started: list[CannedDaemon]) -> None:
    for arguments in (["--no-start", "find", "x"], ["find", "x", "--no-start"]):
        ended = run(*arguments)
        assert ended.code == 69
        assert "--no-start" in ended.err
    assert run("--no-start", "daemon", "start").code == 2
    assert run("--no-start", "daemon", "restart").code == 2
    assert started == []


def test_start_says_where_one_runs_already(run: Run, daemon: CannedDaemon) -> None:
    ended = run("daemon", "start")
    assert (ended.code, ended.out) == (0, "sanchayd is running already (process 4711).\n")
    assert run("--json", "daemon", "start").document == {"running": True, "pid": 4711, "already": True}


def test_stop_waits_until_the_lock_is_free(run: Run, daemon: CannedDaemon) -> None:
    def stop(_request: object) -> daemon_pb2.StopDaemonResponse:
        threading.Timer(0.2, daemon.stop).start()
        return daemon_pb2.StopDaemonResponse(pid=4711)

    daemon.answers["StopDaemon"] = stop
    assert run("--json", "daemon", "stop").document == {"running": False, "stopped": True, "pid": 4711}
    ended = run("daemon", "stop")
    assert (ended.code, ended.out) == (0, "No sanchayd was running.\n")


def test_restart_stops_and_starts(run: Run, daemon: CannedDaemon, started: list[CannedDaemon]) -> None:
    def stop(_request: object) -> daemon_pb2.StopDaemonResponse:
        threading.Timer(0.05, daemon.stop).start()
        return daemon_pb2.StopDaemonResponse(pid=4711)

    daemon.answers["StopDaemon"] = stop
    ended = run("daemon", "restart")
    assert (ended.code, ended.out) == (0, "Restarted sanchayd (process 4711).\n")
    started[0].stop()


def test_a_daemon_that_does_not_end_is_said(run: Run, daemon: CannedDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sanchayctl.commands.daemon.STOP_TIMEOUT_S", 0.2)
    ended = run("daemon", "stop")
    assert ended.code == 69
    assert "has not ended" in ended.err
    daemon.answers["StopDaemon"] = errors.ShuttingDown("Stopping.")
    assert run("daemon", "stop").code == 69


@pytest.mark.parametrize("error", errors.BY_KIND.values(), ids=errors.BY_KIND)
def test_every_error_becomes_its_exit_code(run: Run, daemon: CannedDaemon, error: type[errors.SanchayError]) -> None:
    daemon.answers["Summary"] = error("What happened, and what to do.", path=b"/a\xff\n")
    ended = run("summary")
    assert ended.code == error.exit_code
    assert ended.err == "sanchayctl: What happened, and what to do.\n"
    told = run("--json", "summary").error
    assert told["kind"] == error.kind
    assert told["message"] == "What happened, and what to do."
    assert told["path_bytes"] == "L2H/Cg=="
    assert told["exit_code"] == error.exit_code


@pytest.mark.parametrize(
    ("details", "command"),
    [
        ({"advice": errors.START_DAEMON}, "Start it with: sanchayctl daemon start"),
        ({"advice": errors.ADD_ROOT}, "Add one with: sanchayctl root add PATH"),
        ({"advice": errors.LIST_RUNS, "schedule": "my big"}, "runs with: sanchayctl schedule history 'my big'"),
        ({"advice": "of a newer daemon"}, ""),
    ],
)
def test_an_error_names_no_command_and_this_program_adds_its_own(
    run: Run, daemon: CannedDaemon, details: dict[str, str], command: str
) -> None:
    daemon.answers["Summary"] = errors.RootNotFound("What happened.", details=details)
    said, *advice = run("summary").err.splitlines()
    assert said == "sanchayctl: What happened."
    assert [line[-len(command) :] for line in advice] == ([command] if command else [])
    assert run("--json", "summary").error["advice"] == details["advice"]


def test_a_message_cannot_move_the_cursor(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["Summary"] = errors.NotFound("There is no /a\x1b[2J\nb.")
    assert run("summary").err == "sanchayctl: There is no /a\\e[2J\\nb.\n"


def test_the_system_refuses(run: Run, daemon: CannedDaemon, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied", "/root/x.csv")

    monkeypatch.setattr("sanchayctl.atomic.write", refused)
    ended = run("export", "-o", "x.csv")
    assert (ended.code, ended.err) == (77, "sanchayctl: /root/x.csv: Permission denied.\n")
    assert run("--json", "export", "-o", "x.csv").error["path"] == "/root/x.csv"


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["find"], ["du", "--depth", "-1"], ["job", "show", "x"], ["export", "--format", "pdf", "-o", "x"]],
)
def test_usage_is_2_and_points_to_the_help(run: Run, arguments: list[str]) -> None:
    ended = run(*arguments)
    assert ended.code == 2
    assert "--help" in ended.err
    assert ended.out == ""
    assert run(*arguments, "--json").error["kind"] == "usage"
