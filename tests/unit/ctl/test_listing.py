"""Lists for scripts: rows only in a pipe, paths by themselves, patterns, and exports without a file's name."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from sanchay.v1 import catalog_pb2
from tests.support.canned_daemon import CannedDaemon
from tests.support.daemon import PATIENCE_S, environment
from tests.unit.ctl import canned
from tests.unit.ctl.conftest import Run

RAW = [canned.PLAIN, canned.HOSTILE, canned.NOT_UTF8]


def piped(home: Path, *arguments: str) -> bytes:
    command = [sys.executable, "-m", "sanchayctl", *arguments]
    done = subprocess.run(command, env=environment(home), capture_output=True, timeout=PATIENCE_S, check=True)
    assert done.stderr == b""
    return done.stdout


@pytest.mark.parametrize("command", ["find x", "duplicates", "du", "changes", "root list"])
def test_a_list_in_a_pipe_is_rows_and_nothing_else(run: Run, daemon: CannedDaemon, command: str) -> None:
    said = run(*command.split()).out.splitlines()
    assert not {"PATH", "SIZE"} & set(said[0].split())
    assert all("/data/" in line or command == "duplicates" for line in said), said
    assert not [line for line in said if line.startswith(("Go on", "There ", "Only", "No "))]


@pytest.mark.usefixtures("people")
@pytest.mark.parametrize("command", ["find x", "duplicates", "du", "changes", "root list"])
def test_a_list_on_a_terminal_has_its_header(run: Run, daemon: CannedDaemon, command: str) -> None:
    assert {"PATH", "COPIES"} & set(run(*command.split()).out.splitlines()[0].split())


def test_what_a_script_should_not_miss_goes_to_standard_error(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["Find"] = canned.find(total=5000)
    assert "5,000 files" not in run("find", "x", "--limit", "3").out
    assert "The first 3 are shown; more with --limit, everything with --all." in run("find", "x", "--limit", "3").err
    daemon.answers["Find"] = catalog_pb2.FindResponse(total=0, folders=1, freshness=canned.freshness("LIVE"))
    ended = run("find", "x")
    assert (ended.code, ended.out) == (0, "")
    assert ended.err == "No file matches.\n1 folder does: add type:folder to see them.\n"


@pytest.mark.parametrize(("option", "end"), [("--paths", b"\n"), ("-0", b"\0"), ("--null", b"\0")])
def test_paths_by_themselves_have_their_exact_bytes(daemon: CannedDaemon, home: Path, option: str, end: bytes) -> None:
    daemon.answers["Find"].freshness.CopyFrom(canned.freshness("LIVE"))  # type: ignore[union-attr]
    assert piped(home, "find", "-draft", option) == b"".join(path + end for path in RAW)
    assert daemon.asked("Find")[0].expression == "-draft"


def test_paths_of_other_lists(daemon: CannedDaemon, run: Run) -> None:
    assert run("root", "list", "--paths").out == "/data/photos\n"
    assert run("du", "--paths").out.splitlines()[0] == "/data/photos"
    assert run("changes", "-0").out.split("\0")[0] == "/data/photos"
    daemon.answers["Duplicates"] = canned.duplicates(canned.group(b"/a", b"/b"), canned.group(b"/c", b"/d"))
    assert run("duplicates", "--paths").out == "/a\n/b\n\n/c\n/d\n\n"
    assert run("duplicates", "-0").out == "/a\0/b\0\0/c\0/d\0\0"


@pytest.mark.usefixtures("people")
def test_paths_on_a_terminal_are_safe_to_look_at(run: Run, daemon: CannedDaemon) -> None:
    assert run("find", "x", "--paths").out.splitlines()[1].startswith("$'/data/photos/\\e[31mred")
    assert "\\e[31mred" in run("find", "x", "--format", "{name}").out


def test_all_is_every_row_a_page_at_a_time(run: Run, daemon: CannedDaemon) -> None:
    def pages(request: catalog_pb2.FindRequest) -> catalog_pb2.FindResponse:
        number = int(request.page.page_token or 0)
        page = canned.find(*[canned.file_row() for _ in range(3)], total=15)
        page.next_page_token = str(number + 1) if number < 4 else ""
        return page

    daemon.answers["Find"] = pages
    assert len(run("find", "x", "--all").out.splitlines()) == 15
    document = run("--json", "find", "x", "--all").document
    assert (len(document["rows"]), document["total"]) == (15, 15)
    assert len(run("--json", "find", "x", "--limit", "4").document["rows"]) == 4
    assert run("du", "--all").code == 0
    assert daemon.asked("DiskUsage")[0].limit > 1_000_000


def test_a_pattern_names_keys_and_their_width(daemon: CannedDaemon, home: Path) -> None:
    daemon.answers["Find"].freshness.CopyFrom(canned.freshness("LIVE"))  # type: ignore[union-attr]
    rows = piped(home, "find", "x", "--format", r"{size:>6}\t{name}|{folder}\0").split(b"\0")
    assert rows[0] == b"  1536\ta.jpg|/data/photos"
    assert rows[2] == b"  1536\tcaf\xe9.jpg|/data/photos"
    assert piped(home, "find", "x", "--format", "{{{type}}}").splitlines()[0] == b"{image}"


def test_sheets_and_objects(daemon: CannedDaemon, home: Path) -> None:
    daemon.answers["Find"].freshness.CopyFrom(canned.freshness("LIVE"))  # type: ignore[union-attr]
    text = piped(home, "find", "x", "--format", "csv").decode("utf-8", "surrogateescape")
    rows = list(csv.DictReader(io.StringIO(text, newline="")))
    assert [os.fsencode(row["path"]) for row in rows] == RAW
    lines = piped(home, "find", "x", "--format", "ndjson").splitlines()
    assert [json.loads(line)["size"] for line in lines] == [1536] * 3


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--format", "{sise}"], "no field {sise}; there are path, name,"),
        (["--format", "{sise}"], "Did you mean size?"),
        (["--format", "{path.__class__}"], "no field {path.__class__}"),
        (["--format", "{path!r}"], "no field {path}"),
        (["--format", "{path"], "is not a valid pattern"),
        (["--format", "{size:>q}"], "--format {size:>q}: "),
        (["--format", "cvs"], "Did you mean csv?"),
        (["--format", "csv", "-0"], "exclude one another"),
        (["--json", "-0"], "--json prints one JSON document"),
    ],
)
def test_a_shape_that_makes_no_sense_is_a_usage_error(
    run: Run, daemon: CannedDaemon, arguments: list[str], words: str
) -> None:
    ended = run("find", "x", *arguments)
    assert ended.code == 2
    assert words in ended.err
    assert ended.out == ""


def test_an_export_goes_into_a_pipe_without_a_name(run: Run, daemon: CannedDaemon) -> None:
    assert run("export").out == "path,size\n/data/a,1\n"
    assert daemon.asked("Export")[0].format == "csv"
    assert run("export", "--format", "ndjson").code == 0
    assert daemon.asked("Export")[1].format == "ndjson"
    assert run("--json", "export").code == 2


@pytest.mark.usefixtures("people")
def test_an_export_onto_a_terminal_asks_for_a_name(run: Run, daemon: CannedDaemon) -> None:
    ended = run("export")
    assert ended.code == 2
    assert "Name the file to write with -o FILE, or send the export into a pipe." in ended.err


def test_events_are_lines_for_people(run: Run, daemon: CannedDaemon) -> None:
    said = run("events").out.splitlines()
    for line, words in zip(
        said,
        (
            "added         /data/photos/a.jpg (10B)",
            "moved         $'/data/photos/\\e[31mred\\nline\\t.jpg' (was /data/photos/a.jpg)",
            "duplicate     $'/data/photos/caf\\xe9.jpg' is a copy of /data/photos/a.jpg",
            "root_offline  /data/photos: it is not mounted",
            "job           job 7, scan of photos: ",
            "schedule      nightly, run 3: done",
            "forecast      /data: soon full",
            "dropped       7 events were lost here",
        ),
        strict=True,
    ):
        assert line[:10] == "2024-01-01"
        assert words in line


@pytest.mark.usefixtures("people")
def test_more_freed_than_reclaimable_is_explained(run: Run, daemon: CannedDaemon) -> None:
    assert "FREED can be more than RECLAIMABLE" in run("duplicates").out
    plain = canned.group(size=1 << 20)
    daemon.answers["Duplicates"] = canned.duplicates(plain)
    assert "FREED can be more" not in run("duplicates").out


@pytest.mark.usefixtures("people")
def test_find_says_that_it_ended_with_its_patience(run: Run, daemon: CannedDaemon) -> None:
    daemon.answers["Find"] = catalog_pb2.FindResponse(
        rows=[canned.file_row()], total_at_least=10, out_of_patience=True, next_page_token="more"
    )
    ended = run("find", "x", "--patience", "90", "--limit", "5000")
    assert [request.patience_ms for request in daemon.asked("Find")] == [90]
    assert "At least 10 files: the search ended with its patience, and there may be more." in ended.out
    assert run("--json", "find", "x", "--patience", "90").document["out_of_patience"] is True
    daemon.answers["Find"] = catalog_pb2.FindResponse(out_of_patience=True)
    assert "No hit so far" in run("find", "x", "--patience", "90").out
    assert run("find", "x", "--patience", "90", "--all").code == 2
