"""Live folders that fail, hang, may not be read or written, or have others inside: rows are kept, and others go on."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sanchay.client import Client
from sanchay.v1 import root_pb2
from sanchay.v1.common_pb2 import Freshness
from tests.support import mounts, trees
from tests.support.answers import differences, everything, scan
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import Program, until, without_overrides

fuse = pytest.mark.needs("root", "/dev/fuse", "fusermount3")
linux = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: what is watched and how")


def root_of(client: Client, name: str) -> root_pb2.Root:
    (root,) = [root for root in client.list_roots().roots if root.name == name]
    return root


def names(client: Client, expression: str = "size:>=0") -> set[bytes]:
    """The last components of all hits."""
    return {row.path.raw.rpartition(b"/")[2] for row in client.iter_find(expression)}


@fuse
def test_what_fails_to_be_listed_keeps_its_rows_until_it_is_seen_again(tmp_path: Path) -> None:
    pytest.importorskip("mfusepy")
    switch = tmp_path / "fail now"
    with (
        mounts.failing(tmp_path / "shaky", switch) as shaky,
        DaemonProcess(tmp_path / "home") as daemon,
        daemon.client() as client,
    ):
        client.add_root(shaky, name="shaky", poll_s=1)
        until(lambda: root_of(client, "shaky").freshness.state == Freshness.POLLED)
        assert root_of(client, "shaky").live.mode == "poll"
        before = everything(client)
        switch.touch()
        until(lambda: root_of(client, "shaky").freshness.state == Freshness.PARTIAL)
        assert root_of(client, "shaky").state == "partial"
        assert client.sync_root("shaky", timeout_s=PATIENCE_S).state == "partial"
        assert len(names(client)) == 12
        switch.unlink()
        until(lambda: root_of(client, "shaky").freshness.state == Freshness.POLLED)
        assert client.sync_root("shaky", timeout_s=PATIENCE_S).state == "done"
        assert not differences(everything(client), before)


@linux
@pytest.mark.needs("root", "setpriv")
def test_a_watched_folder_that_may_not_be_read_any_more_keeps_its_rows(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a": "a", "season/1": "one", "season/deep/2": "two"})
    with Program(tmp_path / "home", prefix=without_overrides()) as program:
        assert program.json("scan", tree)["files"] == 3
        until(lambda: program.json("root", "list")["roots"][0]["live"]["state"] == "live")
        before = program.json("find", "under:" + str(tree))["rows"]
        os.chmod(tree / "season", 0)
        synced = program.json("root", "sync", "tree", code=3)
        assert (synced["state"], synced["freshness"]["state"]) == ("partial", "partial")
        assert program.json("find", "under:" + str(tree))["rows"] == before
        assert str(tree / "season") in program.run("root", "list").text + program.run("status").text
        (tree / "new").write_bytes(b"new")
        until(lambda: program.json("find", "name:new")["total"] == 1)
        os.chmod(tree / "season", 0o755)
        (tree / "season" / "3").write_bytes(b"three")
        synced = program.json("root", "sync", "tree")
        assert (synced["state"], synced["freshness"]["state"]) == ("done", "live")
        assert program.json("find", "under:" + str(tree))["total"] == 5


@linux
@pytest.mark.needs("root", "setpriv")
def test_a_root_is_whole_again_as_soon_as_what_could_not_be_read_may_be(tmp_path: Path) -> None:
    files = {"a": "a", "season/1": "one", "season/deep/2": "two", "closed": "closed", "gone/5": "five"}
    tree = trees.build(tmp_path / "tree", files)
    for name in ("season", "closed", "gone"):
        os.chmod(tree / name, 0)
    with Program(tmp_path / "home", prefix=without_overrides()) as program:

        def fresh() -> str:
            return str(program.json("root", "list")["roots"][0]["freshness"]["state"])

        assert program.json("scan", tree, code=3)["errors"] == 3
        until(lambda: program.json("root", "list")["roots"][0]["live"]["state"] == "live")
        os.chmod(tree / "season", 0o755)
        until(lambda: program.json("find", "name:2")["total"] == 1)
        # It could not be watched before.
        (tree / "season" / "deep" / "3").write_bytes(b"three")
        until(lambda: program.json("find", "name:3")["total"] == 1)
        assert fresh() in ("partial", "reconciling")
        os.chmod(tree / "closed", 0o644)
        until(lambda: [row["hash_state"] for row in program.json("find", "name:closed")["rows"]] == ["hashed"])
        os.chmod(tree / "gone", 0o755)
        shutil.rmtree(tree / "gone")
        until(lambda: fresh() == "live")
        assert program.json("root", "list")["roots"][0]["state"] == "ready"


@fuse
def test_a_share_that_hangs_holds_up_neither_what_is_watched_nor_the_stop(tmp_path: Path) -> None:
    pytest.importorskip("mfusepy")
    watched = trees.build(tmp_path / "watched", {"a": "a"})
    with mounts.hostile(tmp_path / "share") as share, Program(tmp_path / "home") as program:
        program.json("scan", watched)
        program.json("root", "add", share, "--poll-interval", "1s")
        until(
            lambda: any(job["progress"]["files"] for job in program.json("jobs")["jobs"] if job["state"] == "running")
        )
        until(lambda: program.json("root", "sync", "watched")["freshness"]["state"] == "live")
        (watched / "b").write_bytes(b"b")
        synced = program.json("root", "sync", "watched")
        assert (synced["state"], synced["freshness"]["state"]) == ("done", "live")
        (row,) = program.json("find", "name:b")["rows"]
        assert row["hash_state"] == "hashed"
        pid = program.json("status")["pid"]
        assert program.json("daemon", "stop")["pid"] == pid


@linux
@pytest.mark.needs("root", "mount")
def test_a_root_that_may_not_be_written_is_synced_without_a_cookie(tmp_path: Path) -> None:
    with mounts.memory(tmp_path / "disk", "4m") as disk:
        trees.build(disk, {"a": "a", "deep/b": "b"})
        with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
            scan(client, disk)
            until(lambda: root_of(client, "disk").live.state == "live")
            (disk / "c").write_bytes(b"c")
            remounted(disk, "ro")
            assert client.sync_root("disk", timeout_s=PATIENCE_S).state == "done"
            assert names(client) == {b"a", b"b", b"c"}
            assert all(row.hash for row in client.iter_find("size:>0"))
            assert client.sync_root("disk", timeout_s=PATIENCE_S).state == "done"
            remounted(disk, "rw")
            (disk / "d").write_bytes(b"d")
            assert client.sync_root("disk", timeout_s=PATIENCE_S).state == "done"
            assert names(client) == {b"a", b"b", b"c", b"d"}
            assert {path.name for path in disk.iterdir()} == {"a", "c", "d", "deep"}


@linux
@pytest.mark.needs("root", "mount")
def test_a_file_system_below_a_root_that_is_to_stay_on_one_is_not_followed(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a": "a", "plain/b": "b"})
    with (
        mounts.memory(tree / "other", "4m") as other,
        DaemonProcess(tmp_path / "home") as daemon,
        daemon.client() as client,
    ):
        trees.build(other, {"theirs": "theirs", "deep/too": "too"})
        client.add_root(tree, name="tree", one_file_system=True)
        until(lambda: root_of(client, "tree").live.state == "live")
        (other / "new").write_bytes(b"new")
        (other / "deep" / "new").write_bytes(b"new")
        (tree / "plain" / "ours").write_bytes(b"ours")
        assert client.sync_root("tree", timeout_s=PATIENCE_S).state == "done"
        assert names(client) == {b"a", b"b", b"ours"}


def test_rules_of_a_root_do_not_bind_the_root_inside_it(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a.txt": "a", "inner/b.txt": "b", "inner/b.log": "b"})
    with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        client.add_root(tree, name="outer", exclude=["*.log"])
        client.add_root(tree / "inner", name="inner", exclude=["*.tmp"])
        until(lambda: {root.live.state for root in client.list_roots().roots} == {"live"})
        trees.build(tree, {"c.log": "c", "c.tmp": "c", "inner/d.log": "d", "inner/d.tmp": "d"})
        for name in ("outer", "inner"):
            assert client.sync_root(name, timeout_s=PATIENCE_S).state == "done"
        assert names(client) == {b"a.txt", b"b.txt", b"b.log", b"c.tmp", b"d.log"}
        client.update_root("outer", replace_exclude=True)
        assert client.sync_root("outer", timeout_s=PATIENCE_S).state == "done"
        assert names(client) == {b"a.txt", b"b.txt", b"b.log", b"c.log", b"c.tmp", b"d.log"}


def test_roots_whose_names_begin_alike_are_kept_apart_while_they_are_followed(tmp_path: Path) -> None:
    roots = {"movies": "movies", "two": "movies2", "any": "%", "one": "_", "both": "_%"}
    for folder in roots.values():
        trees.build(tmp_path / folder, {"old": folder})
    with DaemonProcess(tmp_path / "home") as daemon, daemon.client() as client:
        for name, folder in roots.items():
            client.add_root(tmp_path / folder, name=name)
        until(lambda: {root.live.state for root in client.list_roots().roots} == {"live"})
        for folder in roots.values():
            (tmp_path / folder / f"new in {folder}").write_bytes(folder.encode())
        for name in roots:
            assert client.sync_root(name, timeout_s=PATIENCE_S).state == "done"
        (tmp_path / "movies" / "old").unlink()
        (tmp_path / "movies").rename(tmp_path / "gone")
        until(lambda: root_of(client, "movies").state == "offline")
        for name, folder in roots.items():
            new = f"new in {folder}".encode()
            if name != "movies":
                assert client.sync_root(name, timeout_s=PATIENCE_S).state == "done"
                assert names(client, f"root:{name}") == {b"old", new}
        assert b"new in movies" in names(client, "root:movies")
        client.remove_root("movies")
        assert names(client) == {b"old"} | {
            f"new in {folder}".encode() for folder in roots.values() if folder != "movies"
        }


def remounted(point: Path, how: str) -> None:
    """A file system that may be written, or may not."""
    subprocess.run(["mount", "-o", f"remount,{how}", str(point)], check=True)
