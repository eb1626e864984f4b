"""What every call passes through, in this order: the token, the request id, and errors turned into statuses."""

from __future__ import annotations

import asyncio
import errno
import hmac
import re
import secrets
import time
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

import grpc
import structlog

from sanchay.errors import Busy, Cancelled, InternalError, SanchayError, ShuttingDown, Unauthenticated
from sanchayd import hosts
from sanchayd.log import logger
from sanchayd.rpc import errors

REQUEST_ID_KEY = "x-request-id"
log = logger("sanchayd.rpc")

if TYPE_CHECKING:
    Interceptor: TypeAlias = grpc.aio.ServerInterceptor[Any, Any]
else:
    Interceptor = grpc.aio.ServerInterceptor  # generic in its types alone
Details: TypeAlias = grpc.HandlerCallDetails
Handler: TypeAlias = Any  # grpc.RpcMethodHandler has no attributes in its types
Continuation: TypeAlias = Callable[[Details], Awaitable[Handler]]


def request_id() -> str:
    """The request id of the call that runs here; empty outside of one."""
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))


def _metadata(details: Details, key: str) -> str:
    """The first value of a key; metadata is a tuple of pairs."""
    for name, value in details.invocation_metadata or ():
        if name == key:
            return value if isinstance(value, str) else value.decode("utf-8", "replace")
    return ""


class Observe(Protocol):
    """Hears of each call that ended: which, after how long, and how (ok or the kind of the error)."""

    def __call__(self, method: str, seconds: float, outcome: str, *, streaming: bool) -> None:
        """Takes note, and returns at once."""
        ...


class TokenInterceptor(Interceptor):
    """Refuses every call, to the health service too, that does not carry this run's token."""

    def __init__(self, token: str) -> None:
        self._expected = f"Bearer {token}".encode()

    async def intercept_service(self, continuation: Continuation, handler_call_details: Details) -> Handler:
        """The call's handler, or one that refuses. Compared in constant time."""
        given = _metadata(handler_call_details, "authorization").encode("utf-8", "replace")
        if hmac.compare_digest(given, self._expected):
            return await continuation(handler_call_details)
        return grpc.unary_unary_rpc_method_handler(_refuse)


async def _refuse(_request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    error = Unauthenticated("The token is missing or wrong: this is not your sanchayd, or it was started again.")
    await _abort(context, error)


async def _refuse_stopping(_request: bytes, context: grpc.aio.ServicerContext[Any, Any]) -> None:
    await _abort(context, ShuttingDown("sanchayd is stopping; start it again."))


class CallInterceptor(Interceptor):
    """Names each call by a request id, refuses it once the daemon is ending, and answers an error with its reason."""

    def __init__(self, stopping: Callable[[], bool], observe: Observe | None = None) -> None:
        self._stopping = stopping
        self._observe = observe

    async def intercept_service(self, continuation: Continuation, handler_call_details: Details) -> Handler:
        """The handler, wrapped."""
        handler = await continuation(handler_call_details)
        if handler is None or handler.request_streaming:
            return handler
        if self._stopping():
            return grpc.unary_unary_rpc_method_handler(_refuse_stopping)
        given = _metadata(handler_call_details, REQUEST_ID_KEY)
        call = _Call(
            handler_call_details.method, given if _ID.fullmatch(given) else secrets.token_hex(8), self._observe
        )
        if handler.response_streaming:
            return grpc.unary_stream_rpc_method_handler(
                call.streaming(handler.unary_stream), handler.request_deserializer, handler.response_serializer
            )
        return grpc.unary_unary_rpc_method_handler(
            call.unary(handler.unary_unary), handler.request_deserializer, handler.response_serializer
        )


# What a client may call itself in our log.
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")


class _Call:
    """One call under its request id."""

    def __init__(self, method: str, identifier: str, observe: Observe | None) -> None:
        self._method = method
        self._id = identifier
        self._observe = observe

    def unary(self, behaviour: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> Any:
            async with self._guarded(context, streaming=False):
                return await behaviour(request, context)

        return call

    def streaming(self, behaviour: Callable[..., AsyncGenerator[Any, None]]) -> Callable[..., AsyncIterator[Any]]:
        async def call(request: Any, context: grpc.aio.ServicerContext[Any, Any]) -> AsyncIterator[Any]:
            async with self._guarded(context, streaming=True), aclosing(behaviour(request, context)) as responses:
                await context.send_initial_metadata(())  # the first answer may be long in coming: the call has come in
                async for response in responses:
                    yield response

        return call

    @asynccontextmanager
    async def _guarded(self, context: grpc.aio.ServicerContext[Any, Any], *, streaming: bool) -> AsyncIterator[None]:
        begun_s, outcome = time.monotonic(), "ok"
        structlog.contextvars.bind_contextvars(request_id=self._id)
        context.set_trailing_metadata(((REQUEST_ID_KEY, self._id),))
        try:
            yield
        except SanchayError as error:
            outcome = error.kind
            log.info("a call was refused", method=self._method, kind=error.kind, message=error.message)
            await _abort(context, error, self._id)
        except (grpc.aio.AbortError, asyncio.CancelledError):
            outcome = Cancelled.kind
            raise
        except Exception as error:
            if isinstance(error, OSError) and error.errno in {errno.EMFILE, errno.ENFILE}:
                outcome = Busy.kind
                log.warning("a call found no descriptor left", method=self._method)
                await _abort(context, _out_of_files(), self._id)
            outcome = InternalError.kind
            log.exception("a call failed", method=self._method)
            message = f"sanchayd failed; its log has more under request id {self._id}."
            await _abort(context, InternalError(message), self._id)
        finally:
            if self._observe is not None:
                self._observe(self._method.rpartition(".")[2], time.monotonic() - begun_s, outcome, streaming=streaming)


def _out_of_files() -> Busy:
    return Busy(
        f"sanchayd has as many files and connections open as it may ({hosts.open_files_limit():,}): try again soon; if "
        "that stays so, raise its limit (ulimit -n, or LimitNOFILE).",
    )


async def _abort(context: grpc.aio.ServicerContext[Any, Any], error: SanchayError, identifier: str = "") -> None:
    trailers: list[tuple[str, str | bytes]] = [errors.trailer(error)]
    if identifier:
        trailers.append((REQUEST_ID_KEY, identifier))
    await context.abort(errors.status_code(error), errors.message(error), tuple(trailers))
