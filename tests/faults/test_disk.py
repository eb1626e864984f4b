"""The catalog's own disk: full, too small, damaged. Nothing is lost, it is said, and it goes on by itself."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
from contextlib import closing
from pathlib import Path

import pytest

from sanchay.errors import Corrupt
from tests.faults.conftest import FILES
from tests.support import mounts, trees
from tests.support.answers import differences, everything, finished, scan
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import Program, until

PAGE_BYTES = 8192


@pytest.mark.needs("root", "mount")
def test_a_full_disk_pauses_the_scan_which_goes_on_once_there_is_room(tmp_path: Path, many_files: Path) -> None:
    with DaemonProcess(tmp_path / "fresh") as daemon, daemon.client() as client:
        assert scan(client, many_files).state == "done"
        fresh = everything(client)
    with mounts.memory(tmp_path / "small", "1m") as small:
        env = {"SANCHAY_DATABASE_PATH": str(small / "catalog.db")}
        with DaemonProcess(tmp_path / "home", env=env) as daemon, daemon.client() as client:
            job_id = client.start_scan([many_files]).jobs[0].id
            until(lambda: client.status().catalog.state == "disk_full")
            assert str(small) in client.status().catalog.message
            assert client.get_job(job_id).job.state == "running"
            before = len(daemon.log().splitlines())
            client.find("f0000001")  # it still answers
            assert len(daemon.log().splitlines()) - before < 50  # and does not storm
            mounts.resize(small, "64m")
            job = finished(client, job_id)
            assert (job.state, job.result.files) == ("done", FILES)
            until(lambda: client.status().catalog.state == "ok")
            assert not differences(everything(client), fresh)


@pytest.mark.needs("root", "mount")
def test_a_stop_and_a_kill_on_a_full_disk_lose_nothing(tmp_path: Path, many_files: Path) -> None:
    with mounts.memory(tmp_path / "small", "1m") as small:
        env = {"SANCHAY_DATABASE_PATH": str(small / "catalog.db")}
        with DaemonProcess(tmp_path / "home", env=env) as daemon, daemon.client() as client:
            job_id = client.start_scan([many_files]).jobs[0].id
            until(lambda: client.status().catalog.state == "disk_full")
            client.stop_daemon()
            assert daemon.process.wait(PATIENCE_S) == 0
        with DaemonProcess(tmp_path / "home", env=env) as daemon, daemon.client() as client:
            until(lambda: client.status().catalog.state == "disk_full")
            daemon.kill()
        mounts.resize(small, "64m")
        with DaemonProcess(tmp_path / "home", env=env) as daemon, daemon.client() as client:
            assert finished(client, job_id).state == "done"
            assert client.status().catalog.files == FILES


@pytest.mark.needs("root", "mount")
def test_on_a_small_disk_the_room_that_comes_back_goes_to_the_catalog_and_not_to_its_log(
    tmp_path: Path, many_files: Path
) -> None:
    with mounts.memory(tmp_path / "small", "12m") as small:
        ballast = small / "ballast"
        ballast.write_bytes(b"x" * (10 << 20))
        env = {"SANCHAY_DATABASE_PATH": str(small / "catalog.db")}
        with DaemonProcess(tmp_path / "home", env=env) as daemon, daemon.client() as client:
            job_id = client.start_scan([many_files]).jobs[0].id
            until(lambda: client.status().catalog.state == "disk_full")
            ballast.unlink()
            assert finished(client, job_id).state == "done"
            catalog = client.status().catalog
            assert (catalog.state, catalog.files) == ("ok", FILES)
            assert catalog.wal_bytes <= 2 << 20


@pytest.mark.needs("root", "prlimit")
def test_a_limit_on_the_size_of_files_is_as_a_full_disk(tmp_path: Path, many_files: Path) -> None:
    with Program(tmp_path / "home", prefix=["prlimit", f"--fsize={1 << 20}:"]) as program:
        pid = program.json("daemon", "start")["pid"]
        job_id = program.json("scan", many_files, "--detach")["job_ids"][0]
        until(lambda: program.json("status")["catalog"]["state"] == "disk_full", every_s=0.2)
        subprocess.run(["prlimit", f"--pid={pid}", "--fsize=unlimited:"], check=True)
        program.run("job", "follow", str(job_id))
        assert program.json("job", "show", str(job_id))["state"] == "done"
        assert program.json("status")["catalog"]["files"] == FILES


@pytest.mark.parametrize("where", ["header", "middle", "everywhere", "truncated"])
def test_a_damaged_catalog_is_moved_aside_said_and_rebuilt(tmp_path: Path, many_files: Path, where: str) -> None:
    home = tmp_path / "home"
    tree = trees.build(tmp_path / "tree", {f"d{number // 50}/f{number}": f"{number}" * 9 for number in range(2000)})
    with DaemonProcess(home) as daemon, daemon.client() as client:
        scan(client, tree)
        fresh = everything(client)
        assert daemon.stop() == 0
    damage(home / "catalog.db", where)
    with DaemonProcess(home) as daemon, daemon.client() as client:
        until(lambda: not client.status().active_jobs)
        catalog = client.status().catalog
        assert catalog.state == "rebuilt"
        assert str(home) in catalog.message
        assert [path for path in home.iterdir() if path.name.startswith("catalog.db.damaged")]
        assert not differences(everything(client), fresh)
        assert daemon.stop() == 0
    with DaemonProcess(home) as daemon, daemon.client() as client:
        assert client.status().catalog.state == "ok"
        assert not differences(everything(client), fresh)


def test_a_bad_page_in_the_middle_of_a_large_catalog_is_said_when_met_and_mended_at_the_next_start(
    tmp_path: Path,
) -> None:
    home = tmp_path / "home"
    tree = trees.build(tmp_path / "tree", {f"d{number // 50}/f{number}": f"{number}" * 9 for number in range(2000)})
    with DaemonProcess(home) as daemon, daemon.client() as client:
        scan(client, tree)
        fresh = everything(client)
        assert daemon.stop() == 0
    make_large(home / "catalog.db")
    damage_page_of(home / "catalog.db", b"f1000")
    with DaemonProcess(home) as daemon, daemon.client() as client:
        with pytest.raises(Corrupt) as refused:
            everything(client)
        assert "the next start" in refused.value.message
        catalog = client.status().catalog
        assert catalog.state == "damaged"
        assert str(home) in catalog.message
        until(lambda: client.list_roots().roots[0].live.state == "degraded")
        assert daemon.stop() == 0
    with DaemonProcess(home) as daemon, daemon.client() as client:
        until(lambda: not client.status().active_jobs)
        assert client.status().catalog.state == "rebuilt"
        assert not differences(everything(client), fresh)
        assert daemon.stop() == 0
    with DaemonProcess(home) as daemon, daemon.client() as client:
        assert client.status().catalog.state == "ok"


def make_large(catalog: Path) -> None:
    """Larger than what is read whole at an opening."""
    with closing(sqlite3.connect(catalog)) as opened, opened:
        opened.execute("CREATE TABLE filler (bytes BLOB)")
        opened.execute("INSERT INTO filler VALUES (zeroblob(40000000))")
    assert catalog.stat().st_size > 40_000_000


def damage_page_of(catalog: Path, name: bytes) -> None:
    """Overwrites the page that holds a file's name, and those that held it before and are free now."""
    with catalog.open("r+b") as file:
        found = [match.start() // PAGE_BYTES for match in re.finditer(re.escape(name), file.read())]
        assert found
        for page in found:
            file.seek(page * PAGE_BYTES)
            file.write(b"Z" * PAGE_BYTES)


def damage(catalog: Path, where: str) -> None:
    """Overwrites or cuts off pages, as a bad disk does."""
    size = catalog.stat().st_size
    pages = size // PAGE_BYTES
    assert pages > 8
    with catalog.open("r+b") as file:
        if where == "truncated":
            file.truncate(size // 2 // PAGE_BYTES * PAGE_BYTES)
            return
        chosen = {"header": [0], "middle": [pages // 2], "everywhere": range(1, pages)}[where]
        for page in chosen:
            file.seek(page * PAGE_BYTES)
            file.write(os.urandom(PAGE_BYTES))
