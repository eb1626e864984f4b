"""A catalog of either kind, the engine and the fake in its place: empty, or with a tree in it."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from sanchayd.engine_port.port import CatalogPort
from tests.contract.ports import FILES, a_root, scan
from tests.support import trees
from tests.support.daemon import engine_missing
from tests.support.fake_catalog import FakeCatalog


@pytest.fixture(params=["fake", "engine"])
def port(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[CatalogPort]:
    """An empty catalog of either kind, whose own folder is `home`."""
    home = tmp_path / "home"
    home.mkdir()
    catalog: CatalogPort
    if request.param == "fake":
        catalog = FakeCatalog([os.fsencode(home)])
    else:
        if engine_missing():
            pytest.skip("the engine is not built")
        from sanchayd.engine_port.native import NativeCatalog

        catalog = NativeCatalog.open(
            os.fsencode(home / "catalog.db"), own_folders=[os.fsencode(home)], threads=2, cache_mb=8
        )
    yield catalog
    catalog.close()


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    return trees.build(tmp_path / "tree", FILES)


@pytest.fixture
def scanned(port: CatalogPort, tree: Path) -> CatalogPort:
    """The catalog with the tree in it, whose hashes are settled."""
    time.sleep(0.08)  # or what was just written is read again
    port.put_root(a_root(tree))
    assert scan(port).state == "done"
    return port
