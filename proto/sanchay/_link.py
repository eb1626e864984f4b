"""What every call of a client goes through: one channel, the token, a deadline, and errors turned into exceptions."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from typing import TypeVar, final

from sanchay._channel import OPTIONS, call_metadata, grpc, to_error
from sanchay.address import Places, find_daemon

Request = TypeVar("Request")
Response = TypeVar("Response")


@final
class Link:
    """The blocking side. Raises DaemonUnavailable at once where no daemon runs."""

    def __init__(self, where: Places, timeout_s: float) -> None:
        self._where = where
        self._timeout_s = timeout_s
        self.channel = grpc.insecure_channel(find_daemon(where).uri, options=OPTIONS)

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
        call = method(request, timeout=timeout_s, metadata=call_metadata(self._where))
        try:
            yield from call
        except grpc.RpcError as error:
            raise to_error(error) from None
        finally:
            call.cancel()  # type: ignore[no-untyped-call]  # a caller that stops early frees the daemon's side at once


@final
class AsyncLink:
    """The asyncio side; to be made inside the running event loop. Otherwise as `Link`."""

    def __init__(self, where: Places, timeout_s: float) -> None:
        self._where = where
        self._timeout_s = timeout_s
        self.channel = grpc.aio.insecure_channel(find_daemon(where).uri, options=OPTIONS)

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
