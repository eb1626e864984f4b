"""Manual pages: one for each command, with all that its help says, in roff that groff has nothing to complain about."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from sanchayctl.cli import cli
from sanchayctl.man_pages import EXIT_CODES, pages
from tests.unit.ctl.conftest import Run
from tests.unit.ctl.test_program import every_command

REPOSITORY = Path(__file__).parents[3]
PAGES = dict(pages(cli))
REFERENCE = (REPOSITORY / "docs" / "sanchayctl" / "README.md").read_text("utf-8")


def test_every_command_has_a_page_with_its_options_and_examples() -> None:
    for words, command in every_command():
        if command.hidden:
            continue
        page = PAGES[f"{'-'.join(('sanchayctl', *words))}.1"].replace("\\-", "-")
        for parameter in command.params:
            if isinstance(parameter, click.Option):
                assert all(name in page for name in parameter.opts), (words, parameter.opts)
        assert ".SH EXAMPLES" in page, words
    assert "sanchayctl-man.1" not in PAGES


def test_exit_codes_are_those_of_the_manual() -> None:
    assert [code for code, _ in EXIT_CODES] == re.findall(r"^\| (\d+) \|", REFERENCE, re.MULTILINE)


@pytest.mark.needs("groff")
def test_groff_has_nothing_to_complain_about(tmp_path: Path, run: Run) -> None:
    answer = run("--json", "man", str(tmp_path / "man1")).document
    assert sorted(answer["files"]) == sorted(PAGES)
    files = sorted((tmp_path / "man1").iterdir())
    ended = subprocess.run(
        ["groff", "-man", "-Tutf8", "-ww", "-z", *files], capture_output=True, text=True, check=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.needs("make", "bash")
def test_make_man_writes_them_where_it_is_told(tmp_path: Path) -> None:
    installed = Path(sys.prefix, "Scripts" if os.name == "nt" else "bin", "sanchayctl")
    if not installed.exists():
        pytest.skip("sanchayctl is not installed in this environment")
    target = tmp_path / "my pages"
    command = ["make", "--no-print-directory", "-o", "install", "man", f"VENV={sys.prefix}", f"MAN={target}"]
    ended = subprocess.run(
        command, cwd=REPOSITORY, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert sorted(path.name for path in target.iterdir()) == sorted(PAGES)
    assert f"man -l {target}" in ended.stdout.replace("'", "").replace("\n", " ")


@pytest.mark.needs("groff")
def test_a_page_reads_as_a_page_of_eighty_columns(tmp_path: Path) -> None:
    page = tmp_path / "sanchayctl-find.1"
    page.write_text(PAGES[page.name], "utf-8")
    command = ["groff", "-man", "-Tutf8", "-P-c", "-P-u", "-P-b", "-rLL=80n", str(page)]
    lines = subprocess.run(command, capture_output=True, encoding="utf-8", check=True).stdout.splitlines()
    for heading in ("NAME", "SYNOPSIS", "DESCRIPTION", "OPTIONS", "EXAMPLES", "EXIT STATUS", "SEE ALSO"):
        assert heading in lines
    assert any("sanchayctl find" in line for line in lines)
    assert max(map(len, lines)) <= 80
