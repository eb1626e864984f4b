"""Starting a daemon: it answers or says why not, no matter who else starts or ends one at the same time."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import psutil
import pytest

from sanchay import errors, last_words, launcher, programs
from sanchay.address import Places, places
from sanchay.client import Client
from sanchay.v1.daemon_pb2 import GetStatusResponse
from tests.support import trees
from tests.support.daemon import PATIENCE_S, DaemonProcess, environment
from tests.support.program import running


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home whose daemons need no engine, and are stopped at the end."""
    home = tmp_path / "home"
    monkeypatch.setattr(programs, "ours", lambda _name: programs.python_module("tests.support.fake_daemon"))
    monkeypatch.setenv("PYTHONPATH", environment(home)["PYTHONPATH"])
    yield home
    status = launcher.running_daemon(places(home))
    if status is not None:
        os.kill(status.pid, signal.SIGTERM)
        assert launcher.wait_stopped(places(home), PATIENCE_S)


def stop(where: Places) -> None:
    with Client(where) as client:
        client.stop_daemon()


def test_a_daemon_is_started_once_and_outlives_its_starter(home: Path) -> None:
    first = launcher.start_daemon(home)
    assert not first.already
    assert launcher.start_daemon(home) == launcher.Started(pid=first.pid, already=True)
    assert os.getsid(first.pid) == first.pid
    for number in (0, 1):
        assert os.readlink(f"/proc/{first.pid}/fd/{number}") == "/dev/null"
    assert os.readlink(f"/proc/{first.pid}/fd/2") == str(places(home).words_file)
    stop(places(home))
    assert launcher.wait_stopped(places(home), PATIENCE_S)
    assert launcher.running_daemon(places(home)) is None


def test_a_daemon_is_stopped_once_its_process_has_ended_not_when_its_lock_is_free(home: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    try:
        assert not launcher.wait_stopped(places(home), 0.1, process.pid)
    finally:
        process.kill()
    assert launcher.wait_stopped(places(home), PATIENCE_S, process.pid)  # ended, though no one has waited for it
    process.communicate()


def test_a_start_waits_for_a_daemon_that_is_ending(home: Path) -> None:
    first = launcher.start_daemon(home)
    stop(places(home))
    second = launcher.start_daemon(home)
    assert not second.already
    assert second.pid != first.pid


def test_several_starts_at_once_make_one_daemon(home: Path) -> None:
    started: list[launcher.Started] = []
    threads = [threading.Thread(target=lambda: started.append(launcher.start_daemon(home))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({one.pid for one in started}) == 1
    assert len(started) == 4
    ours = f"SANCHAY_HOME={home}".encode()
    left = [
        child.pid
        for child in psutil.Process().children()
        if running(child.pid) and ours in Path(f"/proc/{child.pid}/environ").read_bytes().split(b"\0")
    ]
    assert left == [started[0].pid]  # the others have ended: none can take the lock after a stop


def test_a_daemon_that_starts_between_the_token_and_the_call_is_asked_again(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Probe:
        """A client whose first call meets a daemon that has just made a new token."""

        def __enter__(self) -> Probe:
            return self

        def __exit__(self, *_: object) -> None:
            return None

        def status(self) -> GetStatusResponse:
            if token.read_text("ascii") == "old":
                token.write_text("new", "ascii")
                raise errors.Unauthenticated("the token is wrong")
            return GetStatusResponse(pid=7)

    token = places(home).token_file
    trees.build(token.parent, {token.name: "old"})
    probe = cast("Callable[[Places], Client]", lambda _where: Probe())
    status = launcher.running_daemon(places(home), probe)
    assert status is not None
    assert status.pid == 7
    token.write_text("old", "ascii")
    monkeypatch.setattr(Probe, "status", lambda _: (_ for _ in ()).throw(errors.Unauthenticated("not ours")))
    with pytest.raises(errors.Unauthenticated):
        launcher.running_daemon(places(home), probe)


def test_a_daemon_that_cannot_start_says_why_with_its_exit_code(home: Path) -> None:
    trees.build(home, {"config.toml": "max_scans = 0\n"})
    with pytest.raises(errors.ConfigInvalid, match="max_scans") as caught:
        launcher.start_daemon(home)
    assert caught.value.exit_code == 78
    assert caught.value.details["line"] == "1"


@pytest.mark.parametrize(
    ("code", "how", "said", "exit_code"),
    [
        ("import no_such_module", "exit code 1", "Its last words: ModuleNotFoundError: No module named", "1"),
        ("import sys; sys.stderr.write('disk on fire'); sys.exit(70)", "exit code 70", "words: disk on fire", "70"),
        ("import os; os.abort()", "ended by signal 6 (SIGABRT)", "It said nothing", "69"),
    ],
)
def test_the_last_words_of_a_daemon_that_dies_at_its_start_are_kept(
    home: Path, monkeypatch: pytest.MonkeyPatch, code: str, how: str, said: str, exit_code: str
) -> None:
    places(home).log_folder.mkdir(parents=True, mode=0o700)
    home.chmod(0o700)
    places(home).words_file.write_text("words of an earlier start\n", "utf-8")
    monkeypatch.setattr("sanchay.programs.ours", lambda _name: [sys.executable, "-c", code])
    with pytest.raises(errors.DaemonUnavailable) as caught:
        launcher.start_daemon(home)
    for words in (how, said):
        assert words in caught.value.message
    assert caught.value.details["exit_code"] == exit_code
    left = last_words.read(places(home))
    assert left is not None
    assert left.error.message == caught.value.message
    monkeypatch.undo()
    with DaemonProcess(home, fake=True):
        assert last_words.read(places(home)) is None  # a start that works takes the word away


def test_words_of_daemons_do_not_fill_the_disk(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(last_words, "FILE_BYTES", 3)
    places(home).log_folder.mkdir(parents=True)
    for _ in range(3):
        words = last_words.Words(places(home))
        words.stream.write(b"last\n")
        words.stream.close()
        assert words.read() == ["last"]
    assert places(home).words_file.read_bytes() == b"last\n"


def test_a_home_that_cannot_be_used_is_said_before_anything_is_started(home: Path) -> None:
    home.mkdir()
    home.chmod(0o777)
    with pytest.raises(errors.HomeNotPrivate):
        launcher.start_daemon(home)
    home.chmod(0o700)


def test_a_holder_of_the_lock_that_does_not_answer_is_named(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(launcher, "PROBE_TIMEOUT_S", 0.2)
    with DaemonProcess(home, fake=True) as daemon:
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            with pytest.raises(errors.DaemonUnavailable, match=rf"process {daemon.pid}\)"):
                launcher.start_daemon(home, timeout_s=0.5)
            assert not launcher.wait_stopped(places(home), 0.1)
        finally:
            daemon.process.send_signal(signal.SIGCONT)


def test_a_status_of_no_daemon_costs_no_grpc(tmp_path: Path) -> None:
    code = "import sys\nfrom sanchay.launcher import running_daemon\nprint(running_daemon(), 'grpc' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "None False\n"


def test_a_daemon_does_not_speak_to_the_manager_of_the_program_that_started_it(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NOTIFY_SOCKET", str(home.parent / "notify"))
    monkeypatch.setenv("WATCHDOG_USEC", "3000000")
    started = launcher.start_daemon(home)
    environ = Path(f"/proc/{started.pid}/environ").read_bytes().split(b"\0")
    assert not [each for each in environ if each.startswith((b"NOTIFY_SOCKET=", b"WATCHDOG_USEC="))]


def test_a_daemon_of_ours_that_holds_the_lock_is_not_ended_whoever_answers(tmp_path: Path) -> None:
    where = places(tmp_path)
    where.run_folder.mkdir(parents=True)
    with subprocess.Popen([sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE) as process:
        where.lock_file.write_text(f"{process.pid}\n")
        assert not launcher.see_off(process, where, 0.0)
        assert process.poll() is None
        where.lock_file.write_text("1\n")
        assert launcher.see_off(process, where, 0.0)
        assert process.poll() is not None
