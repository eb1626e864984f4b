"""Places as a person types them: from the folder that one stands in, through links, above roots, and outside."""

from __future__ import annotations

import os
from pathlib import Path

from tests.support import trees
from tests.support.program import Program

FILES = {"Pictures/a b.jpg": "same", "Pictures/raw/b.jpg": "same", "Documents/c.txt": "text", "Music/d.ogg": "sound"}


def test_every_question_knows_the_same_places(program: Program, tmp_path: Path) -> None:
    home = trees.build(tmp_path / "me", FILES)
    (home / "short").symlink_to("Pictures")
    for name in ("Pictures", "Documents"):
        program.json("scan", home / name)
    program.env["HOME"] = str(home)
    answered: list[tuple[str | Path, ...]] = [
        ("find", "under:~"),
        ("find", f"{home}/**"),
        ("find", "under:~/short/.."),
        ("find", "-type:folder", f"under:{home}/"),
    ]
    for words in answered:
        assert program.json(*words)["total"] == 3, words
    for place in ("~/short", str(home), "~/Pictures/"):
        assert program.json("duplicates", "--under", place)["total_groups"] == 1, place
    assert program.json("du", home)["above_roots"]
    assert [row["files"] for row in program.json("du", "~/short", "--depth", "0")["rows"]] == [2]
    assert program.json("changes", "--under", "~/short")["rows"]
    assert program.json("growth", home)["freshness"]["state"] == "live"
    assert program.json("find", "~/short/a b.jpg")["rows"][0]["path"] == f"{home}/Pictures/a b.jpg"
    assert program.json("find", "* b.jpg")["total"] == 1
    assert program.run("find", "raw").err.splitlines()[1] == "1 folder does: add type:folder to see them."
    (folder,) = program.json("find", "raw", "type:folder")["rows"]
    assert (folder["type"], folder["size"], folder["modified"], folder["links"]) == ("folder", 4, None, None)
    queries: list[tuple[str | Path, ...]] = [
        ("find", f"under:{home}/Music"),
        ("find", f"-under:{home}/Music"),
        ("find", "~/Music/d.ogg"),
        ("export", f"under:{home}/Music", "--format", "csv", "-o", tmp_path / "out"),
        ("schedule", "add", "x", "--every", "1h", "report", f"under:{home}/Music"),
    ]
    for words in queries:
        error = program.fails(*words, code=2)
        assert "is outside of the catalog" in error["message"], words
    paths: list[tuple[str | Path, ...]] = [
        ("duplicates", "--under", home / "Music"),
        ("du", "~/Music"),
        ("growth", "~/Music"),
        ("changes", "--under", "~/Music"),
    ]
    for words in paths:
        answer = program.run("--json", *words)
        assert answer.code not in (0, 70), words
        assert "is outside of the catalog" in answer.error["message"], words
    assert not os.path.exists(tmp_path / "out")


def test_what_is_left_out_may_be_a_whole_path(program: Program, tmp_path: Path) -> None:
    home = trees.build(tmp_path / "me", FILES)
    error = program.fails("root", "add", home, "--exclude", tmp_path / "me2/raw", code=2)
    assert "lies outside" in error["message"]
    program.json("root", "add", home, "--no-scan", "--exclude", home / "Pictures/raw", "--exclude", "./Music")
    program.json("scan", home)
    assert program.json("find", "under:" + str(home))["total"] == 2
    (root,) = program.json("root", "list")["roots"]
    assert root["settings"]["exclude"] == ["/Pictures/raw", "/Music"]


def test_dates_are_by_the_clocks_of_the_one_who_asks(program: Program, tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"new-year": "x"})
    os.utime(tree / "new-year", ns=(1_704_065_400 * 10**9,) * 2)  # 2023-12-31T23:30Z
    program.json("scan", tree)
    for zone, year in (
        ("UTC", "2023"),
        ("", "2023"),
        ("Europe/Berlin", "2024"),
        (":Europe/Berlin", "2024"),
        ("America/New_York", "2023"),
        ("XXX-1", "2024"),
        ("CET-1CEST,M3.5.0,M10.5.0/3", "2024"),
        ("no such zone", "2023"),
    ):
        program.env["TZ"] = zone
        assert program.json("find", f"modified:{year}-12..{year}-12", "modified:>2000")["total"] == int(year == "2023")
        (line,) = program.run("find", f"modified:{year}").text.splitlines()
        assert f" {year}-" in line, zone
        assert line.endswith("new-year"), zone
