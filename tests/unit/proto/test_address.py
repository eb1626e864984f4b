"""One rule for where a daemon is: homes, long paths, ports and folders that are not ours."""

from __future__ import annotations

import errno
import os
import socket
import stat
from pathlib import Path

import pytest

from sanchay import hosts
from sanchay.address import find_daemon, places, prepare, read_token, recorded_socket, socket_path, socket_uri
from sanchay.errors import DaemonUnavailable, HomeNotPrivate, InputOutputError, PermissionDenied


@pytest.fixture
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder whose socket fits."""
    return tmp_path_factory.mktemp("h")


def listen(path: Path) -> socket.socket:
    """A bound Unix socket, wherever it is: by a relative path, which is always short enough."""
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(path))
    return server


def test_a_home_holds_everything(tmp_path: Path) -> None:
    where = places(tmp_path)
    assert where.own_folders == (tmp_path,)
    everything = (
        where.config_file,
        where.dotenv_file,
        where.catalog_file,
        where.state_file,
        where.log_file,
        where.lock_file,
        where.token_file,
        where.port_file,
        where.last_error_file,
    )
    assert all(tmp_path in file.parents for file in everything)


def test_the_environment_names_the_home_and_a_relative_one_is_made_absolute(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert places(None, {"SANCHAY_HOME": ".sanchay"}).home == tmp_path / ".sanchay"
    assert places("a/../b", {"SANCHAY_HOME": "c"}).home == tmp_path / "b"


def test_without_a_home_the_platform_decides(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("CONFIG", "DATA", "STATE"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    where = places(None, {})
    assert where.home is None
    assert len(where.own_folders) == 3
    if os.name == "posix" and os.uname().sysname == "Linux":
        assert where.config_folder == tmp_path / "CONFIG" / "sanchay"
        assert where.data_folder == tmp_path / "DATA" / "sanchay"


def test_folders_are_made_for_their_owner_alone(tmp_path: Path) -> None:
    where = places(tmp_path / "a" / "b")
    prepare(where)
    for folder in (where.data_folder, where.run_folder, where.log_folder):
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_a_home_that_stands_keeps_its_mode_and_the_run_folder_is_closed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    home.chmod(0o755)
    (home / "run").mkdir()
    (home / "run").chmod(0o777)
    prepare(places(home))
    assert stat.S_IMODE(home.stat().st_mode) == 0o755
    assert stat.S_IMODE((home / "run").stat().st_mode) == 0o700


def test_a_home_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o777)
    with pytest.raises(HomeNotPrivate, match="open to other users"):
        prepare(places(tmp_path))


@pytest.mark.needs("root")
def test_a_home_of_somebody_else_is_refused(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o700)
    os.chown(home, 65534, 65534)
    with pytest.raises(HomeNotPrivate, match="belongs to user 65534"):
        prepare(places(home))


@pytest.mark.needs("root")
@pytest.mark.parametrize("what", ["folder of another", "symlink of another", "open to all", "sticky", "own symlink"])
def test_a_home_that_another_user_could_exchange_is_refused(tmp_path: Path, what: str) -> None:
    above, elsewhere = tmp_path / "above", tmp_path / "elsewhere"
    above.mkdir()
    elsewhere.mkdir(mode=0o700)
    home = above / "link" / ".." / "home" if what == "own symlink" else above / "home"
    if what == "folder of another":
        os.chown(above, 65534, 65534)
    elif what == "open to all":
        above.chmod(0o777)
    elif what == "symlink of another":
        above.chmod(0o1777)
        home.symlink_to(elsewhere)
        os.chown(home, 65534, 65534, follow_symlinks=False)
    elif what == "sticky":
        above.chmod(0o1777)
    else:
        (above / "link").symlink_to("../elsewhere")
    if what in {"sticky", "own symlink"}:
        prepare(places(home))
        return
    with pytest.raises(HomeNotPrivate, match="could put another folder in its place"):
        prepare(places(home))
    assert not [*elsewhere.iterdir()]


@pytest.mark.needs("root")
@pytest.mark.parametrize("what", ["file", "closed folder", "socket"])
def test_a_squat_on_the_place_of_a_long_paths_socket_keeps_no_daemon_from_its_start(
    tmp_path: Path, short: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    monkeypatch.setattr("sanchay.hosts.runtime_folder", lambda: short)
    where = places(tmp_path / ("deep" * 40))
    prepare(where)
    for recorded in (False, True):  # before the first daemon, and after one that was killed
        squat = socket_path(where).parent
        if recorded:
            where.socket_record.write_text(str(socket_path(where)))
        elif what == "file":
            squat.touch()
        else:
            squat.mkdir(mode=0o700)
            os.chown(squat, 65534, 65534)
            listen(squat / "sanchayd.sock").close()
        with pytest.raises(DaemonUnavailable, match="No sanchayd is running"):
            find_daemon(where)


def test_a_symlink_or_a_file_as_run_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(HomeNotPrivate, match="is not a folder"):
        prepare(places(tmp_path))
    (tmp_path / "file").write_text("")
    with pytest.raises((HomeNotPrivate, InputOutputError)):
        prepare(places(tmp_path / "file" / "home"))


def test_a_socket_path_that_is_too_long_moves_into_a_folder_named_by_a_hash(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    limit = hosts.SOCKET_PATH_MAX_BYTES
    overhead = len("/run/sanchayd.sock")
    fits = places("/" + "x" * (limit - overhead - 1))
    assert socket_path(fits) == fits.run_folder / "sanchayd.sock"
    assert len(os.fsencode(socket_path(fits))) == limit
    long = places("/" + "x" * (limit - overhead))
    assert len(os.fsencode(socket_path(long))) <= limit
    assert socket_path(long).parent.name.startswith("sanchay-")
    assert socket_path(long) != socket_path(places("/" + "y" * (limit - overhead)))


def test_a_client_believes_what_the_daemon_wrote_over_its_own_environment(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = places(short)
    prepare(where)
    assert recorded_socket(where) == socket_path(where)
    where.socket_record.write_text("/run/user/7/sanchay-1/sanchayd.sock")
    assert recorded_socket(where) == Path("/run/user/7/sanchay-1/sanchayd.sock")


def test_no_daemon_is_said_with_what_to_do(short: Path) -> None:
    with pytest.raises(DaemonUnavailable, match="No sanchayd is running"):
        find_daemon(places(short))
    prepare(places(short))
    (short / "run" / "sanchayd.sock").write_text("no socket")
    with pytest.raises(DaemonUnavailable):
        find_daemon(places(short))
    with pytest.raises(DaemonUnavailable, match="token"):
        read_token(places(short))


def test_the_token_is_not_told_to_a_socket_in_a_folder_that_others_may_enter(
    short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    where = places(short)
    prepare(where)
    monkeypatch.chdir(where.run_folder)
    with listen(Path("sanchayd.sock")):
        assert find_daemon(where).uri == socket_uri(where.run_folder / "sanchayd.sock")
        where.run_folder.chmod(0o755)
        with pytest.raises(HomeNotPrivate):
            find_daemon(where)


def test_a_port_is_believed_only_while_its_daemon_holds_the_lock(short: Path) -> None:
    from sanchayd.lock import InstanceLock

    where = places(short)
    prepare(where)
    where.port_file.write_text("4711")
    with pytest.raises(DaemonUnavailable):
        find_daemon(where)
    lock = InstanceLock.acquire(where.lock_file)
    with pytest.raises(DaemonUnavailable):  # nothing proves whose port it is
        find_daemon(where)
    where.tls_file.write_text("-----BEGIN EC PRIVATE KEY-----\n-----BEGIN CERTIFICATE-----\n")
    target = find_daemon(where)
    assert target.uri == "ipv4:127.0.0.1:4711"
    assert b"KEY" in target.key
    assert target.certificate.startswith(b"-----BEGIN CERTIFICATE-----")
    lock.release()


def test_a_missing_descriptor_is_no_missing_daemon(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    where = places(short)
    prepare(where)
    where.port_file.write_text("4711")
    where.lock_file.write_text("")
    assert not hosts.is_locked(where.lock_file)

    def refuse(path: object, *_flags: object) -> int:
        raise OSError(errno.EMFILE, "Too many open files", str(path))

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError, match="Too many open files"):
        hosts.is_locked(where.lock_file)
    with pytest.raises(InputOutputError, match="is not known: Too many open files"):
        find_daemon(where)
    monkeypatch.undo()


def test_a_home_that_cannot_be_entered_is_denied(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: Path, encoding: str | None = None, errors: str | None = None) -> str:
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "read_text", refuse)
    with pytest.raises(PermissionDenied, match="is not yours"):
        find_daemon(places(short))


def test_private_files_are_written_whole_and_for_their_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "token"
    for content in ("first", "second"):
        hosts.write_private(file, content)
        assert file.read_text() == content
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["token"]
