"""What bad input gets: a message naming the path and the reason, the exit code of the manual, and nothing changed."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import trees
from tests.support.daemon import PATIENCE_S
from tests.support.program import Program, until, without_overrides


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Program, Path]]:
    """A running daemon without roots, and a folder for a test's files."""
    base = tmp_path_factory.mktemp("refusals")
    with Program(base / "home") as program:
        program.json("daemon", "start")
        yield program, base


def assert_refused(program: Program, path: str | Path, kind: str, code: int, *words: str) -> None:
    """`root add` and `scan` both refuse the path, say it, and change nothing."""
    for command in (("root", "add"), ("scan",)):
        error = program.fails(*command, path, code=code)
        assert error["kind"] == kind
        assert str(path) in error["message"]
        for word in words:
            assert word in error["message"]
    assert program.json("root", "list")["roots"] == []
    assert program.json("jobs")["jobs"] == []


def test_a_path_that_is_missing(started: tuple[Program, Path]) -> None:
    program, base = started
    assert_refused(program, base / "absent", "not_found", 1)


def test_a_file_where_a_folder_is_due(started: tuple[Program, Path]) -> None:
    program, base = started
    (base / "file").write_text("x")
    assert_refused(program, base / "file", "not_a_folder", 1, "folder")


def test_pseudo_file_systems(started: tuple[Program, Path]) -> None:
    program, _ = started
    for path in ("/proc", "/sys", "/proc/sys"):
        assert_refused(program, path, "pseudo_file_system", 1)


def test_the_daemons_own_folder(started: tuple[Program, Path]) -> None:
    program, _ = started
    for path in (program.home, program.home / "logs"):
        assert_refused(program, path, "own_folder", 1)


def test_a_path_that_is_not_absolute_is_refused_by_the_daemon_itself(started: tuple[Program, Path]) -> None:
    from sanchay.address import places
    from sanchay.client import Client
    from sanchay.errors import NotAbsolute

    program, _ = started
    with Client(places(program.home)) as client, pytest.raises(NotAbsolute) as caught:
        client.add_root("some/where")
    assert "some/where" in caught.value.message
    assert caught.value.exit_code == 2


def test_words_that_are_neither_root_nor_folder(started: tuple[Program, Path]) -> None:
    program, _ = started
    assert program.fails("root", "remove", "nowhere", code=1)["kind"] == "root_not_found"
    assert "nowhere" in program.fails("scan", "nowhere", code=1)["message"]
    assert program.fails("job", "show", "99", code=1)["kind"] == "job_not_found"


def test_a_command_line_that_makes_no_sense_is_2(started: tuple[Program, Path]) -> None:
    program, _ = started
    for arguments in (("sing",), ("root", "add"), ("duplicates", "--sort", "x"), ("export", "-o", "x.unknown")):
        answer = program.run(*arguments)
        assert answer.code == 2
        assert answer.out == b""
        assert answer.err


def test_a_name_that_another_root_has(program: Program, tmp_path: Path) -> None:
    for name in ("a", "b"):
        trees.build(tmp_path / name, {"x": "x"})
    program.json("root", "add", tmp_path / "a", "--name", "same")
    error = program.fails("root", "add", tmp_path / "b", "--name", "same", code=1)
    assert error["kind"] == "root_name_taken"
    assert len(program.json("root", "list")["roots"]) == 1


@pytest.mark.needs("root", "setpriv")
class TestOfModes:
    """What a daemon may not read, because root's right to pass over modes is taken from it."""

    @pytest.fixture
    def plain(self, tmp_path: Path) -> Iterator[tuple[Program, Path]]:
        """sanchayctl and its daemon as a user for whom modes count, and a folder for the test's files."""
        with Program(tmp_path / "home", prefix=without_overrides()) as program:
            yield program, tmp_path

    def test_an_unreadable_folder_is_denied(self, plain: tuple[Program, Path]) -> None:
        program, base = plain
        (base / "closed").mkdir(mode=0)
        error = program.fails("root", "add", base / "closed", code=77)
        assert error["kind"] == "permission"
        assert str(base / "closed") in error["message"]
        assert program.json("root", "list")["roots"] == []

    def test_a_subtree_that_became_unreadable_is_partial_and_its_rows_are_kept(
        self, plain: tuple[Program, Path]
    ) -> None:
        program, base = plain
        tree = trees.build(base / "tree", {"open/a": "same", "closed/b": "same", "closed/deep/c": "c", "d": "d"})
        assert program.json("scan", tree)["files"] == 4
        (tree / "closed").chmod(0)
        (tree / "d").chmod(0)
        document = program.json("scan", tree, code=3)
        assert (document["state"], document["removed"]) == ("partial", 0)
        assert document["errors"] >= 1
        assert program.json("status")["catalog"]["files"] == 4
        assert program.json("duplicates")["total_groups"] == 1
        (root,) = program.json("root", "list")["roots"]
        assert root["freshness"]["state"] == "partial"
        errors = program.json("job", "show", str(document["job_ids"][0]))["error_list"]
        assert f"{tree}/closed" in {error["path"] for error in errors}
        assert program.run("--no-start", "find", "b").code == 0
        (tree / "closed").chmod(0o755)
        (tree / "d").chmod(0o644)
        assert program.json("scan", tree)["state"] == "done"

    def test_a_folder_that_can_never_be_read_is_told_by_status_and_scan_and_can_be_acknowledged(
        self, plain: tuple[Program, Path]
    ) -> None:
        program, base = plain
        tree = trees.build(base / "tree", {"open/a": "same", "open/b": "same", "closed/c": "c", "own/deep/d": "d"})
        for name in ("closed", "own/deep"):
            (tree / name).chmod(0)
        scanned = program.run("scan", tree)
        assert (scanned.code, str(tree / "closed") in scanned.text) == (3, True)
        assert f"{tree}/closed" in program.run("status").text
        for question in ("find a", "duplicates", "summary", "du", "changes", "growth"):
            answer = program.run(*question.split())
            assert (answer.code, answer.err) == (0, ""), question
            assert "could not be read" not in answer.text
        # One of two is not enough; what lies below an acknowledged folder is acknowledged too.
        program.json("root", "update", "tree", "--expect-unreadable", tree / "closed")
        assert program.json("scan", "tree", code=3)["errors"] == 1
        update = program.run("root", "update", "tree", "--expect-unreadable", "own", cwd=tree)
        assert (update.code, "need not be readable" in update.text) == (0, True)
        scan = program.json("scan", "tree")
        assert (scan["state"], scan["errors"], scan["expected_unreadable"]) == ("done", 0, 2)
        (root,) = program.json("root", "list")["roots"]
        assert [each["path"] for each in root["settings"]["expect_unreadable"]] == [f"{tree}/closed", f"{tree}/own"]
        assert (root["state"], root["freshness"]["state"]) == ("ready", "live")
        listed = program.run("root", "list")  # in a pipe, only rows are on standard output
        assert f"need not be readable: {tree}/closed, {tree}/own\n" in listed.text + listed.err
        # One who makes it readable finds it in the catalog.
        (tree / "closed").chmod(0o755)
        until(lambda: program.json("find", "c")["total"] == 1)
        program.json("root", "update", "tree", "--no-expect-unreadable")
        assert program.json("scan", "tree", code=3)["errors"] == 1
        error = program.fails("root", "update", "tree", "--expect-unreadable", base, code=2)
        assert (error["kind"], "lies outside" in error["message"]) == ("invalid_argument", True)

    def test_a_first_run_is_content_with_what_it_could_read(self, plain: tuple[Program, Path]) -> None:
        program, base = plain
        tree = trees.build(base / "tree", {"a": "a", "closed/b": "b"})
        (tree / "closed").chmod(0)
        done = subprocess.run(
            [*program.prefix, sys.executable, "-m", "sanchayctl.first_run", str(tree)],
            env=program.env,
            cwd="/",
            capture_output=True,
            text=True,
            check=False,
            timeout=PATIENCE_S,
        )
        assert done.returncode == 0, done.stderr
        assert f"{tree}/closed" in done.stdout
        assert "What to type next" in done.stdout


def test_a_wrong_token_is_denied(program: Program) -> None:
    program.json("daemon", "start")
    token = program.home / "run/token"
    right = token.read_text()
    token.write_text("wrong")
    assert program.fails("root", "list", code=77)["kind"] == "unauthenticated"
    token.write_text(right)
    assert program.run("root", "list").code == 0


def test_no_daemon_and_no_start_is_69(unstarted: Program, tmp_path: Path) -> None:
    for arguments in (("root", "list"), ("scan", str(tmp_path)), ("find", "x")):
        error = unstarted.fails("--no-start", *arguments, code=69)
        assert error["kind"] == "daemon_unavailable"
        assert str(unstarted.home) in error["message"]
    assert unstarted.run("status").code == 69
    assert not unstarted.home.exists()


def test_a_bad_line_of_the_configuration_is_78_and_names_file_line_and_key(unstarted: Program) -> None:
    config = unstarted.home / "config.toml"
    trees.build(unstarted.home, {"config.toml": "# mine\nmax_scans = 99\n"})
    error = unstarted.fails("daemon", "start", code=78)
    assert error["kind"] == "config_invalid"
    for word in (str(config), "line 2", "max_scans"):
        assert word in error["message"]
    assert unstarted.run("config", "check").code == 78
    config.write_text("max_scans = 1\n")
    assert unstarted.run("config", "check").code == 0
    assert unstarted.run("daemon", "start").code == 0


def test_a_newer_catalog_is_78_and_untouched(program: Program, tree: Path) -> None:
    program.json("scan", tree)
    program.run("daemon", "stop")
    catalog = program.home / "catalog.db"
    connection = sqlite3.connect(catalog)
    connection.execute("PRAGMA user_version = 9999")
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    before = catalog.read_bytes()
    error = program.fails("daemon", "start", code=78)
    assert error["kind"] == "newer_database"
    assert str(catalog) in error["message"]
    assert catalog.read_bytes() == before
    assert program.fails("find", "x", code=78)["kind"] == "newer_database"
    assert catalog.read_bytes() == before
    assert json.loads((program.home / "last_error.json").read_text())["kind"] == "newer_database"


def test_a_newer_state_database_is_78_and_untouched(program: Program) -> None:
    program.json("daemon", "start")
    program.run("daemon", "stop")
    state = program.home / "state.db"
    connection = sqlite3.connect(state)
    with connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = state.read_bytes()
    error = program.fails("daemon", "start", code=78)
    assert str(state) in error["message"]
    assert state.read_bytes() == before
