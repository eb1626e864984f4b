"""What the fault tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support import trees

FILES = 20_000


@pytest.fixture(scope="session")
def many_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Twenty thousand small files, whose catalog takes some MiB; no one writes into it."""
    return trees.many(tmp_path_factory.mktemp("many") / "tree", FILES)
