"""What a person can type or set is written down where they would look for it."""

from __future__ import annotations

import re
import runpy
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from sanchay import errors
from sanchayctl import setting_keys
from sanchayctl.cli import cli
from sanchayd import config
from sanchayd.config_table import TABLE

REPOSITORY = Path(__file__).resolve().parents[2]
MANUAL = REPOSITORY / "docs" / "sanchayctl"
SETTINGS = REPOSITORY / "docs" / "settings.md"
README = REPOSITORY / "README.md"
DEVELOPMENT = REPOSITORY / "docs" / "development.md"
#: Commands whose noun is another's.
TOGETHER = {"jobs": "job", "resume": "pause"}


def commands(group: click.Group, above: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command that does something, with the words that a person types for it."""
    context = click.Context(group)
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None, name
        if isinstance(command, click.Group):
            yield from commands(command, f"{above}{name} ")
        else:
            yield f"{above}{name}", command


def page_of(typed: str) -> Path:
    """The page of the manual that a command is on."""
    noun = typed.split()[0]
    return MANUAL / f"{TOGETHER.get(noun, noun)}.md"


@pytest.mark.parametrize(
    ("typed", "command"), list(commands(cli)), ids=lambda value: value if isinstance(value, str) else ""
)
def test_every_command_and_option_is_in_the_manual_and_has_help(typed: str, command: click.Command) -> None:
    manual = page_of(typed).read_text("utf-8")
    assert re.search(rf"\b{re.escape(typed)}\b", manual), f"{page_of(typed)} does not mention: {typed}"
    general = (MANUAL / "README.md").read_text("utf-8")
    assert command.help, f"{typed} has no help"
    for parameter in command.params:
        for option in parameter.opts:
            if option.startswith("--"):
                assert option in manual + general, f"{page_of(typed)} does not mention: {typed} {option}"


def test_every_noun_has_a_page_that_the_index_names() -> None:
    named = set(re.findall(r"^\| \[\w+\]\((\w+\.md)\)", (MANUAL / "README.md").read_text("utf-8"), re.MULTILINE))
    assert named == {page_of(typed).name for typed, _ in commands(cli)}
    assert named | {"README.md"} == {page.name for page in MANUAL.iterdir()}


def test_the_readme_is_short_and_the_decisions_are_all_listed() -> None:
    assert len(README.read_text("utf-8").splitlines()) <= 110
    notes = {note.name for note in (REPOSITORY / "docs" / "decisions").glob("[0-9]*.md")}
    index = (REPOSITORY / "docs" / "decisions" / "README.md").read_text("utf-8")
    assert set(re.findall(r"(\d{3}-[\w-]+\.md)\)", index)) == notes
    assert "docs/decisions/README.md" in (REPOSITORY / "ARCHITECTURE.md").read_text("utf-8")


def test_the_settings_page_names_the_settings_that_count_at_once() -> None:
    (sentence,) = re.findall(r"edited while the daemon runs\.(.+?) count at once", SETTINGS.read_text("utf-8"), re.S)
    assert set(re.findall(r"`([a-z_.]+)`", sentence)) == config.LIVE_KEYS


def test_the_keys_that_a_shell_completes_are_the_settings_and_their_words() -> None:
    assert set(setting_keys.KEYS) == set(config.VARIABLES)
    for key, words in setting_keys.KEYS.items():
        assert words == (("true", "false") if TABLE[key].type == "bool" else TABLE[key].words)


def test_the_manuals_table_of_settings_is_made_from_the_settings() -> None:
    assert config.manual() in SETTINGS.read_text("utf-8"), f"docs/settings.md has other rows than:\n{config.manual()}"


def test_the_table_of_errors_is_made_from_their_classes() -> None:
    rows = [
        f"| `{each.__name__}` | `{each.kind}` | `{each.status}` | {each.exit_code} |"
        for each in errors.BY_KIND.values()
    ]
    assert "\n".join(rows) + "\n" in (REPOSITORY / "docs" / "python.md").read_text("utf-8")


def test_the_session_in_the_readme_is_what_make_demo_types() -> None:
    demo = runpy.run_path(str(REPOSITORY / "scripts" / "demo.py"))
    (session,) = re.findall(f"{re.escape(demo['BEGIN'])}(.*?){re.escape(demo['END'])}", README.read_text("utf-8"), re.S)
    assert re.findall(r"^\$ (.+)$", session, re.MULTILINE) == list(demo["COMMANDS"])
    known = dict(commands(cli))
    for typed in demo["COMMANDS"]:
        _, verb, *arguments = shlex.split(typed)
        known[verb].make_context(verb, arguments)  # refuses what it does not know
    for part in (
        r"Scanned Pictures in [\d.]+ s, [\d,]+ files/s: 412 files",
        "COPIES +RECLAIMABLE +FREED",
        "SIZE +MODIFIED +PATH",
    ):
        assert re.search(part, session), part
    assert max(map(len, session.splitlines())) <= int(demo["COLUMNS"])


@pytest.mark.parametrize("document", sorted(REPOSITORY.glob("*.md")) + sorted(REPOSITORY.glob("docs/**/*.md")), ids=str)
def test_every_link_into_the_repository_leads_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", document.read_text("utf-8")):
        assert (document.parent / target).exists(), f"{document.name} links to {target}"


def test_every_target_of_the_makefile_says_what_it_does() -> None:
    makefile = (REPOSITORY / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE))
    described = set(re.findall(r"^([a-z-]+):.*## \w", makefile, re.MULTILINE))
    assert targets - described == {"require-rust"}
    for name in ("install", "run", "test", "bench", "check-platforms"):
        assert f"make {name}" in README.read_text("utf-8") + DEVELOPMENT.read_text("utf-8")
