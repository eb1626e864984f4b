"""What shells complete, by click's machinery and in a real bash; and what a misspelt command was meant to be."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from sanchay.v1 import catalog_pb2, root_pb2
from sanchayctl import completing
from sanchayctl.cli import cli
from sanchayctl.command import PROGRAM, VARIABLE
from tests.support.canned_daemon import CannedDaemon
from tests.support.daemon import PATIENCE_S, environment
from tests.unit.ctl import canned
from tests.unit.ctl.conftest import Run

SHELLS = {"bash": completing.Bash, "zsh": completing.Zsh, "fish": completing.Fish}


@pytest.fixture
def known(daemon: CannedDaemon) -> CannedDaemon:
    """A daemon with two roots, one of them with a blank in its name, and a few extensions."""
    daemon.answers["ListRoots"] = root_pb2.ListRootsResponse(
        roots=[canned.root(), canned.root(2, "my music", b"/data/music")]
    )
    daemon.answers["Summary"] = catalog_pb2.SummaryResponse(
        rows=[catalog_pb2.SummaryRow(key=key) for key in ("jpg", "jpeg", "py")]
    )
    return daemon


def offered(*words: str) -> list[str]:
    """What is offered for the last of the words, whichever shell asks."""
    *args, incomplete = words
    found = {
        name: [
            str(item.value) or item.type for item in kind(cli, {}, PROGRAM, VARIABLE).get_completions(args, incomplete)
        ]
        for name, kind in SHELLS.items()
    }
    assert found["bash"] == found["zsh"] == found["fish"]
    return found["bash"]


@pytest.mark.parametrize(
    ("words", "due"),
    [
        (["du"], ["duplicates", "du"]),
        (["schedule", "re"], ["remove"]),
        (["find", "--so"], ["--sort"]),
        (["scan", "ph"], ["photos", "ph"]),
        (["root", "update", "my"], ["my music", "my"]),
        (["events", "--root", "pho"], ["photos", "pho"]),
        (["events", "--kind", "root_"], ["root_offline", "root_online"]),
        (["schedule", "show", "b"], ["big"]),
        (["report", "show", ""], ["big", "often"]),
        (["schedule", "add", "new", ""], ["scan", "report", "check", "verify"]),
        (["schedule", "add", "new", "scan", "ph"], ["photos"]),
        (["schedule", "add", "new", "report", "du"], ["dup:"]),
        (["job", "show", ""], ["8", "7"]),
        (["dedupe", "pl"], ["plan", "plans"]),
        (["dedupe", "run", ""], ["4", "3"]),
        (["dedupe", "undo", ""], ["6", "5"]),
        (["dedupe", "plan", "--prefer", "o"], ["oldest"]),
        (["dedupe", "plan", "--prefer", "under:/et"], ["under:/etc/"]),
        (["dedupe", "plan", "--drop", "ty"], ["type:"]),
        (["config", "set", "log_"], ["log_level", "log_file_mb", "log_files"]),
        (["config", "unset", "metr"], ["metrics.listen"]),
        (["config", "set", "log_level", "w"], ["warning"]),
        (["config", "set", "report_folders", "/sr"], ["/sr"]),
        (["find", "ty"], ["type:"]),
        (["find", "-ty"], ["-type:"]),
        (["find", "type:im"], ["type:image"]),
        (["find", "TYPE:image,vi"], ["TYPE:image,video"]),
        (["find", "-type:l"], ["-type:log", "-type:link"]),
        (["find", "jpg", "dup:"], ["dup:yes", "dup:no", "dup:unknown"]),
        (["find", "root:p"], ["root:photos"]),
        (["find", "ext:jp"], ["ext:jpg", "ext:jpeg"]),
        (["export", "empty:y"], ["empty:yes"]),
        (["find", "holiday"], []),
        (["du", "/da"], ["/da"]),
        (["duplicates", "--under", "x"], ["x"]),
        (["completion", "f"], ["fish"]),
    ],
)
def test_words_are_completed(known: CannedDaemon, words: list[str], due: list[str]) -> None:
    assert offered(*words) == due


def test_folders_are_due_and_files(known: CannedDaemon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "one").mkdir()
    (tmp_path / "only a file").touch()
    (tmp_path / ".hidden").mkdir()
    assert offered("find", f"under:{tmp_path}/o") == [f"under:{tmp_path}/one/"]
    assert offered("find", f"under:{tmp_path}/") == [f"under:{tmp_path}/one/"]
    assert offered("find", f"under:{tmp_path}/.h") == [f"under:{tmp_path}/.hidden/"]
    monkeypatch.setenv("HOME", str(tmp_path))
    assert offered("find", "under:~/o") == ["under:~/one/"]
    assert offered("find", "under:/nowhere/at/all") == []
    kinds = {
        tuple(words): [item.type for item in completing.Bash(cli, {}, PROGRAM, VARIABLE).get_completions(words, "x")]
        for words in (["scan"], ["root", "add"], ["export", "-o"], ["growth"])
    }
    assert list(kinds.values()) == [["dir"], ["dir"], ["file"], ["dir"]]


def test_completion_neither_starts_a_daemon_nor_complains_without_one(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sanchay.launcher.start_daemon", lambda *_: pytest.fail("a daemon was started"))
    assert offered("find", "root:") == []
    assert offered("schedule", "show", "") == []


def in_bash(home: Path, typed: str, folder: Path) -> tuple[list[str], bool]:
    """What a real bash offers for the line, and whether it puts a blank behind it."""
    program = folder / PROGRAM
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m sanchayctl "$@"\n', "utf-8")
    program.chmod(0o755)
    # compopt works only while readline completes: its calls are noted instead. bash parts words at COMP_WORDBREAKS.
    script = f"""
        compopt() {{ echo "compopt $*" >&2; }}
        eval "$({PROGRAM} completion bash)"
        complete -p {PROGRAM} >/dev/null || exit 9
        COMP_LINE={shlex.quote(typed)}; COMP_POINT=${{#COMP_LINE}}; COMP_CWORD=1
        _sanchayctl_completion {PROGRAM} "" ""
        printf '%s\\n' "${{COMPREPLY[@]}}"
    """
    env = environment(home) | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "--norc", "-c", script], env=env, capture_output=True, text=True, timeout=PATIENCE_S, check=True
    )
    return [line for line in done.stdout.splitlines() if line], "nospace" in done.stderr


@pytest.mark.needs("bash")
@pytest.mark.parametrize(
    ("typed", "due", "nospace"),
    [
        ("sanchayctl dupl", ["duplicates"], False),
        ("sanchayctl find ty", ["type:"], True),
        ("sanchayctl find type:im", ["image"], False),  # bash's word begins behind the colon
        ("sanchayctl find jpg -type:im", ["image"], False),
        ("sanchayctl events --root=ph", ["photos"], False),
        ("sanchayctl root sync my", [r"my\ music"], False),
        ("sanchayctl find 'root:my", ["root:my music"], False),
    ],
)
def test_a_real_bash_completes(
    known: CannedDaemon, home: Path, tmp_path: Path, typed: str, due: list[str], nospace: bool
) -> None:
    assert in_bash(home, typed, tmp_path) == (due, nospace)


@pytest.mark.parametrize("shell", SHELLS)
def test_the_script_is_that_of_the_shell(run: Run, home: Path, shell: str) -> None:
    script = run("completion", shell).out
    assert f"{VARIABLE}={shell}_complete" in script
    expected = {"bash": "nosort", "zsh": 'compadd -U -S ""', "fish": 'string split -m 1 ","'}
    assert expected[shell] in script


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("statsu", "sanchayctl status"),
        ("root lst", "sanchayctl root list"),
        ("add /tmp", "sanchayctl root add, or sanchayctl schedule add"),
        ("job list", "sanchayctl jobs"),
        ("duplicate", "sanchayctl duplicates"),
        ("find x --limt 3", "--limit"),
        ("root add /tmp --algorithm blak3", "blake3"),
        ("summary --by typ", "type"),
        ("events --kind duplicat", "duplicate"),
    ],
)
def test_a_misspelt_command_or_option_is_guessed(run: Run, home: Path, typed: str, meant: str) -> None:
    ended = run(*typed.split())
    assert ended.code == 2
    assert "Did you mean" in ended.err.splitlines()[0]
    assert meant in ended.err.splitlines()[0]


def test_what_looks_like_nothing_is_not_guessed(run: Run, home: Path) -> None:
    assert run("xyzzy").err.splitlines()[0] == "sanchayctl: There is no command 'xyzzy'."
