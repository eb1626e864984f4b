"""The random edits of `random_edits.py`, short."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.live.random_edits import run

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: names of any bytes")


@pytest.mark.parametrize("seed", ["1", "2"])
def test_after_random_edits_and_a_sync_the_catalog_equals_a_look_at_the_tree(tmp_path: Path, seed: str) -> None:
    assert run(tmp_path, seed, 3) == []
