"""The daemon's life: started and stopped, twice and at once, killed and gone on, over its socket and over TCP."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest

from sanchay.errors import DaemonUnavailable, ShuttingDown
from tests.support import forks, trees
from tests.support.answers import differences, everything, finished, scan
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import Program, running, until

KILLS = int(os.environ.get("SANCHAY_TEST_KILLS", "4"))
FILES = 20_000
#: A limit on what background work reads, so that what happens in the middle of a scan does, however slow the rest is.
SLOWLY = ("--set", "engine_threads=1", "--set", "max_mb_per_s=0.03")


@pytest.fixture
def program(unstarted: Program) -> Program:
    """A home where no daemon runs: who starts it is what this file is about."""
    return unstarted


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree that takes long enough for a daemon to be killed in the middle, with duplicates in every folder."""
    top = trees.many(tmp_path_factory.mktemp("large") / "tree", FILES, per_folder=200)
    for folder in top.iterdir():
        (folder / "copy").write_bytes(b"the same everywhere")
    return top


def test_start_stop_and_restart_say_what_they_found(program: Program) -> None:
    assert program.json("daemon", "stop") == {"running": False, "stopped": False, "pid": None}
    first = program.json("daemon", "start")
    assert first["already"] is False
    assert program.json("daemon", "start") == {"running": True, "pid": first["pid"], "already": True}
    assert program.json("status")["pid"] == first["pid"]
    second = program.json("daemon", "restart")
    assert second["pid"] != first["pid"]
    assert not running(first["pid"])
    assert program.json("daemon", "stop")["pid"] == second["pid"]
    assert not running(second["pid"])
    assert "No sanchayd was running" in program.run("daemon", "stop").text
    assert program.json("status", code=69)["running"] is False


def test_a_start_clears_what_a_killed_daemon_left(program: Program) -> None:
    first = program.json("daemon", "start")["pid"]
    os.kill(first, signal.SIGKILL)
    until(lambda: not running(first))
    second = program.json("daemon", "start")
    assert (second["already"], second["pid"] != first) == (False, True)


def test_twenty_starts_at_once_make_one_daemon(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    with program:
        starts = [forks.start("sanchayctl", "--json", "daemon", "start", env=program.env, cwd="/") for _ in range(20)]
        for start in starts:
            start.communicate(timeout=PATIENCE_S)
        assert {start.returncode for start in starts} == {0}
        assert program.json("status")["pid"] > 0
        log = (program.home / "logs/sanchayd.log").read_text()
        assert log.count('"sanchayd started"') == 1


def test_a_daemon_that_finds_another_says_who_it_is(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with DaemonProcess(home) as first, DaemonProcess(home, wait=False) as second:
        assert second.process.wait(PATIENCE_S) != 0
        assert str(first.pid) in second.stderr()


def test_a_detached_daemon_holds_no_stream_of_its_starter(program: Program) -> None:
    started = subprocess.run(
        program.command("daemon", "start"),
        env=program.env,
        capture_output=True,
        timeout=PATIENCE_S,
        check=True,
        cwd="/",
    )  # with a pipe held open this would never return
    assert b"Started sanchayd" in started.stdout
    pid = program.json("status")["pid"]
    last_words = str(program.home / "logs" / "sanchayd.stderr.log")
    assert [os.readlink(f"/proc/{pid}/fd/{number}") for number in range(3)] == ["/dev/null", "/dev/null", last_words]


def test_everything_works_over_tcp_too(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a": "same", "b": "same", "c": "other"})
    with Program(tmp_path / "home", env={"SANCHAY_TCP": "1"}) as program:
        assert program.json("scan", tree)["files"] == 3
        assert (program.home / "run/port").exists()
        assert (program.home / "run/sanchayd.sock").is_socket()  # answers where others hold all that the port takes
        assert program.json("duplicates")["total_redundant_files"] == 1
        assert program.json("find", "name:c")["total"] == 1
        answer = program.run("export", "dup:yes", "--format", "fdupes", "-o", "-")
        assert sorted(answer.out.strip().split(b"\n")) == [os.fsencode(tree / "a"), os.fsencode(tree / "b")]
        token = program.home / "run/token"
        right = token.read_text("ascii")
        token.write_text("wrong", "ascii")
        assert program.fails("root", "list", code=77)["kind"] == "unauthenticated"
        token.write_text(right, "ascii")  # or no one could stop it


def test_a_stop_in_the_middle_of_a_scan_ends_the_daemon_and_the_scan_goes_on(tmp_path: Path, large: Path) -> None:
    home = tmp_path / "home"
    with DaemonProcess(home, *SLOWLY) as daemon, daemon.client() as client:
        job_id = client.start_scan([large], background=True).jobs[0].id
        until(lambda: client.get_job(job_id).job.progress.files)
        assert client.get_job(job_id).job.state == "running"
        client.stop_daemon()
        assert daemon.process.wait(PATIENCE_S) == 0
    with DaemonProcess(home) as daemon, daemon.client() as client:
        assert finished(client, job_id).state == "done"
        assert client.status().catalog.files == FILES + FILES // 200


def test_a_status_is_answered_while_a_scan_runs(tmp_path: Path, large: Path) -> None:
    with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        job_id = client.start_scan([large]).jobs[0].id
        while client.get_job(job_id).job.state in {"queued", "running"}:
            assert client.status().pid == daemon.pid
            client.find("copy", limit=10)
        assert client.find("copy", limit=10).total == FILES // 200


def test_a_scan_goes_on_by_itself_after_a_kill_and_reads_nothing_twice(tmp_path: Path, large: Path) -> None:
    with DaemonProcess(tmp_path / "fresh") as daemon, daemon.client() as client:
        began_s = time.monotonic()
        assert scan(client, large).state == "done"
        whole_s = time.monotonic() - began_s
        fresh = everything(client)
    seed = random.randrange(1 << 30)
    chance = random.Random(seed)
    for number in range(KILLS):
        home = tmp_path / f"home{number}"
        with DaemonProcess(home) as daemon, daemon.client() as client:
            job_id = client.start_scan([large]).jobs[0].id
            time.sleep(chance.random() * whole_s)
            daemon.kill()
        with DaemonProcess(home) as daemon, daemon.client() as client:
            job = finished(client, job_id)
            assert job.state == "done", f"seed {seed}, kill {number}: {job}"
            assert not differences(everything(client), fresh), f"seed {seed}, kill {number}"


def test_what_was_hashed_before_a_kill_is_not_hashed_again(tmp_path: Path, large: Path) -> None:
    home = tmp_path / "home"
    seen = 0
    with DaemonProcess(home, *SLOWLY) as daemon, daemon.client() as client:
        job_id = client.start_scan([large], background=True).jobs[0].id
        while seen < FILES // 4:
            seen = client.status().catalog.files
            assert client.get_job(job_id).job.state != "done"
        daemon.kill()
    with DaemonProcess(home) as daemon, daemon.client() as client:
        job = finished(client, job_id)
        assert job.state == "done"
        assert client.status().catalog.files == FILES + FILES // 200
        assert seen > 0
        assert job.result.hashed_files <= FILES + FILES // 200 - seen


def test_a_client_that_follows_is_told_that_the_daemon_ends(tmp_path: Path, large: Path) -> None:
    with DaemonProcess(tmp_path / "home", *SLOWLY) as daemon, daemon.client() as client:
        follow = client.follow_job(client.start_scan([large], background=True).jobs[0].id)
        states = [next(follow).state]
        daemon.process.terminate()
        with pytest.raises((ShuttingDown, DaemonUnavailable)):
            states.extend(job.state for job in follow)
        assert "failed" not in states
