"""What every call carries and what it can end with, whichever way it travels."""

from __future__ import annotations

import os
from collections.abc import Iterable

from sanchay import errors
from sanchay.address import Places, read_token

CALL_TIMEOUT_S = 30.0
# A stream is followed again after this long, so that no call waits for ever on a daemon that has gone quiet.
STREAM_TIMEOUT_S = 3600.0
# The largest answer that a client takes: gRPC's own bound.
ANSWER_MAX_BYTES = 4 << 20

Metadata = tuple[tuple[str, str], ...]
Trailers = Iterable[tuple[str, "str | bytes"]]


class CallFailed(Exception):  # noqa: N818 - it is what happened
    """A call that ended with another status than OK: the status's name, its text, and the trailing metadata."""

    def __init__(self, status: str, details: str, trailers: Trailers = ()) -> None:
        super().__init__(status, details)
        self.status = status
        self.details = details
        self.trailers = trailers


def call_metadata(where: Places, request_id: str = "") -> Metadata:
    """The token and a request id, by which the daemon's log and the engine's name this call.

    The token is read for each call, since a daemon that was started again has a new one.
    """
    return (
        ("authorization", f"Bearer {read_token(where)}"),
        ("x-request-id", request_id or os.urandom(8).hex()),
    )


def to_exception(status: str, message: str, trailers: Trailers) -> errors.SanchayError:
    """The exception of a failed call: by the reason that the daemon gave, else by gRPC's own status."""
    request_id, details = "", b""
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
        message = f"sanchayd does not answer ({message})."
    elif status == "CANCELLED":
        message = "sanchayd ended while it was answering."
    elif status == "DEADLINE_EXCEEDED":
        message = "sanchayd did not answer in time; it may be busy: try again"
    elif status == "UNIMPLEMENTED":
        message = f"The running sanchayd is of another version and does not know this call ({message}); restart it."
    advice = {"advice": errors.START_DAEMON} if status in {"UNAVAILABLE", "CANCELLED"} else {}
    return errors.from_status(status, message, request_id, advice)
