"""One catalog, one daemon, one pair of files: whose a database is, who has it open, what no catalog takes in."""

from __future__ import annotations

import os
import shutil
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest

from sanchay_engine import FOLDER_MARK
from sanchayd.__main__ import LOCK_SUFFIX
from tests.support import trees
from tests.support.program import Program, until


def listing(folder: Path) -> dict[str, bytes]:
    """Every file of a folder with its content."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def found(program: Program, expression: str = "") -> set[Path]:
    """The paths of all files that a question finds."""
    return {Path(file["path"]) for file in program.json("find", expression, "--limit", "1000")["rows"]}


def make_database(file: Path) -> None:
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript(
            "PRAGMA journal_mode = WAL; CREATE TABLE customer (id); INSERT INTO customer VALUES (7)"
        )


def test_the_folder_of_a_sanchay_is_marked_and_so_is_its_catalog(program: Program) -> None:
    program.json("daemon", "start")
    assert {os.fsdecode(FOLDER_MARK), f"catalog.db{LOCK_SUFFIX}", "sanchayd.lock"} <= set(os.listdir(program.home))


@pytest.mark.parametrize("make", [make_database, lambda file: file.write_text("notes"), Path.mkdir])
def test_what_is_not_a_catalog_is_78_and_untouched(tmp_path: Path, make: object) -> None:
    folder = tmp_path / "app"
    folder.mkdir()
    file = folder / "app.sqlite"
    make(file)  # type: ignore[operator]
    is_folder = file.is_dir()
    before = {} if is_folder else listing(folder)
    with Program(tmp_path / "home", env={"SANCHAY_DATABASE_PATH": str(file)}) as program:
        error = program.fails("daemon", "start", code=78)
        assert error["kind"] == "foreign_database"
        assert str(file) in error["message"]
        assert "left untouched" in error["message"]
        assert is_folder or listing(folder) == before
        assert [path.name for path in folder.iterdir()] == ["app.sqlite"]


def test_the_second_home_with_one_catalog_is_told_who_holds_it(tmp_path: Path, tree: Path) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    (folder / "link.db").symlink_to("catalog.db")
    with (
        Program(tmp_path / "one", env={"SANCHAY_DATABASE_PATH": str(folder / "catalog.db")}) as one,
        Program(tmp_path / "two", env={"SANCHAY_DATABASE_PATH": str(folder / "link.db")}) as two,
    ):
        one.json("scan", tree)
        pid = one.json("status")["pid"]
        error = two.fails("daemon", "start", code=1)
        assert error["kind"] == "busy"
        assert f"process {pid} (sanchayd of {one.home})" in error["message"]
        one.run("daemon", "stop")
        assert two.json("daemon", "start")["already"] is False


@pytest.mark.skipif(sys.platform != "linux", reason="only on Linux is a file known by all its names")
def test_a_catalog_that_is_open_under_another_name_is_not_opened(tmp_path: Path, program: Program) -> None:
    program.json("daemon", "start")
    os.link(program.home / "catalog.db", tmp_path / "link.db")
    with Program(tmp_path / "two", env={"SANCHAY_DATABASE_PATH": str(tmp_path / "link.db")}) as two:
        assert "under another name" in two.fails("daemon", "start", code=1)["message"]
    assert sorted(path.name for path in tmp_path.glob("link.db*")) == ["link.db"]


def test_roots_whose_state_was_lost_are_told_from_those_that_are_added(program: Program, tmp_path: Path) -> None:
    music = trees.build(tmp_path / "Music", {"song.mp3": "la"})
    pictures = trees.build(tmp_path / "Pictures", {"sun.jpg": "o"})
    program.json("scan", music)
    program.json("daemon", "stop")
    (program.home / "state.db").unlink()
    program.json("scan", pictures)
    roots = {root["name"]: root for root in program.json("root", "list")["roots"]}
    assert (roots["Music"]["path"], roots["Pictures"]["path"]) == (str(music), str(pictures))
    assert "was lost or replaced" in roots["Music"]["freshness"]["reason"]
    assert found(program, "root:Pictures") == {pictures / "sun.jpg"}
    assert "was lost or replaced" in program.run("status").text
    (music / "new.mp3").write_text("lala")
    assert program.json("scan", music)["state"] == "done"
    assert found(program) == {music / "song.mp3", music / "new.mp3", pictures / "sun.jpg"}
    assert "was lost" not in program.run("status").text


def test_a_root_whose_settings_cannot_be_read_stops_no_other_and_is_mended_by_setting_them(
    program: Program, tmp_path: Path
) -> None:
    outer = trees.build(tmp_path / "outer", {"inner/song.mp3": "la", "inner/secret.txt": "hush", "sun.jpg": "o"})
    other = trees.build(tmp_path / "other", {"moon.jpg": "oo"})
    program.json("root", "add", outer / "inner", "--exclude", "secret*")
    program.json("root", "add", outer)
    program.json("root", "add", other, "--exclude", "*.tmp")
    program.json("scan")
    program.json("daemon", "stop")
    with closing(sqlite3.connect(program.home / "state.db")) as state, state:
        state.execute("UPDATE root SET hash = 'nonsense', exclude = '[' WHERE name = 'inner'")
        state.execute("""UPDATE root SET exclude = '["[z-a]"]' WHERE name = 'other'""")  # the engine refuses this
    for name in ("inner", "other"):
        (tmp_path / ("outer/inner" if name == "inner" else name) / "later.txt").write_text("later")
    (outer / "new.jpg").write_text("ooo")
    roots = {root["name"]: root for root in program.json("root", "list")["roots"]}
    inner = roots["inner"]
    assert (inner["path"], inner["freshness"]["state"]) == (str(outer / "inner"), "partial")
    assert "hash is 'nonsense', exclude is '['" in inner["freshness"]["reason"]
    assert (inner["settings"]["hash"], inner["settings"]["exclude"], inner["live"]["mode"]) == (None, None, "off")
    assert "[z-a]" in roots["other"]["freshness"]["reason"]
    assert "cannot be read" in program.json("scan", "inner", code=1)["jobs"][0]["message"]
    assert program.fails("root", "sync", "other", code=78)["kind"] == "config_invalid"
    program.json("root", "sync", "outer")
    assert found(program, "secret") == set()
    assert found(program, "new.jpg") == {outer / "new.jpg"}
    assert found(program, "later") == {outer / "inner/later.txt"}, "by the settings that the catalog keeps"
    assert "Set hash, exclude again" in program.fails("root", "update", "inner", "--hash", "all", code=78)["message"]
    program.json("root", "update", "inner", "--hash", "all", "--no-exclude", "--exclude", "secret*")
    program.json("root", "remove", "other")
    program.json("root", "add", other)
    program.json("scan")
    assert found(program, "later") == {outer / "inner/later.txt", other / "later.txt"}
    assert found(program, "secret") == set()
    assert "cannot be read" not in program.run("status").text


def test_a_catalog_that_was_deleted_is_filled_again_without_being_asked(program: Program, tree: Path) -> None:
    program.json("scan", tree)
    before = found(program)
    program.json("daemon", "stop")
    for file in program.home.glob("catalog.db*"):
        file.unlink()
    program.json("daemon", "start")
    until(lambda: found(program) == before, every_s=0.2)
    assert any("is not the catalog of the last run" in notice for notice in program.json("status")["notices"])
    program.json("daemon", "restart")
    assert not program.json("status")["notices"]


def test_a_catalog_inside_a_root_is_left_out_and_comes_to_rest(tmp_path: Path) -> None:
    tree = trees.build(tmp_path / "tree", {"a.txt": "a", "deep/b.txt": "b"})
    with Program(tmp_path / "home", env={"SANCHAY_DATABASE_PATH": str(tree / "deep" / "catalog.db")}) as program:
        program.json("scan", tree)
        program.json("root", "sync", tree)
        assert found(program) == {tree / "a.txt", tree / "deep" / "b.txt"}
        (tree / "deep" / "c.txt").write_text("c")
        program.json("root", "sync", tree)
        assert found(program) == {tree / "a.txt", tree / "deep" / "b.txt", tree / "deep" / "c.txt"}
        # What is written in answer to an event would be heard as one: two syncs in a row hear only of themselves.
        events = [program.json("root", "list")["roots"][0]["live"]["events"] for _ in range(2)]
        assert events[0] == events[1]


def test_the_homes_and_catalogs_of_other_sanchays_are_left_out(tmp_path: Path) -> None:
    base = tmp_path / "base"
    mine = trees.build(base / "mine", {"a.txt": "a"})
    elsewhere = base / "elsewhere"
    elsewhere.mkdir()
    with (
        Program(base / "one") as one,
        Program(base / "two", env={"SANCHAY_DATABASE_PATH": str(elsewhere / "other.db")}) as two,
    ):
        one.json("daemon", "start")
        two.json("daemon", "start")
        for program in (one, two):
            program.json("scan", base)
            program.json("root", "sync", base)
            assert found(program) == {mine / "a.txt"}
        third = Program(base / "three")
        third.json("daemon", "start")
        third.json("daemon", "stop")
        one.json("root", "sync", base)
        assert found(one) == {mine / "a.txt"}
        assert one.fails("root", "add", base / "two", code=1)["kind"] == "own_folder"


def test_a_stray_mark_and_a_copied_home_are_cataloged_like_anything_else(tmp_path: Path) -> None:
    base = tmp_path / "base"
    mark = os.fsdecode(FOLDER_MARK)
    stray = trees.build(base / "mine", {mark: "my own notes", "a.txt": "a", "a.txt.sanchay-lock": "my own too"})
    with Program(base / "home") as program:
        program.json("daemon", "start")
        program.json("daemon", "stop")
        shutil.copytree(program.home, base / "backup")
        program.json("scan", base)
        program.json("root", "sync", base)
        copied = {base / "backup" / name for name in (mark, "catalog.db", f"catalog.db{LOCK_SUFFIX}")}
        assert {stray / mark, stray / "a.txt", stray / "a.txt.sanchay-lock"} | copied <= found(program)
        assert not any(path.is_relative_to(program.home) for path in found(program))
        # What a look at single names says is what a scan says.
        (stray / "a.txt").write_text("more")
        (stray / mark).write_text("more notes")
        program.json("root", "sync", base)
        assert {stray / mark, stray / "a.txt"} <= found(program)


@pytest.mark.parametrize("name", [b"what?mode=ro&x", b"a%20b", b"caf\xe9 \xff"])
def test_a_home_of_any_name_has_all_its_files_in_it(tmp_path: Path, name: bytes, tree: Path) -> None:
    parent = tmp_path / "homes"
    parent.mkdir()
    home = Path(os.fsdecode(os.path.join(bytes(parent), name)))
    with Program(home) as program:
        assert program.json("scan", tree)["state"] == "done"
        assert program.run("status").code == 0
        assert program.run("config", "show").code == 0
    assert [path.name for path in parent.iterdir()] == [home.name]
    assert {"state.db", "catalog.db"} <= {path.name for path in home.iterdir()}
