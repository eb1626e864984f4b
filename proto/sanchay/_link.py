"""What every call of a client goes through: the token, a deadline, and errors turned into exceptions.

A blocking call with one answer travels by `_unary`, which a short program can afford; streams and the asyncio client
travel by grpc, which is imported with the first of them. For the callers both look like gRPC's generated stubs.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, Generic, TypeAlias, TypeVar, final

from sanchay._call import CallFailed, Metadata, call_metadata, to_exception
from sanchay._unary import Caller
from sanchay.address import Places, find_daemon
from sanchay.owner import read_owner

if TYPE_CHECKING:
    import queue

    import grpc
    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

Request = TypeVar("Request")
Response = TypeVar("Response")

READ_AHEAD = 4  # answers; a caller that is slow holds the daemon back
TELL_AFTER_S = 1.0

Tell = Callable[[str], None]
Write = Callable[[Any], bytes]
Read = Callable[[bytes], Any]
Answers: TypeAlias = Generator[Response, None, None]
AsyncAnswers: TypeAlias = AsyncGenerator[Response, None]


@final
class Link:
    """The blocking side. Raises DaemonUnavailable at once where no daemon runs.

    `tell` hears that the daemon is waited for, where a call has no answer, or a stream no beginning, within a second.
    """

    def __init__(self, where: Places, timeout_s: float, tell: Tell | None = None) -> None:
        self._where = where
        self._timeout_s = timeout_s
        self._tell = tell
        self._target = find_daemon(where)
        self._caller = Caller(self._target)
        self._channel: grpc.Channel | None = None
        self._lock = threading.Lock()

    def close(self) -> None:
        """Ends every call."""
        self._caller.close()
        with self._lock:
            if self._channel is not None:
                self._channel.close()

    def stub(self, service: ServiceDescriptor) -> Any:
        """The service's calls by name, as a generated stub has them."""
        return _Stub(self, service)

    @property
    def channel(self) -> grpc.Channel:
        """The channel of streams."""
        from sanchay._channel import open_channel

        with self._lock:
            if self._channel is None:
                self._channel = open_channel(self._target)
            return self._channel

    def unary_call(self, path: str, write: Write, read: Read) -> _Unary:
        """A call with one answer, which grpc has no part in."""
        return _Unary(self, path, write, read)

    def send(self, path: str, message: bytes, timeout_s: float, metadata: Metadata) -> bytes:
        """The one answer to `message`. Raises CallFailed."""
        return self._caller.call(path, message, timeout_s, metadata)

    def unary(
        self,
        method: grpc.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        timeout_s: float | None = None,
    ) -> Response:
        """One answer, within `timeout_s` or the client's own limit."""
        try:
            with self._telling():
                return method(request, timeout=timeout_s or self._timeout_s, metadata=call_metadata(self._where))
        except CallFailed as failed:
            raise to_exception(failed.status, failed.details, failed.trailers) from None

    def stream(
        self, method: grpc.UnaryStreamMultiCallable[Request, Response], request: Request, timeout_s: float | None
    ) -> Answers[Response]:
        """Answers as they come, for at most `timeout_s`; None is for ever."""

        def begin() -> grpc.CallIterator[Response]:
            return method(request, timeout=timeout_s, metadata=call_metadata(self._where))

        return _Reading(begin, self._telling).answers()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        tell = self._tell
        if tell is None:
            yield
            return
        timer = threading.Timer(
            TELL_AFTER_S, lambda: tell(f"Waiting for {read_owner(self._where.lock_file).name} to answer ...")
        )
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class _Stub:
    """What `protoc` generates for a service, made from its descriptor: the generated module imports grpc.

    Here the two clients part: calls with one answer are made by the link, streams by its channel.
    """

    def __init__(self, link: Link | AsyncLink, service: ServiceDescriptor) -> None:
        self._link = link
        self._service = service

    def __getattr__(self, name: str) -> Any:
        from google.protobuf.message_factory import GetMessageClass

        method: MethodDescriptor = self._service.methods_by_name[name]
        path = f"/{self._service.full_name}/{name}"
        write = GetMessageClass(method.input_type).SerializeToString
        read = GetMessageClass(method.output_type).FromString
        if not method.server_streaming:
            return self._link.unary_call(path, write, read)
        return self._link.channel.unary_stream(path, request_serializer=write, response_deserializer=read)


class _Unary:
    """A call with one answer, to be made as grpc's own are."""

    def __init__(self, link: Link, path: str, write: Write, read: Read) -> None:
        self._link = link
        self._path = path
        self._write = write
        self._read = read

    def __call__(self, request: Any, timeout: float, metadata: Metadata) -> Any:
        from google.protobuf.message import DecodeError

        answer = self._link.send(self._path, self._write(request), timeout, metadata)
        try:
            return self._read(answer)
        except DecodeError:
            raise CallFailed("INTERNAL", "the answer is invalid") from None


class _Failure:
    def __init__(self, error: BaseException) -> None:
        self.error = error


@final
class _Reading(Generic[Response]):
    """A stream that is read in a separate thread, a few answers ahead.

    Ctrl-C strikes the main thread alone. Where it strikes inside gRPC's reading, closing the channel may wait for ever:
    so it must find the caller waiting here instead.
    """

    def __init__(
        self,
        begin: Callable[[], grpc.CallIterator[Response]],
        telling: Callable[[], contextlib.AbstractContextManager[None]],
    ) -> None:
        import queue

        self._begin = begin
        self._telling = telling
        self._call: grpc.CallIterator[Response] | None = None
        self._ahead: queue.Queue[Response | _Failure | None] = queue.Queue(READ_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name="sanchay-stream", daemon=True)

    def answers(self) -> Answers[Response]:
        """Answers as they come; raises what the call failed with."""
        from sanchay._channel import grpc, to_error

        self._thread.start()
        try:
            while (answer := self._ahead.get()) is not None:
                if isinstance(answer, _Failure):
                    raise answer.error
                yield answer
        except grpc.RpcError as error:
            raise to_error(error) from None
        finally:
            self._stop()

    def _read(self) -> None:
        try:
            with self._telling():
                self._call = self._begin()
                self._call.initial_metadata()  # the daemon sends it as soon as it hears of the call
            for response in self._call:
                self._ahead.put(response)
                if self._stopped.is_set():
                    return
        except Exception as error:  # noqa: BLE001 - whatever it is, the caller sees it
            self._ahead.put(_Failure(error))
        finally:
            self._ahead.put(None)

    def _stop(self) -> None:
        """A caller that stops early frees the daemon's side at once."""
        import queue

        self._stopped.set()
        while self._thread.is_alive():
            if self._call is not None:
                self._call.cancel()  # type: ignore[no-untyped-call]
            with contextlib.suppress(queue.Empty):  # a reader that waits for room
                self._ahead.get_nowait()
            self._thread.join(0.002)


@final
class AsyncLink:
    """The asyncio side; to be made inside the running event loop. Otherwise as `Link`."""

    def __init__(self, where: Places, timeout_s: float) -> None:
        self._where = where
        self._timeout_s = timeout_s
        from sanchay._channel import open_async_channel

        self.channel = open_async_channel(find_daemon(where))

    async def close(self) -> None:
        """Ends every call."""
        await self.channel.close(None)

    def stub(self, service: ServiceDescriptor) -> Any:
        """The service's calls by name, as a generated stub has them."""
        return _Stub(self, service)

    def unary_call(self, path: str, write: Write, read: Read) -> grpc.aio.UnaryUnaryMultiCallable[Any, Any]:
        """A call with one answer."""
        return self.channel.unary_unary(path, request_serializer=write, response_deserializer=read)

    async def unary(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        timeout_s: float | None = None,
    ) -> Response:
        """One answer, within `timeout_s` or the client's own limit."""
        from sanchay._channel import grpc, to_error

        try:
            return await method(request, timeout=timeout_s or self._timeout_s, metadata=call_metadata(self._where))
        except grpc.RpcError as error:
            raise to_error(error) from None

    async def stream(
        self, method: grpc.aio.UnaryStreamMultiCallable[Request, Response], request: Request, timeout_s: float | None
    ) -> AsyncAnswers[Response]:
        """Answers as they come, for at most `timeout_s`; None is for ever."""
        from sanchay._channel import grpc, to_error

        call = method(request, timeout=timeout_s, metadata=call_metadata(self._where))
        try:
            async for response in call:
                yield response
        except grpc.RpcError as error:
            raise to_error(error) from None
        finally:
            call.cancel()
