"""A daemon is found by its lock: with its socket gone, held still, starting or ending; and no one waits in silence."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay import hosts
from sanchay.errors import InputOutputError
from sanchay.launcher import running_daemon, start_daemon
from sanchay.owner import Owner, Phase, find_owner
from sanchayd.lock import InstanceLock
from tests.support.daemon import PATIENCE_S, DaemonProcess, unmeasured
from tests.support.program import Program, until


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[DaemonProcess]:
    with DaemonProcess(tmp_path / "home", fake=True) as each:
        yield each
        if each.process.poll() is None:
            each.process.send_signal(signal.SIGCONT)


def test_a_run_folder_that_was_removed_is_made_again_and_no_second_daemon_starts(daemon: DaemonProcess) -> None:
    shutil.rmtree(daemon.where.run_folder)
    started = start_daemon(daemon.home)
    assert (started.pid, started.already) == (daemon.pid, True)


@pytest.mark.parametrize("name", ["run/sanchayd.sock", "run/token", "run/socket"])
def test_a_file_that_clients_need_is_made_again(daemon: DaemonProcess, name: str) -> None:
    with daemon.client() as open_before:
        (daemon.home / name).unlink()
        answer = Program(daemon.home).json("status")
        assert answer["pid"] == daemon.pid
        assert open_before.status().pid == daemon.pid


def test_a_lock_that_was_removed_is_held_again(daemon: DaemonProcess) -> None:
    daemon.where.lock_file.unlink()
    until(lambda: find_owner(daemon.where) == Owner(daemon.pid, Phase.SERVING))


def test_a_daemon_whose_socket_is_gone_is_stopped_by_its_lock(daemon: DaemonProcess) -> None:
    shutil.rmtree(daemon.where.run_folder)
    assert Program(daemon.home).json("daemon", "stop")["pid"] == daemon.pid
    assert daemon.process.wait(PATIENCE_S) == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is a stopped process known as one")
def test_a_daemon_that_a_signal_holds_still_is_said_to_be_and_waited_for_by_nobody(daemon: DaemonProcess) -> None:
    daemon.process.send_signal(signal.SIGSTOP)
    until(lambda: hosts.is_stopped(daemon.pid))
    program = Program(daemon.home)
    status = program.json("status", code=69)
    assert (status["running"], status["answers"], status["state"]) == (True, False, "held")
    for words in (["daemon", "start"], ["daemon", "stop"], ["status"], ["find", "x"], ["--no-start", "jobs"]):
        answer = program.run(*words)
        assert answer.code == 69
        assert f"kill -CONT {daemon.pid}" in answer.text + answer.err
    daemon.process.send_signal(signal.SIGCONT)
    assert program.json("daemon", "stop")["pid"] == daemon.pid


COMMANDS = (
    ("find", "x"),
    ("jobs",),
    ("status",),
    ("config", "show"),
    ("events", "--follow"),
    ("export", "x", "--format", "csv"),
    ("daemon", "stop"),
)


@pytest.mark.skipif(os.name == "nt", reason="there is no SIGINT to send")
def test_a_daemon_whose_event_loop_hangs_is_waited_for_aloud_and_ctrl_c_ends_that(tmp_path: Path) -> None:
    hangs, hanging = tmp_path / "loop hangs", tmp_path / "loop is hanging"
    environ = {"FAKE_LOOP_HANGS": str(hangs), "FAKE_LOOP_IS_HANGING": str(hanging)}
    with DaemonProcess(tmp_path / "home", fake=True, env=environ) as daemon:
        program = Program(daemon.home)
        hangs.touch()

        def begin(*words: str) -> subprocess.Popen[str]:
            return subprocess.Popen(
                program.command(*words),
                env=unmeasured(program.env),
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )

        try:
            waiting = [begin("status")]
            until(hanging.exists)
            waiting += [begin(*words) for words in COMMANDS]
            for each in waiting:
                assert each.stderr is not None
                assert (
                    each.stderr.readline() == f"Waiting for sanchayd (process {daemon.pid}) to answer ...\n"
                ), each.args
                each.send_signal(signal.SIGINT)
            for each in waiting:
                assert each.wait(PATIENCE_S) == (0 if "--follow" in str(each.args) else 130), each.args
                each.communicate()
        finally:
            hangs.unlink()


def test_a_daemon_that_starts_is_told_from_none(tmp_path: Path) -> None:
    program = Program(tmp_path / "home")
    assert program.json("status", code=69)["running"] is False
    program.home.mkdir()
    lock = InstanceLock.acquire(program.home / "sanchayd.lock")
    status = program.json("status", code=69)
    assert (status["state"], status["pid"]) == ("starting", os.getpid())
    lock.note(Phase.ENDING)
    assert program.json("status", code=69)["state"] == "ending"
    lock.release()
    assert program.json("status", code=69)["running"] is False


def test_only_a_process_that_holds_the_lock_is_ended_by_its_number(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with DaemonProcess(home, fake=True) as daemon:
        assert not Owner(os.getppid(), Phase.SERVING).ask_to_end(daemon.where)
        assert running_daemon(daemon.where) is not None


def test_a_database_that_was_deleted_under_a_living_daemon_is_said_to_be(daemon: DaemonProcess) -> None:
    (daemon.home / "state.db").unlink()
    (notice,) = Program(daemon.home).json("status")["notices"]
    assert f"{daemon.home / 'state.db'} was deleted" in notice
    with daemon.client() as client, pytest.raises(InputOutputError, match="was deleted or moved away"):
        client.add_root(daemon.home.parent)
