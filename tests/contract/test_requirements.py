"""Third parties: every import is declared, every declaration is pinned and hashed, and no index is named."""

from __future__ import annotations

import ast
import re
import sys
from importlib import metadata
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "requirements"
PACKAGES = ("proto/sanchay", "daemon/sanchayd", "ctl/sanchayctl", "tray/sanchay_tray")
OURS = {"sanchay", "sanchayd", "sanchayctl", "sanchay_engine", "sanchay_tray"}


def imported_modules(packages: tuple[str, ...] = PACKAGES) -> set[str]:
    """Top-level names of everything that our packages import, ours and the standard library left out."""
    names = set()
    for package in packages:
        for path in (REPOSITORY / package).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text("utf-8"))):
                if isinstance(node, ast.Import):
                    names |= {alias.name.partition(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                    names.add(node.module.partition(".")[0])
    return names - OURS - set(sys.stdlib_module_names) - {"tomllib"}


def named(text: str) -> set[str]:
    """The distributions that lines of requirements name."""
    lines = (line.split("#")[0].strip() for line in text.splitlines())
    return {re.split(r"[\s;<>=!\[]", line)[0].lower() for line in lines if line and not line.startswith("-")}


def declared(*parts: str) -> set[str]:
    """The dependencies of pyproject.toml: `dependencies`, and the extras."""
    names: set[str] = set()
    for part in parts or ("dependencies", "daemon", "tray", "window"):
        block = re.search(rf"^{part} = \[(.*?)^\]", (REPOSITORY / "pyproject.toml").read_text("utf-8"), re.S | re.M)
        assert block is not None
        names |= named("\n".join(re.findall(r'"([^"]+)"', block.group(1))))
    return names


def givers_of_modules() -> dict[str, set[str]]:
    """The distributions that hold each top-level module, by the files that they list.

    `metadata.packages_distributions` of Python 3.10 knows only those that name their modules in `top_level.txt`.
    """
    givers: dict[str, set[str]] = {}
    for distribution in metadata.distributions():
        name = distribution.metadata["Name"].lower().replace("_", "-")
        for module in {file.parts[0].partition(".")[0] for file in distribution.files or []}:
            givers.setdefault(module, set()).add(name)
    return givers


def test_every_third_party_import_is_a_declared_dependency() -> None:
    all_givers, all_declared = givers_of_modules(), declared()
    # A name such as `google` belongs to several distributions: one that is declared is enough.
    for module in imported_modules() - {"tomli"}:
        givers = all_givers.get(module, set())
        assert givers & all_declared, f"{module} is imported, and none of {sorted(givers)} is a dependency"


def test_the_client_and_sanchayctl_need_nothing_of_the_daemons() -> None:
    all_givers = givers_of_modules()
    for module in imported_modules(("proto/sanchay", "ctl/sanchayctl")):
        assert all_givers[module] & declared("dependencies"), f"{module} is imported, and no dependency gives it"
    assert not declared("dependencies") & declared("daemon")


def test_the_pinned_requirements_are_those_of_the_distribution() -> None:
    runtime = declared("dependencies", "daemon") - {"sanchay-engine"}
    assert named((REQUIREMENTS / "runtime.in").read_text("utf-8")) == runtime
    assert named((REQUIREMENTS / "window.in").read_text("utf-8")) == declared("tray", "window")


@pytest.mark.parametrize("path", sorted(REQUIREMENTS.glob("*.txt")), ids=lambda path: path.name)
def test_every_requirement_is_pinned_and_hashed_without_an_index(path: Path) -> None:
    text = path.read_text("utf-8")
    assert not re.search(r"https?://|--index-url|--extra-index-url|--find-links|--trusted-host", text)
    entries = re.sub(r"\\\n", " ", re.sub(r"^\s*#.*\n", "", text, flags=re.MULTILINE)).splitlines()
    assert entries
    for entry in filter(str.strip, entries):
        assert re.match(r"[a-z0-9._-]+==[^\s;]+", entry), entry
        assert "--hash=sha256:" in entry, entry
    assert path.with_suffix(".in").is_file()
