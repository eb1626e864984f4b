"""The program as a whole: its help, what it imports, its progress, and the first run."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import pytest

from sanchay import freshness, launcher, paths
from sanchay.v1 import common_pb2, job_pb2
from sanchayctl import first_run, progress, session, settings_check, unreadable
from sanchayctl.cli import cli
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl import canned
from tests.unit.ctl.conftest import Run

HEAVY = (
    "alembic",
    "asyncio",
    "grpc",
    "psutil",
    "pyarrow",
    "pydantic",
    "rich",
    "sanchay_engine",
    "sanchayd",
    "sqlalchemy",
    "ssl",
    "structlog",
)


def every_command(command: click.Command = cli, names: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command with its words."""
    yield names, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            found = command.get_command(context, name)
            assert found is not None
            yield from every_command(found, (*names, name))


@pytest.mark.parametrize("names", [names for names, _ in every_command()], ids=" ".join)
def test_every_help_has_examples_that_parse(run: Run, names: tuple[str, ...]) -> None:
    ended = run(*names, "--help")
    assert ended.code == 0
    assert "Examples:\n  sanchayctl " in ended.out
    assert len(max(ended.out.splitlines(), key=len)) <= 120


@pytest.mark.parametrize(
    "names", [names for names, command in every_command() if isinstance(command, click.Group)], ids=" ".join
)
def test_a_noun_without_a_verb_prints_its_help(run: Run, names: tuple[str, ...]) -> None:
    ended = run(*names)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out == run(*names, "--help").out
    assert "\\n" not in ended.out


@pytest.mark.skipif(os.name == "nt", reason="only on POSIX a user can have no home")
@pytest.mark.parametrize("home", [None, "", "relative"])
@pytest.mark.parametrize("command", [["status"], ["find", "x"], ["config", "path"], ["service", "status"], ["scan"]])
def test_a_user_without_a_home_is_told_what_to_set(
    run: Run, monkeypatch: pytest.MonkeyPatch, home: str | None, command: list[str]
) -> None:
    import pwd

    for name in ("SANCHAY_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "HOME"):
        monkeypatch.delenv(name, raising=False)
    if home is not None:
        monkeypatch.setenv("HOME", home)

    def no_user(uid: int) -> pwd.struct_passwd:
        raise KeyError(f"getpwuid(): uid not found: {uid}")

    monkeypatch.setattr(pwd, "getpwuid", no_user)
    monkeypatch.setattr(launcher, "start_daemon", lambda _home: pytest.fail("a daemon was started somewhere"))
    ended = run(*command)
    assert (ended.code, ended.out) == (78, "")
    assert "Set HOME, or name a folder for all of it with SANCHAY_HOME=FOLDER." in ended.err
    assert len(ended.err.splitlines()) == 1
    monkeypatch.setenv("SANCHAY_HOME", "~/sanchay")  # which would be a folder called ~
    assert run(*command).code == 78


def test_every_option_says_what_it_does() -> None:
    for names, command in every_command():
        assert command.help, names
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert parameter.help, (names, parameter.name)


def test_the_commands_of_the_issue_are_there() -> None:
    assert {" ".join(names) for names, command in every_command() if not isinstance(command, click.Group)} == {
        "status",
        "daemon start",
        "daemon stop",
        "daemon restart",
        "pause",
        "resume",
        "service install",
        "service uninstall",
        "service status",
        "service logs",
        "root add",
        "root check",
        "root suggest",
        "root list",
        "root update",
        "root remove",
        "root sync",
        "events",
        "changes",
        "growth",
        "catalog check",
        "scan",
        "jobs",
        "job show",
        "job follow",
        "job cancel",
        "job pause",
        "job resume",
        "duplicates",
        "find",
        "summary",
        "du",
        *(f"schedule {verb}" for verb in ["edit", "preview"]),
        *(f"schedule {verb}" for verb in ["add", "list", "show", "run", "enable", "disable", "remove", "history"]),
        *(f"dedupe {verb}" for verb in ["plan", "show", "edit", "plans", "forget", "run", "undo", "journal"]),
        *(f"dedupe {verb}" for verb in ["ignore", "ignored", "unignore"]),
        "verify",
        "damage list",
        "damage accept",
        "damage repair",
        "have",
        "report list",
        "report show",
        "export",
        "config show",
        "config set",
        "config unset",
        "man",
        "config path",
        "config check",
        "completion",
    }


@pytest.mark.parametrize("arguments", [["--json", "status"], ["status"], ["find", "x"], ["duplicates"]])
def test_nothing_heavy_is_imported(daemon: CannedDaemon, arguments: list[str]) -> None:
    code = (
        "import sys; from sanchayctl.main import main; code = main(sys.argv[1:]);"
        "sys.stderr.write(' '.join(sys.modules)); sys.exit(code)"
    )
    ended = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, env=_environ())
    assert ended.returncode == 0, ended.stderr
    imported = {name.partition(".")[0] for name in ended.stderr.split()}
    assert not imported & set(HEAVY)
    messages = {name for name in ended.stderr.split() if name.startswith("sanchay.v1.") and name.endswith("_pb2")}
    assert len(messages) < 6  # of the service that was asked, and of those that it builds upon


def test_the_module_runs_as_a_process(daemon: CannedDaemon) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "sanchayctl", "--json", "find", "x"], capture_output=True, env=_environ()
    )
    assert ended.returncode == 0
    assert json.loads(ended.stdout)["total"] == 3
    narrow = _environ() | {"PYTHONIOENCODING": "ascii"}
    ended = subprocess.run([sys.executable, "-m", "sanchayctl", "summary"], capture_output=True, env=narrow)
    assert ended.returncode == 0
    assert b"####################" in ended.stdout


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_an_answer_that_cannot_be_written_is_no_success(daemon: CannedDaemon) -> None:
    with Path("/dev/full").open("wb") as full:
        command = [sys.executable, "-m", "sanchayctl", "status"]
        ended = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, env=_environ())
    assert ended.returncode == 1
    assert ended.stderr == "sanchayctl: No space left on device.\n"


class Terminal(io.StringIO):
    """A stderr that is looked at."""

    def isatty(self) -> bool:
        return True


def test_the_bar_shows_the_facts_and_escapes_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "200")
    monkeypatch.setenv("TERM", "xterm")
    with progress.display(quiet=True) as display:
        display.show(canned.job(state="running", errors=3, name="[bold]x"))
        display.show(canned.job(state="paused"))
    drawn = screen.getvalue()
    for words in (
        "[bold]x: Hashing",
        "42%",
        "500 files",
        "40,000 files/s",
        "256M hashed",
        "3 unreadable",
        "1 min 15 s left",
    ):
        assert words in drawn
    assert "\\e[31mred" in drawn
    assert "Paused" in drawn


@pytest.mark.parametrize("columns", [20, 40, 60, 80, 99, 100, 200])
@pytest.mark.parametrize("held", ["", "background work is paused until 2026-11-27 12:00"])
@pytest.mark.parametrize("name", ["x", "a long name of a root that goes on and on", "写真の長い名前のフォルダ" * 3])
def test_the_bar_does_not_wrap_however_narrow_the_screen_is(
    monkeypatch: pytest.MonkeyPatch, columns: int, held: str, name: str
) -> None:
    import re

    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", str(columns))
    monkeypatch.setenv("TERM", "xterm")
    job = canned.job(state="running", errors=3, name=name)
    job.message = held
    with progress.display(quiet=True) as display:
        display.show(job)
        drawn = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", screen.getvalue()).rpartition("\r")[2].split("\n")
    assert len(drawn) == (1 if columns < 100 else 2)  # the second is the path
    assert max(map(paths.width, drawn)) <= columns
    assert "Hashing" in drawn[0] or name != "x"
    assert "42%" in drawn[0]
    assert not held or columns < 80 or len(name) > 1 or held in drawn[0]


def test_a_line_that_is_written_over_fits_and_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "40")
    line = progress.OneLine()
    line.show("Run 3 " + "写" * 99)
    line.show("Run 3")
    line.wipe()
    line.wipe()
    first, second, blank, rest = screen.getvalue().removeprefix("\r").split("\r")
    assert paths.width(first) < 40
    assert second.rstrip() == "Run 3"
    assert len(second) == paths.width(first)
    assert blank == " " * len("Run 3")
    assert rest == ""


def test_one_error_is_said_once(run: Run, daemon: CannedDaemon) -> None:
    job = canned.job(state="partial", errors=1)
    job.message = "/data/photos/locked could not be read; what was known of it is kept"
    del job.errors[:]
    path = canned.path(b"/data/photos/locked")
    said = "/data/photos/locked cannot be read: permission denied (Permission denied (os error 13))"
    job.errors.add(path=path, kind="permission", message=said)
    daemon.answers["FollowJob"] = lambda _request: iter([job_pb2.FollowJobResponse(job=job)])
    daemon.answers["GetJob"] = job_pb2.GetJobResponse(job=job)
    for command in (["scan"], ["job", "show", "7"]):
        told = run(*command).out
        assert told.count("/data/photos/locked") == 1
        assert told.count("permission denied") == 1
        assert "/data/photos/locked: permission denied\n" in told
    job.message = "stopped by the daemon's end"  # that is no error of a path
    assert job.message in run("scan").out


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("it went away", "/a: it went away"),
        ("/a cannot be read: input/output error (Input/output error (os error 5))", "/a: input/output error"),
        ("/a cannot be read: permission denied (not for you)", "/a: permission denied (not for you)"),
    ],
)
def test_a_reason_is_said_once_and_nothing_is_lost(said: str, shown: str) -> None:
    assert unreadable.line(job_pb2.JobError(path=canned.path(b"/a"), message=said)) == shown


def test_what_is_unknown_is_not_guessed() -> None:
    job = job_pb2.Job(state="running", progress=job_pb2.Progress(phase="listing", files=1))
    assert progress.facts(job) == ["1 file"]
    assert progress.phase(job) == "Listing"
    assert progress.phase(job_pb2.Job(state="running")) == "Starting"


def test_a_log_gets_a_line_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    with progress.Lines(every_s=0) as display:
        display.show(canned.job(state="running"))
    said = capsys.readouterr().err
    assert said.startswith("Job 7: hashing 42%, 500 files, 40,000 files/s")
    with progress.display(quiet=False) as display:
        display.show(canned.job(state="running"))
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("NEVER_SCANNED", "never scanned"),
        ("SCANNED", "scanned 3 min ago"),
        ("PARTIAL", "partial, scanned 3 min ago"),
        ("OFFLINE", "offline, last seen 3 min ago"),
        ("LIVE", "live"),
        ("POLLED", "polled 3 min ago"),
    ],
)
def test_freshness_in_words(state: str, said: str) -> None:
    now_ns = canned.NOON_NS + 200 * 1_000_000_000
    assert freshness.brief(canned.freshness(state), now_ns) == said
    without = canned.freshness(state)
    without.as_of_ns = 0
    assert "1970" not in freshness.brief(without, now_ns)


def test_what_cannot_be_read_is_no_remark_below_each_answer() -> None:
    unread = canned.freshness("PARTIAL")
    assert "not there now" in freshness.warning(unread)
    unread.rest = common_pb2.Freshness.LIVE
    assert freshness.warning(unread) == ""
    unread.rest = common_pb2.Freshness.SCANNED
    unread.reason = "a: /x could not be read"
    assert freshness.warning(unread).endswith("; what changed since then is not in it.")


def test_an_answer_during_a_comparison_says_as_of_when_it_is_and_alarms_no_one() -> None:
    compared = canned.freshness("RECONCILING")
    compared.as_of_ns = time.time_ns()
    assert freshness.warning(compared) == (
        "As of just now; a comparison with the disk is under way and adds what is newer."
    )


def test_the_first_run_shows_everything_and_what_to_type(
    daemon: CannedDaemon, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    daemon.answers["FollowJob"] = lambda request: iter(
        [job_pb2.FollowJobResponse(job=canned.job(request.id, "partial", errors=2))]
    )
    monkeypatch.chdir(Path(sys.executable).parent.parent)
    assert first_run.run(["/data/photos"]) == 0
    shown = capsys.readouterr().out
    program = f"SANCHAY_HOME={os.environ['SANCHAY_HOME']} bin/sanchayctl"
    for words in ("2 could not be read", "video", "reclaimable", "The largest files", f"  {program} daemon stop"):
        assert words in shown
    assert [list(request.roots) for request in daemon.asked("StartScan")] == [[b"/data/photos"]]
    assert f"{program} job show" not in shown


def test_the_first_run_stops_at_what_fails(daemon: CannedDaemon, capsys: pytest.CaptureFixture[str]) -> None:
    daemon.answers["StartScan"] = job_pb2.StartScanResponse()
    assert first_run.run(["/data/photos"]) == 1
    assert "What to type next" not in capsys.readouterr().out
    assert first_run.run([]) == 2


def test_programs_elsewhere_are_named_by_their_path(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("SANCHAY_HOME", raising=False)
    monkeypatch.chdir(tmp_path)
    assert session.program_in("/opt/a b/bin") == "'/opt/a b/bin/sanchayctl'"
    assert session.program_in(str(tmp_path / ".venv" / "bin")) == ".venv/bin/sanchayctl"


def test_a_misspelt_home_is_told_before_another_daemon_is_asked(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SANCHAY_HOME")
    for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME", "XDG_RUNTIME_DIR"):
        monkeypatch.setenv(name, str(tmp_path))
    monkeypatch.setenv("SANCHAY_HOM", "/srv/other")
    told = "SANCHAY_HOM in the environment does not count; did you mean SANCHAY_HOME?"
    assert told in run("config", "path").err
    assert run("--json", "config", "path").err == ""
    monkeypatch.setenv("SANCHAY_HOME", str(tmp_path / "home"))
    assert run("config", "path").err == ""


def checker(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    """Puts a program of the test in the place of the daemon's."""
    monkeypatch.setattr("sanchay.programs.ours", lambda _name: (sys.executable, "-c", code))


def test_settings_are_checked_without_a_daemon(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checker(
        monkeypatch, """print('{"log_level": {"key": "log_level", "value": "\\\\"info\\\\"", "origin": "default"}}')"""
    )
    assert run("config", "check").code == 0
    assert "which is fine" in run("config", "check").out
    (home / "config.toml").touch()
    assert "is valid" in run("config", "check").out
    document = run("--json", "config", "check").document
    assert document["ok"]
    (setting,) = document["settings"]
    assert (setting["key"], setting["value"], setting["origin"]) == ("log_level", '"info"', "default")
    shown = run("config", "show")
    assert "No sanchayd is running" in shown.err
    assert run("--json", "config", "show").document["running"] is False


def test_a_bad_setting_is_named(run: Run, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    checker(monkeypatch, "import sys; sys.exit(sys.stderr.write('sanchayd: config.toml, line 2: no.\\n') and 78)")
    ended = run("config", "check")
    assert (ended.code, ended.err) == (78, "sanchayctl: config.toml, line 2: no.\n")
    left = {"kind": "config_invalid", "message": "config.toml, line 2: no.", "details": {"line": "2", "key": "x"}}
    checker(monkeypatch, f"print({json.dumps({'error': left})!r}); raise SystemExit(78)")
    error = run("--json", "config", "check").error
    assert (error["kind"], error["line"], error["key"], error["exit_code"]) == ("config_invalid", "2", "x", 78)
    checker(monkeypatch, "print([]); raise SystemExit(78)")
    assert run("config", "check").code == 78


def test_a_checker_that_breaks_or_hangs_is_said(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    checker(monkeypatch, "raise SystemExit(5)")
    assert "exit code 5" in run("config", "check").err
    checker(monkeypatch, "import time; time.sleep(30)")
    monkeypatch.setattr(settings_check, "TIMEOUT_S", 0.2)
    assert run("config", "check").code == 69


def _environ() -> dict[str, str]:
    """This environment, with the packages of this interpreter to be found by another one."""
    return dict(os.environ) | {"PYTHONPATH": os.pathsep.join(sys.path)}
