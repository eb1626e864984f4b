"""From the domain's errors to gRPC's: a status code, and a google.rpc.Status whose ErrorInfo carries the reason."""

from __future__ import annotations

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2  # type: ignore[import-untyped]

from sanchay import errors as wire
from sanchayd.errors import DomainError
from sanchayd.rpc.convert.common import text

DETAILS_KEY = "grpc-status-details-bin"


def to_wire(error: DomainError) -> wire.SanchayError:
    """The same error as the client will raise it. The table is exhaustive: a test holds both sides together."""
    return wire.BY_KIND[error.kind.value](
        text(error.message),
        path=error.path,
        term=text(error.term) if error.term is not None else None,
        position=error.position,
        details={key: text(value) for key, value in error.details.items()},
    )


def status_code(error: wire.SanchayError) -> grpc.StatusCode:
    """The gRPC status of an error."""
    return grpc.StatusCode[error.status]


def trailer(error: wire.SanchayError) -> tuple[str, bytes]:
    """The error's details as trailing metadata."""
    info = error_details_pb2.ErrorInfo(reason=error.reason(), domain=wire.DOMAIN, metadata=wire.to_metadata(error))
    packed = any_pb2.Any()
    packed.Pack(info)
    code = int(status_code(error).value[0])
    status = status_pb2.Status(code=code, message=error.message, details=[packed])
    return DETAILS_KEY, status.SerializeToString()
