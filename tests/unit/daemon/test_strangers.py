"""What another user of the machine can do to a daemon on loopback TCP: nothing."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import shutil
import socket
import sqlite3
import ssl
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import grpc
import psutil
import pytest

from sanchay import address, errors
from sanchay._call import call_metadata
from sanchay._channel import OPTIONS
from sanchay.address import find_daemon, places, prepare
from sanchay.client import Client
from sanchay.errors import Busy, InputOutputError
from sanchay.launcher import running_daemon
from sanchayd import __main__ as program
from sanchayd import config, paths, reload
from sanchayd.lock import InstanceLock
from sanchayd.rpc import certificate
from sanchayd.rpc import server as rpc
from sanchayd.settings import Settings
from sanchayd.state.database import to_error
from tests.support.daemon import PATIENCE_S, DaemonProcess

TCP = {"SANCHAY_TCP": "1"}


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaemonProcess]:
    """One that listens on loopback."""
    with DaemonProcess(tmp_path_factory.mktemp("tcp") / "home", fake=True, env=TCP) as running:
        yield running


def ask(channel: grpc.Channel, *, metadata: tuple[tuple[str, str], ...], padding: int = 0) -> grpc.StatusCode:
    """How a call ends that only the port is known to."""
    call = channel.unary_unary("/sanchay.v1.DaemonService/GetStatus")  # type: ignore[call-arg]
    try:
        call(b"\x7a\x7f" * padding, timeout=PATIENCE_S, metadata=metadata)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


def test_who_cannot_read_the_run_folder_says_nothing_to_the_daemon_even_with_the_token(daemon: DaemonProcess) -> None:
    target, token = find_daemon(daemon.where), call_metadata(daemon.where)
    own = certificate.make()
    held_before = psutil.Process(daemon.pid).memory_info().rss
    strangers = (
        None,
        grpc.ssl_channel_credentials(target.certificate),
        grpc.ssl_channel_credentials(target.certificate, own.key, own.certificate),
    )
    for credentials in strangers:
        for _ in range(5):
            with (
                grpc.insecure_channel(target.uri, options=OPTIONS)
                if credentials is None
                else grpc.secure_channel(target.uri, credentials, options=OPTIONS)
            ) as channel:
                assert ask(channel, metadata=token, padding=2 << 20) is grpc.StatusCode.UNAVAILABLE
    assert psutil.Process(daemon.pid).memory_info().rss - held_before < 30 << 20, "no body of theirs is kept"


def test_a_request_of_megabytes_is_refused_before_its_token_is_looked_at(daemon: DaemonProcess) -> None:
    target = find_daemon(daemon.where)
    credentials = grpc.ssl_channel_credentials(target.certificate, target.key, target.certificate)
    with grpc.secure_channel(target.uri, credentials, options=OPTIONS) as channel:
        assert ask(channel, metadata=(), padding=rpc.RECEIVE_MAX_BYTES) is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert ask(channel, metadata=()) is grpc.StatusCode.UNAUTHENTICATED


def test_connections_that_say_nothing_keep_the_owner_from_nothing(daemon: DaemonProcess) -> None:
    port = int(daemon.where.port_file.read_text())
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(400)]
        for _ in range(3):
            with daemon.client() as client:
                assert client.status().pid == daemon.pid
        assert silent[0].recv(1 << 16) in {b""} or silent[0].recv(1) == b"", "it is hung up on"


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is a limit set from outside")
def test_more_connections_than_are_taken_keep_the_owner_from_nothing(tmp_path: Path) -> None:
    import resource

    with DaemonProcess(tmp_path / "home", fake=True, env=TCP, wait=False) as daemon:
        resource.prlimit(daemon.pid, resource.RLIMIT_NOFILE, (1024, 1024))
        daemon.wait_ready()
        port = int(daemon.where.port_file.read_text())
        with contextlib.ExitStack() as stack:
            for _ in range(3):
                for _ in range(300):
                    stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                with daemon.client() as client:
                    assert client.status().pid == daemon.pid
                assert len([*Path(f"/proc/{daemon.pid}/fd").iterdir()]) < 1024 // 2


def test_bad_handshakes_fill_no_log(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "home", fake=True, env=TCP) as daemon:
        port = int(daemon.where.port_file.read_text())
        for opening in (b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\xff" + b"\xff" * 64):
            with socket.create_connection(("127.0.0.1", port)) as connection:
                connection.sendall(opening)
                with contextlib.suppress(ConnectionResetError):
                    while connection.recv(1 << 16):
                        pass
        before = daemon.log()
        daemon.process.terminate()
        assert daemon.stderr() == ""
        assert "Handshake" not in before


def test_a_stranger_on_the_port_of_a_killed_daemon_is_not_told_the_token(tmp_path: Path) -> None:
    where = places(tmp_path / "home")
    prepare(where)
    lock = InstanceLock.acquire(where.lock_file)
    token = paths.write_token(where)
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:
        identity = certificate.make()
        paths.write_port(where, listening.getsockname()[1], identity.key + identity.certificate)

        def pretend() -> None:
            """As far as a stranger gets with a certificate of its own."""
            own = certificate.make()
            file = tmp_path / "own.pem"
            file.write_bytes(own.key + own.certificate)
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(file)
            context.set_alpn_protocols(["h2"])
            with contextlib.suppress(OSError):
                connection, _ = listening.accept()
                heard.append(b"connected")
                with context.wrap_socket(connection, server_side=True) as stream:
                    heard.append(stream.recv(1 << 16))

        stranger = threading.Thread(target=pretend)
        stranger.start()
        with Client(where, timeout_s=PATIENCE_S) as client, pytest.raises(errors.DaemonUnavailable):
            client.status()
        stranger.join(PATIENCE_S)
    assert heard[0] == b"connected"
    assert token.encode() not in b"".join(heard)
    assert running_daemon(where) is None
    lock.release()


def test_what_a_killed_daemon_left_is_gone_as_soon_as_the_lock_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    with DaemonProcess(home, fake=True, env=TCP) as daemon:
        daemon.kill()
    where = places(home)
    left = (where.port_file, where.tls_file, where.token_file)
    where.socket_record.write_text("/tmp/stranger.sock")
    assert all(file.exists() for file in left)

    class Begun(Exception):  # noqa: N818
        """The daemon got to its log."""

    def begin(*_arguments: object, **_more: object) -> None:
        assert not any(file.exists() for file in (*left, where.socket_record))
        raise Begun

    monkeypatch.setattr("sanchayd.log.set_up", begin)
    with pytest.raises(Begun):
        program.main(["--home", str(home)])


def test_the_certificate_is_one_that_any_tls_takes(tmp_path: Path) -> None:
    one, other = certificate.make(), certificate.make()
    assert one.key != other.key
    file = tmp_path / "tls.pem"
    file.write_bytes(one.key + one.certificate)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)
    context.load_verify_locations(cadata=one.certificate.decode())
    (known,) = context.get_ca_certs()
    assert known["subject"] == known["issuer"] == ((("commonName", "sanchayd"),),)


def test_the_soft_limit_of_descriptors_is_raised_and_connections_leave_room_for_files(tmp_path: Path) -> None:
    import resource

    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 1024), hard))
    try:
        with DaemonProcess(tmp_path / "home", fake=True) as daemon:
            limits = Path(f"/proc/{daemon.pid}/limits").read_text()
            row = next(line for line in limits.splitlines() if line.startswith("Max open files"))
            assert int(row.split()[3]) == min(hard, 65_536)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    assert rpc.connections_most() <= soft // 2


@pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux'")
def test_without_an_inotify_instance_the_settings_are_polled_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> object:
        raise OSError(errno.EMFILE, "inotify instance limit reached")

    monkeypatch.setattr(reload, "Observer", refuse)
    monkeypatch.setattr(reload, "POLL_S", 0.05)
    where = places(tmp_path / "home")
    prepare(where)

    async def scene() -> str:
        settings = Settings(config.load(where, {}, {}))
        follower = reload.ConfigReload(where, {}, {}, settings)
        taken = asyncio.Event()

        async def hear(_config: config.Config) -> None:
            taken.set()

        settings.tell(hear)
        said = follower.start()
        where.config_file.write_text("max_scans = 7\n")
        await asyncio.wait_for(taken.wait(), PATIENCE_S)
        assert settings.config.max_scans == 7
        follower.stop()
        return said

    said = asyncio.run(scene())
    assert "max_user_instances" in said
    assert "max_user_watches" not in said
    assert str(where.config_file) in said


@pytest.mark.skipif(sys.platform == "win32", reason="descriptors are counted on Unix")
def test_a_database_that_no_descriptor_is_left_for_is_busy_and_not_denied(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unable = sqlite3.OperationalError("unable to open database file")
    assert type(to_error(unable, tmp_path / "state.db")) is InputOutputError
    monkeypatch.setattr("sanchayd.hosts.out_of_files", lambda: True)
    error = to_error(unable, tmp_path / "state.db")
    assert isinstance(error, Busy)
    assert "as many files" in error.message
    assert "permission" not in error.message


@pytest.mark.skipif(sys.platform == "win32", reason="there are no Unix sockets")
@pytest.mark.parametrize("squatter", ["folder of another", "symlink", "file"])
def test_another_users_squat_where_a_long_path_puts_the_socket_keeps_no_daemon_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, squatter: str
) -> None:
    if squatter == "folder of another" and os.geteuid() != 0:
        pytest.skip("only root gives a folder away")
    everyones = Path(tempfile.mkdtemp(prefix="r", dir="/tmp"))
    monkeypatch.setattr("sanchay.hosts.runtime_folder", lambda: everyones)
    where = places(tmp_path / ("deep" * 40) / "home")
    prepare(where)
    squat = address.socket_path(where).parent
    assert squat.parent == everyones
    if squatter == "file":
        squat.touch()
    elif squatter == "symlink":
        squat.symlink_to(tmp_path)
    else:
        squat.mkdir()
        os.chown(squat, 65534, 65534)
    socket_file = paths.claim_socket(where)
    assert address.recorded_socket(where) == socket_file
    assert socket_file.parent not in {squat, everyones}
    assert socket_file.parent.stat().st_mode & 0o777 == 0o700
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(str(socket_file))
        assert find_daemon(where).uri == address.socket_uri(socket_file)
    paths.clear_address(where)
    assert list(everyones.iterdir()) == [squat], "nothing of ours is left, and nothing of theirs is touched"
    shutil.rmtree(everyones)
