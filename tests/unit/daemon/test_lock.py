"""One daemon for each home: of two, or of twenty at once, one wins and the rest name it."""

from __future__ import annotations

import os
import sys
import threading
from pathlib import Path

import pytest

from sanchay import hosts
from sanchay.errors import AlreadyRunning
from sanchay.owner import Owner, Phase, read_owner
from sanchayd.lock import InstanceLock
from tests.support import forks
from tests.support.daemon import PATIENCE_S, DaemonProcess, environment
from tests.support.program import until


def test_the_second_is_told_who_holds_the_lock_and_the_next_gets_it(tmp_path: Path) -> None:
    file = tmp_path / "lock"
    lock = InstanceLock.acquire(file)
    assert read_owner(file) == Owner(os.getpid(), Phase.STARTING)
    lock.note(Phase.SERVING)
    assert read_owner(file) == Owner(os.getpid(), Phase.SERVING)
    assert hosts.is_locked(file)
    with pytest.raises(AlreadyRunning, match=f"process {os.getpid()}") as caught:
        InstanceLock.acquire(file, patience_s=0.05)
    assert caught.value.details == {"pid": str(os.getpid())}
    lock.release()
    assert not hosts.is_locked(file)
    InstanceLock.acquire(file).release()


def test_a_lock_that_nobody_made_is_not_held(tmp_path: Path) -> None:
    assert not hosts.is_locked(tmp_path / "none")


def test_of_twenty_daemons_at_once_one_wins_and_the_rest_name_it(tmp_path: Path) -> None:
    home = tmp_path / "home"
    module = "tests.support.fake_daemon"
    said = [tmp_path / f"said-{number}" for number in range(20)]
    started = []
    for file in said:
        with file.open("wb") as stderr:
            started.append(
                forks.start(module, env=environment(home), cwd=tmp_path, stdout=forks.DEVNULL, stderr=stderr)
            )
    try:
        until(lambda: sum(process.poll() is not None for process in started) >= 19)
        (winner,) = [process for process in started if process.poll() is None]
        for loser, file in zip(started, said, strict=True):
            if loser is not winner:
                assert loser.returncode == 1
                assert f"already running as process {winner.pid}" in file.read_text("utf-8")
        with DaemonProcess(home, fake=True, wait=False) as late:
            assert late.process.wait(PATIENCE_S) == 1
            assert f"process {winner.pid}" in late.stderr()
    finally:
        for process in started:
            process.kill()
            process.wait()


def test_looks_of_clients_that_overlap_do_not_keep_a_daemon_out(tmp_path: Path) -> None:
    if sys.platform == "win32":
        pytest.skip("a look and a lock are the same there")
    import fcntl

    file = tmp_path / "lock"
    InstanceLock.acquire(file).release()
    look = os.open(file, os.O_RDONLY)
    fcntl.flock(look, fcntl.LOCK_SH)
    threading.Timer(0.3, os.close, [look]).start()
    # Its patience with another daemon is over long before the look ends.
    InstanceLock.acquire(file, patience_s=0.05).release()
