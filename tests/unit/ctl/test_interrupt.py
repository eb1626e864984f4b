"""Ctrl-C and a closed pipe: the program ends at once, tidies up, and says what goes on without it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sanchay.v1 import catalog_pb2, event_pb2, job_pb2, schedule_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.support.daemon import PATIENCE_S, environment, unmeasured
from tests.unit.ctl import canned

WRITE_PROGRAM = Path(__file__).resolve().parents[3] / "scripts" / "write_program.sh"

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")


def started(home: Path, *arguments: str, **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, *options.pop("flags", ()), "-m", "sanchayctl", *arguments],
        env=unmeasured(environment(home)),
        stdout=options.pop("stdout", subprocess.PIPE),
        stderr=subprocess.PIPE,
        **options,
    )


@pytest.fixture
def waits(daemon: CannedDaemon) -> Iterator[threading.Event]:
    """Set by the daemon when it was asked; it answers no call from then on, or goes on with a stream for ever."""
    asked, enough = threading.Event(), threading.Event()

    def hang(_request: object) -> Any:
        asked.set()
        enough.wait(PATIENCE_S)
        return iter(())

    def stream(piece: Any) -> Any:
        def endless(_request: object) -> Iterator[Any]:
            while not enough.wait(0.01):
                yield piece
                asked.set()

        return endless

    plain = {"GetStatus", "Find", "Duplicates", "Summary", "ListChanges", "ListRoots", "SyncRoot", "CheckCatalog"}
    daemon.answers |= dict.fromkeys(plain, hang)
    daemon.answers["FollowJob"] = stream(job_pb2.FollowJobResponse(job=canned.job(7, "running")))
    daemon.answers["FollowRun"] = stream(
        schedule_pb2.FollowRunResponse(run=canned.schedule_run(state="running", message="m" * 9999))
    )
    daemon.answers["Export"] = stream(catalog_pb2.ExportResponse(data=b"/data/a,1\n"))
    daemon.answers["Subscribe"] = stream(event_pb2.SubscribeResponse(events=[canned.event("changed")]))
    yield asked
    enough.set()


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("status", ""),
        ("find x", ""),
        ("duplicates", ""),
        ("changes", ""),
        ("root list", ""),
        ("root sync photos", ""),
        ("catalog check", ""),
        ("export --format csv -o -", ""),
        ("events", ""),
        (
            "dedupe run 3 --yes",
            "job 7 goes on in the background. Watch it: sanchayctl job follow 7 · cancel it: sanchayctl job cancel 7",
        ),
        (
            "scan",
            "job 7 goes on in the background. Watch it: sanchayctl job follow 7 · cancel it: sanchayctl job cancel 7",
        ),
        ("job follow 7", "Stopped watching; job 7 goes on"),
        ("schedule run big", "Stopped watching; run 3 goes on"),
    ],
)
def test_ctrl_c_ends_any_command_with_130_and_without_a_traceback(
    daemon: CannedDaemon, waits: threading.Event, home: Path, typed: str, said: str
) -> None:
    with started(home, *typed.split()) as program:
        assert waits.wait(PATIENCE_S)
        program.send_signal(signal.SIGINT)
        errors = program.communicate(timeout=PATIENCE_S)[1].decode("utf-8")
    assert program.returncode == 130
    assert said in errors
    assert "Traceback" not in errors
    assert bool(errors) == bool(said), errors
    assert not daemon.asked("CancelJob")


@pytest.mark.parametrize("module", ["_signal", "sanchayctl.interrupt", "click.core", "sanchay.address", "hpack.hpack"])
def test_ctrl_c_while_modules_are_imported_leaves_no_traceback(daemon: CannedDaemon, home: Path, module: str) -> None:
    # With -X importtime Python writes a line as soon as it has imported a module. What is the interpreter's own (all
    # that comes before our first line runs) is not ours to keep quiet.
    with started(home, "status", flags=("-X", "importtime")) as program:
        assert program.stderr is not None
        lines = iter(program.stderr.readline, b"")
        assert any(line.split()[-1].decode() == module for line in lines), module
        if module == "_signal":
            assert any(line.split()[-1] == b"enum" for line in lines)
        program.send_signal(signal.SIGINT)
        rest = program.stderr.read()
        assert program.wait(PATIENCE_S) in (130, 0)  # 0: it was as good as done
    assert b"Traceback" not in rest
    assert b"KeyboardInterrupt" not in rest


def test_the_installed_program_imports_nothing_before_it_takes_ctrl_c_over() -> None:
    # What an older pip writes imports `re`: half of the time in which Python itself answers Ctrl-C, by a traceback.
    script = Path(sys.executable).with_name("sanchayctl")
    asked = [sys.executable, "-X", "importtime", str(script), "--version"]
    ended = subprocess.run(
        asked, env=unmeasured(os.environ), capture_output=True, text=True, check=True, timeout=PATIENCE_S
    )
    lines = ended.stderr.splitlines()
    imported = [line.rpartition("|")[2].strip() for line in lines]
    ours = imported.index("sanchayctl.__main__")
    assert not {"re", "enum", "signal", "click", "sanchay"} & set(imported[:ours])


@pytest.mark.parametrize("module", ["stat", "posixpath", "os", "site", "sanchayctl"])
def test_ctrl_c_while_python_itself_starts_leaves_no_traceback(
    daemon: CannedDaemon, home: Path, tmp_path: Path, module: str
) -> None:
    target = tmp_path / "sanchayctl"
    subprocess.run([WRITE_PROGRAM, sys.executable, target], check=True)
    assert target.read_text().startswith(f"#!{sys.executable} -S\n")
    asked = [sys.executable, "-S", "-X", "importtime", str(target), "status"]  # as its first line has it
    with subprocess.Popen(
        asked, env=unmeasured(environment(home)), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as program:
        assert program.stderr is not None
        assert any(line.split()[-1].decode() == module for line in iter(program.stderr.readline, b"")), module
        program.send_signal(signal.SIGINT)
        rest = program.stderr.read()
        assert program.wait(PATIENCE_S) in (130, 0)  # 0: it was as good as done
    assert b"Traceback" not in rest


def test_the_program_file_answers_as_the_module_does(daemon: CannedDaemon, home: Path, tmp_path: Path) -> None:
    target = tmp_path / "sanchayctl"
    subprocess.run([WRITE_PROGRAM, sys.executable, target], check=True)
    link = tmp_path / "link"
    link.symlink_to(target)
    answered = subprocess.run(
        [link, "root", "list"], env=unmeasured(environment(home)), capture_output=True, timeout=PATIENCE_S
    )
    assert (answered.returncode, b"photos" in answered.stdout) == (0, True), answered.stderr


def test_ctrl_c_leaves_no_part_of_an_export(daemon: CannedDaemon, waits: threading.Event, home: Path) -> None:
    for number, code in ((signal.SIGINT, 130), (signal.SIGTERM, -signal.SIGTERM)):
        waits.clear()
        target = home / f"files-{number}.csv"
        with started(home, "export", "-o", str(target)) as program:
            assert waits.wait(PATIENCE_S)
            program.send_signal(number)
            assert program.wait(PATIENCE_S) == code
        assert not [file for file in home.iterdir() if file.name.startswith((".files", "files"))]


def test_a_program_that_is_to_ignore_ctrl_c_does(daemon: CannedDaemon, waits: threading.Event, home: Path) -> None:
    command = [
        "/bin/sh",
        "-c",
        'trap "" INT; exec "$@"',
        "sh",
        sys.executable,
        "-m",
        "sanchayctl",
        "events",
        "--follow",
    ]
    with subprocess.Popen(command, env=unmeasured(environment(home)), stdout=subprocess.PIPE) as program:
        assert program.stdout is not None
        assert program.stdout.readline()
        program.send_signal(signal.SIGINT)
        for _ in range(50):
            assert program.stdout.readline()
        program.terminate()
        assert program.wait(PATIENCE_S) == -signal.SIGTERM


@pytest.mark.parametrize(
    "typed", ["status", "find x", "--json find x", "duplicates", "completion bash", "--help", "root"]
)
def test_a_reader_that_has_enough_is_told_nothing(daemon: CannedDaemon, home: Path, typed: str) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        with started(home, *typed.split(), stdout=writing) as program:
            assert program.communicate(timeout=PATIENCE_S)[1] == b""
    finally:
        os.close(writing)
    assert program.returncode == -signal.SIGPIPE  # as every other program ends


@pytest.mark.parametrize("typed", ["events --follow", "export --format csv -o -"])
def test_a_closed_pipe_ends_a_stream_quietly(
    daemon: CannedDaemon, waits: threading.Event, home: Path, typed: str
) -> None:
    with started(home, *typed.split()) as program:
        assert program.stdout is not None
        program.stdout.readline()
        program.stdout.close()
        assert program.wait(PATIENCE_S) == -signal.SIGPIPE
        assert program.stderr is not None
        assert program.stderr.read() == b""
