"""The set-up on the day after: a newer release of any pinned package changes nothing.

An index is made on disk that has, for every pinned package, a wheel of that version and one that is newer, each asking
for what the real package asks for. The requirements files are installed from it by the script that the Makefile calls,
with the pip that each Python on this machine brings.
"""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
REQUIREMENTS = REPOSITORY / "requirements"
INSTALL = REPOSITORY / "scripts" / "install_requirements.sh"
FIND_PYTHON = REPOSITORY / "scripts" / "find_python.sh"
NEWER = "99999.0"
VERSIONS = ("3.10", "3.11", "3.12", "3.13", "3.14")
#: What is installed in turn into one environment, as the Makefile and check_platforms.sh do it.
SETS = {"main": (("runtime", "build"), ("dev",)), "others": (("stubs",), ("platforms",))}
ENTRY = re.compile(r"^([a-z0-9._-]+)==([^\s;\\]+)", re.M)
HASHES = re.compile(r"(^[a-z0-9._-]+==[^\n]*?)(?: \\\n +--hash=sha256:[0-9a-f]{64})+", re.M)

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the set-up's scripts are bash")


def _pythons() -> list[str]:
    """One Python for each supported version that this machine has; the running one is always among them.

    The oldest tries itself only, for `make test-oldest` comes after a run that has tried all of them.
    """
    running = f"{sys.version_info[0]}.{sys.version_info[1]}"
    found = {running: sys.executable}
    for version in VERSIONS if running != VERSIONS[0] else ():
        asked = subprocess.run([FIND_PYTHON, version], capture_output=True, text=True, check=False)
        if asked.returncode == 0:
            found.setdefault(version, asked.stdout.strip())
    return [found[version] for version in sorted(found, key=VERSIONS.index)]


def _asks_for(name: str, version: str) -> list[str]:
    """The lines of metadata in which the real package says what it needs, where that version is installed here.

    A file pins other versions for other Pythons, and those may need something else.
    """
    try:
        needs = metadata.metadata(name)
    except metadata.PackageNotFoundError:
        return []
    if version not in (needs["Version"], NEWER):
        return []
    return [f"{key}: {value}" for key in ("Provides-Extra", "Requires-Dist") for value in needs.get_all(key) or []]


def _digest(body: bytes) -> str:
    """The hash of a file as a RECORD spells it."""
    return base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b"=").decode()


def _make_wheel(index: Path, name: str, version: str) -> str:
    """An empty wheel with real metadata; returns its hash."""
    stem = f"{name.replace('-', '_').replace('.', '_')}-{version}"
    text = {
        f"{stem}.dist-info/METADATA": "\n".join(
            ["Metadata-Version: 2.1", f"Name: {name}", f"Version: {version}", *_asks_for(name, version), ""]
        ),
        f"{stem}.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = [f"{path},sha256={_digest(body.encode())},{len(body.encode())}" for path, body in text.items()]
    text[f"{stem}.dist-info/RECORD"] = "\n".join([*record, f"{stem}.dist-info/RECORD,,", ""])
    path = index / f"{stem}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as wheel:
        for member, body in text.items():
            wheel.writestr(member, body)
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture(scope="module")
def index(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The index, and beside it the requirements files with the hashes of its wheels and no other change."""
    folder = tmp_path_factory.mktemp("index")
    hashes: dict[tuple[str, str], str] = {}
    for path in sorted(REQUIREMENTS.glob("*.txt")):
        text = path.read_text("utf-8")
        for name, version in ENTRY.findall(text):
            if (name, version) not in hashes:
                hashes[name, version] = _make_wheel(folder, name, version)
                _make_wheel(folder, name, NEWER)

        def rewrite(entry: re.Match[str]) -> str:
            pinned = ENTRY.match(entry[1])
            assert pinned is not None
            return f"{entry[1]} \\\n    --hash=sha256:{hashes[pinned[1], pinned[2]]}"

        rewritten, count = HASHES.subn(rewrite, text)
        assert count == len(ENTRY.findall(text)) > 0, path
        (folder / path.name).write_text(rewritten, "utf-8")
    return folder


@dataclass(frozen=True)
class Own:
    """A separate environment that has the pip of the Python at `base`, and no index but ours."""

    python: Path
    settings: dict[str, str]

    @classmethod
    def make(cls, base: str, folder: Path, index: Path) -> Own:
        """Makes it in `folder`. Its pip is copied, compiled files and all: `ensurepip` takes seconds for the same."""
        asked = subprocess.run(
            [base, "-c", "import pip; print(pip.__path__[0])"], check=True, capture_output=True, text=True
        )
        subprocess.run([base, "-m", "venv", "--without-pip", folder], check=True, capture_output=True)
        (packages,) = folder.glob("lib/python*/site-packages")
        shutil.copytree(asked.stdout.strip(), packages / "pip")
        # No setting of this machine counts.
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PIP_", "PYTHON"))}
        ours = {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(index), "PIP_CONFIG_FILE": os.devnull}
        return cls(folder / "bin" / "python", kept | ours)

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """Runs a command with those settings, whatever its exit code."""
        return subprocess.run(command, env=self.settings, capture_output=True, text=True, check=False)

    def install(self, *files: Path) -> subprocess.CompletedProcess[str]:
        """Installs locked requirements as the Makefile does."""
        return self.run(INSTALL, self.python, *files)


def _files(index: Path, names: Iterable[str]) -> list[Path]:
    return [index / f"{name}.txt" for name in names]


def _pins(files: Sequence[Path]) -> set[tuple[str, str]]:
    return {pin for file in files for pin in ENTRY.findall(file.read_text("utf-8"))}


def _unconditional(file: Path) -> set[tuple[str, str]]:
    """The pins that no marker keeps from some platform or Python."""
    lines = [line for line in file.read_text("utf-8").splitlines() if ";" not in line]
    return set(ENTRY.findall("\n".join(lines)))


@pytest.mark.parametrize(("name", "base"), [*(("main", base) for base in _pythons()), ("others", sys.executable)])
def test_a_newer_release_of_any_pinned_package_changes_nothing(
    index: Path, name: str, base: str, tmp_path: Path
) -> None:
    own = Own.make(base, tmp_path / "venv", index)
    files = [file for step in SETS[name] for file in _files(index, step)]
    for step in SETS[name]:
        done = own.install(*_files(index, step))
        assert done.returncode == 0, done.stdout + done.stderr
    (packages,) = (tmp_path / "venv").glob("lib/python*/site-packages")
    installed = {
        (each.metadata["Name"].lower().replace("_", "-"), each.version)
        for each in metadata.distributions(path=[str(packages)])
    }
    assert installed
    assert {pin for pin in installed if pin[0] not in ("pip", "setuptools", "wheel")} <= _pins(files)
    assert {pin for file in files for pin in _unconditional(file)} <= installed


def test_with_its_resolver_on_pip_is_led_astray_by_this_index(index: Path, tmp_path: Path) -> None:
    """What the script is for: without it, the same files fail on the same index, by the pip that came with Python."""
    base = Path(sys.base_prefix, "bin", f"python{sys.version_info[0]}.{sys.version_info[1]}")
    own = Own.make(str(base), tmp_path / "venv", index)
    files = [argument for name in ("runtime", "build", "dev") for argument in ("-r", index / f"{name}.txt")]
    done = own.run(own.python, "-m", "pip", "install", "--quiet", "--require-hashes", *files)
    assert done.returncode != 0
    assert "--require-hashes" in done.stderr


def test_a_set_that_lacks_what_a_package_needs_is_refused(index: Path, tmp_path: Path) -> None:
    entries = HASHES.finditer((index / "dev.txt").read_text("utf-8"))
    lone = tmp_path / "lone.txt"
    lone.write_text(next(entry[0] for entry in entries if entry[0].startswith("pytest==")) + "\n", "utf-8")
    done = Own.make(sys.executable, tmp_path / "venv", index).install(lone)
    assert done.returncode != 0
    assert "pluggy" in done.stderr


def test_no_other_command_of_ours_lets_pip_resolve() -> None:
    scripts = [REPOSITORY / "Makefile", *(REPOSITORY / "scripts").glob("*.sh"), REPOSITORY / ".ci" / "run"]
    lines = [line for path in scripts for line in path.read_text("utf-8").splitlines()]
    calls = [line for line in lines if re.search(r"-m pip\b.*\binstall ", line)]
    assert len(calls) >= 3
    for call in calls:
        assert "--no-deps" in call, call
