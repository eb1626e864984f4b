"""The manual, docs/sanchayctl/, names every command, option and JSON key, and nothing that is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sanchay.errors import EXIT_CONFIG, EXIT_DENIED, EXIT_PARTIAL, EXIT_UNAVAILABLE
from sanchay.terms import KEYS
from sanchayctl import exit_codes
from tests.support.canned_daemon import CannedDaemon
from tests.unit.ctl.conftest import Run
from tests.unit.ctl.test_commands import COMMANDS
from tests.unit.ctl.test_program import every_command

PAGES = sorted((Path(__file__).parents[3] / "docs" / "sanchayctl").glob("*.md"))
REFERENCE = "\n".join(page.read_text("utf-8") for page in PAGES)
GLOBAL_OPTIONS = {"--json", "--no-start", "--help", "-h", "--version"}
PATH_KEYS = {"path", "path_bytes"}


def section(words: tuple[str, ...]) -> str:
    """The part of the reference on a command."""
    for heading, body in re.findall(r"^##? (?:sanchayctl )?(.+)\n((?:(?!^##? )[\s\S])+)", REFERENCE, re.MULTILINE):
        if " ".join(words) in heading.split(", "):
            return str(body)
    raise AssertionError(f"the manual has no section on {' '.join(words)}")


LEAVES = [(words, command) for words, command in every_command() if not isinstance(command, click.Group)]


@pytest.mark.parametrize(("words", "command"), LEAVES, ids=[" ".join(words) for words, _ in LEAVES])
def test_every_option_is_documented(words: tuple[str, ...], command: click.Command) -> None:
    text = section(words)
    known = {
        name
        for parameter in command.params
        if isinstance(parameter, click.Option)
        for name in (*parameter.opts, *parameter.secondary_opts)
    }
    for name in known - GLOBAL_OPTIONS:
        assert re.search(rf"`{re.escape(name)}\b", text), f"{name} of {' '.join(words)}"
    examples = re.findall(r"^    (?:sanchayctl|\S+ \|) .*$", text, re.MULTILINE)
    assert examples
    named = set(re.findall(r"`(--[a-z-]+)", text))
    allowed = known | GLOBAL_OPTIONS
    for other, each in LEAVES:
        if section(other) == text:
            allowed |= {name for parameter in each.params for name in (*parameter.opts, *parameter.secondary_opts)}
    assert named <= allowed | {"--check"}


@pytest.mark.parametrize(("words", "command"), LEAVES, ids=[" ".join(words) for words, _ in LEAVES])
def test_every_choice_is_documented(words: tuple[str, ...], command: click.Command) -> None:
    for parameter in command.params:
        if isinstance(parameter.type, click.Choice) and parameter.name != "sort":
            for choice in parameter.type.choices:
                assert choice in REFERENCE, (words, parameter.name, choice)


@pytest.mark.parametrize("arguments", [arguments for arguments, _ in COMMANDS], ids=" ".join)
def test_every_key_is_documented(run: Run, daemon: CannedDaemon, arguments: list[str]) -> None:
    groups = ("catalog", "daemon", "root", "job", "config", "schedule", "report", "dedupe")
    words = tuple(arguments[:2]) if arguments[0] in groups else (arguments[0],)
    text = section(words)
    known = set(re.findall(r"`([a-z_]+)`", text)) | PATH_KEYS
    known |= {"state", "as_of", "reason"}  # of every freshness
    if "as in `status`" in text or words[0] == "root":
        known |= set(re.findall(r"`([a-z_]+)`", section(("status",))))
    if words[0] in ("scan", "job", "jobs"):
        known |= set(re.findall(r"`([a-z_]+)`", section(("job", "show")) + section(("scan",))))
    if words[0] == "schedule":
        known |= set(re.findall(r"`([a-z_]+)`", section(("schedule", "add")) + section(("schedule", "history"))))
    if words[0] == "dedupe":
        known |= set(re.findall(r"`([a-z_]+)`", section(("dedupe", "plan"))))
    assert set(keys_of(run("--json", *arguments).document)) <= known


def keys_of(value: object) -> Iterator[str]:
    """Every key of a document, at every depth."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from keys_of(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from keys_of(inner)


def test_every_term_is_documented() -> None:
    table = section(("find",))
    for key in KEYS:
        assert f"`{key}:" in table


def test_every_exit_code_is_documented() -> None:
    table = set(map(int, re.findall(r"^\| (\d+) \|", REFERENCE, re.MULTILINE)))
    codes = {value for name, value in vars(exit_codes).items() if name.isupper() and isinstance(value, int)}
    assert table == codes
    assert {EXIT_PARTIAL, EXIT_UNAVAILABLE, EXIT_DENIED, EXIT_CONFIG} <= table
