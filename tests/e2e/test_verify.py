"""The archivist's story: what rots is found, said, and dealt with, whatever becomes of the daemon."""

from __future__ import annotations

import hashlib
import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.support import mounts, trees
from tests.support.answers import finished
from tests.support.daemon import DaemonProcess
from tests.support.program import Program, until

fuse = pytest.mark.needs("root", "/dev/fuse", "fusermount3")


def write_and_set_back(path: Path, content: bytes) -> None:
    """Other bytes in the same file, and the time of change as it was."""
    before = path.stat()
    with path.open("r+b") as file:
        file.write(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def checked_files(home: Path) -> int:
    """About how many files the catalog has marks of, from beside the daemon."""
    with closing(sqlite3.connect(f"file:{home / 'catalog.db'}?mode=ro", uri=True)) as catalog:
        return int(catalog.execute("SELECT coalesce(sum(length(marks) / 6), 0) FROM checked").fetchone()[0])


@fuse
def test_rot_is_found_shown_and_accepted(tmp_path: Path) -> None:
    pytest.importorskip("mfusepy")
    switch = tmp_path / "switch"
    env = {"SANCHAY_WATCH": "off"}
    with (
        mounts.failing(tmp_path / "share", switch) as share,
        DaemonProcess(tmp_path / "home", env=env),
        Program(tmp_path / "home", env=env) as program,
    ):
        tree = trees.build(tmp_path / "copies", {"copy": b"0" * 10_000})
        program.json("scan", share, tree)
        sound = program.json("verify")
        assert (sound["state"], sound["checked"], sound["damaged"]) == ("done", 13, [])
        assert program.json("status")["damaged_files"] == 0
        assert program.run("damage", "list").text == ""
        switch.write_text("rotten /folder0/file0\n", "utf-8")
        found = program.json("verify", share, code=1)
        rotten = str(share / "folder0/file0")
        assert [file["path"] for file in found["damaged"]] == [rotten]
        assert found["damaged"][0]["twins"] == [{"path": str(tree / "copy")}]
        assert (found["suspect"], found["unreadable"], found["damaged_files"]) == ([], [], 1)
        assert program.json("status")["damaged_files"] == 1
        shown = program.run("verify", share)
        assert shown.code == 1
        assert f"healthy copy: {tree / 'copy'}" in shown.text
        events = program.run("--json", "events", "--kind", "damage").text.splitlines()
        assert len(events) == 2
        assert all(rotten in line and '"twin"' in line for line in events)
        (row,) = program.json("damage", "list")["rows"]
        assert (row["kind"], row["state"], row["path"]) == ("damaged", "open", rotten)
        program.json("damage", "accept", str(row["id"]))
        assert program.json("damage", "list")["rows"] == []
        assert program.json("damage", "list", "--all")["rows"][0]["state"] == "accepted"
        assert program.json("verify", share)["damaged"] == [], "it is right as it is"

        switch.write_text("rotten /folder0/file0\nEIO /folder1/file1\n", "utf-8")
        unreadable = program.json("verify", share, code=3)
        assert [error["path"] for error in unreadable["unreadable"]] == [str(share / "folder1/file1")]
        rows = program.json("verify", "--history")["rows"]
        assert [row["damaged_files"] for row in rows] == [0, 0, 1, 1, 0]
        assert [row["errors"] for row in rows] == [1, 0, 0, 0, 0]
        assert program.run("verify", "--history").code == 0


@pytest.mark.needs("root", "mount")
def test_a_flipped_bit_is_repaired_from_the_copy_elsewhere_and_taken_back(unwatched: Program, tmp_path: Path) -> None:
    image, point, content = tmp_path / "image", tmp_path / "disk", os.urandom(300_000)
    copies = trees.build(tmp_path / "copies", {"copy.jpg": content})
    with mounts.disk(image, point):
        photo = point / "photo.jpg"
        photo.write_bytes(content)
        photo.chmod(0o640)
        os.setxattr(photo, "user.note", b"mine")
        os.utime(photo, ns=(1, 1_000_000_000_123_456_789))
        unwatched.json("scan", point, copies)
        until(lambda: unwatched.json("scan", point)["hashed_files"] == 0)
        until(lambda: unwatched.json("scan", copies)["hashed_files"] == 0)
        mounts.flip_a_bit(image, point, content)
        rotten = photo.read_bytes()
        finding = str(unwatched.json("verify", code=1)["damaged"][0]["id"])
        copies.rename(tmp_path / "away")
        left = unwatched.json("damage", "repair", finding, code=3)
        assert (left["repaired"], left["reason"]) == (False, "healthy-copy-offline")
        assert photo.read_bytes() == rotten
        (tmp_path / "away").rename(copies)

        repaired = unwatched.json("damage", "repair", finding)
        assert (repaired["repaired"], repaired["twin"]["path"]) == (True, str(copies / "copy.jpg"))
        assert unwatched.json("scan", point)["hashed_bytes"] < 1000, "only what desktops keep in the trash beside it"
        mounts.run("umount", point)
        mounts.mount_disk(image, point)
        assert photo.read_bytes() == content
        stat = photo.stat()
        assert (stat.st_mode & 0o777, stat.st_mtime_ns, stat.st_nlink) == (0o640, 1_000_000_000_123_456_789, 1)
        assert os.getxattr(photo, "user.note") == b"mine"
        assert unwatched.json("verify")["damaged"] == []
        assert unwatched.json("status")["damaged_files"] == 0
        row = unwatched.json("damage", "list", "--all")["rows"][0]
        assert (row["state"], row["repaired_by"]) == ("repaired", repaired["run"])
        runs = unwatched.json("dedupe", "journal")["rows"]
        assert [(run["kind"], run["of"], run["acted"]) for run in runs if run["acted"]] == [("repair", int(finding), 1)]

        assert unwatched.json("dedupe", "undo", str(repaired["run"]))["restored"] == 1
        assert photo.read_bytes() == rotten
        assert unwatched.json("status")["damaged_files"] == 1
        assert unwatched.json("verify", code=1)["damaged"][0]["path"] == str(photo)


def test_content_that_changed_beneath_its_time_is_suspect_and_a_budget_leaves_the_rest(
    unwatched: Program, tmp_path: Path
) -> None:
    tree = trees.build(tmp_path / "tree", {f"f{number}": b"%d" % number * 1000 for number in range(5)})
    unwatched.json("scan", tree)
    until(lambda: unwatched.json("scan", tree)["hashed_files"] == 0)
    first = unwatched.json("verify", "--budget", "2000B")
    assert (first["checked"], first["left"]) == (2, 3)
    write_and_set_back(tree / "f4", b"other" * 200)
    rest = unwatched.json("verify", "--budget", "3000B")
    assert rest["checked"] == 3
    assert rest["left"] in (1, 2), "the changed one cannot be checked while its stamps are so fresh"
    if not rest["suspect"]:  # its stamps were so fresh that a later write could have borne them
        until(lambda: unwatched.json("verify")["suspect_files"] == 1)
    (row,) = unwatched.json("damage", "list")["rows"]
    assert (row["kind"], row["path"]) == ("suspect", str(tree / "f4"))
    assert unwatched.json("status")["damaged_files"] == 0
    assert unwatched.fails("verify", "--budget", "30", code=2)["kind"] == "usage"


def test_a_live_root_notes_content_that_changed_beneath_its_time(program: Program, tmp_path: Path) -> None:
    contents = {"small": b"s" * 1000, "large": b"l" * 300_000}
    tree = trees.build(tmp_path / "tree", contents)
    program.json("scan", tree)
    program.json("root", "sync", tree)
    until(lambda: program.json("scan", tree)["hashed_files"] == 0)
    for name, content in contents.items():
        write_and_set_back(tree / name, content.upper())
    until(lambda: len(program.json("damage", "list")["rows"]) == 2)
    rows = program.json("damage", "list")["rows"]
    assert {(row["kind"], row["path"]) for row in rows} == {("suspect", str(tree / name)) for name in contents}
    for row in rows:
        program.json("damage", "accept", str(row["id"]))
    (tree / "small").chmod(0o600)
    program.json("root", "sync", tree)
    assert program.json("damage", "list")["rows"] == []
    assert program.json("verify")["suspect"] == []


def test_lists_of_others_are_compared_with_what_is_on_the_disk(unwatched: Program, tmp_path: Path) -> None:
    contents = {"one": b"1" * 500, "two": b"2" * 500, "li\nne": b"3" * 500}
    tree = trees.build(tmp_path / "tree", contents)
    unwatched.json("scan", tree)
    lines = [f"{hashlib.sha256(contents[name]).hexdigest()}  {name}" for name in ("one", "two")]
    lines.append(f"\\{hashlib.sha256(contents['li' + chr(10) + 'ne']).hexdigest()}  li\\nne")
    lines.append(f"SHA256 (two) = {hashlib.sha256(b'else').hexdigest()}")
    listed = tmp_path / "list.txt"
    listed.write_text("\n".join(lines) + "\n", "utf-8")
    answer = unwatched.run("--json", "verify", "--against", listed, cwd=tree)
    assert [row["state"] for row in answer.document["rows"]] == ["ok", "ok", "ok", "other"]
    assert (answer.code, answer.document["counts"]["other"]) == (1, 1)
    listed.write_text(f"{lines[0]}\n{'0' * 64}  gone\n{'0' * 64}  {listed}\n", "utf-8")
    answer = unwatched.run("--json", "verify", "--against", listed, cwd=tree)
    assert [row["state"] for row in answer.document["rows"]] == ["ok", "missing", "not_cataloged"]
    assert answer.code == 3
    listed.write_text("not a list\n", "utf-8")
    assert unwatched.fails("verify", "--against", listed, code=2)["kind"] == "invalid_argument"


def test_a_verification_that_was_killed_goes_on_where_it_was(tmp_path: Path) -> None:
    files = {f"f{number:03}": os.urandom(1 << 20) for number in range(12)}
    tree = trees.build(tmp_path / "tree", files)
    home = tmp_path / "home"
    slow = {"SANCHAY_MAX_MB_PER_S": "2"}
    with DaemonProcess(home, env=slow) as daemon, daemon.client() as client:
        finished(client, client.start_scan([tree]).jobs[0].id)
        client.sync_root(tree)
        job_id = client.start_verify(background=True).job_id
        until(lambda: checked_files(home) > 0)
        daemon.kill()
    done_before = checked_files(home)
    assert 0 < done_before < len(files)
    with DaemonProcess(home) as daemon, daemon.client() as client:
        job = finished(client, job_id)
        assert (job.state, job.verify.checked, job.verify.damaged_files) == ("done", len(files), 0)
        assert checked_files(home) == len(files)
        with closing(sqlite3.connect(f"file:{home / 'catalog.db'}?mode=ro", uri=True)) as catalog:
            assert catalog.execute("SELECT value FROM meta WHERE key = 'checked_pass'").fetchone() == (1,)


@fuse
def test_a_share_that_hangs_holds_up_no_one_and_the_verification_can_be_cancelled(tmp_path: Path) -> None:
    pytest.importorskip("mfusepy")
    switch = tmp_path / "switch"
    env = {"SANCHAY_WATCH": "off"}
    with (
        mounts.failing(tmp_path / "share", switch) as share,
        DaemonProcess(tmp_path / "home", env=env),
        Program(tmp_path / "home", env=env) as program,
    ):
        program.json("scan", share)
        switch.write_text("hang /folder1\n", "utf-8")
        job = str(program.json("verify", "--detach")["job_id"])

        def hangs_there() -> bool:
            current = program.json("job", "show", job)["progress"]["current"]
            return current is not None and "/folder1/" in current["path"]

        until(hangs_there)
        assert program.json("find", "name:file1")["rows"]
        cancelled = program.json("job", "cancel", job)
        assert cancelled["state"] == "cancelled"
        assert "folder1" in cancelled["message"]
        assert "does not come back" in cancelled["message"]
        assert program.fails("verify", code=1)["kind"] == "busy"
        switch.unlink()
        until(lambda: program.run("--json", "verify").code == 0)
