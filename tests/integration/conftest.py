"""What the integration tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.catalogs import Cataloger


@pytest.fixture
def cataloger(tmp_path: Path) -> Iterator[Cataloger]:
    """An open catalog without roots; trees go beside it."""
    opened = Cataloger(tmp_path / "home")
    yield opened
    opened.catalog.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty folder for the test's files."""
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder
