"""Our side of HTTP/2 against a side that says anything: it ends, with one of three exceptions or with an answer."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
import time
from pathlib import Path

import pytest
from hpack import Encoder
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from sanchay._call import CallFailed
from sanchay._caller import Caller, check_length, read_answer, timeout_header
from sanchay._http2 import Broken, Connection, Late, Reset, Stream
from sanchay.address import Target

GREETING = SettingsFrame(0).serialize()
HEADERS = b"\x01\x04\0\0\0\x01"  # how the frame begins behind its length
MESSAGE = b"\0\0\0\0\x05hello"


def headers(*pairs: tuple[str, str], stream: int = 1, flags: tuple[str, ...] = ("END_HEADERS",)) -> bytes:
    """A header block that leaves no trace in the table of headers, so that any number of them can follow."""
    encoder = Encoder()
    encoder.header_table_size = 0
    return HeadersFrame(stream, encoder.encode(pairs), flags=flags).serialize()


OK = headers((":status", "200"), ("content-type", "application/grpc"))
DONE = headers(("grpc-status", "0"), flags=("END_HEADERS", "END_STREAM"))


def spoken_to(said: bytes, body: bytes = MESSAGE, limit_s: float = 60.0) -> Stream:
    """The answer to one call of a side that says all of that and hangs up."""
    ours, theirs = socket.socketpair()
    with theirs:
        speaker = threading.Thread(target=_say, args=(theirs, said))
        speaker.start()
        try:
            deadline_s = time.monotonic() + limit_s
            connection = Connection(ours, deadline_s)
            try:
                return connection.exchange([(":method", "POST")], body, deadline_s, check_length)
            finally:
                connection.close()
        finally:
            speaker.join()


def _say(theirs: socket.socket, said: bytes) -> None:
    try:
        if said.startswith(GREETING):  # a server that is one speaks of a call once it has begun
            theirs.sendall(GREETING)
            said, heard = said.removeprefix(GREETING), b""
            while HEADERS not in heard:
                heard += theirs.recv(65536)
        theirs.sendall(said)
        theirs.shutdown(socket.SHUT_WR)
        while theirs.recv(65536):
            pass
    except OSError:
        pass


frames = st.one_of(
    st.just(OK),
    st.just(DONE),
    st.just(GREETING),
    st.builds(
        lambda data, flags: DataFrame(1, data, flags=flags).serialize(),
        st.one_of(st.just(MESSAGE), st.binary(max_size=9)),
        st.sampled_from([[], ["END_STREAM"]]),
    ),
    st.builds(lambda data: HeadersFrame(1, data, flags=["END_HEADERS"]).serialize(), st.binary(max_size=9)),
    st.builds(lambda data: ContinuationFrame(1, data, flags=["END_HEADERS"]).serialize(), st.binary(max_size=9)),
    st.builds(lambda code: RstStreamFrame(1, code).serialize(), st.integers(0, 20)),
    st.builds(lambda last: GoAwayFrame(0, last).serialize(), st.integers(0, 5)),
    st.builds(lambda more: WindowUpdateFrame(0, more).serialize(), st.integers(1, 2**31 - 1)),
    st.builds(
        lambda pairs: SettingsFrame(0, dict(pairs)).serialize(),
        st.lists(st.tuples(st.integers(0, 9), st.integers(0, 2**32 - 1)), max_size=3),
    ),
    st.just(PingFrame(0, b"12345678").serialize()),
    st.just(PushPromiseFrame(1, 2, b"").serialize()),
    st.binary(max_size=30),
)


@given(st.lists(frames, max_size=8), st.booleans())
@settings(max_examples=150)
def test_whatever_it_is_told_a_call_ends_with_an_answer_or_one_of_its_own_exceptions(
    said: list[bytes], greets: bool
) -> None:
    with contextlib.suppress(Broken, Late, Reset, CallFailed):
        read_answer(spoken_to((GREETING if greets else b"") + b"".join(said)))


def test_an_answer_in_pieces_between_frames_that_matter_to_nobody() -> None:
    unknown = bytes.fromhex("000003fa0000000001") + b"abc"
    said = [GREETING, OK, PingFrame(0, b"12345678").serialize(), unknown]
    said += [DataFrame(1, MESSAGE[at : at + 1]).serialize() for at in range(len(MESSAGE))]
    assert read_answer(spoken_to(b"".join([*said, DONE]))) == b"hello"


def test_headers_may_go_on_in_further_frames_and_in_nothing_else() -> None:
    block = HeadersFrame(1, b"", flags=[]).serialize()
    whole = Encoder().encode([(":status", "200")])
    rest = ContinuationFrame(1, whole, flags=["END_HEADERS"]).serialize()
    data = DataFrame(1, MESSAGE).serialize()
    assert read_answer(spoken_to(GREETING + block + rest + data + DONE)) == b"hello"
    for wrong in (block + data, rest, block + OK):
        with pytest.raises(Broken, match="out of order"):
            spoken_to(GREETING + wrong)


def test_nothing_grows_without_bound() -> None:
    endless = HeadersFrame(1, b"\0" * 16_000, flags=[]).serialize()
    more = ContinuationFrame(1, b"\0" * 16_000, flags=[]).serialize()
    with pytest.raises(Broken, match="without end"):
        spoken_to(GREETING + endless + more * 9)
    with pytest.raises(Broken, match="2,000,000 bytes"):
        spoken_to(GREETING + (2_000_000).to_bytes(3, "big") + bytes(6))
    with pytest.raises(CallFailed, match="larger than max"):
        spoken_to(GREETING + OK + DataFrame(1, b"\0\xff\xff\xff\xff").serialize())


def test_a_request_waits_for_room_and_goes_in_frames_of_the_size_that_the_other_side_takes() -> None:
    none = GREETING + SettingsFrame(0, {SettingsFrame.INITIAL_WINDOW_SIZE: 0}).serialize()
    with pytest.raises(Broken, match="closed"):  # nothing ever makes room
        spoken_to(none, body=bytes(200_000))
    room = WindowUpdateFrame(1, 400_000).serialize() + WindowUpdateFrame(0, 400_000).serialize()
    early = none + OK + DataFrame(1, MESSAGE).serialize()
    assert read_answer(spoken_to(early + room + DONE, body=bytes(200_000))) == b"hello"


def test_the_status_is_the_trailers_or_what_http_says() -> None:
    def status(*pairs: tuple[str, str]) -> CallFailed:
        with pytest.raises(CallFailed) as failed:
            read_answer(spoken_to(GREETING + headers(*pairs, flags=("END_HEADERS", "END_STREAM"))))
        return failed.value

    refused = status((":status", "200"), ("grpc-status", "5"), ("grpc-message", "f%C3%BCr %"), ("x-bin", "AAE"))
    assert (refused.status, refused.details) == ("NOT_FOUND", "für %")
    assert ("x-bin", b"\0\1") in list(refused.trailers)
    assert status((":status", "404")).status == "UNIMPLEMENTED"
    assert status((":status", "200"), ("grpc-status", "99")).status == "UNKNOWN"
    assert status((":status", "200"), ("grpc-status", "0")).status == "INTERNAL"  # and no message


def test_a_call_that_the_other_side_gives_up_says_why() -> None:
    with pytest.raises(Reset) as reset:
        spoken_to(GREETING + RstStreamFrame(1, 8).serialize())
    assert reset.value.code == 8
    with pytest.raises(Broken, match="ending"):
        spoken_to(GREETING + GoAwayFrame(0, 0).serialize())


def test_a_call_that_another_thread_breaks_off_ends_before_its_socket_is_closed() -> None:
    """Else its number is another connection's while it is still read from, and takes that one's answer."""
    ours, theirs = socket.socketpair()
    deadline_s = time.monotonic() + 60.0
    with ours, theirs:
        theirs.sendall(GREETING)
        connection = Connection(ours, deadline_s)
        number, ended = ours.fileno(), threading.Event()

        def call() -> None:
            with pytest.raises(Broken):
                connection.exchange([(":method", "POST")], MESSAGE, deadline_s, check_length)
            ended.set()

        caller = threading.Thread(target=call)
        caller.start()
        connection.break_off()
        assert ours.fileno() == number
        caller.join()
        assert ended.is_set()
        connection.close()
        assert ours.fileno() == -1


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="only on systems with sockets of files")
def test_a_client_that_is_closed_leaves_a_busy_connection_to_its_thread(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed_by: list[str] = []
    close = Connection.close

    def note(self: Connection) -> None:
        closed_by.append(threading.current_thread().name)
        close(self)

    monkeypatch.setattr(Connection, "close", note)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        listener.listen()
        caller = Caller(Target(os.fsencode(tmp_path / "s")))

        def call() -> None:
            with pytest.raises(CallFailed):
                caller.call("/a/B", b"", 60.0, ())

        thread = threading.Thread(target=call, name="caller")
        thread.start()
        theirs, _ = listener.accept()
        with theirs:
            theirs.sendall(GREETING)
            heard = b""
            while HEADERS not in heard:
                heard += theirs.recv(65536)
            caller.close()
            thread.join()
    assert closed_by == ["caller"]


@pytest.mark.parametrize(("timeout_s", "header"), [(0.0001, "1m"), (2.5, "2500m"), (10**6, "1000000S")])
def test_the_daemon_is_told_the_deadline_in_eight_digits(timeout_s: float, header: str) -> None:
    assert timeout_header(timeout_s) == header
