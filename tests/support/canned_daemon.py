"""A daemon in this process that gives canned answers over a real socket: what `sanchayctl` is tested against."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent import futures
from pathlib import Path
from types import TracebackType
from typing import Any

import grpc
from google.protobuf import any_pb2
from google.protobuf.message import Message
from google.rpc import code_pb2, error_details_pb2, status_pb2  # type: ignore[import-untyped]
from grpc_status import rpc_status

from sanchay import errors
from sanchay.address import places
from sanchay.v1 import (
    catalog_pb2,
    change_pb2,
    daemon_pb2,
    dedupe_pb2,
    event_pb2,
    have_pb2,
    job_pb2,
    report_pb2,
    root_pb2,
    schedule_pb2,
    verify_pb2,
)

TOKEN = "a-token-of-the-test"
Answer = Message | Sequence[Message] | errors.SanchayError | Callable[[Any], Any]
SERVICES = (
    (daemon_pb2, "DaemonService"),
    (root_pb2, "RootService"),
    (job_pb2, "JobService"),
    (event_pb2, "EventService"),
    (catalog_pb2, "CatalogService"),
    (schedule_pb2, "ScheduleService"),
    (report_pb2, "ReportService"),
    (change_pb2, "ChangeService"),
    (dedupe_pb2, "DedupeService"),
    (have_pb2, "HaveService"),
    (verify_pb2, "VerifyService"),
)


class CannedDaemon:
    """Answers every call by `answers[method]`: a message or several, an error to end with, or a function of a request.

    `requests` holds what was asked, as (method, request), in order.
    """

    def __init__(self, home: Path, answers: dict[str, Answer]) -> None:
        self.where = places(home)
        self.answers = answers
        self.requests: list[tuple[str, Any]] = []
        self._server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        for module, name in SERVICES:
            self._server.add_generic_rpc_handlers((self._handlers(module, name),))
        self._lock = -1

    def __enter__(self) -> CannedDaemon:
        self.where.run_folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = _lock(self.where.lock_file)
        self.where.token_file.write_text(TOKEN, "ascii")
        socket = self.where.run_folder / "sanchayd.sock"
        assert self._server.add_insecure_port(f"unix:{socket}")
        self._server.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def stop(self) -> None:
        """Ends as the daemon does: no more answers, then the lock let go."""
        self._server.stop(0).wait()
        if self._lock >= 0:
            os.close(self._lock)
            self._lock = -1

    def end_in_good_order(self, patience_s: float) -> threading.Event:
        """Says GOAWAY, and waits for the calls that it has taken; the event tells of its end."""
        ended: threading.Event = self._server.stop(patience_s)
        return ended

    def asked(self, method: str) -> list[Any]:
        """The requests of one method."""
        return [request for name, request in self.requests if name == method]

    def _handlers(self, module: Any, name: str) -> Any:
        service = module.DESCRIPTOR.services_by_name[name]
        handlers = {}
        for method in service.methods:
            kind = (
                grpc.unary_stream_rpc_method_handler if method.server_streaming else grpc.unary_unary_rpc_method_handler
            )
            behaviour = self._stream if method.server_streaming else self._unary
            handlers[method.name] = kind(
                behaviour(method.name),
                request_deserializer=_class(method.input_type).FromString,
                response_serializer=lambda message: message.SerializeToString(),
            )
        return grpc.method_handlers_generic_handler(service.full_name, handlers)

    def _unary(self, method: str) -> Callable[[Any, grpc.ServicerContext], Any]:
        return lambda request, context: self._answer(method, request, context)

    def _stream(self, method: str) -> Callable[[Any, grpc.ServicerContext], Iterator[Any]]:
        def answers(request: Any, context: grpc.ServicerContext) -> Iterator[Any]:
            yield from self._answer(method, request, context)

        return answers

    def _answer(self, method: str, request: Any, context: grpc.ServicerContext) -> Any:
        assert ("authorization", f"Bearer {TOKEN}") in [(key, value) for key, value in context.invocation_metadata()]
        self.requests.append((method, request))
        if method not in self.answers:  # as by a daemon of another version
            context.abort(grpc.StatusCode.UNIMPLEMENTED, "Method not found!")
        answer = self.answers[method]
        try:
            if callable(answer):
                answer = answer(request)
            if isinstance(answer, errors.SanchayError):
                raise answer
        except errors.SanchayError as error:
            abort(context, error)
        return answer


def abort(context: grpc.ServicerContext, error: errors.SanchayError) -> None:
    """Ends a call with the error, as the daemon sends it."""
    detail = any_pb2.Any()
    detail.Pack(
        error_details_pb2.ErrorInfo(reason=error.reason(), domain=errors.DOMAIN, metadata=errors.to_metadata(error))
    )
    code = code_pb2.Code.Value(error.status)
    context.abort_with_status(
        rpc_status.to_status(status_pb2.Status(code=code, message=error.message, details=[detail]))
    )


def _class(descriptor: Any) -> Any:
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(descriptor)


def _lock(file: Path) -> int:
    """Held as a daemon holds it."""
    import fcntl

    handle = os.open(file, os.O_RDWR | os.O_CREAT, 0o600)
    fcntl.flock(handle, fcntl.LOCK_EX)
    return handle
