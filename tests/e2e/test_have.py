"""`sanchayctl have` over the real engine and a real daemon: a card half of which is known."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from sanchay import errors
from tests.support import trees
from tests.support.answers import finished
from tests.support.daemon import PATIENCE_S, DaemonProcess
from tests.support.program import Answer, Program, until, without_overrides

RAW = b"\xff new\nline"
PICTURES = {"photos/a.jpg": b"a" * 300_000, "photos/b.jpg": b"bb", "photos/empty": b"", "archive/c.jpg": b"cc"}
CARD = {
    "DCIM/1/a.jpg": b"a" * 300_000,
    "DCIM/1/c.jpg": b"cc",
    "DCIM/2/empty": b"",
    "DCIM/2/same size.jpg": b"xx",
    "DCIM/2/new.jpg": b"new!",
}
NEW = {"DCIM/2/same size.jpg", "DCIM/2/new.jpg"}


@pytest.fixture
def card(program: Program, tmp_path: Path) -> Path:
    """A card beside two cataloged roots."""
    trees.build(tmp_path / "roots", PICTURES)
    for name in ("photos", "archive"):
        scan_rested(program, tmp_path / "roots" / name)
    return trees.build(tmp_path / "card", CARD)


def scan_rested(program: Program, root: Path) -> None:
    """Scans until every hash is trusted: that of a file that was written just now is not yet."""
    program.json("scan", root)
    until(lambda: program.json("scan", root)["hashed_files"] == 0)


def states(document: Any, top: Path) -> dict[str, str]:
    """The state of each file, by its path below `top`."""
    return {os.path.relpath(row["path"], top): row["state"] for row in document["rows"]}


def given(program: Program, text: bytes, *arguments: str | Path, cwd: Path) -> Answer:
    """A run with something on its standard input."""
    done = subprocess.run(
        program.command(*arguments),
        env=program.env,
        cwd=cwd,
        input=text,
        capture_output=True,
        timeout=PATIENCE_S,
        check=False,
    )
    return Answer(done.returncode, done.stdout, done.stderr.decode())


def test_a_card_is_compared_by_content_and_nothing_of_it_is_cataloged(program: Program, card: Path) -> None:
    document = program.json("have", card)
    expected = {name: "new" if name in NEW else "known" for name in CARD}
    assert states(document, card) == expected
    assert (document["known"], document["new"], document["new_bytes"]) == (3, 2, 6)
    assert document["freshness"]["state"] == "live"
    (row,) = [row for row in document["rows"] if row["path"].endswith("c.jpg")]
    (copy,) = row["copies"]
    assert (os.path.basename(copy["path"]), copy["root"], copy["offline"]) == ("c.jpg", "archive", False)
    assert len(copy["device"]) == 32
    assert program.json("find", "size:>=0")["total"] == len(PICTURES)
    job = program.json("job", "show", str(document["job_ids"][0]))
    assert (job["kind"], job["state"], job["result"]["known"]) == ("have", "done", 3)
    assert "Compared 5 files" in program.run("job", "show", str(document["job_ids"][0])).text


def test_missing_files_are_copied_as_they_lay_with_their_times_and_once(
    program: Program, card: Path, tmp_path: Path
) -> None:
    os.utime(card / "DCIM/2/new.jpg", ns=(1, 1_234_567_890_123_456_789))
    target = trees.build(tmp_path / "import", {"DCIM/2/same size.jpg": "mine"})
    copied = program.json("have", card, "--copy-missing", target)["copied"]
    assert (copied["files"], copied["already_there"], copied["failed"], len(copied["renamed"])) == (2, 0, [], 1)
    assert {str(path.relative_to(target)) for path in target.rglob("*") if path.is_file()} == {
        "DCIM/2/new.jpg",
        "DCIM/2/same size.jpg",
        "DCIM/2/same size-2.jpg",
    }
    assert (target / "DCIM/2/same size.jpg").read_bytes() == b"mine"
    assert (target / "DCIM/2/same size-2.jpg").read_bytes() == b"xx"
    assert (target / "DCIM/2/new.jpg").stat().st_mtime_ns == 1_234_567_890_123_456_789
    again = program.json("have", card, "--copy-missing", target)["copied"]
    assert (again["files"], again["already_there"]) == (0, 2)
    program.json("scan", target)
    assert program.json("have", card)["new"] == 0


def test_lists_of_paths_and_of_checksums_are_asked_about(program: Program, card: Path, tmp_path: Path) -> None:
    new = given(program, b"DCIM/1/a.jpg\0DCIM/2/new.jpg\0", "have", "-", "-0", cwd=card)
    assert (new.code, new.out) == (0, os.fsencode(card / "DCIM/2/new.jpg") + b"\0")
    sums = program.run("export", "under:" + str(tmp_path / "roots"), "--format", "b3sum").out
    listed = [line.partition(b"  ")[2].decode() for line in sums.splitlines()]
    assert len(listed) == len(PICTURES)
    document = json.loads(
        given(program, sums + b"BLAKE3 (other) = " + b"ab" * 32, "--json", "have", "--list", "-", cwd=card).out
    )
    assert {row["path"]: row["state"] for row in document["rows"]} == dict.fromkeys(listed, "known") | {"other": "new"}
    (tmp_path / "B3SUMS").write_bytes(sums + b"ab" * 32 + b"  other\n")
    document = program.json("have", "--list", tmp_path / "B3SUMS")
    assert {row["path"]: row["state"] for row in document["rows"]} == dict.fromkeys(listed, "known") | {"other": "new"}
    (tmp_path / "SHA256SUMS").write_text(f"{hashlib.sha256(b'aa').hexdigest()}  a\n", "utf-8")
    (row,) = program.json("have", "--list", tmp_path / "SHA256SUMS", code=3)["rows"]
    assert (row["state"], "blake3" in row["reason"]) == ("maybe", True)


def test_hostile_names_special_files_and_holes_do_not_stop_it(program: Program, card: Path) -> None:
    trees.build_raw(card, {RAW: b"bb", b"n" * 255: b"cc"})
    os.mkfifo(card / "fifo")
    (card / "link").symlink_to("DCIM")
    with open(card / "sparse", "wb") as sparse:
        sparse.truncate(1 << 40)
    document = program.json("have", card)
    rows = {row["path"]: row for row in document["rows"]}
    assert len(rows) == len(CARD) + 3
    assert rows[f"{card}/{RAW.decode('utf-8', 'replace')}"]["state"] == "known"
    assert rows[f"{card}/sparse"]["state"] == "new"
    assert (document["special"], document["symlinks"], document["errors"]) == (1, 1, 0)
    assert document["hashed_bytes"] < 10_000_000, "a size that no file has is not read"


@pytest.mark.needs("root", "setpriv")
def test_what_cannot_be_read_is_told_with_the_reason(tmp_path: Path) -> None:
    card = trees.build(tmp_path / "card", {"a": "aa", "locked": "bb", "closed/c": "c"})
    (card / "locked").chmod(0)
    (card / "closed").chmod(0)
    with Program(tmp_path / "home", prefix=without_overrides()) as program:
        program.json("scan", trees.build(tmp_path / "root", {"a": "aa", "b": "bb"}))
        document = program.json("have", card, card / "gone", code=3)
        rows = {os.path.basename(row["path"]): row for row in document["rows"]}
        assert {name: row["state"] for name, row in rows.items()} == {
            "a": "known",
            "locked": "unreadable",
            "closed": "unreadable",
            "gone": "unreadable",
        }
        assert all("denied" in rows[name]["reason"] for name in ("locked", "closed"))
        assert document["errors"] == 3


def test_a_copy_that_is_gone_or_away_is_none(program: Program, card: Path, tmp_path: Path) -> None:
    (tmp_path / "roots" / "photos" / "a.jpg").unlink()
    (tmp_path / "roots" / "archive").rename(tmp_path / "away")
    document = program.json("have", card / "DCIM/1", code=3)
    assert states(document, card) == {"DCIM/1/a.jpg": "new", "DCIM/1/c.jpg": "offline"}


def test_a_cataloged_file_is_not_its_own_copy(program: Program, card: Path, tmp_path: Path) -> None:
    photos = tmp_path / "roots" / "photos"
    os.link(photos / "a.jpg", photos / "linked.jpg")
    program.json("root", "sync", "photos")
    assert set(states(program.json("have", photos), photos).values()) == {"new"}
    trees.build(photos, {"twin.jpg": "bb"})
    program.json("root", "sync", "photos")
    found = states(program.json("have", photos), photos)
    assert (found["b.jpg"], found["twin.jpg"], found["a.jpg"]) == ("known", "known", "new")


def test_rows_are_given_until_the_daemon_ends(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with DaemonProcess(home, fake=True, env={"FAKE_SCAN_S": "0"}) as daemon, daemon.client() as client:
        job_id = client.start_have([tmp_path / "a"]).job_id
        assert finished(client, job_id).have.new == 1
        assert [row.path.raw for row in client.iter_have_rows(job_id)] == [os.fsencode(tmp_path / "a")]
        with pytest.raises(errors.JobNotFound):
            client.list_have_rows(job_id + 1)
        with pytest.raises(errors.NotAbsolute):
            client.start_have(["a"])
    with DaemonProcess(home, fake=True) as daemon, daemon.client() as client:
        assert client.get_job(job_id).job.have.new == 1
        with pytest.raises(errors.JobNotFound, match="not kept"):
            client.list_have_rows(job_id)
