"""What the packages give to others: every name that is promised is there, and the versions agree."""

from __future__ import annotations

import ast
import importlib
import re
from pathlib import Path

import pyarrow
import pytest

import sanchay
import sanchay_engine

REPOSITORY = Path(__file__).resolve().parents[2]
NATIVE_STUB = REPOSITORY / "engine" / "python" / "sanchay_engine" / "_native.pyi"
PUBLIC = ("sanchay", "sanchay.client", "sanchay.errors", "sanchay.address", "sanchay.launcher", "sanchay_engine")


def declared_names(stub: Path) -> set[str]:
    """The public names that a stub declares: classes, functions and values, but no aliases of types."""
    names = {"__version__"}
    for node in ast.parse(stub.read_text("utf-8")).body:
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            names.add(node.name)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            names.add(node.target.id)
    return {name for name in names if not name.startswith("_") or name == "__version__"}


@pytest.mark.parametrize("name", PUBLIC)
def test_every_promised_name_is_there(name: str) -> None:
    module = importlib.import_module(name)
    promised = getattr(module, "__all__", [])
    assert len(promised) == len(set(promised))
    for attribute in promised:
        assert getattr(module, attribute) is not None, attribute


def test_the_engines_face_is_the_stub_and_its_columns() -> None:
    assert set(sanchay_engine.__all__) == declared_names(NATIVE_STUB) | {"WALK_COLUMNS"}


@pytest.mark.parametrize("folder", ["proto/sanchay", "engine/python/sanchay_engine"])
def test_the_public_packages_say_that_they_are_typed(folder: str) -> None:
    assert (REPOSITORY / folder / "py.typed").is_file()


def test_one_version_is_written_everywhere() -> None:
    project = (REPOSITORY / "pyproject.toml").read_text("utf-8")
    workspace = (REPOSITORY / "engine" / "Cargo.toml").read_text("utf-8")
    written = {
        re.search(r'"sanchay-engine==(.+)"', project).group(1),  # type: ignore[union-attr]
        re.search(r'^version = "(.+)"$', workspace, re.MULTILINE).group(1),  # type: ignore[union-attr]
        sanchay.__version__,
        sanchay_engine.__version__,
    }
    assert len(written) == 1, written


def test_walk_gives_the_columns_that_it_promises(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"12345")
    table = pyarrow.table(sanchay_engine.walk([bytes(tmp_path)]))
    assert [(field.name, str(field.type)) for field in table.schema] == list(sanchay_engine.WALK_COLUMNS)
    assert table.column("name").to_pylist() == [b"a"]
    assert table.column("size").to_pylist() == [5]
