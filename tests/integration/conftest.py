"""What the integration tests share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.catalogs import Cataloger


@pytest.fixture
def cataloger(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Cataloger]:
    """An open catalog without roots, of the kind that the module's CATALOGER says; trees go beside it."""
    kind: type[Cataloger] = getattr(request.module, "CATALOGER", Cataloger)
    opened = kind(tmp_path / "home")
    yield opened
    opened.catalog.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """An empty folder for the test's files."""
    folder = tmp_path / "tree"
    folder.mkdir()
    return folder
