"""An error as gRPC carries it: a status code, a text, and a google.rpc.Status whose ErrorInfo carries the reason."""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from sanchay import errors
from sanchay.errors import SanchayError
from sanchayd.rpc.convert.common import text

DETAILS_KEY = "grpc-status-details-bin"


def status_code(error: SanchayError) -> grpc.StatusCode:
    """The gRPC status of an error."""
    return grpc.StatusCode[error.status]


def message(error: SanchayError) -> str:
    """Its sentence, as it can travel."""
    return text(error.message)


def trailer(error: SanchayError) -> tuple[str, bytes]:
    """The error's details as trailing metadata."""
    metadata = {key: text(value) for key, value in errors.to_metadata(error).items()}
    info = error_details_pb2.ErrorInfo(reason=error.reason(), domain=errors.DOMAIN, metadata=metadata)
    packed = any_pb2.Any()
    packed.Pack(info)
    code = int(status_code(error).value[0])
    status = status_pb2.Status(code=code, message=message(error), details=[packed])
    return DETAILS_KEY, status.SerializeToString()
