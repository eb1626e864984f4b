"""A call ends the same way over our own transport and over grpc's: one contract, both kept to it."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, cast

import pytest

from sanchay import errors
from sanchay._call import ANSWER_MAX_BYTES, CallFailed, Metadata, Trailers, call_metadata
from sanchay._channel import OPTIONS, grpc
from sanchay._http2 import PREFACE
from sanchay._link import Link
from sanchay.address import find_daemon, places
from sanchay.client import Client
from sanchay.v1 import catalog_pb2, daemon_pb2, job_pb2
from tests.support.canned_daemon import TOKEN, CannedDaemon
from tests.support.daemon import PATIENCE_S, DaemonProcess

STATUS = daemon_pb2.GetStatusResponse(version="0.1.0", pid=7)
SETTINGS = bytes.fromhex("000000040000000000")
PING = bytes.fromhex("000008060000000000") + b"12345678"
HELD = 1.0  # a deadline that is meant to pass


def channel_of(link: Link) -> grpc.Channel:
    """A channel of grpc's beside the link's own transport."""
    if not hasattr(link, "grpc_channel"):
        vars(link)["grpc_channel"] = grpc.insecure_channel(find_daemon(link.where).uri, options=OPTIONS)
    return cast("grpc.Channel", vars(link)["grpc_channel"])


@contextlib.contextmanager
def failing_as_ours() -> Iterator[None]:
    try:
        yield
    except grpc.RpcError as error:
        failed = cast("grpc.aio.AioRpcError", error)
        trailers = cast("Trailers", failed.trailing_metadata() or ())
        raise CallFailed(failed.code().name, failed.details() or "", trailers) from None


def by_grpc(link: Link, path: str, message: bytes, timeout_s: float, metadata: Metadata) -> bytes:
    """What `Link.send` does, over a channel of grpc's."""
    call = channel_of(link).unary_unary(path, request_serializer=bytes, response_deserializer=bytes)
    with failing_as_ours():
        return cast("bytes", call(message, timeout=timeout_s, metadata=metadata))


def many_by_grpc(
    link: Link, path: str, message: bytes, timeout_s: float | None, metadata: Metadata
) -> Generator[bytes, None, None]:
    """What `Link.send_for_many` does, over a channel of grpc's."""
    call = channel_of(link).unary_stream(path, request_serializer=bytes, response_deserializer=bytes)
    with failing_as_ours():
        answers = call(message, timeout=timeout_s, metadata=metadata)
        try:
            answers.initial_metadata()
            yield b""
            yield from answers
        finally:
            answers.cancel()  # type: ignore[no-untyped-call]


close_ours = Link.close


def close_both(link: Link) -> None:
    close_ours(link)
    channel_of(link).close()


@pytest.fixture(params=["ours", "grpc"])
def transport(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "grpc":
        monkeypatch.setattr(Link, "send", by_grpc)
        monkeypatch.setattr(Link, "send_for_many", many_by_grpc)
        monkeypatch.setattr(Link, "close", close_both)
    return str(request.param)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One daemon for the tests that leave it as it was."""
    with DaemonProcess(tmp_path_factory.mktemp("daemon") / "home", fake=True) as running:
        yield running


@pytest.mark.usefixtures("transport")
def test_answers_and_errors_of_a_daemon(daemon: DaemonProcess, tmp_path: Path) -> None:
    missing = os.fsencode(tmp_path) + b"/f\xc3\xbcr \xff 100%"
    with daemon.client() as client:
        assert client.status().pid == daemon.pid
        with pytest.raises(errors.JobNotFound) as not_there:
            client.get_job(77)
        assert not_there.value.request_id
        with pytest.raises(errors.NotFound, match=r"für .*100%") as nowhere:
            client.add_root(missing)
        assert nowhere.value.path == missing
        with pytest.raises(errors.MessageTooLarge):
            client.find("x" * (300 << 10))
        assert client.find("x" * (100 << 10)).total == 0  # more than a first window holds
        assert client.status().pid == daemon.pid
    with contextlib.closing(Link(daemon.where, PATIENCE_S, None)) as link:
        ask = partial(link.send, message=b"", timeout_s=PATIENCE_S, metadata=call_metadata(daemon.where))
        with pytest.raises(CallFailed) as unknown:
            ask("/sanchay.v1.DaemonService/Dance")
        assert unknown.value.status == "UNIMPLEMENTED"
        status = daemon_pb2.GetStatusResponse.FromString(ask("/sanchay.v1.DaemonService/GetStatus"))
        assert status.pid == daemon.pid


@pytest.mark.usefixtures("transport")
def test_a_wrong_token_is_refused(daemon: DaemonProcess) -> None:
    token = daemon.where.token_file.read_text("ascii")
    with daemon.client() as client:
        try:
            daemon.where.token_file.write_text("wrong", "ascii")
            with pytest.raises(errors.Unauthenticated, match="token"):
                client.status()
        finally:
            daemon.where.token_file.write_text(token, "ascii")
        assert client.status().pid == daemon.pid


@pytest.mark.usefixtures("transport")
def test_a_daemon_that_is_held_still_answers_too_late_and_the_next_call_is_answered(daemon: DaemonProcess) -> None:
    with daemon.client(HELD) as client:
        client.status()
        daemon.process.send_signal(signal.SIGSTOP)
        try:
            for _ in range(2):
                with pytest.raises(errors.TimedOut):
                    client.status()
        finally:
            daemon.process.send_signal(signal.SIGCONT)
    with daemon.client() as client:
        assert client.status().pid == daemon.pid


@pytest.mark.usefixtures("transport")
def test_many_threads_share_a_client(daemon: DaemonProcess) -> None:
    with daemon.client() as client, ThreadPoolExecutor(8) as pool:
        assert {status.pid for status in pool.map(lambda _: client.status(), range(40))} == {daemon.pid}


def test_a_daemon_that_is_killed_while_it_answers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hangs, hanging = tmp_path / "hangs", tmp_path / "hanging"
    extra = {"FAKE_LOOP_HANGS": str(hangs), "FAKE_LOOP_IS_HANGING": str(hanging)}
    send, first = Link.send, list[Link]()

    def either(link: Link, *call: Any) -> bytes:
        """The link that is used first sends by our transport, and any other by grpc's."""
        first[1:] = [] if first else [link]
        return send(link, *call) if link is first[0] else by_grpc(link, *call)

    monkeypatch.setattr(Link, "send", either)
    with DaemonProcess(tmp_path / "home", fake=True, env=extra) as daemon, daemon.client() as ours:
        ours.status()
        with daemon.client() as theirs, ThreadPoolExecutor(2) as pool:
            theirs.status()
            hangs.touch()
            calls = [pool.submit(client.status) for client in (ours, theirs)]
            while not hanging.exists():
                assert not any(call.done() for call in calls)
            daemon.kill()
            for call in calls:
                with pytest.raises(errors.DaemonUnavailable):
                    call.result(PATIENCE_S)
            for client in (ours, theirs):
                with pytest.raises(errors.DaemonUnavailable):
                    client.status()


@pytest.mark.usefixtures("transport")
def test_an_answer_of_four_megabytes_is_the_largest(tmp_path: Path) -> None:
    row = catalog_pb2.FileRow(extension="x" * 100_000)
    fits = catalog_pb2.FindResponse(rows=[row] * (ANSWER_MAX_BYTES // row.ByteSize() - 1))
    too_large = catalog_pb2.FindResponse(rows=[row] * 100)
    with CannedDaemon(tmp_path, {"Find": fits, "GetStatus": STATUS}) as fake, Client(fake.where) as client:
        for _ in range(4):  # more than the connection's window holds at once
            assert client.find("").ByteSize() == fits.ByteSize()
        fake.answers["Find"] = too_large
        with pytest.raises(errors.MessageTooLarge, match=str(ANSWER_MAX_BYTES)):
            client.find("")
        assert client.status() == STATUS


@pytest.mark.usefixtures("transport")
def test_a_server_that_ends_in_good_order_still_answers_the_call_under_way(tmp_path: Path) -> None:
    under_way, answer = threading.Event(), threading.Event()

    def slowly(_request: object) -> daemon_pb2.GetStatusResponse:
        under_way.set()
        assert answer.wait(PATIENCE_S)
        return STATUS

    with CannedDaemon(tmp_path, {"GetStatus": slowly}) as fake, Client(fake.where) as client:
        with ThreadPoolExecutor(1) as pool:
            call = pool.submit(client.status)
            assert under_way.wait(PATIENCE_S)
            ended = fake.end_in_good_order(PATIENCE_S)
            answer.set()
            assert call.result(PATIENCE_S) == STATUS
        assert ended.wait(PATIENCE_S)
        with pytest.raises(errors.DaemonUnavailable):
            client.status()


@pytest.mark.usefixtures("transport")
def test_a_daemon_that_was_started_again_is_reached_by_the_same_client(tmp_path: Path) -> None:
    with CannedDaemon(tmp_path, {"GetStatus": STATUS}) as first, Client(first.where) as client:
        client.status()
        first.stop()
        with CannedDaemon(tmp_path, {"GetStatus": STATUS}):
            assert client.status() == STATUS


@pytest.mark.usefixtures("transport")
def test_closing_a_client_ends_its_calls(tmp_path: Path) -> None:
    under_way, answer = threading.Event(), threading.Event()

    def slowly(_request: object) -> job_pb2.GetJobResponse:
        under_way.set()
        assert answer.wait(PATIENCE_S)
        return job_pb2.GetJobResponse()

    with CannedDaemon(tmp_path, {"GetJob": slowly}) as fake, ThreadPoolExecutor(1) as pool:
        client = Client(fake.where)
        call = pool.submit(client.get_job, 1)
        assert under_way.wait(PATIENCE_S)
        client.close()
        with pytest.raises(errors.DaemonUnavailable, match="ended"):
            call.result(PATIENCE_S)
        answer.set()
        with pytest.raises(ValueError, match="closed"):
            client.status()


def rows(count: int, size_bytes: int) -> list[catalog_pb2.ExportResponse]:
    return [catalog_pb2.ExportResponse(data=bytes([number % 256]) * size_bytes) for number in range(count)]


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize(("count", "size_bytes"), [(0, 0), (3, 0), (1000, 7), (20, 1 << 20), (6, ANSWER_MAX_BYTES - 9)])
def test_a_stream_gives_every_answer_in_order(tmp_path: Path, count: int, size_bytes: int) -> None:
    answers = rows(count, size_bytes)
    with CannedDaemon(tmp_path, {"Export": answers, "GetStatus": STATUS}) as fake, Client(fake.where) as client:
        for _ in range(2):
            assert list(client.export("", "csv")) == answers
            assert client.status() == STATUS


@pytest.mark.usefixtures("transport")
def test_a_stream_fails_with_what_the_daemon_says_after_what_it_gave(tmp_path: Path) -> None:
    too_large = [*rows(2, 5), catalog_pb2.ExportResponse(data=b"x" * (ANSWER_MAX_BYTES + 1))]
    with CannedDaemon(tmp_path, {"Export": too_large, "GetStatus": STATUS}) as fake, Client(fake.where) as client:
        stream = client.export("", "csv")
        assert [next(stream).data for _ in range(2)] == [b"\0" * 5, b"\1" * 5]
        with pytest.raises(errors.MessageTooLarge, match=str(ANSWER_MAX_BYTES)):
            next(stream)
        assert client.status() == STATUS


@pytest.mark.usefixtures("transport")
def test_errors_of_a_stream(daemon: DaemonProcess) -> None:
    with daemon.client() as client:
        with pytest.raises(errors.JobNotFound) as not_there:
            list(client.follow_job(77))
        assert not_there.value.request_id
        with pytest.raises(errors.InvalidArgument, match="not a kind of event"):
            list(client.events(kinds=["weather"]))
        assert client.status().pid == daemon.pid


@pytest.mark.usefixtures("transport")
def test_a_stream_that_is_left_early_or_whose_client_is_closed_frees_the_daemon(tmp_path: Path) -> None:
    left = threading.Event()

    def without_end(_request: object) -> Iterator[catalog_pb2.ExportResponse]:
        try:
            while True:
                yield catalog_pb2.ExportResponse(data=b"x" * 1000)
        finally:
            left.set()

    with CannedDaemon(tmp_path, {"Export": without_end, "GetStatus": STATUS}) as fake:
        with Client(fake.where) as client:
            stream = client.export("", "csv")
            next(stream)
            stream.close()
            assert left.wait(PATIENCE_S)
            assert client.status() == STATUS
            left.clear()
            stream = client.export("", "csv")
            next(stream)
        with pytest.raises(errors.DaemonUnavailable):
            for _ in stream:
                pass
        assert left.wait(PATIENCE_S)


@pytest.mark.usefixtures("transport")
def test_a_stream_of_a_daemon_that_is_killed_fails(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "home", fake=True) as daemon, daemon.client() as client:
        events = client.events(follow=True)
        with ThreadPoolExecutor(1) as pool:
            listening = pool.submit(list, events)
            client.status()
            daemon.kill()
            with pytest.raises(errors.DaemonUnavailable):
                listening.result(PATIENCE_S)


class Squatter:
    """Something else that listens where a daemon did. `heard` is all that it was told."""

    def __init__(self, home: Path, speak: Callable[[socket.socket], object]) -> None:
        self.where = places(home)
        self.where.run_folder.mkdir(mode=0o700, parents=True)
        self.where.token_file.write_text(TOKEN, "ascii")
        self.heard = bytearray()
        self._speak = speak
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self.where.run_folder / "sanchayd.sock"))
        self._listener.listen()
        self._open: list[socket.socket] = []
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def _listen(self) -> None:
        while True:
            try:
                connected = self._listener.accept()[0]
            except OSError:
                return
            self._open.append(connected)
            with connected:
                try:
                    self._speak(connected)
                    while data := connected.recv(65536):
                        self.heard += data
                except OSError:
                    pass

    def __enter__(self) -> Squatter:
        return self

    def __exit__(self, *_: object) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        for connected in self._open:  # grpc goes on with its handshake after its channel was closed
            with contextlib.suppress(OSError):
                connected.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._listener.close()


def says(data: bytes) -> Callable[[socket.socket], object]:
    return lambda connected: connected.sendall(data)


def babbles(connected: socket.socket) -> None:
    connected.sendall(SETTINGS)
    while True:
        connected.sendall(PING)


@pytest.mark.usefixtures("transport")
@pytest.mark.parametrize(
    ("speak", "may_know"),
    [
        (lambda connected: connected.close(), False),
        (says(b""), False),
        (says(b"HTTP/1.1 400 Bad Request\r\n\r\n"), False),
        (says(b"\0" * 1000), False),
        (says(b"\xff" * 100_000), False),
        (says(PREFACE), False),
        (says(SETTINGS[:7]), False),
        (says(SETTINGS + b"\xff" * 1000), True),
        (babbles, True),
    ],
    ids=["hangs up", "silence", "http/1.1", "zeros", "ones", "a client", "half a frame", "garbage", "babble"],
)
def test_a_stranger_on_the_socket_makes_no_call_hang_and_is_told_no_token_before_it_speaks_as_a_server(
    tmp_path: Path, speak: Callable[[socket.socket], object], may_know: bool
) -> None:
    with Squatter(tmp_path, speak) as squatter:
        with (
            Client(squatter.where, timeout_s=HELD) as client,
            pytest.raises((errors.DaemonUnavailable, errors.TimedOut)),
        ):
            client.status()
        assert may_know or TOKEN.encode() not in squatter.heard
