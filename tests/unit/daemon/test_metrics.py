"""Metrics as a collector sees them: read by a real parser, from a real daemon, past clients that mean no good."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import os
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families

from sanchay.address import places
from sanchay.client import AsyncClient
from sanchay.errors import InputOutputError
from sanchayd.dedupe.acts import DedupeResult, UndoResult
from sanchayd.engine_port import CatalogPool
from sanchayd.engine_port.values import CatalogStatus
from sanchayd.jobs.job import Job, JobState
from sanchayd.metrics import endpoint as endpoints
from sanchayd.metrics.address import MetricsAddress, check, resolve
from sanchayd.metrics.endpoint import Endpoint
from sanchayd.metrics.figures import CONTENT_TYPE, Metrics
from tests.support import trees
from tests.support.daemon import PATIENCE_S, DaemonProcess, engine_missing
from tests.support.fake_catalog import FakeCatalog
from tests.support.program import until
from tests.unit.daemon.conftest import open_core


def parsed(text: str) -> dict[str, Metric]:
    """The families of a page by name."""
    return {family.name: family for family in text_string_to_metric_families(text)}


def value(families: dict[str, Metric], sample: str, **labels: str) -> float:
    """The one sample of that name and labels."""
    found = [
        one.value
        for family in families.values()
        for one in family.samples
        if one.name == sample and labels.items() <= one.labels.items()
    ]
    assert len(found) == 1, (sample, labels, found)
    return found[0]


class UnixConnection(http.client.HTTPConnection):
    """HTTP over a socket's path."""

    def __init__(self, path: Path) -> None:
        super().__init__("localhost", timeout=PATIENCE_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(PATIENCE_S)
        self.sock.connect(str(self._path))


def fetch(
    connection: http.client.HTTPConnection, target: str = "/metrics", method: str = "GET", **headers: str
) -> tuple[int, str]:
    """Status and body of one request."""
    try:
        connection.request(method, target, headers=headers)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


@pytest.mark.skipif(engine_missing(), reason="the engine is not built: make install")
def test_a_question_ends_in_the_engine_when_its_client_goes_away(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {f"{folder}/{'a' * 200}": "" for folder in range(2_000)})
    slow = " ".join(f"-name:*{'a' * 100}b{number}*" for number in range(2_000))  # many seconds of comparing

    def figure(daemon: DaemonProcess, sample: str) -> float:
        return value(parsed(fetch(UnixConnection(daemon.where.run_folder / "metrics.sock"))[1]), sample)

    with DaemonProcess(tmp_path / "home", env={"SANCHAY_METRICS_LISTEN": "socket"}) as daemon:
        with daemon.client() as client:
            job_id = client.add_root(tree, watch="off").job_id
            assert [job.state for job in client.follow_job(job_id)][-1] == "done"

        async def scene() -> None:
            async with AsyncClient(daemon.where) as client:
                asked = asyncio.ensure_future(client.find(slow))
                await asyncio.to_thread(until, lambda: figure(daemon, "sanchay_readers") > 0)
                asked.cancel()
                await asyncio.to_thread(until, lambda: figure(daemon, "sanchay_questions_called_off") == 1)
                await asyncio.to_thread(until, lambda: figure(daemon, "sanchay_readers") == 0)
                assert (await client.find("")).total == 2_000

        asyncio.run(scene())


def test_only_addresses_of_this_machine_are_taken() -> None:
    where = places("/h")
    for text in ("", "127.0.0.1:9464", "127.1.2.3:1", "[::1]:9464", "localhost:9464", "unix:/run/x.sock", "socket"):
        assert check(text) == text
    assert resolve("", where) is None
    assert resolve("localhost:9464", where) == MetricsAddress("127.0.0.1", 9464)
    assert str(resolve("[::1]:9464", where)) == "http://[::1]:9464/metrics"
    assert resolve("socket", where) == MetricsAddress(socket=where.run_folder / "metrics.sock")
    for text in (
        "0.0.0.0:1",
        "[::]:1",
        "192.168.1.2:9464",
        "8.8.8.8:1",
        "host:1",
        "127.0.0.1",
        "127.0.0.1:0",
        "127.0.0.1:70000",
        "unix:x",
        "9464",
        "unix:/" + "x" * 200,
    ):
        with pytest.raises(ValueError, match=r"[a-z]"):
            check(text)


@pytest.fixture(params=["fake", "engine"])
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[DaemonProcess]:
    """A daemon with metrics on a socket."""
    if request.param == "engine" and engine_missing():
        pytest.skip("needs the engine")
    with DaemonProcess(
        tmp_path / "home", fake=request.param == "fake", env={"SANCHAY_METRICS_LISTEN": "socket"}
    ) as daemon:
        yield daemon


def test_a_daemon_serves_what_a_collector_can_parse(served: DaemonProcess, tmp_path: Path) -> None:
    (tmp_path / "secret name").mkdir()
    (tmp_path / "secret name" / "file").write_bytes(b"12345678")
    sock = served.where.run_folder / "metrics.sock"
    with served.client() as client:
        job = client.start_scan([os.fsencode(tmp_path / "secret name")]).jobs[0]
        assert [each.state for each in client.follow_job(job.id)][-1] == "done"
    status, text = fetch(UnixConnection(sock))
    assert status == 200
    families = parsed(text)
    assert value(families, "sanchay_scans_total", state="done") == 1
    assert value(families, "sanchay_scanned_files_total") == 1
    assert value(families, "sanchay_catalog_up") == 1
    assert value(families, "sanchay_catalog_files") == 1
    assert value(families, "sanchay_catalog_bytes") == 8
    assert value(families, "sanchay_rpc_total", method="JobService/StartScan", outcome="ok") == 1
    assert value(families, "sanchay_rpc_duration_seconds_count", method="JobService/StartScan") == 1
    assert value(families, "sanchay_rpc_total", method="JobService/FollowJob") == 1
    assert value(families, "sanchay_resident_memory_bytes") > 1 << 20
    for name in (
        "sanchay_hash_debt_files",
        "sanchay_hash_debt_bytes",
        "sanchay_catalog_wal_bytes",
        "sanchay_live_events",
        "sanchay_live_overflows",
        "sanchay_scan_files_per_second",
        "sanchay_scan_bytes_per_second",
    ):
        assert value(families, name) >= 0
    for queue in ("writer", "content_keys", "questions", "live"):
        assert value(families, "sanchay_queue_depth", queue=queue) >= 0
    assert families["sanchay_event_loop_lag_seconds"].type == "histogram"
    assert "secret" not in text
    assert sock.stat().st_mode & 0o777 == 0o600
    served.stop()
    assert not sock.exists()


def test_an_address_that_is_taken_is_said_and_stops_nothing(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = f"127.0.0.1:{taken.getsockname()[1]}"
        with DaemonProcess(tmp_path / "home", fake=True, env={"SANCHAY_METRICS_LISTEN": listen}) as daemon:
            until_noticed(daemon, "Metrics are not served")


def until_noticed(daemon: DaemonProcess, words: str) -> None:
    """Returns once the status has such a notice."""
    with daemon.client() as client:
        while not any(words in notice for notice in client.status().notices):
            assert daemon.process.poll() is None


def test_an_address_of_other_machines_ends_the_start_with_78(tmp_path: Path) -> None:
    with DaemonProcess(
        tmp_path / "home", fake=True, env={"SANCHAY_METRICS_LISTEN": "0.0.0.0:9464"}, wait=False
    ) as daemon:
        said = daemon.stderr()
        assert daemon.process.returncode == 78
        assert "SANCHAY_METRICS_LISTEN" in said
        assert "other machines" in said


def serve(scene: Callable[[int], None], render: endpoints.Render | None = None) -> None:
    """Runs a blocking scene beside an endpoint on loopback."""

    async def page() -> bytes:
        return b"up 1\n"

    async def run() -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        endpoint = Endpoint(MetricsAddress("127.0.0.1", port), CONTENT_TYPE, render or page)
        await endpoint.start()
        try:
            await asyncio.to_thread(scene, port)
        finally:
            endpoint.stop()

    asyncio.run(run())


def http_to(port: int) -> http.client.HTTPConnection:
    return http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)


def test_requests_that_make_no_sense_are_answered_in_words() -> None:
    def scene(port: int) -> None:
        assert fetch(http_to(port)) == (200, "up 1\n")
        assert fetch(http_to(port), "/metrics?x=1") == (200, "up 1\n")
        assert fetch(http_to(port), method="HEAD") == (200, "")
        assert fetch(http_to(port), "/")[0] == 404
        assert fetch(http_to(port), method="POST")[0] == 405
        assert fetch(http_to(port), Host=f"evil.example:{port}")[0] == 403
        assert fetch(http_to(port), Host=f"[::1]:{port}")[0] == 200

    serve(scene)


def test_a_render_that_fails_is_an_answer_too() -> None:
    async def failing() -> bytes:
        raise RuntimeError("no")

    def scene(port: int) -> None:
        assert fetch(http_to(port))[0] == 500

    serve(scene, failing)


def test_slow_and_silent_clients_hold_nobody_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(endpoints, "PATIENCE_S", 0.2)

    def scene(port: int) -> None:
        silent = [socket.create_connection(("127.0.0.1", port), PATIENCE_S) for _ in range(endpoints.CLIENTS_AT_ONCE)]
        silent[0].sendall(b"GET /metrics HTTP/1.1\r\nX: ")
        for client in silent:
            with contextlib.suppress(ConnectionResetError):  # what was sent to one that is gone already
                assert client.recv(1) == b"", "hung up on"
            client.close()
        monkeypatch.setattr(endpoints, "PATIENCE_S", PATIENCE_S)
        assert fetch(http_to(port))[0] == 200
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as rude:
            rude.sendall(b"x" * (endpoints.REQUEST_LIMIT_BYTES * 4))
            with contextlib.suppress(ConnectionResetError):
                assert rude.recv(1) == b""
        assert fetch(http_to(port))[0] == 200

    serve(scene)


def test_places_cannot_be_held_by_clients_that_say_nothing() -> None:
    def scene(port: int) -> None:
        with contextlib.ExitStack() as stack:  # no one waits for the silent ones: the patience with them is not over
            for _ in range(endpoints.CLIENTS_AT_ONCE + 10):
                stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_S))
            assert [fetch(http_to(port))[0] for _ in range(3)] == [200] * 3

    serve(scene)


def test_all_that_ask_while_the_page_is_made_get_the_same_one() -> None:
    made: list[bytes] = []

    async def page() -> bytes:
        made.append(b"up 1\n")
        await asyncio.sleep(0)
        return made[-1]

    async def run() -> list[bytes]:
        endpoint = Endpoint(MetricsAddress("127.0.0.1", 1), CONTENT_TYPE, page)
        return await asyncio.gather(*(endpoint.page() for _ in range(3)))

    assert asyncio.run(run()) == [b"up 1\n"] * 3
    assert len(made) == 1


def test_a_client_that_does_not_read_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    made = threading.Event()

    async def large() -> bytes:
        if not made.is_set():
            monkeypatch.setattr(endpoints, "PATIENCE_S", 0.0)  # to take it; it has asked already
            made.set()
        return b"x" * (32 << 20)

    def scene(port: int) -> None:
        with socket.create_connection(("127.0.0.1", port), PATIENCE_S) as lazy:
            lazy.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            assert made.wait(PATIENCE_S)
            assert rest_of(lazy) < 32 << 20, "it was hung up on in the middle"
        monkeypatch.setattr(endpoints, "PATIENCE_S", 10 * PATIENCE_S)
        status, body = fetch(http_to(port))
        assert (status, len(body)) == (200, 32 << 20)

    serve(scene, large)


def rest_of(client: socket.socket) -> int:
    """How many bytes come until the other end hangs up."""
    received = 0
    with contextlib.suppress(ConnectionResetError):
        while part := client.recv(1 << 20):
            received += len(part)
    return received


def test_what_stands_in_the_sockets_place_is_left(tmp_path: Path) -> None:
    file = tmp_path / "mine"
    file.write_text("mine")

    async def scene() -> None:
        async def page() -> bytes:
            return b""

        with pytest.raises(FileExistsError):
            await Endpoint(MetricsAddress(socket=file), CONTENT_TYPE, page).start()

    asyncio.run(scene())
    assert file.read_text() == "mine"


def test_files_that_runs_changed_and_left_are_counted(tmp_path: Path) -> None:
    async def scene() -> str:
        core = await open_core(tmp_path, FakeCatalog())
        try:
            metrics = Metrics(core.catalog, core.catalog, CatalogPool(), core.queue)
            ended = Job(1, "dedupe", (), JobState.PARTIAL, False, 1)
            metrics.job_ended(replace(ended, result=DedupeResult(errors=2, acted=5, freed_bytes=4096)))
            metrics.job_ended(replace(ended, kind="undo", result=UndoResult(errors=1, restored=3)))
            return (await metrics.render()).decode()
        finally:
            await core.queue.stop()
            core.store.close()

    families = parsed(asyncio.run(scene()))
    assert value(families, "sanchay_acted_files_total", kind="dedupe") == 5
    assert value(families, "sanchay_left_files_total", kind="dedupe") == 2
    assert value(families, "sanchay_acted_files_total", kind="undo") == 3
    assert value(families, "sanchay_freed_bytes_total") == 4096
    assert value(families, "sanchay_scan_errors_total") == 0


def test_a_catalog_that_fails_is_down_and_the_page_still_comes(tmp_path: Path) -> None:
    class Failing(FakeCatalog):
        def status(self) -> CatalogStatus:
            raise InputOutputError("the disk is gone")

    async def scene() -> str:
        core = await open_core(tmp_path, Failing())
        try:
            metrics = Metrics(core.catalog, core.catalog, CatalogPool(), core.queue)
            timekeeper = asyncio.ensure_future(metrics.keep_time())
            await asyncio.sleep(0)
            timekeeper.cancel()
            return (await metrics.render()).decode()
        finally:
            await core.queue.stop()
            core.store.close()

    families = parsed(asyncio.run(scene()))
    assert value(families, "sanchay_catalog_up") == 0
    assert value(families, "sanchay_jobs", state="queued") == 0


def test_the_hash_debt_is_counted_seldom(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []

    class Counting(FakeCatalog):
        def hash_debt(self):  # type: ignore[no-untyped-def]
            asked.append(1)
            return super().hash_debt()

    async def scene() -> str:
        core = await open_core(tmp_path, Counting())
        try:
            metrics = Metrics(core.catalog, core.catalog, CatalogPool(), core.queue)
            pages = [await metrics.render() for _ in range(3)]
            return pages[-1].decode()
        finally:
            await core.queue.stop()
            core.store.close()

    families = parsed(asyncio.run(scene()))
    assert value(families, "sanchay_hash_debt_files") == 2
    assert len(asked) == 1
