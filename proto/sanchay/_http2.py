"""As much of HTTP/2 as one call after another needs: a client's connection, with one stream at a time.

`hyperframe` reads and writes the frames, `hpack` the headers. What the other side says is checked before it is
believed, and nothing is read beyond a bound or a deadline: whatever listens there, no call hangs.
"""

from __future__ import annotations

import contextlib
import math
import socket
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

from hpack import Decoder, Encoder, HeaderTuple, HPACKError, NeverIndexedHeaderTuple
from hyperframe.exceptions import HyperframeError
from hyperframe.frame import (
    ContinuationFrame,
    DataFrame,
    Frame,
    GoAwayFrame,
    HeadersFrame,
    PingFrame,
    PushPromiseFrame,
    RstStreamFrame,
    SettingsFrame,
    WindowUpdateFrame,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    Header = tuple[bytes, bytes]
    Check = Callable[[bytearray], object]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
HEADER_BYTES = 9
READ_BYTES = 256 << 10
# What we take: a frame, a header block, an answer. The window holds a whole answer; it is renewed for a stream of them.
FRAME_MAX_BYTES = 1 << 20
HEADERS_MAX_BYTES = 64 << 10
WINDOW_BYTES = 8 << 20
# What every peer allows until it says otherwise.
FIRST_WINDOW_BYTES = 65_535
FIRST_FRAME_BYTES = 16_384
WINDOW_MAX_BYTES = 2**31 - 1
SECRET = b"authorization"


class Late(Exception):  # noqa: N818 - it is what happened
    """The deadline has passed."""


class Broken(Exception):  # noqa: N818
    """The connection is of no more use: it ended, or what listens there does not speak HTTP/2."""


class Reset(Exception):  # noqa: N818
    """The other side gave the stream up, for the reason `code`."""

    def __init__(self, code: int) -> None:
        super().__init__(code)
        self.code = code


class Stream:
    """One request and what has come of its answer."""

    def __init__(self, stream_id: int, window_bytes: int, check: Check) -> None:
        self.id = stream_id
        self.window_bytes = window_bytes
        self.check = check
        self.body = bytearray()
        self.headers: list[Header] = []
        self.trailers: list[Header] = []
        self.ended = False


class Connection:
    """A connection whose server has said that it speaks HTTP/2. After any exception it is good for nothing more."""

    def __init__(self, connected: socket.socket, deadline_s: float) -> None:
        self._socket = connected
        self._encoder, self._decoder = Encoder(), Decoder(HEADERS_MAX_BYTES)
        self._unread = bytearray()
        self._window_bytes = FIRST_WINDOW_BYTES
        self._stream_window_bytes = FIRST_WINDOW_BYTES
        self._frame_max_bytes = FIRST_FRAME_BYTES
        self._received_bytes = 0
        self._block: bytearray | None = None  # of headers that go on in the next frame
        self._block_ends_stream = False
        self._leaving = False
        self._settled = False
        self._stream = Stream(-1, 0, len)
        settings = {
            SettingsFrame.ENABLE_PUSH: 0,
            SettingsFrame.INITIAL_WINDOW_SIZE: WINDOW_BYTES,
            SettingsFrame.MAX_FRAME_SIZE: FRAME_MAX_BYTES,
            SettingsFrame.MAX_HEADER_LIST_SIZE: HEADERS_MAX_BYTES,
        }
        window = WindowUpdateFrame(0, WINDOW_BYTES - FIRST_WINDOW_BYTES)
        try:
            self._send(PREFACE + SettingsFrame(0, settings).serialize() + window.serialize(), deadline_s)
            # Nothing of a call travels before the other side has spoken as a server does.
            self._until(lambda: self._settled, deadline_s)
        except BaseException:
            self.close()
            raise

    def __del__(self) -> None:
        """A client that is dropped without being closed leaves no socket open."""
        self._socket.close()

    def close(self) -> None:
        """Ends the connection. Called by the thread that makes its calls; from another one `break_off` is."""
        self.break_off()
        self._socket.close()

    def break_off(self) -> None:
        """Ends a call that another thread is making: that thread closes the connection.

        Were it closed here, its number might be another connection's by the time the other thread reads from it.
        """
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def is_usable(self) -> bool:
        """Whether another call can be made: reads what came since the last one, and waits for nothing."""
        if self._stream.id >= 2**30 or self._block is not None:
            return False
        try:
            while True:
                self._receive(None)
        except (Broken, Reset):
            return False
        except Late:
            return not self._leaving

    def exchange(self, headers: list[tuple[str, str]], body: bytes, deadline_s: float, check: Check) -> Stream:
        """Sends a request and returns its whole answer. Raises Late, Broken, Reset.

        `check` sees what has come of the answer's body, and raises where it will not have the rest; a body may be as
        long as `WINDOW_BYTES`.
        """
        stream = self.begin(headers, body, deadline_s, check)
        self._until(lambda: stream.ended, deadline_s)
        self.renew(deadline_s)
        return stream

    def begin(self, headers: list[tuple[str, str]], body: bytes, deadline_s: float, check: Check) -> Stream:
        """Sends a request. Its answer is read by `more`."""
        stream = self._stream = Stream(self._stream.id + 2, self._stream_window_bytes, check)
        pairs = [_pair(name.encode("ascii"), value.encode("utf-8")) for name, value in headers]
        block = self._encoder.encode(pairs, huffman=False)
        if len(block) > self._frame_max_bytes:
            raise Broken("the request's headers are too long")
        head = HeadersFrame(stream.id, block, flags=["END_HEADERS"]).serialize()
        for piece in self._pieces(stream, body, deadline_s):
            self._send(head + piece, deadline_s)
            head = b""
        return stream

    def more(self, deadline_s: float) -> None:
        """Waits until more of the answer has come, its headers first. What was read before must be taken out of it."""
        stream = self._stream
        if self._received_bytes >= WINDOW_BYTES // 2:
            self.renew(deadline_s)
        had = (len(stream.body), bool(stream.headers))
        self._until(lambda: stream.ended or (len(stream.body), bool(stream.headers)) != had, deadline_s)

    def renew(self, deadline_s: float) -> None:
        """Gives the other side room for as much again as it has sent."""
        if self._received_bytes:
            renewed = WindowUpdateFrame(0, self._received_bytes).serialize()
            if not self._stream.ended:
                renewed += WindowUpdateFrame(self._stream.id, self._received_bytes).serialize()
            self._received_bytes = 0
            self._reply(renewed, deadline_s)

    def _pieces(self, stream: Stream, body: bytes, deadline_s: float) -> Iterator[bytes]:
        """The body in frames, each as large as the other side allows by then; an early answer ends them."""
        sent = 0
        while not stream.ended:
            room = min(self._window_bytes, stream.window_bytes, self._frame_max_bytes)
            piece = body[sent : sent + max(room, 0)]
            if not piece and sent < len(body):
                if sent == 0:
                    yield b""  # the headers go first: without them nothing would ever make room
                self._until(lambda: stream.ended or min(self._window_bytes, stream.window_bytes) > 0, deadline_s)
                continue
            sent += len(piece)
            self._window_bytes -= len(piece)
            stream.window_bytes -= len(piece)
            last = sent == len(body)
            yield DataFrame(stream.id, piece, flags=["END_STREAM"] if last else []).serialize()
            if last:
                return
        self._leaving = True  # the request was not wanted whole: another call would find the stream half open

    def _until(self, reached: Callable[[], bool], deadline_s: float) -> None:
        while not reached():
            self._receive(deadline_s)

    def _receive(self, deadline_s: float | None) -> None:
        """Takes in what comes next. Raises Late where nothing does by then; None waits for nothing."""
        try:
            self._socket.settimeout(0.0 if deadline_s is None else _left(deadline_s))
            data = self._socket.recv(READ_BYTES)
        except (TimeoutError, BlockingIOError) as error:
            raise Late from error
        except OSError as error:
            if _wants_more(error):
                raise Late from error
            raise Broken(error.strerror or str(error)) from error
        if not data:
            raise Broken("the connection was closed")
        self._unread += data
        replies = bytearray()
        try:
            for frame in self._frames():
                replies += self._take(frame)
        except (HyperframeError, HPACKError, ValueError) as error:
            raise Broken(f"what listens there does not speak gRPC: {error}") from error
        if replies:
            self._reply(replies, time.monotonic() + 1.0 if deadline_s is None else deadline_s)

    def _frames(self) -> Iterator[Frame]:
        while len(self._unread) >= HEADER_BYTES:
            length = int.from_bytes(self._unread[:3], "big")
            if length > FRAME_MAX_BYTES:
                raise ValueError(f"a frame of {length:,} bytes")
            if not self._settled and self._unread[3] != SettingsFrame.type:
                raise ValueError("no settings")
            end = HEADER_BYTES + length
            if len(self._unread) < end:
                return
            whole = bytes(self._unread[:end])
            del self._unread[:end]
            frame, _ = Frame.parse_frame_header(memoryview(whole)[:HEADER_BYTES])
            frame.parse_body(memoryview(whole)[HEADER_BYTES:])
            if (self._block is None) == isinstance(frame, ContinuationFrame):
                raise ValueError("headers out of order")
            yield frame

    def _take(self, frame: Frame) -> bytes:
        """Believes one frame; what is to be said to it."""
        if isinstance(frame, DataFrame):
            self._take_data(frame)
        elif isinstance(frame, (HeadersFrame, ContinuationFrame)):
            self._take_headers(frame)
        elif isinstance(frame, SettingsFrame) and "ACK" not in frame.flags:
            self._take_settings(frame.settings)
            return SettingsFrame(0, flags=["ACK"]).serialize()
        elif isinstance(frame, PingFrame) and "ACK" not in frame.flags:
            return PingFrame(0, frame.opaque_data, flags=["ACK"]).serialize()
        elif isinstance(frame, WindowUpdateFrame):
            self._take_window(frame)
        elif isinstance(frame, RstStreamFrame) and frame.stream_id == self._stream.id and not self._stream.ended:
            raise Reset(frame.error_code)
        elif isinstance(frame, GoAwayFrame):
            self._leaving = True  # a call under way is still answered, if it was taken
            if self._stream.id > frame.last_stream_id and not self._stream.ended:
                raise Broken("it is ending")
        elif isinstance(frame, PushPromiseFrame):
            raise ValueError("a push")
        return b""

    def _take_data(self, frame: DataFrame) -> None:
        self._received_bytes += frame.flow_controlled_length
        if frame.stream_id != self._stream.id or self._stream.ended:
            raise ValueError("data of no call")
        if not self._stream.headers:
            raise ValueError("data before headers")
        self._stream.body += frame.data
        self._stream.check(self._stream.body)
        if len(self._stream.body) > WINDOW_BYTES:
            raise ValueError("more than there was room for")
        self._stream.ended = "END_STREAM" in frame.flags

    def _take_headers(self, frame: HeadersFrame | ContinuationFrame) -> None:
        if frame.stream_id != self._stream.id or self._stream.ended:
            raise ValueError("headers of no call")
        if isinstance(frame, HeadersFrame):
            self._block, self._block_ends_stream = bytearray(), "END_STREAM" in frame.flags
        block = self._block = (self._block or bytearray()) + frame.data
        if len(block) > HEADERS_MAX_BYTES:
            raise ValueError("headers without end")
        if "END_HEADERS" not in frame.flags:
            return
        headers = [(bytes(name), bytes(value)) for name, value in self._decoder.decode(bytes(block), raw=True)]
        self._block = None
        if self._block_ends_stream:
            self._stream.trailers = headers
            self._stream.headers = self._stream.headers or headers
            self._stream.ended = True
        elif not self._stream.headers:
            self._stream.headers = headers
        else:
            raise ValueError("headers twice")

    def _take_settings(self, settings: dict[int, int]) -> None:
        self._settled = True
        window = settings.get(SettingsFrame.INITIAL_WINDOW_SIZE, self._stream_window_bytes)
        frame = settings.get(SettingsFrame.MAX_FRAME_SIZE, self._frame_max_bytes)
        if window > WINDOW_MAX_BYTES or not FIRST_FRAME_BYTES <= frame < 2**24:
            raise ValueError("settings out of bounds")
        self._stream.window_bytes += window - self._stream_window_bytes
        self._stream_window_bytes, self._frame_max_bytes = window, frame
        if SettingsFrame.HEADER_TABLE_SIZE in settings:
            self._encoder.header_table_size = min(settings[SettingsFrame.HEADER_TABLE_SIZE], 4096)

    def _take_window(self, frame: WindowUpdateFrame) -> None:
        if frame.stream_id == 0:
            self._window_bytes += frame.window_increment
        elif frame.stream_id == self._stream.id:
            self._stream.window_bytes += frame.window_increment
        if max(self._window_bytes, self._stream.window_bytes) > WINDOW_MAX_BYTES:
            raise ValueError("a window out of bounds")

    def _reply(self, data: bytes | bytearray, deadline_s: float) -> None:
        """Says what the other side may not want to hear any more: an answer that has come is one all the same."""
        try:
            self._send(data, deadline_s)
        except Broken:
            self._leaving = True

    def _send(self, data: bytes | bytearray, deadline_s: float) -> None:
        try:
            self._socket.settimeout(_left(deadline_s))
            self._socket.sendall(data)
        except TimeoutError as error:
            raise Late from error
        except OSError as error:
            raise Broken(error.strerror or str(error)) from error


def _pair(name: bytes, value: bytes) -> HeaderTuple:
    return (NeverIndexedHeaderTuple if name == SECRET else HeaderTuple)(name, value)


def _left(deadline_s: float) -> float | None:
    """The time that is left; None is for ever. Raises Late where none is."""
    left_s = deadline_s - time.monotonic()
    if left_s <= 0:
        raise Late
    return left_s if left_s < math.inf else None


def _wants_more(error: OSError) -> bool:
    """Whether TLS has nothing whole to give yet; `ssl` is imported only where it is spoken."""
    return type(error).__name__ in ("SSLWantReadError", "SSLWantWriteError")
