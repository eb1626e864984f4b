"""What a call can end with: one exception for each kind. The engine, the daemon and its clients speak of the same.

The head of each class is its row of the one table: its `kind` (the engine's name for it too), the gRPC status that it
travels with, and the exit code of a program that it ends. Its reason in `google.rpc.ErrorInfo` is the kind in capitals.
The daemon raises these classes, and a client raises them again. Nothing here imports gRPC: statuses are named, so that
a client that meets no error pays nothing for this module.
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

# What `details["advice"]` may say to do next; each client words it in its own commands.
START_DAEMON = "start_daemon"
ADD_ROOT = "add_root"
LIST_RUNS = "list_runs"  # of the schedule in `details["schedule"]`

# Every class below, as its own head enters it.
BY_KIND: dict[str, type[SanchayError]] = {}
BY_REASON: dict[str, type[SanchayError]] = {}


class SanchayError(Exception):
    """A call that failed. `str()` is a sentence for people: what happened, to which path, why, and what to do.

    `path` is exact bytes or None; `term` and `position` (characters) point into a query; `details` holds what else the
    daemon said, such as `file`, `line` and `key` of a bad setting, or a code of `advice`, for the sentence names no
    command of one client; `request_id` finds the call in the log.
    """

    kind: ClassVar[str] = "internal"
    status: ClassVar[str] = "INTERNAL"
    exit_code: ClassVar[int] = EXIT_FAILED

    def __init_subclass__(cls, *, kind: str = "", status: str = "", exit_code: int = EXIT_FAILED) -> None:
        super().__init_subclass__()
        if kind:  # a class without one is a program's own, and goes by its base
            cls.kind, cls.status, cls.exit_code = kind, status, exit_code
            BY_KIND[kind] = BY_REASON[cls.reason()] = cls

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


class NotFound(SanchayError, kind="not_found", status="NOT_FOUND"):
    """The path does not exist."""


class NotAbsolute(SanchayError, kind="not_absolute", status="INVALID_ARGUMENT", exit_code=EXIT_USAGE):
    """The path is relative: the daemon cannot know to what."""


class NotAFolder(SanchayError, kind="not_a_folder", status="INVALID_ARGUMENT"):
    """The path is a file or something else, where a folder is due."""


class PermissionDenied(SanchayError, kind="permission", status="PERMISSION_DENIED", exit_code=EXIT_DENIED):
    """The file system refuses the daemon."""


class PseudoFileSystem(SanchayError, kind="pseudo_file_system", status="INVALID_ARGUMENT"):
    """The path lies on a file system that holds no files of anybody, such as proc."""


class OwnFolder(SanchayError, kind="own_folder", status="INVALID_ARGUMENT"):
    """The path is the daemon's own folder."""


class InputOutputError(SanchayError, kind="io", status="UNAVAILABLE"):
    """The disk or the network share failed."""


class DiskFull(SanchayError, kind="disk_full", status="RESOURCE_EXHAUSTED"):
    """The disk that holds the catalog is full."""


class Busy(SanchayError, kind="busy", status="UNAVAILABLE"):
    """Another program holds the catalog, or the daemon is at its bound; worth another try."""


class Corrupt(SanchayError, kind="corrupt", status="DATA_LOSS"):
    """The catalog is damaged."""


class NewerDatabase(SanchayError, kind="newer_database", status="FAILED_PRECONDITION", exit_code=EXIT_CONFIG):
    """A database was written by a newer version; it is left untouched."""


class ForeignDatabase(SanchayError, kind="foreign_database", status="FAILED_PRECONDITION", exit_code=EXIT_CONFIG):
    """The file where a database of Sanchay's belongs is another program's; it is left untouched."""


class InvalidQuery(SanchayError, kind="invalid_query", status="INVALID_ARGUMENT", exit_code=EXIT_USAGE):
    """A term of a query is invalid: `term` and `position` say which."""


class InvalidArgument(SanchayError, kind="invalid_argument", status="INVALID_ARGUMENT", exit_code=EXIT_USAGE):
    """A value of the call is invalid."""


class UnknownRoot(SanchayError, kind="unknown_root", status="NOT_FOUND"):
    """The catalog knows no such root."""


class UnknownPath(SanchayError, kind="unknown_path", status="NOT_FOUND"):
    """The catalog holds no such path."""


class CatalogClosed(SanchayError, kind="closed", status="UNAVAILABLE", exit_code=EXIT_UNAVAILABLE):
    """The daemon is closing its catalog."""


class Cancelled(SanchayError, kind="cancelled", status="CANCELLED"):
    """The work was cancelled."""


class InternalError(SanchayError, kind="internal", status="INTERNAL"):
    """A fault of Sanchay's own; the log has more under the request id."""


class Unauthenticated(SanchayError, kind="unauthenticated", status="UNAUTHENTICATED", exit_code=EXIT_DENIED):
    """The token is missing or wrong."""


class RootNotFound(SanchayError, kind="root_not_found", status="NOT_FOUND"):
    """No root has that name, id or path."""


class RootNameTaken(SanchayError, kind="root_name_taken", status="ALREADY_EXISTS"):
    """Another root has that name."""


class RootOffline(SanchayError, kind="root_offline", status="FAILED_PRECONDITION"):
    """The root's folder is not there now; what the catalog knows of it is kept."""


class JobNotFound(SanchayError, kind="job_not_found", status="NOT_FOUND"):
    """No job has that id."""


class JobNotActive(SanchayError, kind="job_not_active", status="FAILED_PRECONDITION"):
    """The job has ended, or is not in a state that allows what was asked."""


class ScheduleNotFound(SanchayError, kind="schedule_not_found", status="NOT_FOUND"):
    """No schedule has that name."""


class ScheduleNameTaken(SanchayError, kind="schedule_name_taken", status="ALREADY_EXISTS"):
    """Another schedule has that name."""


class RunNotFound(SanchayError, kind="run_not_found", status="NOT_FOUND"):
    """No run of a schedule has that id, or it has no report."""


class UnknownPlan(SanchayError, kind="unknown_plan", status="NOT_FOUND"):
    """No plan has that number."""


class UnknownRun(SanchayError, kind="unknown_run", status="NOT_FOUND"):
    """The journal has no run of that number."""


class PlanEdited(SanchayError, kind="plan_edited", status="FAILED_PRECONDITION"):
    """The plan was edited since the version that was seen."""


class LastCopy(SanchayError, kind="last_copy", status="FAILED_PRECONDITION"):
    """A decision by which no copy of a group would stay: nothing was changed."""


class PlanInUse(SanchayError, kind="plan_in_use", status="FAILED_PRECONDITION"):
    """A run of the plan waits or is under way: `details` has its `job_id`."""


class ViewNotFound(SanchayError, kind="view_not_found", status="NOT_FOUND"):
    """The view is no longer held: it was closed, or not read for ten minutes, or its daemon has ended."""


class TooManyViews(SanchayError, kind="too_many_views", status="RESOURCE_EXHAUSTED"):
    """As many views are open, or hold as much, as may be: close one of them."""


class ConfigInvalid(SanchayError, kind="config_invalid", status="FAILED_PRECONDITION", exit_code=EXIT_CONFIG):
    """A setting is invalid: `details` has `file`, `line` and `key`."""


class ShuttingDown(SanchayError, kind="shutting_down", status="UNAVAILABLE", exit_code=EXIT_UNAVAILABLE):
    """The daemon is stopping and takes no more work."""


class AlreadyRunning(SanchayError, kind="already_running", status="FAILED_PRECONDITION"):
    """Another daemon holds the lock of this home: `details` has its `pid`."""


class SocketTaken(SanchayError, kind="socket_taken", status="FAILED_PRECONDITION", exit_code=EXIT_CONFIG):
    """Something that is no socket of ours stands where the socket belongs; it was not touched."""


class HomeNotPrivate(SanchayError, kind="home_not_private", status="FAILED_PRECONDITION", exit_code=EXIT_DENIED):
    """A folder that must be private belongs to someone else, or others can write to it."""


class DaemonUnavailable(SanchayError, kind="daemon_unavailable", status="UNAVAILABLE", exit_code=EXIT_UNAVAILABLE):
    """No daemon answers."""


class TimedOut(SanchayError, kind="timed_out", status="DEADLINE_EXCEEDED", exit_code=EXIT_UNAVAILABLE):
    """No answer within the deadline."""


class MessageTooLarge(SanchayError, kind="message_too_large", status="RESOURCE_EXHAUSTED"):
    """A message is larger than a call may carry: 256 KiB for a request, 4 MiB for an answer."""


class Unsupported(SanchayError, kind="unsupported", status="UNIMPLEMENTED"):
    """The daemon does not know this call: it is of another version than the client."""


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


def from_status(
    status: str, message: str, request_id: str = "", details: Mapping[str, str] | None = None
) -> SanchayError:
    """The exception of a bare gRPC status, by the name of its code."""
    return BY_STATUS.get(status, InternalError)(message, request_id=request_id, details=details)
