"""What differs between operating systems for a client, behind one face: `posix.py` or `windows.py`."""

from __future__ import annotations

import sys

if sys.platform == "win32":
    from sanchay.hosts.windows import (
        DETACHED,
        HAS_UNIX_SOCKETS,
        SOCKET_PATH_MAX_BYTES,
        check_above,
        check_private,
        has_open,
        is_locked,
        is_running,
        is_stopped,
        make_own,
        make_private,
        runtime_folder,
        write_private,
    )
else:
    from sanchay.hosts.posix import (
        DETACHED,
        HAS_UNIX_SOCKETS,
        SOCKET_PATH_MAX_BYTES,
        check_above,
        check_private,
        has_open,
        is_locked,
        is_running,
        is_stopped,
        make_own,
        make_private,
        runtime_folder,
        write_private,
    )

__all__ = [
    "DETACHED",
    "HAS_UNIX_SOCKETS",
    "SOCKET_PATH_MAX_BYTES",
    "check_above",
    "check_private",
    "has_open",
    "is_locked",
    "is_running",
    "is_stopped",
    "make_own",
    "make_private",
    "runtime_folder",
    "write_private",
]
