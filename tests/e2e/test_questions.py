"""What is asked of a catalog: duplicates, find, summary, du and every export, as programs read them."""

from __future__ import annotations

import base64
import contextlib
import csv
import hashlib
import io
import json
import os
import subprocess
import time
from pathlib import Path
from typing import Any

import pyarrow.parquet
import pytest

from sanchay import Client
from sanchay.address import places
from sanchayctl.main import main
from tests.e2e.conftest import PHOTO
from tests.support import trees
from tests.support.daemon import PATIENCE_S
from tests.support.program import Program

Scanned = tuple[Program, Path]
MANY = 30_000


def inside(program: Program, *arguments: str) -> Any:
    """The document of a command that runs in this process, where starting one for each case would take too long."""
    shown = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(shown):
        patch.setenv("SANCHAY_HOME", str(program.home))
        assert main(["--json", *arguments]) == 0
    shown.seek(0)
    return json.loads(shown.read())


def test_duplicates_count_physical_copies_and_name_every_path(scanned: Scanned) -> None:
    program, top = scanned
    document = program.json("duplicates")
    assert document.keys() >= {
        "groups",
        "total_groups",
        "total_redundant_files",
        "total_reclaimable_bytes",
        "total_freed_bytes",
        "ignored_groups",
        "freshness",
    }
    photos, letters = document["groups"]
    assert photos.keys() >= {"size", "hash", "copies", "reclaimable_bytes", "freed_bytes", "paths"}
    assert (photos["size"], photos["copies"], photos["reclaimable_bytes"]) == (len(PHOTO), 3, 2 * len(PHOTO))
    assert {path["path"] for path in photos["paths"]} == {
        f"{top}/{name}" for name in ("photos/one.jpg", "photos/linked.jpg", "photos/two.jpg", "backup/one.jpg")
    }
    assert letters["copies"] == 2
    assert (document["total_groups"], document["total_redundant_files"]) == (2, 3)
    assert document["total_reclaimable_bytes"] == 2 * len(PHOTO) + len("Dear Sir")
    assert document["freshness"]["state"] == "live"


@pytest.mark.parametrize(
    ("options", "groups", "redundant"),
    [
        (("--under", "photos"), 1, 1),
        (("--under", "backup"), 0, 0),
        (("--min-size", "1K"), 1, 2),
        (("--min-size", "0"), 3, 4),
        (("--ext", "txt"), 1, 1),
        (("--type", "image"), 1, 2),
        (("--limit", "1"), 2, 3),
    ],
)
def test_filters_of_duplicates_count_in_the_totals_and_the_limit_does_not(
    scanned: Scanned, options: tuple[str, str], groups: int, redundant: int
) -> None:
    program, top = scanned
    given = (options[0], str(top / options[1])) if options[0] == "--under" else options
    document = inside(program, "duplicates", *given)
    assert (document["total_groups"], document["total_redundant_files"]) == (groups, redundant)


@pytest.mark.parametrize(
    ("terms", "total"),
    [
        (("one",), 2),
        (("name:*.jpg",), 5),
        (("ext:jpg", "-name:one*"), 3),
        (("type:image",), 5),
        (("size:>100K",), 1),
        (("empty:yes",), 2),
        (("dup:yes",), 6),
        (("links:>1",), 2),
        (("modified:<7d",), 11),
        (("hidden",), 1),
        (("root:tree", "ext:bin"), 1),
        (("nothing-has-this-name",), 0),
        (("link",), 1),  # the hard link; the symlink and the FIFO are no files
    ],
)
def test_find_counts_regular_files_exactly(scanned: Scanned, terms: tuple[str, ...], total: int) -> None:
    program, _ = scanned
    document = inside(program, "find", *terms)
    assert document["total"] == total
    assert len(document["rows"]) == total


def test_find_sorts_limits_and_sums(scanned: Scanned) -> None:
    program, top = scanned
    document = program.json("find", f'under:"{top}"', "--sort", "-size", "--limit", "2")
    assert document["rows"][0]["path"] == f"{top}/big.bin"
    assert document["total"] == 11
    assert document["total_bytes"] == program.json("status")["catalog"]["bytes"]


def test_a_bad_term_is_named_with_its_position(scanned: Scanned) -> None:
    program, _ = scanned
    error = program.fails("find", "ext:jpg", "size:>x", code=2)
    assert (error["kind"], error["term"], error["position"]) == ("invalid_query", "size:>x", 8)
    shown = program.run("find", "ext:jpg", "size:>x")
    assert "        ^" in shown.err


@pytest.mark.parametrize("by", ["type", "ext", "age", "size", "owner"])
def test_every_summary_adds_up(scanned: Scanned, by: str) -> None:
    program, _ = scanned
    rows = inside(program, "summary", "--by", by)["rows"]
    catalog = inside(program, "status")["catalog"]
    assert sum(row["files"] for row in rows) == 11
    assert sum(row["bytes"] for row in rows) == catalog["bytes"]
    if by == "ext":
        assert {row["key"]: row["files"] for row in rows}["jpg"] == 5


def test_du_adds_up(scanned: Scanned) -> None:
    program, top = scanned
    rows = {row["path"]: row for row in program.json("du", top, "--depth", "1")["rows"]}
    assert set(rows) == {str(top), *(f"{top}/{name}" for name in ("photos", "backup", "docs", "empty"))}
    assert rows[str(top)]["files"] == 11
    assert rows[f"{top}/photos"]["bytes"] == 3 * len(PHOTO) + 10_000
    error = program.fails("du", "/nowhere", code=1)
    assert "/nowhere" in error["message"]


def exported(program: Program, folder: Path, name: str, *arguments: str) -> bytes:
    """The bytes of an export into a file of that name."""
    file = folder / name
    answer = program.run("export", *arguments, "-o", file)
    assert answer.code == 0, answer.err
    return file.read_bytes()


def disk(top: Path) -> dict[str, int]:
    """Every regular file with its size."""
    return {
        os.path.join(folder, name): os.lstat(os.path.join(folder, name)).st_size
        for folder, _, names in os.walk(top)
        for name in names
        if os.path.isfile(os.path.join(folder, name)) and not os.path.islink(os.path.join(folder, name))
    }


def test_csv_is_read_by_a_csv_reader(scanned: Scanned, tmp_path: Path) -> None:
    program, top = scanned
    text = exported(program, tmp_path, "all.csv").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert {row["path"]: int(row["size"]) for row in rows} == disk(top)
    assert {"path", "size", "modified", "created", "hash"} <= rows[0].keys()


def test_ndjson_holds_the_keys_of_find(scanned: Scanned, tmp_path: Path) -> None:
    program, top = scanned
    rows = [json.loads(line) for line in exported(program, tmp_path, "all.ndjson").splitlines()]
    assert {row["path"]: row["size"] for row in rows} == disk(top)
    found = program.json("find", "ext:bin")["rows"][0]
    (row,) = [row for row in rows if row["path"] == found["path"]]
    assert {key: row[key] for key in ("path", "size", "modified", "hash")} == {
        key: found[key] for key in ("path", "size", "modified", "hash")
    }


def test_parquet_is_read_by_arrow(scanned: Scanned, tmp_path: Path) -> None:
    program, top = scanned
    exported(program, tmp_path, "all.parquet")
    table = pyarrow.parquet.read_table(tmp_path / "all.parquet")
    assert table.num_rows == 11
    paths = table.column("path").to_pylist()
    names = [os.fsdecode(path) if isinstance(path, bytes) else path for path in paths]
    assert dict(zip(names, table.column("size").to_pylist(), strict=True)) == disk(top)
    only = exported(program, tmp_path, "some.parquet", "ext:jpg")
    assert pyarrow.parquet.read_table(io.BytesIO(only)).num_rows == 5


def test_b3sum_lines_are_the_hashes_that_find_shows(scanned: Scanned, tmp_path: Path) -> None:
    program, top = scanned
    lines = exported(program, tmp_path, "all.b3").decode().splitlines()
    listed = {path: digest for digest, path in (line.split("  ", 1) for line in lines)}
    assert set(listed) == set(disk(top))
    found = program.json("find", "ext:bin")["rows"][0]
    assert listed[found["path"]] == found["hash"]


@pytest.mark.needs("sha256sum")
def test_sha256sum_checks_what_was_exported(program: Program, tmp_path: Path) -> None:
    tree = trees.build_raw(
        tmp_path / "tree", {b"plain": b"1", b"new\nline": b"2", b"back\\slash": b"3", b"\xff": b"4", b" -n": b"5"}
    )
    program.json("root", "add", tree, "--algorithm", "sha256", "--no-scan")
    program.json("scan", tree)
    listing = exported(program, tmp_path, "sums.sha256")
    checked = subprocess.run(
        ["sha256sum", "--check", "--strict", tmp_path / "sums.sha256"], capture_output=True, check=False, cwd="/"
    )
    assert checked.returncode == 0, (listing, checked.stderr)
    assert checked.stdout.count(b": OK") == 5
    assert hashlib.sha256(b"1").hexdigest().encode() in listing


def test_a_format_leaves_out_what_it_cannot_hold_and_says_so(scanned: Scanned, tmp_path: Path) -> None:
    program, _ = scanned
    document = program.json("export", "--format", "sha256sum", "-o", tmp_path / "none.txt")
    assert (document["rows"], document["left_out"]) == (0, 11)


def test_fdupes_is_groups_of_paths_between_blank_lines(scanned: Scanned, tmp_path: Path) -> None:
    program, top = scanned
    text = exported(program, tmp_path, "groups.txt", "--format", "fdupes").decode()
    groups = [set(block.split("\n")) for block in text.strip("\n").split("\n\n")]
    assert {f"{top}/docs/letter.txt", f"{top}/docs/copy of letter.txt"} in groups
    assert len(groups) == 2


def test_csv_keeps_hostile_names(program: Program, tmp_path: Path) -> None:
    names = [b'quo"te', b"com,ma", b"new\nline", b"=1+1", b"-x", b"\xff", b"\x1b[31m"]
    tree = trees.build_raw(tmp_path / "tree", dict.fromkeys(names, b"x"))
    program.json("scan", tree)
    text = exported(program, tmp_path, "all.csv").decode()
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    exact = {base64.b64decode(row["path_bytes"]) if row.get("path_bytes") else os.fsencode(row["path"]) for row in rows}
    assert exact == {os.fsencode(tree) + b"/" + name for name in names}


def test_an_export_replaces_nothing_unasked(scanned: Scanned, tmp_path: Path) -> None:
    program, _ = scanned
    file = tmp_path / "mine.csv"
    file.write_text("mine")
    error = program.fails("export", "-o", file, code=2)
    assert str(file) in error["message"]
    assert file.read_text() == "mine"
    assert program.run("export", "-o", file, "--force").code == 0
    assert file.read_text() != "mine"


def test_an_export_of_a_bad_term_leaves_no_file(scanned: Scanned, tmp_path: Path) -> None:
    program, _ = scanned
    assert program.fails("export", "size:>x", "-o", tmp_path / "x.csv", code=2)["term"] == "size:>x"
    assert list(tmp_path.iterdir()) == []


def test_a_search_that_may_take_so_long_shows_what_it_found_by_then(program: Program, tmp_path: Path) -> None:
    """How far a pass comes is the machine's affair: patience grows until it ends in the middle."""
    (tmp_path / "many").mkdir()
    for number in range(MANY):
        (tmp_path / "many" / f"hit {number:05d}").touch()
    program.json("scan", tmp_path / "many")
    with Client(places(program.home)) as client:
        whole = client.find("-miss", sort="-name", limit=500)
        assert (whole.total, whole.out_of_patience) == (MANY, False)
        page, patience_ms, deadline_s = whole, 1, time.monotonic() + PATIENCE_S
        while not (page.out_of_patience and page.rows):
            assert time.monotonic() < deadline_s
            page = client.find("-miss", sort="-name", limit=500, patience_ms=patience_ms)
            patience_ms = patience_ms + 1 if page.out_of_patience else max(patience_ms - 1, 1)
        assert not page.HasField("total")
        assert 0 < len(page.rows) <= page.total_at_least < MANY
        assert page.next_page_token == "", "hits that come before these may not have been seen"
        found = [row.path.raw for row in page.rows]
        assert found == sorted(set(found), reverse=True)
        assert all(os.path.basename(path).startswith(b"hit ") for path in found)
        patient = client.find("-miss", sort="-name", limit=500, patience_ms=60_000)
        assert (patient.rows, patient.total, patient.out_of_patience) == (whole.rows, MANY, False)
