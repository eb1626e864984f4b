"""What both clients do with gRPC: options of the channel, metadata of a call, and errors turned into exceptions."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable
from typing import cast

# Read when gRPC is first imported: its fork handlers cost every process and serve nobody here.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc

from sanchay import errors
from sanchay.address import TLS_NAME, Places, Target, read_token

CALL_TIMEOUT_S = 30.0
# A stream is followed again after this long, so that no call waits for ever on a daemon that has gone quiet.
STREAM_TIMEOUT_S = 3600.0
OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.keepalive_time_ms", 2**31 - 1),
    ("grpc.default_authority", TLS_NAME),
    ("grpc.enable_retries", 0),
)

__all__ = [
    "CALL_TIMEOUT_S",
    "OPTIONS",
    "STREAM_TIMEOUT_S",
    "Metadata",
    "call_metadata",
    "credentials_of",
    "grpc",
    "open_channel",
    "to_error",
]

Metadata = tuple[tuple[str, str], ...]


def credentials_of(target: Target) -> grpc.ChannelCredentials | None:
    """How both sides prove who they are, before anything else is said; None on a socket in a private folder."""
    if not target.certificate:
        return None
    return grpc.ssl_channel_credentials(target.certificate, target.key, target.certificate)


def open_channel(target: Target) -> grpc.Channel:
    """A blocking channel to the daemon."""
    credentials = credentials_of(target)
    if credentials is None:
        return grpc.insecure_channel(target.uri, options=OPTIONS)
    return grpc.secure_channel(target.uri, credentials, options=OPTIONS)


def call_metadata(where: Places, request_id: str = "") -> Metadata:
    """The token and a request id, by which the daemon's log and the engine's name this call.

    The token is read for each call, since a daemon that was started again has a new one.
    """
    return (
        ("authorization", f"Bearer {read_token(where)}"),
        ("x-request-id", request_id or secrets.token_hex(8)),
    )


def to_error(call: grpc.RpcError | grpc.aio.AioRpcError) -> errors.SanchayError:
    """The exception of a failed call: by the reason that the daemon gave, else by gRPC's own status."""
    failed = cast("grpc.aio.AioRpcError", call)  # a blocking call's error has the same methods, untyped
    status = failed.code().name
    message = failed.details() or ""
    request_id, details = "", b""
    trailers = cast("Iterable[tuple[str, str | bytes]]", failed.trailing_metadata() or ())
    for key, value in trailers:
        if key == "x-request-id":
            request_id = value if isinstance(value, str) else value.decode("ascii", "replace")
        elif key == "grpc-status-details-bin":
            details = value if isinstance(value, bytes) else value.encode()
    if details:
        from google.protobuf.message import DecodeError
        from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

        try:
            for detail in status_pb2.Status.FromString(details).details:
                info = error_details_pb2.ErrorInfo()
                if detail.Unpack(info) and info.domain == errors.DOMAIN:
                    return errors.from_reason(info.reason, message, info.metadata, request_id)
        except DecodeError:
            pass
    if status == "UNAVAILABLE":
        message = f"sanchayd does not answer ({message}); see: sanchayctl daemon start"
    elif status == "CANCELLED":
        message = "sanchayd ended while it was answering; see: sanchayctl daemon start"
    elif status == "DEADLINE_EXCEEDED":
        message = "sanchayd did not answer in time; it may be busy: try again"
    elif status == "UNIMPLEMENTED":
        message = f"The running sanchayd is of another version and does not know this call ({message}); restart it."
    return errors.from_status(status, message, request_id)
