"""The frame's own promises: what a missing part does, and what a person is told whose machine lacks something."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support import forks
from tests.support.daemon import PATIENCE_S, environment

REPOSITORY = Path(__file__).resolve().parents[2]
CASE = """
import pytest

@pytest.mark.needs("a-program-that-nobody-has")
def test_with_a_missing_part():
    raise AssertionError("ran without its part")

@pytest.mark.skip(reason="only on another platform")
def test_of_another_platform():
    raise AssertionError("ran on this one")
"""


@pytest.fixture
def bash() -> str:
    """The shell that the scripts are written for."""
    found = shutil.which("bash")
    assert found is not None, "make and the scripts need bash"
    return found


@pytest.mark.parametrize(("ci", "expected"), [("", "2 skipped"), ("true", "1 skipped, 1 error")])
def test_a_missing_part_is_skipped_here_and_fails_in_ci(tmp_path: Path, ci: str, expected: str) -> None:
    shutil.copy(REPOSITORY / "tests" / "conftest.py", tmp_path)
    (tmp_path / "test_case.py").write_text(CASE, "utf-8")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV"))}
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            "-p",
            "no:cacheprovider",
            "-c",
            os.devnull,
            "--rootdir",
            tmp_path,
            tmp_path,
        ],
        env={**environment, "CI": ci, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},  # the frame needs none
        capture_output=True,
        text=True,
        check=False,
    )
    assert expected in done.stdout, done.stdout + done.stderr


def test_a_machine_without_rust_is_told_what_to_install(bash: str, tmp_path: Path) -> None:
    for tool in ("bash", "sed", "dirname", "cut", "sort", "head"):
        os.symlink(shutil.which(tool) or tool, tmp_path / tool)
    script = REPOSITORY / "scripts" / "require_rust.sh"
    done = subprocess.run([bash, script], env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "Install Rust's stable tool chain with rustup" in done.stderr


@pytest.mark.parametrize(
    ("environment", "argument", "said"),
    [
        ({}, [], "none was found on PATH"),
        ({"PYTHON": "/nowhere/python3"}, [], "PYTHON=/nowhere/python3 is not one"),
        ({}, ["3.99"], "There is no Python 3.99 here"),
    ],
)
def test_a_machine_without_a_new_python_is_told_so(
    bash: str, tmp_path: Path, environment: dict[str, str], argument: list[str], said: str
) -> None:
    script = REPOSITORY / "scripts" / "find_python.sh"
    found = {"PATH": str(tmp_path), "HOME": str(tmp_path), **environment}
    done = subprocess.run([bash, script, *argument], env=found, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert said in done.stderr


def test_the_python_that_is_found_is_new_enough(bash: str) -> None:
    script = REPOSITORY / "scripts" / "find_python.sh"
    found = subprocess.run([bash, script], capture_output=True, text=True, check=True).stdout.strip()
    code = "import sys; print(sys.version_info >= (3, 10))"
    assert subprocess.run([found, "-c", code], capture_output=True, text=True, check=True).stdout == "True\n"


@pytest.mark.skipif(not forks.WANTED, reason="only on Linux: our programs are forked")
def test_our_programs_are_forked_whatever_was_imported_before(tmp_path: Path) -> None:
    import sanchayd.app  # noqa: F401 - modules of ours set variables for what they import

    with forks.start("sanchayctl", "--version", env=environment(tmp_path / "home"), cwd="/") as process:
        assert isinstance(process, forks.Fork)
        assert process.communicate(timeout=PATIENCE_S)[0].startswith(b"sanchayctl")
