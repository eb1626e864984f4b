"""What every call of a client goes through: one channel, the token, a deadline, and errors turned into exceptions."""

from __future__ import annotations

import contextlib
import functools
import queue
import threading
from collections.abc import AsyncGenerator, Callable, Generator
from dataclasses import dataclass
from typing import Generic, TypeVar, final

from sanchay._channel import OPTIONS, call_metadata, credentials_of, grpc, open_channel, to_error
from sanchay.address import Places, find_daemon

Request = TypeVar("Request")
Response = TypeVar("Response")

READ_AHEAD = 4  # answers; a caller that is slow holds the daemon back


@final
class Link:
    """The blocking side. Raises DaemonUnavailable at once where no daemon runs."""

    def __init__(self, where: Places, timeout_s: float) -> None:
        self._where = where
        self._timeout_s = timeout_s
        self.channel = open_channel(find_daemon(where))

    def close(self) -> None:
        """Ends every call."""
        self.channel.close()

    def unary(
        self,
        method: grpc.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        timeout_s: float | None = None,
    ) -> Response:
        """One answer, within `timeout_s` or the client's own limit."""
        try:
            return method(request, timeout=timeout_s or self._timeout_s, metadata=call_metadata(self._where))
        except grpc.RpcError as error:
            raise to_error(error) from None

    def stream(
        self, method: grpc.UnaryStreamMultiCallable[Request, Response], request: Request, timeout_s: float | None
    ) -> Generator[Response, None, None]:
        """Answers as they come, for `timeout_s` at the most; None is for ever."""
        begin = functools.partial(method, request, timeout=timeout_s, metadata=call_metadata(self._where))
        return _Reading(begin).answers()


@dataclass(frozen=True)
class _Failure:
    error: BaseException


@final
class _Reading(Generic[Response]):
    """A stream that is read in a thread of its own, a few answers ahead.

    Ctrl-C strikes the main thread alone. Where it strikes inside gRPC's reading, closing the channel may wait for ever:
    so it must find the caller waiting here instead.
    """

    def __init__(self, begin: Callable[[], grpc.CallIterator[Response]]) -> None:
        self._begin = begin
        self._call: grpc.CallIterator[Response] | None = None
        self._ahead: queue.Queue[Response | _Failure | None] = queue.Queue(READ_AHEAD)
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._read, name="sanchay-stream", daemon=True)

    def answers(self) -> Generator[Response, None, None]:
        """Answers as they come; raises what the call failed with."""
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
            self._call = self._begin()
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
        target = find_daemon(where)
        credentials = credentials_of(target)
        if credentials is None:
            self.channel = grpc.aio.insecure_channel(target.uri, options=OPTIONS)
        else:
            self.channel = grpc.aio.secure_channel(target.uri, credentials, options=OPTIONS)

    async def close(self) -> None:
        """Ends every call."""
        await self.channel.close(None)

    async def unary(
        self,
        method: grpc.aio.UnaryUnaryMultiCallable[Request, Response],
        request: Request,
        timeout_s: float | None = None,
    ) -> Response:
        """One answer, within `timeout_s` or the client's own limit."""
        try:
            return await method(request, timeout=timeout_s or self._timeout_s, metadata=call_metadata(self._where))
        except grpc.RpcError as error:
            raise to_error(error) from None

    async def stream(
        self, method: grpc.aio.UnaryStreamMultiCallable[Request, Response], request: Request, timeout_s: float | None
    ) -> AsyncGenerator[Response, None]:
        """Answers as they come, for `timeout_s` at the most; None is for ever."""
        call = method(request, timeout=timeout_s, metadata=call_metadata(self._where))
        try:
            async for response in call:
                yield response
        except grpc.RpcError as error:
            raise to_error(error) from None
        finally:
            call.cancel()
