"""Clients that misbehave against a daemon with a real catalog: it serves the others, and its memory stays flat."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sanchay.address import places
from sanchay.client import Client
from sanchay.errors import MessageTooLarge, Unauthenticated
from tests.faults.conftest import FILES
from tests.support.answers import scan
from tests.support.daemon import PATIENCE_S, DaemonProcess, environment
from tests.support.program import until

CLIENTS = int(os.environ.get("SANCHAY_TEST_CLIENTS", "200"))


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, many_files: Path) -> Iterator[DaemonProcess]:
    """A daemon whose catalog holds twenty thousand files."""
    with DaemonProcess(tmp_path_factory.mktemp("clients") / "home") as daemon:
        with daemon.client() as client:
            assert scan(client, many_files).result.files == FILES
        yield daemon
        assert daemon.process.poll() is None
        assert daemon.stop() == 0


def rss_bytes(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text("ascii"))
    assert found is not None
    return int(found[1]) * 1024


def wait_for_rest(pid: int) -> None:
    """Returns once the process has used no processor for a while: it does nothing more by itself."""
    used, deadline_s = None, time.monotonic() + PATIENCE_S
    while used != (now := Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[11:13]):
        assert time.monotonic() < deadline_s, "it does not come to rest"
        used = now
        time.sleep(0.2)


def assert_serves(daemon: DaemonProcess) -> None:
    with daemon.client() as client:
        assert client.find("f0000001").total == 1


def test_many_connections_at_once_are_all_answered(served: DaemonProcess) -> None:
    def ask(number: int) -> int:
        with served.client() as client:
            return int(client.find(f"f{number:07d}").total)

    with ThreadPoolExecutor(32) as threads:
        assert set(threads.map(ask, range(CLIENTS))) == {1}


def test_idle_connections_cost_little(served: DaemonProcess) -> None:
    before = rss_bytes(served.pid)
    idle = []
    try:
        for _ in range(CLIENTS):
            stream = socket.socket(socket.AF_UNIX)
            stream.connect(str(served.where.run_folder / "sanchayd.sock"))
            idle.append(stream)
        assert_serves(served)
        assert rss_bytes(served.pid) - before < 100 << 20
    finally:
        for stream in idle:
            stream.close()


def test_exports_that_nobody_reads_to_the_end_cost_no_memory(served: DaemonProcess) -> None:
    before = rss_bytes(served.pid)
    with served.client() as client:
        stuck = [client.export("size:>=0", "csv") for _ in range(4)]
        for export in stuck:
            next(export)
        wait_for_rest(served.pid)
        assert_serves(served)
        assert rss_bytes(served.pid) - before < 64 << 20
        for export in stuck:
            export.close()
        for _ in range(8):  # each was let go: more of them than may run at once have their turn
            export = client.export("size:>=0", "csv")
            next(export)
            export.close()


def test_clients_that_are_killed_in_the_middle_of_an_export_leave_nothing_behind(served: DaemonProcess) -> None:
    code = (
        "from sanchay.client import Client\n"
        "for _ in Client().export('size:>=0', 'csv'):\n    print('a piece', flush=True)\n    input()\n"
    )
    for _ in range(3):
        with subprocess.Popen(
            [sys.executable, "-c", code],
            env=environment(served.home),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "a piece\n", "it is under way"
            reader.kill()
    assert_serves(served)


@pytest.mark.parametrize(
    "garbage",
    [b"\0" * 100_000, b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 10_000],
    ids=["zeros", "http", "frames"],
)
def test_garbage_hurts_nobody(served: DaemonProcess, garbage: bytes) -> None:
    for _ in range(20):
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(str(served.where.run_folder / "sanchayd.sock"))
            # The daemon may have hung up already.
            with contextlib.suppress(OSError):
                stream.sendall(garbage)
    assert_serves(served)


def test_a_message_of_five_mib_is_refused_and_the_next_is_answered(served: DaemonProcess) -> None:
    with served.client() as client:
        with pytest.raises(MessageTooLarge):
            client.find("x" * (5 << 20))
        assert client.find("f0000001").total == 1


def test_hostile_questions_are_answered_or_refused_in_time(served: DaemonProcess) -> None:
    from sanchay.errors import SanchayError

    refused = []
    with served.client() as client:
        for text in (
            "name:" + "*a" * 500,
            "-" * 1000,
            'under:"',
            "size:>" + "9" * 100,
            "modified:<" + "9" * 40 + "d",
            "\0",
            "hash:zz",
            "name:[",
            "(" * 5000,
            "\U0001f600" * 1000,
        ):
            try:
                assert client.find(text).total >= 0
            except SanchayError as error:
                refused.append((error.kind, text[:20], error.message))
        assert {kind for kind, _, _ in refused} <= {"invalid_query", "invalid_argument"}, refused
        for token in ("x", "99999999999999999999", "\0"):
            with pytest.raises(SanchayError) as caught:
                client.find("f", page_token=token)
            assert caught.value.kind == "invalid_argument", (token, caught.value.message)
    assert_serves(served)


def test_a_wrong_token_is_refused(served: DaemonProcess, tmp_path: Path) -> None:
    token = served.where.token_file
    right = token.read_text()
    token.write_text("x" * len(right))
    try:
        with pytest.raises(Unauthenticated), Client(places(served.home)) as client:
            client.status()
    finally:
        token.write_text(right)
    assert_serves(served)


def test_connections_that_come_and_go_leave_no_descriptor_behind(served: DaemonProcess) -> None:
    descriptors = Path(f"/proc/{served.pid}/fd")
    assert_serves(served)
    before = len(list(descriptors.iterdir()))
    for _ in range(30):
        assert_serves(served)
    until(lambda: len(list(descriptors.iterdir())) <= before + 3)
