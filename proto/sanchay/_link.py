"""What every call of a client goes through: the token, a deadline, and errors turned into exceptions.

Blocking calls travel by `_caller`, which a short program can afford; the asyncio client travels by grpc. For callers
both look like gRPC's generated stubs.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar, final

from sanchay._call import CallFailed, Metadata, call_metadata, to_exception
from sanchay._caller import Caller
from sanchay.address import Places, find_daemon
from sanchay.owner import read_owner

if TYPE_CHECKING:
    import grpc
    from google.protobuf.descriptor import MethodDescriptor, ServiceDescriptor

Request = TypeVar("Request")
Response = TypeVar("Response")

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
        self.where = where
        self._timeout_s = timeout_s
        self._tell = tell
        self._caller = Caller(find_daemon(where))

    def close(self) -> None:
        """Ends every call."""
        self._caller.close()

    def stub(self, service: ServiceDescriptor) -> Any:
        """The service's calls by name, as a generated stub has them."""
        return _Stub(self, service)

    def unary_call(self, path: str, write: Write, read: Read) -> _Unary:
        """A call with one answer."""
        return _Unary(self, path, write, read)

    def stream_call(self, path: str, write: Write, read: Read) -> _Streaming:
        """A call with many answers."""
        return _Streaming(self, path, write, read)

    def send(self, path: str, message: bytes, timeout_s: float, metadata: Metadata) -> bytes:
        """The one answer to `message`. Raises CallFailed."""
        return self._caller.call(path, message, timeout_s, metadata)

    def send_for_many(self, path: str, message: bytes, timeout_s: float | None, metadata: Metadata) -> Answers[bytes]:
        """The answers to `message` as they come, after an empty one that says it was heard. Raises CallFailed."""
        return self._caller.stream(path, message, timeout_s, metadata)

    def unary(
        self,
        method: grpc.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        timeout_s: float | None = None,
    ) -> Response:
        """One answer, within `timeout_s` or the client's own limit."""
        try:
            with self._telling():
                return method(request, timeout=timeout_s or self._timeout_s, metadata=call_metadata(self.where))
        except CallFailed as failed:
            raise to_exception(failed.status, failed.details, failed.trailers) from None

    def stream(
        self, method: grpc.UnaryStreamMultiCallable[Request, Response], request: Request, timeout_s: float | None
    ) -> Answers[Response]:
        """Answers as they come, for at most `timeout_s`; None is for ever."""
        try:
            with self._telling():
                answers = method(request, timeout=timeout_s, metadata=call_metadata(self.where))
            yield from answers
        except CallFailed as failed:
            raise to_exception(failed.status, failed.details, failed.trailers) from None

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        tell = self._tell
        if tell is None:
            yield
            return
        timer = threading.Timer(
            TELL_AFTER_S, lambda: tell(f"Waiting for {read_owner(self.where.lock_file).name} to answer ...")
        )
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


class _Stub:
    """What `protoc` generates for a service, made from its descriptor: the generated module imports grpc.

    Here the two clients part: each link makes the calls in its own way.
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
        call = self._link.stream_call if method.server_streaming else self._link.unary_call
        return call(path, write, read)


class _Unary:
    """A call with one answer, to be made as grpc's own are."""

    def __init__(self, link: Link, path: str, write: Write, read: Read) -> None:
        self._link = link
        self._path = path
        self._write = write
        self._read = read

    def __call__(self, request: Any, timeout: float, metadata: Metadata) -> Any:
        return _decode(self._read, self._link.send(self._path, self._write(request), timeout, metadata))


class _Streaming:
    """A call with many answers, to be made as grpc's own are."""

    def __init__(self, link: Link, path: str, write: Write, read: Read) -> None:
        self._link = link
        self._path = path
        self._write = write
        self._read = read

    def __call__(self, request: Any, timeout: float | None, metadata: Metadata) -> Answers[Any]:
        """Waits until the daemon has heard of the call."""
        answers = self._link.send_for_many(self._path, self._write(request), timeout, metadata)
        next(answers)
        return self._decoded(answers)

    def _decoded(self, answers: Answers[bytes]) -> Answers[Any]:
        with contextlib.closing(answers):
            for answer in answers:
                yield _decode(self._read, answer)


def _decode(read: Read, answer: bytes) -> Any:
    from google.protobuf.message import DecodeError

    try:
        return read(answer)
    except DecodeError:
        raise CallFailed("INTERNAL", "the answer is invalid") from None


@final
class AsyncLink:
    """The asyncio side; to be made inside the running event loop. Otherwise as `Link`."""

    def __init__(self, where: Places, timeout_s: float) -> None:
        self.where = where
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

    def stream_call(self, path: str, write: Write, read: Read) -> grpc.aio.UnaryStreamMultiCallable[Any, Any]:
        """A call with many answers."""
        return self.channel.unary_stream(path, request_serializer=write, response_deserializer=read)

    async def unary(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        timeout_s: float | None = None,
    ) -> Response:
        """One answer, within `timeout_s` or the client's own limit."""
        from sanchay._channel import grpc, to_error

        try:
            return await method(request, timeout=timeout_s or self._timeout_s, metadata=call_metadata(self.where))
        except grpc.RpcError as error:
            raise to_error(error) from None

    async def stream(
        self, method: grpc.aio.UnaryStreamMultiCallable[Request, Response], request: Request, timeout_s: float | None
    ) -> AsyncAnswers[Response]:
        """Answers as they come, for at most `timeout_s`; None is for ever."""
        from sanchay._channel import grpc, to_error

        call = method(request, timeout=timeout_s, metadata=call_metadata(self.where))
        try:
            async for response in call:
                yield response
        except grpc.RpcError as error:
            raise to_error(error) from None
        finally:
            call.cancel()
