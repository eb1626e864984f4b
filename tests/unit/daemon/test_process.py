"""A real daemon on a real socket: who is let in, what is refused, and how it starts and ends."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from sanchay import errors
from sanchay._call import call_metadata
from sanchay._channel import OPTIONS
from sanchay.address import find_daemon, places, prepare, read_token
from sanchay.client import Client
from sanchay.v1 import catalog_pb2, catalog_pb2_grpc, daemon_pb2, daemon_pb2_grpc
from sanchayd.catalog.service import EXPORTS_AT_ONCE
from tests.support import trees
from tests.support.daemon import PATIENCE_S, DaemonProcess, environment
from tests.support.program import ended_by_itself, until


def raw_channel(daemon: DaemonProcess) -> grpc.Channel:
    return grpc.insecure_channel(find_daemon(daemon.where).uri, options=OPTIONS)


def ended(daemon: DaemonProcess) -> tuple[int, str]:
    """Exit code and words of a daemon that does not start."""
    said = daemon.stderr()
    return daemon.process.returncode, said


@pytest.mark.parametrize("metadata", [(), (("authorization", "Bearer wrong"),)])
def test_a_call_without_the_token_is_refused_to_the_health_service_too(daemon: DaemonProcess, metadata: Any) -> None:
    with raw_channel(daemon) as channel:
        calls: list[Callable[[], object]] = [
            lambda: daemon_pb2_grpc.DaemonServiceStub(channel).GetStatus(
                daemon_pb2.GetStatusRequest(), metadata=metadata, timeout=PATIENCE_S
            ),
            lambda: health_pb2_grpc.HealthStub(channel).Check(
                health_pb2.HealthCheckRequest(), metadata=metadata, timeout=PATIENCE_S
            ),
            lambda: list(
                catalog_pb2_grpc.CatalogServiceStub(channel).Export(
                    catalog_pb2.ExportRequest(), metadata=metadata, timeout=PATIENCE_S
                )
            ),
        ]
        for call in calls:
            with pytest.raises(grpc.RpcError) as caught:
                call()
            assert caught.value.code() is grpc.StatusCode.UNAUTHENTICATED


def test_a_wrong_token_is_an_exception_of_its_own(daemon: DaemonProcess) -> None:
    with daemon.client() as client:
        daemon.where.token_file.write_text("wrong")
        with pytest.raises(errors.Unauthenticated) as caught:
            client.status()
        assert caught.value.exit_code == 77


def test_the_health_service_answers_with_the_token(daemon: DaemonProcess) -> None:
    with raw_channel(daemon) as channel:
        answer = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), metadata=call_metadata(daemon.where), timeout=PATIENCE_S
        )
        assert answer.status == health_pb2.HealthCheckResponse.SERVING


@pytest.mark.needs("root", "setpriv")
def test_another_user_is_refused(daemon: DaemonProcess, tmp_path: Path) -> None:
    # the folders above the home let everybody in, so that only the home's own rules are tested
    for folder in [*daemon.home.parents][:-1]:
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055) if str(folder).startswith("/tmp/") else None
    probe = (
        "import socket,sys\n"
        "s = socket.socket(socket.AF_UNIX)\n"
        "try:\n    s.connect(sys.argv[1])\n    print('connected')\n"
        "except PermissionError:\n    print('refused')\n"
    )
    run = daemon.where.run_folder
    for command, expected in (
        (["/usr/bin/env", "python3", "-c", probe, str(run / "sanchayd.sock")], "refused"),
        (["cat", str(daemon.where.token_file)], ""),
    ):
        done = subprocess.run(
            ["setpriv", "--reuid", "65534", "--clear-groups", *command], capture_output=True, text=True, check=False
        )
        assert done.stdout.strip() == expected, done.stderr


@pytest.mark.parametrize("squatter", ["file", "symlink", "folder"])
def test_whatever_squats_the_sockets_path_is_left_and_said(tmp_path: Path, squatter: str) -> None:
    home = tmp_path / "home"
    prepare(places(home))
    path = home / "run" / "sanchayd.sock"
    target = trees.build(tmp_path / "target", {"precious": "data"}) / "precious"
    if squatter == "file":
        path.write_text("mine")
    elif squatter == "symlink":
        path.symlink_to(target)
    else:
        path.mkdir()
    with DaemonProcess(home, fake=True, wait=False) as daemon:
        code, said = ended(daemon)
    assert code == 78
    assert str(path) in said
    assert "was not touched" in said
    assert target.read_text() == "data"
    assert path.is_dir() if squatter == "folder" else path.read_text() in {"mine", "data"}
    assert json.loads((home / "last_error.json").read_text())["kind"] == "socket_taken"


def test_a_stale_socket_is_cleared_by_the_next_daemon(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with DaemonProcess(home, fake=True) as first:
        first.kill()
        assert (home / "run" / "sanchayd.sock").is_socket()
        with pytest.raises(errors.DaemonUnavailable):
            Client(first.where).status()
    with DaemonProcess(home, fake=True) as second, second.client() as client:
        assert client.status().pid == second.pid


def test_garbage_on_the_socket_hurts_nobody(daemon: DaemonProcess) -> None:
    path = str(daemon.where.run_folder / "sanchayd.sock")
    for garbage in (
        b"\x00" * 100_000,
        b"GET / HTTP/1.1\r\n\r\n",
        os.urandom(50_000),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 999,
    ):
        with socket.socket(socket.AF_UNIX) as stream:
            stream.connect(path)
            try:
                stream.sendall(garbage)
                stream.settimeout(1)
                stream.recv(100)
            except OSError:
                pass
    with daemon.client() as client:
        assert client.status().pid == daemon.pid


def test_a_message_of_five_mib_is_refused_and_the_next_is_answered(daemon: DaemonProcess) -> None:
    with daemon.client() as client:
        with pytest.raises(errors.MessageTooLarge):
            client.find("x" * (5 << 20))
        assert client.find("x").total == 0


def rss_bytes(pid: int) -> int:
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())
    assert found is not None
    return int(found.group(1)) * 1024


def test_a_client_that_stops_reading_costs_no_memory_and_hinders_nobody(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "home", fake=True, env={"FAKE_EXPORT_PIECES": "2000"}) as daemon:
        with daemon.client() as client:
            before = rss_bytes(daemon.pid)
            stuck = [client.export("", "csv") for _ in range(4)]
            for export in stuck:
                assert next(export).rows == 1
            time.sleep(1.0)
            assert rss_bytes(daemon.pid) - before < 100 << 20
            assert client.status().pid == daemon.pid
            for export in stuck:
                export.close()
            # each was let go: more of them than may run at once have their turn
            for _ in range(10):
                export = client.export("", "csv")
                next(export)
                export.close()
        assert daemon.stop() == 0


def test_a_client_that_is_killed_in_the_middle_of_a_stream_leaves_nothing_behind(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom sanchay.client import Client\nclient = Client()\n"
        f"exports = [client.export('', 'csv') for _ in range({EXPORTS_AT_ONCE})]\n"
        "print(*(next(export).rows for export in exports), flush=True)\nsys.stdin.read()\n"
    )
    with DaemonProcess(tmp_path / "home", fake=True, env={"FAKE_EXPORT_PIECES": "500"}) as daemon:
        with subprocess.Popen(
            [sys.executable, "-c", code], env=environment(daemon.home), stdin=subprocess.PIPE, stdout=subprocess.PIPE
        ) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline().split() == [b"1"] * EXPORTS_AT_ONCE
            reader.kill()
        with daemon.client() as client:

            def every_place_is_free() -> bool:
                with contextlib.suppress(errors.Busy), contextlib.ExitStack() as stack:
                    exports = [client.export("", "csv") for _ in range(EXPORTS_AT_ONCE)]
                    for export in exports:
                        stack.enter_context(contextlib.closing(export))
                    return [next(export).rows for export in exports] == [1] * EXPORTS_AT_ONCE
                return False

            until(every_place_is_free)


def test_a_killed_daemon_goes_on_with_its_scan_at_the_next_start(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a": "a", "b": "b"})
    home = tmp_path / "home"
    with DaemonProcess(home, fake=True, env={"FAKE_SCAN_S": "60"}) as first, first.client() as client:
        job = client.start_scan([tree]).jobs[0]
        until(lambda: client.get_job(job.id).job.state == "running")
        first.kill()
    with DaemonProcess(home, fake=True) as second, second.client() as client:
        states = [followed.state for followed in client.follow_job(job.id)]
        assert states[-1] == "done"
        assert client.find("").total == 2


@pytest.mark.parametrize("how", ["SIGTERM", "SIGINT", "call"])
def test_a_stop_does_not_wait_for_the_scan_and_leaves_it_to_the_next_start(tmp_path: Path, how: str) -> None:
    tree = trees.build(tmp_path / "tree", {"a": "a"})
    home = tmp_path / "home"
    with DaemonProcess(home, fake=True, env={"FAKE_SCAN_S": "3600"}) as daemon, daemon.client() as client:
        job = client.start_scan([tree]).jobs[0]
        follow = client.follow_job(job.id)
        next(follow)
        if how == "call":
            assert client.stop_daemon().pid == daemon.pid
        else:
            daemon.process.send_signal(getattr(signal, how))
        with pytest.raises((errors.ShuttingDown, errors.DaemonUnavailable)):
            for _ in follow:
                pass
        assert daemon.process.wait(PATIENCE_S) == 0
        assert ended_by_itself(daemon.log())
        assert not (home / "run" / "sanchayd.sock").exists()
    with DaemonProcess(home, fake=True) as second, second.client() as client:
        assert [followed.state for followed in client.follow_job(job.id)][-1] == "done"


def test_edits_of_the_configuration_are_taken_live_and_bad_ones_are_said(daemon: DaemonProcess) -> None:
    config = daemon.where.config_file
    with daemon.client() as client:

        def setting(key: str) -> tuple[str, str]:
            return next((one.value, one.origin) for one in client.settings().settings if one.key == key)

        assert setting("max_scans") == ("2", "default")
        config.write_text("max_scans = 5\n")
        until(lambda: setting("max_scans") == ("5", "config.toml"))
        config.write_text("max_scans = 5\nmax_scan = 6\n")
        until(lambda: client.status().config_error)
        assert re.search(r"config\.toml, line 2: max_scan: there is no such setting", client.status().config_error)
        assert setting("max_scans") == ("5", "config.toml")
        replacement = config.with_suffix(".new")
        replacement.write_text("cache_mb = 99\n")
        replacement.replace(config)
        until(lambda: setting("max_scans") == ("2", "default"))
        assert client.status().config_error == ""
        assert any("cache_mb" in notice for notice in client.status().notices)


def test_a_symlinked_config_is_taken_again_when_its_target_or_a_link_changes(tmp_path: Path) -> None:
    home = tmp_path / "home"
    first = trees.build(tmp_path / "dotfiles", {"one/sanchay.toml": "max_scans = 3\n", "two/sanchay.toml": ""})
    home.mkdir(mode=0o700)
    (first / "current").symlink_to("one")
    (home / "config.toml").symlink_to(first / "current" / "sanchay.toml")
    with DaemonProcess(home, fake=True) as daemon, daemon.client() as client:

        def scans() -> str:
            return next(one.value for one in client.settings().settings if one.key == "max_scans")

        assert scans() == "3"
        replacement = first / "one" / "new"
        replacement.write_text("\ufeffmax_scans = 4\n", "utf-8")  # as an editor of Windows writes it
        replacement.replace(first / "one" / "sanchay.toml")
        until(lambda: scans() == "4")
        (first / "link").symlink_to("two")
        (first / "link").replace(first / "current")
        until(lambda: scans() == "2")
        (first / "two" / "sanchay.toml").write_text("max_scans = 5\n")
        until(lambda: scans() == "5")
        assert client.status().config_error == ""


def test_the_settings_of_watching_count_without_a_restart(daemon: DaemonProcess, tmp_path: Path) -> None:
    config = daemon.where.config_file
    with daemon.client() as client:
        client.add_root(trees.build(tmp_path / "tree", {"a": "a"}), no_scan=True)
        until(lambda: client.status().roots[0].live.mode == "events")
        config.write_text('settle_ms = 20\nreconcile_minutes = 5\nwatch = "off"\n')
        until(lambda: client.status().roots[0].live.mode == "off")
        status = client.status()
        assert (status.config_error, list(status.notices)) == ("", [])
        config.write_text("settle_ms = -1\n")
        until(lambda: client.status().config_error)
        assert re.search(r"config\.toml, line 1: settle_ms: -1 is not valid", client.status().config_error)
        assert client.status().roots[0].live.mode == "off"
        config.unlink()
        until(lambda: client.status().roots[0].live.mode == "events")


def test_a_bad_configuration_stops_the_start_with_78(tmp_path: Path) -> None:
    home = tmp_path / "home"
    trees.build(home, {"config.toml": "listen = 3\n"})
    with DaemonProcess(home, fake=True, wait=False) as daemon:
        code, said = ended(daemon)
    assert code == 78
    assert "config.toml, line 1: listen" in said
    with DaemonProcess(home, "--check-config", fake=True, wait=False) as check:
        assert ended(check)[0] == 78


def test_check_config_prints_every_setting_and_starts_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "sanchayd", "--check-config", "--set", "max_scans=3"]
    done = subprocess.run(command, env=environment(tmp_path / "home"), capture_output=True, text=True, check=True)
    shown = json.loads(done.stdout)["max_scans"]
    assert (shown["value"], shown["origin"], shown["fixed_by"]) == ("3", "flag", "--set max_scans")
    assert not (tmp_path / "home").exists()
    done = subprocess.run(
        [*command, "--set", "x=1"], env=environment(tmp_path / "home"), capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "--set x=1: write KEY=VALUE" in done.stderr


def test_a_newer_state_database_is_refused_with_78_and_untouched(tmp_path: Path) -> None:
    import sqlite3

    home = tmp_path / "home"
    with DaemonProcess(home, fake=True) as daemon:
        assert daemon.stop() == 0
    connection = sqlite3.connect(home / "state.db")
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = (home / "state.db").read_bytes()
    with DaemonProcess(home, fake=True, wait=False) as daemon:
        code, said = ended(daemon)
    assert code == 78
    assert "newer Sanchay" in said
    assert (home / "state.db").read_bytes() == before


def test_loopback_with_a_token_works_the_same(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "home", fake=True, env={"SANCHAY_TCP": "1"}) as daemon:
        until(lambda: find_daemon(daemon.where).uri.startswith("ipv4:127.0.0.1:"))  # the socket, where that is slow
        assert daemon.where.port_file.stat().st_mode & 0o777 == 0o600
        assert (daemon.where.run_folder / "sanchayd.sock").is_socket()
        with daemon.client() as client:
            assert client.status().pid == daemon.pid
            daemon.where.token_file.write_text("wrong")
            with pytest.raises(errors.Unauthenticated):
                client.status()
        assert daemon.stop() == 0
        assert not daemon.where.port_file.exists()


def test_a_home_too_deep_for_a_socket_works_the_same(tmp_path: Path) -> None:
    home = tmp_path / ("deep " * 10) / ("50% " * 20) / "home"
    home.parent.mkdir(parents=True)
    with DaemonProcess(home, fake=True) as daemon, daemon.client() as client:
        assert client.status().pid == daemon.pid
        recorded = Path(daemon.where.socket_record.read_text())
        assert recorded.is_socket()
        assert recorded.parent.stat().st_mode & 0o777 == 0o700


def test_a_home_with_letters_that_a_uri_gives_a_meaning_to_works_the_same(tmp_path: Path) -> None:
    with DaemonProcess(tmp_path / "a b%20?#é", fake=True) as daemon, daemon.client() as client:
        assert client.status().pid == daemon.pid


def test_each_run_has_a_new_token_and_secrets_are_for_their_owner_alone(tmp_path: Path) -> None:
    tokens = set()
    for _ in range(2):
        with DaemonProcess(tmp_path / "home", fake=True) as daemon:
            tokens.add(read_token(daemon.where))
            for file in (daemon.where.token_file, daemon.where.state_file, daemon.where.log_file):
                assert file.stat().st_mode & 0o077 == 0
    assert len(tokens) == 2
    assert all(len(token) > 40 for token in tokens)


def test_a_calls_request_id_is_in_the_log_and_in_the_answer(daemon: DaemonProcess) -> None:
    with daemon.client() as client:
        with pytest.raises(errors.InvalidQuery) as caught:
            client.find("size:>x")
        assert (caught.value.term, caught.value.position) == ("size:>x", 0)
        lines = [json.loads(line) for line in daemon.log().splitlines()]
        refused = next(line for line in lines if line["event"] == "a call was refused")
        assert refused["request_id"] == caught.value.request_id
        assert {"ts", "level", "event", "logger", "request_id"} <= set(refused)


def test_the_end_of_a_job_is_logged_with_its_measures(daemon: DaemonProcess, tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a": "a"})
    with daemon.client() as client:
        job = client.start_scan([tree]).jobs[0]
        list(client.follow_job(job.id))
        until(lambda: "a job ended" in daemon.log())
        line = next(json.loads(line) for line in daemon.log().splitlines() if '"a job ended"' in line)
        assert {"duration_s", "files_per_s", "bytes_per_s", "peak_rss_bytes", "request_id"} <= set(line)
        assert line["peak_rss_bytes"] > 1 << 20


def test_many_clients_at_once_are_served(daemon: DaemonProcess, tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a": "a"})
    with daemon.client() as first:
        list(first.follow_job(first.start_scan([tree]).jobs[0].id))
    clients = [daemon.client() for _ in range(100)]
    try:
        assert {client.find("a").total for client in clients} == {1}
    finally:
        for client in clients:
            client.close()


def test_a_client_of_another_version_is_told_so(daemon: DaemonProcess) -> None:
    with raw_channel(daemon) as channel:
        call = channel.unary_unary("/sanchay.v1.DaemonService/Sing", None, None)
        with pytest.raises(grpc.RpcError) as caught:
            call(b"", metadata=call_metadata(daemon.where), timeout=PATIENCE_S)
        assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED


def test_reflection_is_behind_a_setting(tmp_path: Path) -> None:
    from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

    request = reflection_pb2.ServerReflectionRequest(list_services="")
    with DaemonProcess(tmp_path / "home", "--set", "reflection=true", fake=True) as daemon:
        with raw_channel(daemon) as channel:
            stub = reflection_pb2_grpc.ServerReflectionStub(channel)
            (answer,) = stub.ServerReflectionInfo(
                iter([request]), metadata=call_metadata(daemon.where), timeout=PATIENCE_S
            )
        names = {service.name for service in answer.list_services_response.service}
        assert "sanchay.v1.CatalogService" in names
