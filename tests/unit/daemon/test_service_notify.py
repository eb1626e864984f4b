"""The line to the service manager, at a stand-in for its socket: ready, signs of life, and silence where it hangs."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchay.errors import SanchayError
from sanchayd.service_notify import ServiceNotify
from tests.support.daemon import PATIENCE_S, DaemonProcess, engine_missing

if not hasattr(socket, "AF_UNIX"):
    pytest.skip("there are no Unix sockets here", allow_module_level=True)


class Manager:
    """The manager's end of the line."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind("\0" + address[1:] if address.startswith("@") else address)

    def environ(self, watchdog_s: float = 0.0, **more: str) -> dict[str, str]:
        """What a process under this manager is told."""
        watchdog = {"WATCHDOG_USEC": str(int(watchdog_s * 1e6))} if watchdog_s else {}
        return {"NOTIFY_SOCKET": self.address, **watchdog, **more}

    def wait_for(self, line: str) -> list[str]:
        """The lines of the first message that has this one."""
        self._socket.settimeout(PATIENCE_S)
        while True:
            lines = self._socket.recv(4096).decode().splitlines()
            if line in lines:
                return lines

    def heard_within(self, seconds: float) -> bool:
        """Whether anything comes."""
        self._socket.settimeout(seconds)
        try:
            self._socket.recv(4096)
        except TimeoutError:
            return False
        return True

    def drain(self) -> None:
        """Forgets what has come."""
        self._socket.setblocking(False)
        try:
            while True:
                self._socket.recv(4096)
        except BlockingIOError:
            return

    def close(self) -> None:
        """Hangs up."""
        self._socket.close()


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Manager]:
    if request.param == "abstract":
        if not Path("/proc/net/unix").exists():
            pytest.skip("only Linux has abstract sockets")
        address = f"@sanchay-test-{os.getpid()}-{tmp_path.name}"
    else:
        address = str(tmp_path / "notify")
    listening = Manager(address)
    yield listening
    listening.close()


def test_without_a_manager_nothing_is_said_and_no_watch_is_kept() -> None:
    asyncio.run(asyncio.wait_for(ServiceNotify.from_environ({}).keep_watch(lambda _: True), PATIENCE_S))
    ServiceNotify.from_environ({"NOTIFY_SOCKET": "nowhere"}).ready("")
    ServiceNotify.from_environ({"NOTIFY_SOCKET": "/no/such/socket"}).ready("")


@pytest.mark.parametrize(
    ("variables", "expected_s"),
    [
        ({"WATCHDOG_USEC": "3000000"}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": str(os.getpid())}, 3.0),
        ({"WATCHDOG_USEC": "3000000", "WATCHDOG_PID": "1"}, 0.0),
        ({"WATCHDOG_USEC": "soon"}, 0.0),
        ({}, 0.0),
    ],
)
def test_a_watchdog_counts_where_it_is_meant_for_this_process(variables: dict[str, str], expected_s: float) -> None:
    assert ServiceNotify.from_environ({"NOTIFY_SOCKET": "/run/x", **variables}).watchdog_s == expected_s


def test_a_daemon_says_that_it_is_ready_alive_and_stopping(manager: Manager, tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "home", fake=True, env=manager.environ(watchdog_s=0.6)) as daemon:
        ready = manager.wait_for("READY=1")
        assert any(line.startswith("STATUS=Serving on ") for line in ready)
        for _ in range(3):
            manager.wait_for("WATCHDOG=1")
        daemon.process.terminate()
        manager.wait_for("STOPPING=1")


@pytest.mark.skipif(engine_missing(), reason="needs the engine")
def test_the_real_writer_is_asked_for_each_sign(manager: Manager, tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "home", env=manager.environ(watchdog_s=0.6)):
        manager.wait_for("READY=1")
        for _ in range(3):
            manager.wait_for("WATCHDOG=1")


def test_a_writer_that_hangs_gets_no_sign_of_life(manager: Manager, tmp_path: Path) -> None:
    hangs = tmp_path / "writer hangs"
    environ = manager.environ(watchdog_s=0.3, FAKE_WRITER_HANGS=str(hangs))
    with DaemonProcess(tmp_path / "home", fake=True, env=environ) as daemon:
        manager.wait_for("WATCHDOG=1")
        hangs.touch()
        # One look may have been under way; after the log's line none was.
        while "writer does not answer" not in daemon.log():
            manager.heard_within(0.02)
        manager.drain()
        assert not manager.heard_within(1.0)
        with daemon.client() as client:
            client.status()  # the rest of the daemon goes on
        hangs.unlink()
        manager.wait_for("WATCHDOG=1")


def test_an_event_loop_that_hangs_gets_no_sign_of_life(manager: Manager, tmp_path: Path) -> None:
    hangs, hanging = tmp_path / "loop hangs", tmp_path / "loop is hanging"
    environ = manager.environ(watchdog_s=0.3, FAKE_LOOP_HANGS=str(hangs), FAKE_LOOP_IS_HANGING=str(hanging))
    with DaemonProcess(tmp_path / "home", fake=True, env=environ) as daemon:
        manager.wait_for("WATCHDOG=1")
        hangs.touch()

        def ask() -> None:
            with daemon.client(timeout_s=PATIENCE_S) as client:
                try:
                    client.status()
                except SanchayError:
                    return

        asking = threading.Thread(target=ask)
        asking.start()
        while not hanging.exists():
            manager.heard_within(0.02)
        manager.drain()
        assert not manager.heard_within(1.0)
        hangs.unlink()
        manager.wait_for("WATCHDOG=1")
        asking.join()
