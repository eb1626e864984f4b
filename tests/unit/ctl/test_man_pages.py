"""Manual pages: one for each command, with all that its help says, in roff that groff has nothing to complain about."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import click
import pytest

from sanchayctl.cli import cli
from sanchayctl.man_pages import EXIT_CODES, pages
from tests.unit.ctl.conftest import Run
from tests.unit.ctl.test_program import every_command

PAGES = dict(pages(cli))
REFERENCE = (Path(__file__).parents[3] / "docs" / "sanchayctl" / "README.md").read_text("utf-8")


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
