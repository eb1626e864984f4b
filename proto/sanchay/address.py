"""Where a daemon and its files are: one rule for the daemon and for every client.

`SANCHAY_HOME` puts everything under one folder. Without it the platform's own folders are used. Whatever says how a
daemon is reached (lock, token, port, socket) lies in the private folder `run` of the data folder; only a socket whose
path would be longer than the kernel takes lies elsewhere, in a private folder named by a hash, and `run/socket` says
where. Nothing here imports gRPC, and nothing is created by asking.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from sanchay import hosts
from sanchay.errors import (
    START_DAEMON,
    ConfigInvalid,
    DaemonUnavailable,
    HomeNotPrivate,
    InputOutputError,
    PermissionDenied,
)
from sanchay.names import shown_path

HOME_VARIABLE = "SANCHAY_HOME"
SOCKET_NAME = "sanchayd.sock"
# Whom the certificate of loopback TCP names.
TLS_NAME = "sanchayd"
# A port that has not taken us by then is taken by others.
TAKEN_WITHIN_S = 0.1
_CERTIFICATE = b"-----BEGIN CERTIFICATE-----"


class Places(NamedTuple):
    """Every folder and file of one Sanchay. `home` is what SANCHAY_HOME said, or None on the platform's folders."""

    home: Path | None
    config_folder: Path
    data_folder: Path
    log_folder: Path

    @property
    def config_file(self) -> Path:
        """config.toml, which a person edits."""
        return self.config_folder / "config.toml"

    @property
    def dotenv_file(self) -> Path:
        """Environment variables of the daemon, for secrets that stay out of config.toml."""
        return self.config_folder / ".env"

    @property
    def catalog_file(self) -> Path:
        """The engine's database."""
        return self.data_folder / "catalog.db"

    @property
    def state_file(self) -> Path:
        """The daemon's database: roots and jobs."""
        return self.data_folder / "state.db"

    @property
    def log_file(self) -> Path:
        """JSON lines of the daemon and the engine."""
        return self.log_folder / "sanchayd.log"

    @property
    def words_file(self) -> Path:
        """What the daemon wrote on its standard error: the last words of one that could not even log."""
        return self.log_folder / "sanchayd.stderr.log"

    @property
    def run_folder(self) -> Path:
        """What says how the daemon is reached; 0700."""
        return self.data_folder / "run"

    @property
    def lock_file(self) -> Path:
        """Held while a daemon runs; it says by which process. Not in the run folder, which may be cleaned away."""
        return self.data_folder / "sanchayd.lock"

    @property
    def token_file(self) -> Path:
        """What every call must carry; 0600."""
        return self.run_folder / "token"

    @property
    def port_file(self) -> Path:
        """The port, where the daemon listens on loopback TCP; 0600."""
        return self.run_folder / "port"

    @property
    def tls_file(self) -> Path:
        """Key and certificate (PEM) by which daemon and client know each other on loopback TCP; 0600."""
        return self.run_folder / "tls.pem"

    @property
    def socket_record(self) -> Path:
        """The exact path of the socket."""
        return self.run_folder / "socket"

    @property
    def last_error_file(self) -> Path:
        """Why the last start failed, for the program that started it."""
        return self.data_folder / "last_error.json"

    @property
    def own_folders(self) -> tuple[Path, ...]:
        """The folders that are never a root and never scanned."""
        return (self.home,) if self.home else (self.config_folder, self.data_folder, self.log_folder)


def places(home: str | os.PathLike[str] | None = None, environ: Mapping[str, str] | None = None) -> Places:
    """The places of `home`, else of SANCHAY_HOME, else of this platform.

    Raises ConfigInvalid where they lie in a home folder that is not known.
    """
    environ = os.environ if environ is None else environ
    given = os.fsdecode(home) if home is not None else environ.get(HOME_VARIABLE, "")
    if given:
        if given.startswith("~") and (_empty_home() or not os.path.isabs(os.path.expanduser(given))):
            raise _homeless(f"{given} cannot be found")
        base = Path(os.path.abspath(os.path.expanduser(given)))
        return Places(home=base, config_folder=base, data_folder=base, log_folder=base / "logs")
    from platformdirs import PlatformDirs

    folders = PlatformDirs("sanchay", appauthor=False)
    try:
        config, data, logs = folders.user_config_path, folders.user_data_path, folders.user_log_path
    except RuntimeError as error:
        raise _homeless("Sanchay has no place for its files") from error
    if not (config.is_absolute() and data.is_absolute() and logs.is_absolute()) or _empty_home():
        raise _homeless("Sanchay has no place for its files")
    return Places(home=None, config_folder=config, data_folder=data, log_folder=logs)


def home_folder() -> Path:
    """The home folder of this user. Raises ConfigInvalid where it is not known."""
    try:
        home = Path.home()
    except RuntimeError as error:
        raise _homeless("The settings of your services cannot be found") from error
    if not home.is_absolute() or _empty_home():
        raise _homeless("The settings of your services cannot be found")
    return home


def _empty_home() -> bool:
    """Whether `~` would be taken for the top folder of the system."""
    return os.name == "posix" and os.environ.get("HOME") == ""


def _homeless(what: str) -> ConfigInvalid:
    return ConfigInvalid(
        f"{what}: your home folder is not known. HOME is not set to an absolute path, or the system knows no such "
        f"user. Set HOME, or name a folder for all of it with {HOME_VARIABLE}=FOLDER."
    )


def socket_path(where: Places) -> Path:
    """Where the daemon binds its socket: in the run folder, or where that is too long in a folder named by a hash."""
    plain = where.run_folder / SOCKET_NAME
    if len(os.fsencode(plain)) <= hosts.SOCKET_PATH_MAX_BYTES:
        return plain
    import hashlib

    name = hashlib.sha256(os.fsencode(where.run_folder)).hexdigest()[:16]
    return hosts.runtime_folder() / f"sanchay-{name}" / SOCKET_NAME


def recorded_socket(where: Places) -> Path:
    """Where a client looks for the socket: where the daemon wrote that it is.

    Without a record only the run folder counts: another user may have taken the place that the rule gives elsewhere.
    """
    try:
        return Path(os.fsdecode(where.socket_record.read_bytes()))
    except FileNotFoundError:
        return where.run_folder / SOCKET_NAME


class Target:
    """Something to connect to: a socket's path, or a port of loopback over TLS with `key` and `certificate`."""

    def __init__(
        self, address: bytes | tuple[str, int], key: bytes = b"", certificate: bytes = b"", tls_file: Path = Path()
    ) -> None:
        self.address = address
        self.key = key
        self.certificate = certificate
        self.tls_file = tls_file

    @property
    def uri(self) -> str:
        """The same as gRPC takes it."""
        if isinstance(self.address, bytes):
            return socket_uri(self.address)
        host, port = self.address
        return f"ipv4:{host}:{port}"


def socket_uri(socket: bytes | Path) -> str:
    """The socket as gRPC's URI: every byte that a URI gives a meaning to is escaped."""
    from urllib.parse import quote

    return f"unix:{quote(os.fsencode(socket), safe='/')}"


def find_daemon(where: Places) -> Target:
    """How the running daemon is reached.

    Raises DaemonUnavailable where none runs, PermissionDenied and HomeNotPrivate where the socket's folder is not
    ours: the token must not be told to someone else's program. A port may be anyone's by now, so that on TCP both
    sides prove by TLS that they can read the run folder, before anything else is said.
    """
    try:
        port = _read_port(where)
        if port is not None and hosts.is_locked(where.lock_file):
            hosts.check_private(where.run_folder)
            content = where.tls_file.read_bytes()
            if _read_port(where) != port:  # a daemon started between our looks: its port goes with its certificate
                return find_daemon(where)
            start = content.index(_CERTIFICATE)
            beside = recorded_socket(where)
            if hosts.HAS_UNIX_SOCKETS and _is_reachable(beside, where) and not _takes_us(port, where.tls_file):
                return Target(os.fsencode(beside))
            return Target(("127.0.0.1", port), content[:start], content[start:], where.tls_file)
        socket = recorded_socket(where)
        if port is None and hosts.HAS_UNIX_SOCKETS and _is_reachable(socket, where):
            return Target(os.fsencode(socket))
    except (FileNotFoundError, ValueError):  # none, or one whose files are not written yet
        pass
    except PermissionError as error:
        raise PermissionDenied(
            f"The sanchayd of {shown_path(where.data_folder)} is not yours: {error.strerror}: {error.filename}",
            path=os.fsencode(where.data_folder),
        ) from error
    except OSError as error:
        raise InputOutputError(
            f"Whether sanchayd runs for {shown_path(where.data_folder)} is not known: {error.strerror or error}.",
            path=os.fsencode(where.data_folder),
        ) from error
    from sanchay.owner import find_owner

    owner = find_owner(where)
    if owner is not None:
        raise DaemonUnavailable(f"{owner.why_no_answer(where)}.", details={"pid": str(owner.pid or "")})
    raise DaemonUnavailable(
        f"No sanchayd is running for {shown_path(where.data_folder)}.", details={"advice": START_DAEMON}
    )


def _takes_us(port: int, tls_file: Path) -> bool:
    """Whether one more connection is taken: others may hold as many as the daemon serves by its port, in silence."""
    import ssl
    from socket import create_connection

    try:
        context = ssl.create_default_context(cafile=str(tls_file))
        context.load_cert_chain(tls_file)
        context.set_alpn_protocols(["h2"])
        with (
            create_connection(("127.0.0.1", port), timeout=TAKEN_WITHIN_S) as plain,
            context.wrap_socket(plain, server_hostname=TLS_NAME) as stream,
        ):
            return bool(stream.recv(1))
    except OSError:
        return False


def _is_reachable(socket: Path, where: Places) -> bool:
    """Whether the socket stands in a private folder of ours.

    Once its daemon is gone, another user may take its place in a folder that is open to all: that is no daemon of ours.
    """
    try:
        if not stat.S_ISSOCK(socket.stat().st_mode):
            return False
        hosts.check_private(socket.parent)
    except FileNotFoundError:
        return False
    except (OSError, HomeNotPrivate):
        if socket.parent == where.run_folder or hosts.is_locked(where.lock_file):
            raise
        return False
    return True


def read_token(where: Places) -> str:
    """The token that every call carries. Raises DaemonUnavailable where there is none, and what keeps it from us."""
    try:
        return where.token_file.read_text("ascii")
    except FileNotFoundError as error:
        raise DaemonUnavailable(
            f"sanchayd has left no token in {shown_path(where.token_file)}: it is starting, or ending. Try again."
        ) from error
    except PermissionError as error:
        raise PermissionDenied(
            f"The token of sanchayd cannot be read from {shown_path(where.token_file)}: {error.strerror}. Is it "
            "your daemon?",
            path=os.fsencode(where.token_file),
        ) from error
    except (OSError, UnicodeDecodeError) as error:
        raise InputOutputError(
            f"The token of sanchayd cannot be read from {shown_path(where.token_file)}: {error}.",
            path=os.fsencode(where.token_file),
        ) from error


def _read_port(where: Places) -> int | None:
    try:
        return int(where.port_file.read_text("ascii"))
    except (FileNotFoundError, ValueError):
        return None


def prepare(where: Places) -> None:
    """Makes the folders of a daemon that is to start, for its owner alone.

    A home that stands already keeps its mode, so that naming someone's folder by mistake changes nothing; the run
    folder in it is ours and closed. Raises HomeNotPrivate, PermissionDenied or InputOutputError.
    """
    try:
        for folder in dict.fromkeys((where.config_folder, where.data_folder, where.log_folder)):
            hosts.check_above(folder)
            hosts.make_own(folder)
        hosts.make_private(where.run_folder)
    except PermissionError as error:
        raise PermissionDenied(
            f"{error.filename} cannot be made: {error.strerror}; choose another {HOME_VARIABLE}.",
            path=os.fsencode(error.filename),
        ) from error
    except OSError as error:
        raise InputOutputError(
            f"{error.filename} cannot be made: {error.strerror}.", path=os.fsencode(error.filename or where.data_folder)
        ) from error
