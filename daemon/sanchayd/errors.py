"""What can go wrong in the daemon, in the domain's own words; `rpc.errors` translates it for the wire."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum


class ErrorKind(str, Enum):
    """Every kind of error: the engine's own names, then the daemon's."""

    NOT_FOUND = "not_found"
    NOT_ABSOLUTE = "not_absolute"
    NOT_A_FOLDER = "not_a_folder"
    PERMISSION = "permission"
    PSEUDO_FILE_SYSTEM = "pseudo_file_system"
    OWN_FOLDER = "own_folder"
    IO = "io"
    DISK_FULL = "disk_full"
    BUSY = "busy"
    CORRUPT = "corrupt"
    NEWER_DATABASE = "newer_database"
    FOREIGN_DATABASE = "foreign_database"
    INVALID_QUERY = "invalid_query"
    INVALID_ARGUMENT = "invalid_argument"
    UNKNOWN_ROOT = "unknown_root"
    UNKNOWN_PATH = "unknown_path"
    CLOSED = "closed"
    CANCELLED = "cancelled"
    INTERNAL = "internal"
    UNAUTHENTICATED = "unauthenticated"
    ROOT_NOT_FOUND = "root_not_found"
    ROOT_NAME_TAKEN = "root_name_taken"
    ROOT_OFFLINE = "root_offline"
    JOB_NOT_FOUND = "job_not_found"
    JOB_NOT_ACTIVE = "job_not_active"
    SCHEDULE_NOT_FOUND = "schedule_not_found"
    SCHEDULE_NAME_TAKEN = "schedule_name_taken"
    RUN_NOT_FOUND = "run_not_found"
    CONFIG_INVALID = "config_invalid"
    SHUTTING_DOWN = "shutting_down"
    ALREADY_RUNNING = "already_running"
    SOCKET_TAKEN = "socket_taken"
    HOME_NOT_PRIVATE = "home_not_private"


class DomainError(Exception):
    """A sentence for people, with its kind and what it is about. `path` is exact bytes."""

    def __init__(
        self,
        kind: ErrorKind,
        message: str,
        *,
        path: bytes | None = None,
        term: str | None = None,
        position: int | None = None,
        details: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.path = path
        self.term = term
        self.position = position
        self.details = dict(details or {})
