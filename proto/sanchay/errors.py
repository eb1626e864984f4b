"""What a call can end with: one exception for each reason, and one table of them all.

An error has a `kind` (the engine's and the daemon's name for it), the reason it travels under in `google.rpc.ErrorInfo`
(the kind in capitals), the name of its gRPC status code, and the exit code of a program that it ends. Nothing here
imports gRPC: status codes are named, so that a client that meets no error pays nothing for this module.
"""

# ruff: noqa: N818 - a reason is named as people say it, without a suffix

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import ClassVar

DOMAIN = "sanchay"

EXIT_DONE = 0
EXIT_FAILED = 1
EXIT_USAGE = 2
EXIT_PARTIAL = 3
EXIT_UNAVAILABLE = 69
EXIT_DENIED = 77
EXIT_CONFIG = 78


class SanchayError(Exception):
    """A call that failed. `str()` is a sentence for people: what happened, to which path, why, and what to do.

    `path` is exact bytes or None; `term` and `position` (characters) point into a query; `details` holds what else the
    daemon said, such as `file`, `line` and `key` of a bad setting; `request_id` finds the call in the log.
    """

    kind: ClassVar[str] = "internal"
    status: ClassVar[str] = "INTERNAL"
    exit_code: ClassVar[int] = EXIT_FAILED

    def __init__(
        self,
        message: str,
        *,
        path: bytes | None = None,
        term: str | None = None,
        position: int | None = None,
        details: Mapping[str, str] | None = None,
        request_id: str = "",
    ) -> None:
        super().__init__(message)
        self.message = message
        self.path = path
        self.term = term
        self.position = position
        self.details = dict(details or {})
        self.request_id = request_id

    @classmethod
    def reason(cls) -> str:
        """The reason in `google.rpc.ErrorInfo`."""
        return cls.kind.upper()


class NotFound(SanchayError):
    """The path does not exist."""

    kind = "not_found"
    status = "NOT_FOUND"


class NotAbsolute(SanchayError):
    """The path is relative: the daemon cannot know to what."""

    kind = "not_absolute"
    status = "INVALID_ARGUMENT"
    exit_code = EXIT_USAGE


class NotAFolder(SanchayError):
    """The path is a file or something else, where a folder is due."""

    kind = "not_a_folder"
    status = "INVALID_ARGUMENT"


class PermissionDenied(SanchayError):
    """The file system refuses the daemon."""

    kind = "permission"
    status = "PERMISSION_DENIED"
    exit_code = EXIT_DENIED


class PseudoFileSystem(SanchayError):
    """The path lies on a file system that holds no files of anybody, such as proc."""

    kind = "pseudo_file_system"
    status = "INVALID_ARGUMENT"


class OwnFolder(SanchayError):
    """The path is the daemon's own folder."""

    kind = "own_folder"
    status = "INVALID_ARGUMENT"


class InputOutputError(SanchayError):
    """The disk or the network share failed."""

    kind = "io"
    status = "UNAVAILABLE"


class DiskFull(SanchayError):
    """The disk that holds the catalog is full."""

    kind = "disk_full"
    status = "RESOURCE_EXHAUSTED"


class Busy(SanchayError):
    """Another program holds the catalog, or the daemon is at its bound; worth another try."""

    kind = "busy"
    status = "UNAVAILABLE"


class Corrupt(SanchayError):
    """The catalog is damaged."""

    kind = "corrupt"
    status = "DATA_LOSS"


class NewerDatabase(SanchayError):
    """A database was written by a newer version; it is left untouched."""

    kind = "newer_database"
    status = "FAILED_PRECONDITION"
    exit_code = EXIT_CONFIG


class ForeignDatabase(SanchayError):
    """The file where a database of Sanchay's belongs is another program's; it is left untouched."""

    kind = "foreign_database"
    status = "FAILED_PRECONDITION"
    exit_code = EXIT_CONFIG


class InvalidQuery(SanchayError):
    """A term of a query is invalid: `term` and `position` say which."""

    kind = "invalid_query"
    status = "INVALID_ARGUMENT"
    exit_code = EXIT_USAGE


class InvalidArgument(SanchayError):
    """A value of the call is invalid."""

    kind = "invalid_argument"
    status = "INVALID_ARGUMENT"
    exit_code = EXIT_USAGE


class UnknownRoot(SanchayError):
    """The catalog knows no such root."""

    kind = "unknown_root"
    status = "NOT_FOUND"


class UnknownPath(SanchayError):
    """The catalog holds no such path."""

    kind = "unknown_path"
    status = "NOT_FOUND"


class CatalogClosed(SanchayError):
    """The daemon is closing its catalog."""

    kind = "closed"
    status = "UNAVAILABLE"
    exit_code = EXIT_UNAVAILABLE


class Cancelled(SanchayError):
    """The work was cancelled."""

    kind = "cancelled"
    status = "CANCELLED"


class InternalError(SanchayError):
    """A fault of Sanchay's own; the log has more under the request id."""

    kind = "internal"
    status = "INTERNAL"


class Unauthenticated(SanchayError):
    """The token is missing or wrong."""

    kind = "unauthenticated"
    status = "UNAUTHENTICATED"
    exit_code = EXIT_DENIED


class RootNotFound(SanchayError):
    """No root has that name, id or path."""

    kind = "root_not_found"
    status = "NOT_FOUND"


class RootNameTaken(SanchayError):
    """Another root has that name."""

    kind = "root_name_taken"
    status = "ALREADY_EXISTS"


class RootOffline(SanchayError):
    """The root's folder is not there now; what the catalog knows of it is kept."""

    kind = "root_offline"
    status = "FAILED_PRECONDITION"


class JobNotFound(SanchayError):
    """No job has that id."""

    kind = "job_not_found"
    status = "NOT_FOUND"


class JobNotActive(SanchayError):
    """The job has ended, or is not in a state that allows what was asked."""

    kind = "job_not_active"
    status = "FAILED_PRECONDITION"


class ScheduleNotFound(SanchayError):
    """No schedule has that name."""

    kind = "schedule_not_found"
    status = "NOT_FOUND"


class ScheduleNameTaken(SanchayError):
    """Another schedule has that name."""

    kind = "schedule_name_taken"
    status = "ALREADY_EXISTS"


class RunNotFound(SanchayError):
    """No run of a schedule has that id, or it has no report."""

    kind = "run_not_found"
    status = "NOT_FOUND"


class ConfigInvalid(SanchayError):
    """A setting is invalid: `details` has `file`, `line` and `key`."""

    kind = "config_invalid"
    status = "FAILED_PRECONDITION"
    exit_code = EXIT_CONFIG


class ShuttingDown(SanchayError):
    """The daemon is stopping and takes no more work."""

    kind = "shutting_down"
    status = "UNAVAILABLE"
    exit_code = EXIT_UNAVAILABLE


class AlreadyRunning(SanchayError):
    """Another daemon holds the lock of this home: `details` has its `pid`."""

    kind = "already_running"
    status = "FAILED_PRECONDITION"


class SocketTaken(SanchayError):
    """Something that is no socket of ours stands where the socket belongs; it was not touched."""

    kind = "socket_taken"
    status = "FAILED_PRECONDITION"
    exit_code = EXIT_CONFIG


class HomeNotPrivate(SanchayError):
    """A folder that must be private belongs to someone else, or others can write to it."""

    kind = "home_not_private"
    status = "FAILED_PRECONDITION"
    exit_code = EXIT_DENIED


class DaemonUnavailable(SanchayError):
    """No daemon answers."""

    kind = "daemon_unavailable"
    status = "UNAVAILABLE"
    exit_code = EXIT_UNAVAILABLE


class TimedOut(SanchayError):
    """No answer within the deadline."""

    kind = "timed_out"
    status = "DEADLINE_EXCEEDED"
    exit_code = EXIT_UNAVAILABLE


class MessageTooLarge(SanchayError):
    """A message is larger than a call may carry: 256 KiB for a request, 4 MiB for an answer."""

    kind = "message_too_large"
    status = "RESOURCE_EXHAUSTED"


class Unsupported(SanchayError):
    """The daemon does not know this call: it is of another version than the client."""

    kind = "unsupported"
    status = "UNIMPLEMENTED"


ERRORS: tuple[type[SanchayError], ...] = (
    NotFound,
    NotAbsolute,
    NotAFolder,
    PermissionDenied,
    PseudoFileSystem,
    OwnFolder,
    InputOutputError,
    DiskFull,
    Busy,
    Corrupt,
    NewerDatabase,
    ForeignDatabase,
    InvalidQuery,
    InvalidArgument,
    UnknownRoot,
    UnknownPath,
    CatalogClosed,
    Cancelled,
    InternalError,
    Unauthenticated,
    RootNotFound,
    RootNameTaken,
    RootOffline,
    JobNotFound,
    JobNotActive,
    ScheduleNotFound,
    ScheduleNameTaken,
    RunNotFound,
    ConfigInvalid,
    ShuttingDown,
    AlreadyRunning,
    SocketTaken,
    HomeNotPrivate,
    DaemonUnavailable,
    TimedOut,
    MessageTooLarge,
    Unsupported,
)
BY_KIND: dict[str, type[SanchayError]] = {error.kind: error for error in ERRORS}
BY_REASON: dict[str, type[SanchayError]] = {error.reason(): error for error in ERRORS}
# What gRPC itself says, without a reason of ours.
BY_STATUS: dict[str, type[SanchayError]] = {
    "UNAVAILABLE": DaemonUnavailable,
    "DEADLINE_EXCEEDED": TimedOut,
    "RESOURCE_EXHAUSTED": MessageTooLarge,
    "UNIMPLEMENTED": Unsupported,
    "CANCELLED": DaemonUnavailable,  # a server that ends cuts its calls off; a cancel of our own raises nothing
    "UNAUTHENTICATED": Unauthenticated,
    "PERMISSION_DENIED": Unauthenticated,
}


def to_metadata(error: SanchayError) -> dict[str, str]:
    """The error's fields as `ErrorInfo.metadata`: the path in base64 for its exact bytes, and as it can be shown."""
    from base64 import b64encode

    metadata = dict(error.details)
    if error.path is not None:
        metadata["path"] = b64encode(error.path).decode("ascii")
        metadata["path_display"] = os.fsdecode(error.path).encode("utf-8", "replace").decode("utf-8")
    if error.term is not None:
        metadata["term"] = error.term
    if error.position is not None:
        metadata["position"] = str(error.position)
    return metadata


def from_reason(reason: str, message: str, metadata: Mapping[str, str], request_id: str = "") -> SanchayError:
    """The exception of a reason; a reason of a newer daemon becomes a plain `SanchayError` that keeps its message."""
    from base64 import b64decode

    details = {key: value for key, value in metadata.items() if key not in _FIELDS}
    return BY_REASON.get(reason, SanchayError)(
        message,
        path=b64decode(metadata["path"]) if "path" in metadata else None,
        term=metadata.get("term"),
        position=int(metadata["position"]) if "position" in metadata else None,
        details=details,
        request_id=request_id,
    )


_FIELDS = frozenset({"path", "path_display", "term", "position"})


def from_status(status: str, message: str, request_id: str = "") -> SanchayError:
    """The exception of a bare gRPC status, by the name of its code."""
    return BY_STATUS.get(status, InternalError)(message, request_id=request_id)
