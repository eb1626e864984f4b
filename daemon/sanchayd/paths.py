"""The daemon's folders, made private before anything is put into them; where they are is `sanchay.address`'s to say."""

from __future__ import annotations

import json
import os
import secrets
import stat
import tempfile
from pathlib import Path

from sanchay import address
from sanchay import hosts as client_hosts
from sanchay.address import Places
from sanchay.errors import SanchayError, SocketTaken
from sanchay.names import shown_path
from sanchayd import hosts

TOKEN_BYTES = 32


def prepare(where: Places) -> None:
    """Makes the folders. Raises home_not_private, permission or io where they cannot be made ours."""
    hosts.restrict_new_files()
    address.prepare(where)


def write_token(where: Places) -> str:
    """A new token for this run of the daemon."""
    token = secrets.token_urlsafe(TOKEN_BYTES)
    put_token(where, token)
    return token


def put_token(where: Places, token: str) -> None:
    """Writes the token for clients to read."""
    client_hosts.write_private(where.token_file, token)


def missing(where: Places) -> Path | None:
    """What clients need to reach the daemon that answers, and is not there; None where all is."""
    needed = [where.token_file]
    if where.port_file.exists() or where.tls_file.exists():
        needed += [where.port_file, where.tls_file]
    else:
        needed += [where.socket_record, address.recorded_socket(where)]
    return next((file for file in needed if not file.exists()), None)


def claim_socket(where: Places) -> Path:
    """Where to bind: the folder is made, a stale socket of ours is cleared, and the path is written down.

    To be called by the holder of the lock alone. Raises socket_taken where something else stands there, untouched.
    """
    socket = address.socket_path(where)
    try:
        client_hosts.make_private(socket.parent)
    except SanchayError:
        if socket.parent == where.run_folder:
            raise
        # In a folder for everyone another user took the name that the rule gives: clients go by the record.
        socket = Path(tempfile.mkdtemp(prefix="sanchay-", dir=client_hosts.runtime_folder())) / address.SOCKET_NAME
    try:
        mode = socket.lstat().st_mode
    except FileNotFoundError:
        pass
    else:
        if not stat.S_ISSOCK(mode):
            what = "a symlink" if stat.S_ISLNK(mode) else "a folder" if stat.S_ISDIR(mode) else "a file"
            raise SocketTaken(
                f"{shown_path(socket)} is {what}, not a socket of sanchayd; it was not touched. Move it away and "
                "start again.",
                path=os.fsencode(socket),
            )
        socket.unlink()
    client_hosts.write_private(where.socket_record, str(socket))
    where.port_file.unlink(missing_ok=True)
    return socket


def write_port(where: Places, port: int, identity: bytes) -> None:
    """Tells clients the port of loopback TCP, and before it the key and certificate that belong to it."""
    client_hosts.write_private(where.tls_file, identity.decode("ascii"))
    client_hosts.write_private(where.port_file, str(port))


def clear_address(where: Places) -> None:
    """At the end, and at the start for a daemon that was killed: nothing is left that a client would try.

    To be called by the holder of the lock alone.
    """
    _clear_strayed(where)
    for file in (where.port_file, where.socket_record, where.tls_file, where.token_file):
        file.unlink(missing_ok=True)


def _clear_strayed(where: Places) -> None:
    """Removes the socket and its folder where they lie at none of the places that the rule gives."""
    try:
        socket = address.recorded_socket(where)
        if socket.parent in {where.run_folder, address.socket_path(where).parent}:
            return
        client_hosts.check_private(socket.parent)
        if stat.S_ISSOCK(socket.lstat().st_mode):
            socket.unlink()
        socket.parent.rmdir()
    except (OSError, SanchayError):
        return


def write_last_error(where: Places, error: SanchayError) -> None:
    """Leaves word for the program that started this daemon without a terminal; the disk may be the reason, too."""
    try:
        client_hosts.write_private(where.last_error_file, json.dumps({**error_document(error), "pid": os.getpid()}))
    except OSError:
        return


def error_document(error: SanchayError) -> dict[str, object]:
    """The error for another program to read."""
    return {
        "kind": error.kind,
        "message": error.message,
        "path": os.fsdecode(error.path) if error.path is not None else None,
        "details": error.details,
    }
