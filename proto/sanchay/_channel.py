"""gRPC's own channels, over which the asyncio client speaks. Importing this imports grpc, which is slow."""

from __future__ import annotations

import os
from typing import cast

# Read when gRPC is first imported: its fork handlers cost every process and serve no one here.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")

import grpc

from sanchay import errors
from sanchay._call import Trailers, to_exception
from sanchay.address import TLS_NAME, Target

OPTIONS: tuple[tuple[str, int | str], ...] = (
    ("grpc.enable_http_proxy", 0),
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.keepalive_time_ms", 2**31 - 1),
    ("grpc.default_authority", TLS_NAME),
    ("grpc.enable_retries", 0),
)

__all__ = ["OPTIONS", "grpc", "open_async_channel", "to_error"]


def open_async_channel(target: Target) -> grpc.aio.Channel:
    """A channel of the running event loop."""
    credentials = _credentials_of(target)
    if credentials is None:
        return grpc.aio.insecure_channel(target.uri, options=OPTIONS)
    return grpc.aio.secure_channel(target.uri, credentials, options=OPTIONS)


def _credentials_of(target: Target) -> grpc.ChannelCredentials | None:
    """How both sides prove who they are, before anything else is said; None on a socket in a private folder."""
    if not target.certificate:
        return None
    return grpc.ssl_channel_credentials(target.certificate, target.key, target.certificate)


def to_error(call: grpc.RpcError | grpc.aio.AioRpcError) -> errors.SanchayError:
    """The exception of a call that failed on such a channel."""
    failed = cast("grpc.aio.AioRpcError", call)  # a blocking call's error has the same methods, untyped
    return to_exception(failed.code().name, failed.details() or "", cast("Trailers", failed.trailing_metadata() or ()))
