"""Left on: what changes is found, told, and true again after whatever came in between."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from sanchay.address import places
from sanchay.client import Client
from tests.support import mounts, trees
from tests.support.answers import differences, everything, scan
from tests.support.daemon import PATIENCE_S, DaemonProcess, unmeasured
from tests.support.program import Program, until


class Followed:
    """`sanchayctl events --follow` as a process; what it prints is read as it comes."""

    def __init__(self, program: Program, *arguments: str) -> None:
        self.process = subprocess.Popen(
            program.command("--json", "events", "--follow", *arguments),
            env=unmeasured(program.env),
            stdout=subprocess.PIPE,
            cwd="/",
        )
        self._lines: Queue[dict[str, Any]] = Queue()
        self._thread = threading.Thread(target=self._read)
        self._thread.start()
        self.seen: list[dict[str, Any]] = []

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self._lines.put(json.loads(line))

    def until(self, **wanted: object) -> dict[str, Any]:
        """The first event, from here on, whose keys have these values."""
        deadline_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                event = self._lines.get(timeout=max(deadline_s - time.monotonic(), 0.1))
            except Empty:
                raise AssertionError(f"no event of {wanted}; there were {self.seen}") from None
            self.seen.append(event)
            if all(event.get(key) == value for key, value in wanted.items()):
                return event

    def end(self) -> int:
        """Ends it as Ctrl-C does; its exit code."""
        self.process.send_signal(signal.SIGINT)
        self._thread.join(PATIENCE_S)
        code = self.process.wait(PATIENCE_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code


@contextmanager
def following(program: Program, *arguments: str) -> Iterator[Followed]:
    followed = Followed(program, *arguments)
    try:
        yield followed
    finally:
        if followed.process.poll() is None:
            assert followed.end() == 0


@pytest.fixture
def watched(program: Program, tmp_path: Path) -> Path:
    """A root that is live."""
    root = trees.build(tmp_path / "root", {"one.txt": "one", "sub/two.txt": "two"})
    program.json("scan", root)
    until_live(program)
    return root


def until_live(program: Program) -> None:
    with Client(places(program.home)) as client:
        until(lambda: {root.live.state for root in client.status().roots} == {"live"})


def fresh(tmp_path: Path, *roots: Path) -> dict[str, Any]:
    """What a catalog says that is made now."""
    with DaemonProcess(tmp_path / "fresh", "--set", "watch=off") as daemon, daemon.client() as client:
        for root in roots:
            assert scan(client, root).state == "done"
        return everything(client)


def known(program: Program) -> dict[str, Any]:
    with Client(places(program.home)) as client:
        return everything(client)


def test_a_file_that_is_written_is_found_with_its_hash_and_the_answer_is_live(program: Program, watched: Path) -> None:
    (watched / "sub" / "three.txt").write_bytes(b"three")
    synced = program.json("root", "sync", watched)
    assert (synced["state"], synced["freshness"]["state"]) == ("done", "live")
    answer = program.json("find", "name:three.txt")
    assert answer["freshness"]["state"] == "live"
    (row,) = answer["rows"]
    assert (row["size"], row["hash_state"]) == (5, "hashed")
    assert answer["total"] == 1
    assert program.run("find", "three").err == ""  # a live answer needs no remark
    # without a sync it is there as well, in its time
    (watched / "four.txt").write_bytes(b"four")
    until(lambda: [row["hash_state"] for row in program.json("find", "name:four.txt")["rows"]] == ["hashed"])


def test_events_tell_of_files_and_of_a_twin_that_arrives(program: Program, watched: Path) -> None:
    with following(program, "--root", "root") as events:
        events.until(kind="job")
        (watched / "new.txt").write_bytes(b"new")
        added = events.until(kind="added", path=str(watched / "new.txt"))
        assert added["root"] == "root"
        program.json("root", "sync", "root")
        (watched / "new.txt").rename(watched / "newer.txt")
        moved = events.until(kind="moved", path=str(watched / "newer.txt"))
        assert moved["from"]["path"] == str(watched / "new.txt")
        shutil.copy(watched / "newer.txt", watched / "sub" / "copy.txt")
        duplicate = events.until(kind="duplicate")
        assert {duplicate["path"], duplicate["twin"]["path"]} == {
            str(watched / "newer.txt"),
            str(watched / "sub" / "copy.txt"),
        }
        (watched / "newer.txt").unlink()
        events.until(kind="removed", path=str(watched / "newer.txt"))
    remembered = [json.loads(line) for line in program.run("--json", "events").text.splitlines()]
    assert {"added", "moved", "duplicate", "removed", "job"} <= {event["kind"] for event in remembered}
    only = [json.loads(line) for line in program.run("--json", "events", "--kind", "duplicate").text.splitlines()]
    assert {event["kind"] for event in only} == {"duplicate"}


def test_a_root_is_watched_from_its_adding_on(program: Program, tmp_path: Path) -> None:
    root = trees.many(tmp_path / "root", 3000)
    stop = threading.Event()

    def write() -> None:
        number = 0
        while not stop.wait(0.002):
            (root / "d00000" / f"during{number}").write_bytes(b"%d" % number)
            number += 1

    writer = threading.Thread(target=write)
    writer.start()
    try:
        job = program.json("root", "add", root)["job_id"]
        program.run("job", "follow", str(job))
    finally:
        stop.set()
        writer.join()
    program.json("root", "sync", root)
    assert not differences(known(program), fresh(tmp_path, root))


def test_edits_made_while_the_daemon_was_down_are_found_after_its_start(
    program: Program, watched: Path, tmp_path: Path
) -> None:
    program.json("daemon", "stop")
    (watched / "one.txt").write_bytes(b"changed")
    (watched / "sub" / "two.txt").rename(watched / "two.txt")
    trees.build(watched / "new", {"a": "a", "b/c": "c"})
    program.json("daemon", "start")
    until_live(program)
    assert not differences(known(program), fresh(tmp_path, watched))


def test_a_drive_that_is_unplugged_keeps_its_rows_and_comes_back_without_being_read(
    program: Program, tmp_path: Path
) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    image, point = tmp_path / "image", tmp_path / "usb"
    with mounts.disk(image, point):
        trees.build(point, {"a.txt": "a", "b/c.txt": b"c" * 100_000})
        program.json("scan", point)
        until_live(program)
        with following(program, "--kind", "root") as events:
            mounts.unmount(point)
            events.until(kind="root_offline", root="usb")
            answer = program.json("find", "ext:txt")
            assert (answer["total"], answer["freshness"]["state"]) == (2, "offline")
            assert "A root is not there now" in program.run("find", "ext:txt").err
            assert "offline" in program.run("root", "list").text
            refused = program.fails("root", "sync", "usb", code=1)
            assert refused["kind"] == "root_offline"
            mounts.mount_disk(image, point)
            events.until(kind="root_online", root="usb")
        until(lambda: program.json("find", "ext:txt")["freshness"]["state"] == "live")
        again = program.json("scan", point)
        assert (again["hashed_files"], again["added"], again["removed"]) == (0, 0, 0)


def test_an_overflow_is_made_good(program: Program, watched: Path, tmp_path: Path) -> None:
    pid = program.json("status")["pid"]
    os.kill(pid, signal.SIGSTOP)
    try:
        for number in range(20_000):  # more than the system keeps for one who does not listen
            (watched / "sub" / f"{number}").write_bytes(b"%d" % number)
        (watched / "one.txt").unlink()
    finally:
        os.kill(pid, signal.SIGCONT)
    program.json("root", "sync", "root")
    (root,) = program.json("root", "list")["roots"]
    assert root["live"]["overflows"] >= 1
    assert not differences(known(program), fresh(tmp_path, watched))


def test_a_kill_in_the_middle_of_a_burst_loses_nothing(program: Program, watched: Path, tmp_path: Path) -> None:
    pid = program.json("status")["pid"]
    for number in range(6):
        trees.many(watched / f"burst{number}", 1000)
        if number == 3:
            os.kill(pid, signal.SIGKILL)
    program.json("root", "sync", "root")
    assert program.json("status")["pid"] != pid
    assert not differences(known(program), fresh(tmp_path, watched))


def test_the_configuration_is_changed_wrongly_and_rightly(program: Program, watched: Path) -> None:
    config = program.home / "config.toml"
    config.write_text("settle_ms = soon\n")
    until(lambda: program.json("status")["config_error"])
    said = program.run("status").text
    assert "config.toml, line 1" in said
    assert "settle_ms" in said
    config.write_text("settle_ms = 600_00\n")
    until(lambda: not program.json("status")["config_error"])
    shown = {setting["key"]: setting for setting in program.json("config", "show")["settings"]}
    assert (shown["settle_ms"]["value"], shown["settle_ms"]["origin"]) == ("60000", "config.toml")
    # rows change at once whatever the settle time is; a sync waits for nothing
    (watched / "slow.txt").write_bytes(b"slow")
    until(lambda: program.json("find", "name:slow.txt")["total"] == 1)
    assert program.json("find", "name:slow.txt")["rows"][0]["hash_state"] == "pending"
    program.json("root", "sync", "root")
    (row,) = program.json("find", "name:slow.txt")["rows"]
    assert row["hash_state"] == "hashed"


def test_a_root_is_polled_or_left_alone_where_that_is_asked_for(program: Program, tmp_path: Path) -> None:
    root = trees.build(tmp_path / "root", {"a": "a"})
    job = program.json("root", "add", root, "--watch", "poll", "--poll-interval", "1s")["job_id"]
    program.run("job", "follow", str(job))
    (root / "b").write_bytes(b"b")
    until(lambda: program.json("find", "name:b")["total"] == 1)
    until(lambda: program.json("find", "name:b")["freshness"]["state"] == "polled")
    assert "poll 1.0 s" in program.run("root", "list").text
    changed = program.json("root", "update", "root", "--watch", "off")["root"]
    assert changed["settings"]["watch"] == "off"
    until(lambda: program.json("root", "list")["roots"][0]["live"]["mode"] == "off")
    assert program.json("find", "name:b")["freshness"]["state"] == "scanned"
    (root / "c").write_bytes(b"c")
    assert program.json("root", "sync", "root")["state"] == "done"
    assert program.json("find", "name:c")["total"] == 1


def test_the_hash_of_a_live_file_is_that_of_its_content(program: Program, tmp_path: Path) -> None:
    root = trees.build(tmp_path / "root", {"a": "a"})
    job = program.json("root", "add", root, "--algorithm", "sha256")["job_id"]
    program.run("job", "follow", str(job))
    until_live(program)
    for content in (b"first", b"second" * 50_000, b""):
        (root / "a").write_bytes(content)
    for number in range(50):  # a storm of saves: the last one counts
        (root / "b").write_bytes(b"%d" % number)
    program.json("root", "sync", "root")
    (row,) = program.json("find", "name:b")["rows"]
    assert row["hash"] == hashlib.sha256(b"49").hexdigest()


def test_where_watches_run_out_a_root_is_polled_and_the_status_says_so(tmp_path: Path) -> None:
    if os.geteuid() != 0 or shutil.which("unshare") is None:
        pytest.skip("needs root, unshare")
    limit = 'echo 3 > /proc/sys/user/max_inotify_watches && exec "$0" "$@"'
    root = trees.many(tmp_path / "root", 100, per_folder=10)
    with Program(tmp_path / "home", prefix=["unshare", "-U", "-r", "sh", "-c", limit]) as program:
        job = program.json("root", "add", root, "--poll-interval", "1s")["job_id"]
        program.run("job", "follow", str(job))
        until(lambda: program.json("root", "list")["roots"][0]["live"]["mode"] == "poll")
        (shown,) = program.json("status")["roots"]
        assert shown["settings"]["watch"] == "auto"
        assert "watch" in shown["live"]["because"]
        assert "root is looked at every 1.0 s: " in program.run("status").text
        (root / "new").write_bytes(b"new")
        until(lambda: program.json("find", "name:new")["total"] == 1)
