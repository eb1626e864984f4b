"""The query language against an oracle in plain Python: random trees and expressions, each from its seed alone.

`SANCHAY_PROPERTY_EXAMPLES` sets how many seeds are run, `SANCHAY_PROPERTY_FIRST` where they begin. A thousand of them:

    SANCHAY_PROPERTY_EXAMPLES=1000 python -m pytest -q tests/property/test_query_language.py
"""

from __future__ import annotations

import os
import random
import sys
from pathlib import Path

import pytest

from tests.integration.catalogs import Cataloger
from tests.property.query_oracle import Asker, Trees

pytestmark = pytest.mark.skipif(
    sys.platform != "linux" or os.geteuid() != 0, reason="only as root on Linux: names of any bytes, other owners"
)

FIRST = int(os.environ.get("SANCHAY_PROPERTY_FIRST", "0"))
SEEDS = int(os.environ.get("SANCHAY_PROPERTY_EXAMPLES", "10"))
EXPRESSIONS = 40
SORTS = ("", "path", "-name", "size", "-size", "modified", "-created")


@pytest.mark.parametrize("seed", range(FIRST, FIRST + SEEDS))
def test_an_expression_finds_what_it_says(seed: int, tmp_path: Path) -> None:
    dice = random.Random(seed)
    top = (tmp_path / "trees").resolve()
    top.mkdir()
    trees = Trees(top, dice)
    cataloger = Cataloger(tmp_path / "home")
    try:
        for number, root in enumerate(trees.roots):
            cataloger.add(root, name=f"root{number}")
            cataloger.settled_scan(number + 1)
        if dice.random() < 0.5:
            assert cataloger.catalog.wait_name_index(60)
        asker = Asker(trees, trees.things(), dice)
        for _ in range(EXPRESSIONS):
            text, hits = asker.expression()
            expected = sorted(os.fsencode(thing.path) for thing in hits)
            sort, limit = dice.choice(SORTS), dice.choice((3, 1000))
            found, token = [], ""
            while True:
                page = cataloger.catalog.find(text, sort=sort, limit=limit, token=token, time_zone=asker.zone)
                found += [row.path for row in page.rows]
                token = page.next_token
                if not token:
                    break
            assert sorted(found) == expected, (seed, text, asker.zone, sort)
            assert page.total in (None, len(expected)), (seed, text)
    finally:
        cataloger.catalog.close()
