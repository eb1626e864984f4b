"""Blocking calls, by gRPC's protocol but without grpc: a program that asks one thing has no time to import it.

The rules are grpc's: a deadline that the daemon hears of too, no waiting for a daemon that is not there, answers of 4
MiB at most, and the status with its details from the trailing metadata.
"""

from __future__ import annotations

import contextlib
import math
import socket
import threading
import time
from collections.abc import Generator, Iterator
from urllib.parse import unquote_to_bytes

from sanchay._call import ANSWER_MAX_BYTES, CallFailed, Metadata
from sanchay._http2 import Broken, Connection, Late, Reset, Stream
from sanchay.address import TLS_NAME, Target

PREFIX_BYTES = 5  # of a message: a flag, and its length
BUSY_S = 0.01
STATUSES = (
    "OK",
    "CANCELLED",
    "UNKNOWN",
    "INVALID_ARGUMENT",
    "DEADLINE_EXCEEDED",
    "NOT_FOUND",
    "ALREADY_EXISTS",
    "PERMISSION_DENIED",
    "RESOURCE_EXHAUSTED",
    "FAILED_PRECONDITION",
    "ABORTED",
    "OUT_OF_RANGE",
    "UNIMPLEMENTED",
    "INTERNAL",
    "UNAVAILABLE",
    "DATA_LOSS",
    "UNAUTHENTICATED",
)
# By gRPC's document "PROTOCOL-HTTP2"; any other code is INTERNAL.
OF_RESET = {0x7: "UNAVAILABLE", 0x8: "CANCELLED", 0xB: "RESOURCE_EXHAUSTED", 0xC: "PERMISSION_DENIED"}
OF_HTTP = {
    b"400": "INTERNAL",
    b"401": "UNAUTHENTICATED",
    b"403": "PERMISSION_DENIED",
    b"404": "UNIMPLEMENTED",
    b"429": "UNAVAILABLE",
    b"502": "UNAVAILABLE",
    b"503": "UNAVAILABLE",
    b"504": "UNAVAILABLE",
}


class Caller:
    """Connections to one daemon, each with one call at a time; safe to share between threads."""

    def __init__(self, target: Target) -> None:
        self._target = target
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._busy: list[Connection] = []
        self._closed = False

    def call(self, path: str, message: bytes, timeout_s: float, metadata: Metadata) -> bytes:
        """The answer to `message`. Raises CallFailed."""
        deadline_s = time.monotonic() + timeout_s
        headers = self._headers(path, timeout_s, metadata)
        with self._failing(), self._connection(deadline_s) as connection:
            stream = connection.exchange(headers, _framed(message), deadline_s, check_length)
        return read_answer(stream)

    def stream(
        self, path: str, message: bytes, timeout_s: float | None, metadata: Metadata
    ) -> Generator[bytes, None, None]:
        """Begins a call with many answers, and gives them as they come. Raises CallFailed.

        An empty one is given first, once the daemon has heard of the call. A caller that has enough closes the
        generator, and with it the connection: that frees the daemon's side at once.
        """
        deadline_s = time.monotonic() + (math.inf if timeout_s is None else timeout_s)
        headers = self._headers(path, timeout_s, metadata)
        with self._failing(), self._connection(deadline_s) as connection:
            stream = connection.begin(headers, _framed(message), deadline_s, check_length)
            while not stream.headers:
                connection.more(deadline_s)
            yield b""
            while True:
                while (answer := _next_message(stream)) is not None:
                    yield answer
                if stream.ended:
                    break
                connection.more(deadline_s)
            connection.renew(deadline_s)
        _check_status(stream)
        if stream.body:
            raise CallFailed("INTERNAL", "the last answer is not a whole message")

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """Says in gRPC's words how a call failed on the way."""
        try:
            yield
        except Late:
            raise CallFailed("DEADLINE_EXCEEDED", "no answer in time") from None
        except Broken as broken:
            raise CallFailed("CANCELLED" if self._closed else "UNAVAILABLE", str(broken)) from None
        except Reset as reset:
            raise CallFailed(OF_RESET.get(reset.code, "INTERNAL"), f"the call was broken off ({reset.code})") from None

    @contextlib.contextmanager
    def _connection(self, deadline_s: float) -> Iterator[Connection]:
        """A connection for one call; it is kept for the next where the call went to its end."""
        connection = self._take(deadline_s)
        try:
            yield connection
        except BaseException:  # Ctrl-C too: half an answer may be left in it
            self._give_back(connection, usable=False)
            raise
        self._give_back(connection, usable=True)

    def close(self) -> None:
        """Ends every call."""
        with self._lock:
            self._closed = True
            idle, busy = list(self._idle), list(self._busy)
            self._idle.clear()
        for connection in idle:
            connection.close()
        for connection in busy:
            connection.break_off()

    def _headers(self, path: str, timeout_s: float | None, metadata: Metadata) -> list[tuple[str, str]]:
        limit = [] if timeout_s is None else [("grpc-timeout", timeout_header(timeout_s))]
        return [
            (":method", "POST"),
            (":scheme", "https" if self._target.certificate else "http"),
            (":path", path),
            (":authority", TLS_NAME),
            ("te", "trailers"),
            ("content-type", "application/grpc"),
            ("user-agent", "sanchay"),
            *limit,
            *metadata,
        ]

    def _take(self, deadline_s: float) -> Connection:
        while True:
            with self._lock:
                if self._closed:
                    raise ValueError("This client was closed.")
                idle = self._idle.pop() if self._idle else None
                if idle is not None:
                    self._busy.append(idle)
            if idle is None:
                break
            if idle.is_usable():
                return idle
            self._give_back(idle, usable=False)
        connection = Connection(_connect(self._target, deadline_s), deadline_s)
        if not self._keep(connection):  # the client was closed while it was connecting
            connection.close()
            raise Broken("the client was closed")
        return connection

    def _keep(self, connection: Connection) -> bool:
        with self._lock:
            if not self._closed:
                self._busy.append(connection)
            return not self._closed

    def _give_back(self, connection: Connection, *, usable: bool) -> None:
        with self._lock:
            self._busy.remove(connection)
            if usable and not self._closed:
                self._idle.append(connection)
                return
        connection.close()


def _connect(target: Target, deadline_s: float) -> socket.socket:
    """A socket to the daemon; over TCP both sides have proved by then who they are. Raises Broken, Late."""
    connected = _new_socket(target)
    try:
        while True:
            left_s = max(deadline_s - time.monotonic(), 0.001)
            connected.settimeout(left_s if left_s < math.inf else None)
            try:
                connected.connect(target.address)
                break
            except BlockingIOError:  # as many connections wait as the system lets wait
                if time.monotonic() > deadline_s:
                    raise Late from None
                time.sleep(BUSY_S)
        return _tls(connected, target) if target.certificate else connected
    except TimeoutError:
        connected.close()
        raise Late from None
    except OSError as error:
        connected.close()
        raise Broken(error.strerror or str(error)) from error
    except BaseException:
        connected.close()
        raise


def _new_socket(target: Target) -> socket.socket:
    try:
        if isinstance(target.address, bytes):
            return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connected = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    except OSError as error:
        raise Broken(error.strerror or str(error)) from error
    return connected


def _tls(connected: socket.socket, target: Target) -> socket.socket:
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_verify_locations(cadata=target.certificate.decode("ascii"))
    context.load_cert_chain(target.tls_file)
    context.set_alpn_protocols(["h2"])
    return context.wrap_socket(connected, server_hostname=TLS_NAME)


def timeout_header(timeout_s: float) -> str:
    """The time that the daemon has, as gRPC writes it: eight digits at most, and a unit."""
    milliseconds = max(int(timeout_s * 1000), 1)
    return f"{milliseconds}m" if milliseconds < 10**8 else f"{min(int(timeout_s), 10**8 - 1)}S"


def check_length(body: bytearray) -> None:
    """Raises once the answer is known to be too long."""
    if len(body) >= PREFIX_BYTES:
        length = int.from_bytes(body[1:PREFIX_BYTES], "big")
        if length > ANSWER_MAX_BYTES:
            raise CallFailed(
                "RESOURCE_EXHAUSTED", f"Received message larger than max ({length} vs. {ANSWER_MAX_BYTES})"
            )


def _framed(message: bytes) -> bytes:
    return b"\0" + len(message).to_bytes(4, "big") + message


def _next_message(stream: Stream) -> bytes | None:
    """Takes the next whole message out of what has come; None where it is not there yet. Raises CallFailed."""
    body = stream.body
    if len(body) < PREFIX_BYTES:
        return None
    check_length(body)
    if body[0]:
        raise CallFailed("INTERNAL", "the answer is compressed")
    end = PREFIX_BYTES + int.from_bytes(body[1:PREFIX_BYTES], "big")
    if len(body) < end:
        return None
    message = bytes(memoryview(body)[PREFIX_BYTES:end])
    del body[:end]
    return message


def read_answer(stream: Stream) -> bytes:
    """The one message of an answer. Raises CallFailed."""
    _check_status(stream)
    answer = _next_message(stream)
    if answer is None or stream.body:
        raise CallFailed("INTERNAL", "the answer is not one whole message")
    return answer


def _check_status(stream: Stream) -> None:
    """Raises CallFailed where the call ended with another status than OK."""
    headers, trailers = dict(stream.headers), dict(stream.trailers)
    status = trailers.get(b"grpc-status", b"")
    if status != b"0":
        details = unquote_to_bytes(trailers.get(b"grpc-message", b"")).decode("utf-8", "replace")
        raise CallFailed(_status(status, headers.get(b":status", b"")), details, _metadata(stream.trailers))


def _status(status: bytes, http: bytes) -> str:
    with contextlib.suppress(ValueError, IndexError):
        return STATUSES[int(status)] if int(status) > 0 else "UNKNOWN"
    return "UNKNOWN" if http == b"200" else OF_HTTP.get(http, "UNKNOWN")


def _metadata(trailers: list[tuple[bytes, bytes]]) -> list[tuple[str, str | bytes]]:
    read: list[tuple[str, str | bytes]] = []
    for name, value in trailers:
        key = name.decode("ascii", "replace")
        read.append((key, _from_base64(value) if key.endswith("-bin") else value.decode("utf-8", "replace")))
    return read


def _from_base64(value: bytes) -> bytes:
    """gRPC leaves the padding out."""
    import binascii

    try:
        return binascii.a2b_base64(value + b"=" * (-len(value) % 4))
    except binascii.Error:
        return b""
