"""The house is tidy: short files and lines, plain words, no path that is not there, no module that nothing uses."""

from __future__ import annotations

import ast
import re
import subprocess
from functools import cache
from pathlib import Path

import click
import pytest

from sanchayctl.command import Command, Group
from tests.unit.ctl.test_program import every_command

REPOSITORY = Path(__file__).resolve().parents[2]
PACKAGES = ("proto/sanchay", "daemon/sanchayd", "ctl/sanchayctl", "tray/sanchay_tray")
CODE = {".py", ".pyi", ".rs", ".sh", ".proto"}
GENERATED = re.compile(r"_pb2(_grpc)?\.pyi?$")
MOST_LINES = 500
MOST_COLUMNS = 120
#: Stubs and settings that are read by one tool, as one list each.
LONG = {"engine/python/sanchay_engine/_native.pyi", "tests/unit/daemon/state-0001.sql"}
#: What a tool asks for at a line's end.
PRAGMA = re.compile(r"\s+# (type: ignore|noqa).*$")
#: What plain English says in another way, and how.
WORDS = {
    r"\bwill not do\b": "is invalid",
    r"\bmakes? no sense\b": "is invalid",
    r"\bnobody\b(?! \(65534\))": "no one, or the passive",
    r"\bsomebody\b": "the caller, the reader, you, or the passive",
    r"\bwhoever\b": "the caller, the reader, you, or the passive",
    r"\banew\b": "again",
    r"\bat the (most|least)\b": "at most, at least",
    r"\b(thereby|whereby)\b": "leave it out",
    r"\bmeanwhile\b": "leave it out, or say when",
    r"\bof (its|their|one's|your|our) own\b(?! (accord|volume))": "its own, separate",
    r"(?<!there )\b(is|are) no (valid|number|name|size|duration|moment|folder|file|settings?|port)\b": "is not a",
    r"(?<!there )\b(is|are) no (kind|failure|fault|root|terminal)\b": "is not a",
    r"\bhave peace\b": "pause background work",
    r"\btoo many copies\b|\bcopies too many\b": "extra copies",
    r"\bis a root from now on\b": "added as a root",
}
PLAIN = re.compile("|".join(f"(?:{word})" for word in WORDS), re.IGNORECASE)
#: Modules that no import names: programs, what a tool loads by its path, and what others import.
ENTRIES = {
    "sanchayctl.__main__",
    "sanchayd.__main__",
    "sanchayctl.first_run",
    "sanchay_tray.__main__",
    "sanchay_tray.first_run",
    "sanchay_tray.window.__main__",
    "sanchay_tray.window.pictures.worker",
    "sanchayd.state.migrations.env",
}


@cache
def tracked() -> tuple[str, ...]:
    """Every file of the repository, by its path."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    names = [name for name in listed.decode("utf-8").split("\0") if name]
    return tuple(name for name in names if (REPOSITORY / name).is_file())


@cache
def code() -> tuple[tuple[str, list[str]], ...]:
    """Hand-written code, each file with its lines."""
    names = [name for name in tracked() if Path(name).suffix in CODE and not GENERATED.search(name)]
    return tuple((name, (REPOSITORY / name).read_text("utf-8").splitlines()) for name in names)


def test_files_fit_a_persons_head() -> None:
    lengths = {name: len(lines) for name, lines in code() if name not in LONG}
    assert {name: length for name, length in lengths.items() if length > MOST_LINES} == {}


def test_lines_fit_a_screen() -> None:
    # rustfmt holds those of Rust, save for what it cannot break.
    long = [
        f"{name}:{number}"
        for name, lines in code()
        for number, line in enumerate(lines, 1)
        if len(PRAGMA.sub("", line)) > MOST_COLUMNS and not name.endswith((".rs", ".proto"))
    ]
    assert long == []


def test_prose_fits_a_screen_too() -> None:
    long = []
    for name in tracked():
        if name.endswith(".md") and name != "CHANGELOG.md":
            text = re.sub(r"^```.*?^```", "", (REPOSITORY / name).read_text("utf-8"), flags=re.DOTALL | re.MULTILINE)
            plain = [line for line in text.splitlines() if not line.startswith(("|", "- [", "    "))]
            long += [f"{name}: {line}" for line in plain if len(line) > MOST_COLUMNS]
    assert long == []


@cache
def texts_for_people() -> tuple[tuple[str, str], ...]:
    """Where it stands and what it says: documents, help, and messages, but no docstring of code and no comment."""
    found = []
    for name in tracked():
        if name.endswith(".md") and not name.startswith("docs/decisions/") and name != "CHANGELOG.md":
            found += [(f"{name}:{n}", line) for n, line in enumerate((REPOSITORY / name).read_text().splitlines(), 1)]
        elif name.startswith(PACKAGES) and name.endswith(".py") and not GENERATED.search(name):
            found += [(f"{name}:{line}", text) for line, text in messages(REPOSITORY / name)]
        elif name.startswith("packaging/"):
            found += [(f"{name}:{n}", line) for n, line in enumerate((REPOSITORY / name).read_text().splitlines(), 1)]
    for words, command in every_command():
        found.append((f"help of {' '.join(words)}", command.help or ""))
        found += [(f"help of {' '.join(words)}", getattr(each, "help", None) or "") for each in command.params]
    return tuple(found)


def messages(file: Path) -> list[tuple[int, str]]:
    """The texts in a module that are no docstrings, with their lines."""
    tree = ast.parse(file.read_text("utf-8"))
    described = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, described) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return [
        (node.lineno, node.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings
    ]


def test_texts_for_people_are_in_plain_english() -> None:
    old = [f"{place}: {hit[0]!r} in {text!r}" for place, text in texts_for_people() if (hit := PLAIN.search(text))]
    assert old == []


#: A command of one client, such as `sanchayctl daemon start`.
COMMAND = re.compile(r"\bsanchayctl [a-z]")


def test_no_message_of_daemon_client_package_or_engine_names_a_command_of_one_client() -> None:
    said = [each for each in texts_for_people() if each[0].startswith(PACKAGES[:2])]
    said += [
        (f"{name}:{number}", line)
        for name, lines in code()
        if name.endswith(".rs")
        for number, line in enumerate(lines, 1)
        if not line.lstrip().startswith("//")
    ]
    assert len(said) > 10_000
    assert [f"{place}: {text}" for place, text in said if COMMAND.search(text)] == []


OLD = re.compile(r"(?<![\w-])(nobody|somebody|whoever|anew|meanwhile|thereby|whereby)\b(?! \(65534\))", re.IGNORECASE)


def test_code_has_no_old_words() -> None:
    # Migrations are frozen, and this file lists the words.
    ours = [(n, lines) for n, lines in code() if "/versions/" not in n and not n.endswith("/test_tidy.py")]
    assert [f"{n}:{at}" for n, lines in ours for at, line in enumerate(lines, 1) if OLD.search(line)] == []


def test_every_path_that_the_architecture_and_the_decisions_name_is_there() -> None:
    documents = [
        REPOSITORY / "ARCHITECTURE.md",
        REPOSITORY / "docs" / "development.md",
        *sorted((REPOSITORY / "docs" / "decisions").glob("*.md")),
    ]
    text = "\n".join(document.read_text("utf-8") for document in documents)
    quoted = set(re.findall(r"`([\w./-]+)`", text))
    files = {each for each in quoted if re.search(r"\w\.(rs|py|sh|proto|toml)$", each)} - {"config.toml"}
    folders = {each for each in quoted if re.match(r"(engine|proto|daemon|ctl|tests|docs|packaging|scripts)/", each)}
    assert files
    assert folders
    # `sanchay-engine/background.rs` is short for the file in the crate's src, `scan/place.rs` for one in any crate.
    names = {f"/{name}" for name in tracked()} | {f"/{name}".replace("/src/", "/") for name in tracked()}
    assert {each for each in files if not any(name.endswith(f"/{each}") for name in names)} == set()
    assert {each for each in folders if not (REPOSITORY / each).exists()} == set()


def test_every_module_is_imported_by_another() -> None:
    modules = {}
    for package in PACKAGES:
        for file in (REPOSITORY / package).rglob("*.py"):
            parts = file.relative_to((REPOSITORY / package).parent).with_suffix("").parts
            if not GENERATED.search(file.name) and "versions" not in parts:
                modules[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    named: set[str] = set()
    for name, file in modules.items():
        named |= imported(name, file)
    unused = {name for name, file in modules.items() if name not in named and file.name != "__init__.py"}
    assert unused - ENTRIES == set()
    assert set(modules) >= ENTRIES


def test_no_two_files_of_the_tests_support_have_one_name() -> None:
    names = [name for name in tracked() if name.startswith("tests/") and name.endswith(".py")]
    places: dict[str, list[str]] = {}
    for name in names:
        if not Path(name).name.startswith(("test_", "__init__", "conftest")):
            places.setdefault(Path(name).name, []).append(name)
    assert {name: found for name, found in places.items() if len(found) > 1} == {}


PRIVATE = re.compile(r"_[A-Za-z]\w*")
#: Private names that are others', and have no public twin.
OTHERS = {"os._exit"}


def pokes(file: Path) -> list[tuple[int, str]]:
    """Where a test takes a private name of something else than itself: an attribute, an import, a patch by name."""
    tree = ast.parse(file.read_text("utf-8"))
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and PRIVATE.fullmatch(node.attr):
            if ast.unparse(node) not in OTHERS and ast.unparse(node.value) not in {"self", "cls"}:
                found.append((node.lineno, ast.unparse(node)))
        elif isinstance(node, ast.ImportFrom):
            # A module may be private to its package and have tests all the same: those of its public names.
            modules = node.module in {"sanchay", "sanchay_engine"}
            found += [(node.lineno, each.name) for each in node.names if PRIVATE.fullmatch(each.name) and not modules]
        elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("attr"):
            texts = [str(each.value) for each in node.args[:2] if isinstance(each, ast.Constant)]
            found += [(node.lineno, text) for text in texts if PRIVATE.fullmatch(text.rpartition(".")[2])]
    return found


def test_tests_go_through_public_names() -> None:
    files = [name for name in tracked() if name.startswith("tests/") and name.endswith(".py")]
    found = [f"{name}:{line}: {text}" for name in files for line, text in pokes(REPOSITORY / name)]
    assert found == []


def imported(name: str, file: Path) -> set[str]:
    """The names that a module imports, or gives as `module:attribute` or as a program to start."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            package = name.split(".") if file.name == "__init__.py" else name.split(".")[:-1]
            base = package[: len(package) - node.level + 1] if node.level else []
            above = ".".join([*base, *([node.module] if node.module else [])])
            found |= {above, *(f"{above}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and ":" in node.value:
            found.add(node.value.partition(":")[0])
    return found


@pytest.mark.parametrize(
    ("words", "command"), list(every_command()), ids=lambda value: " ".join(value) if isinstance(value, tuple) else ""
)
def test_every_command_has_an_example(words: tuple[str, ...], command: click.Command) -> None:
    assert isinstance(command, (Command, Group)), words
    assert command.examples, words
