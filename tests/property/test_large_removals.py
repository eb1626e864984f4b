"""A large root is removed while other roots are scanned and hashed, broken off or not, against an oracle.

Large is what does not go in one transaction: more than 50,000 files. They are made once, each of another size, so that
a scan of another root reads those that have the size of one of its own.

`SANCHAY_PROPERTY_EXAMPLES` sets how many seeds are run, `SANCHAY_PROPERTY_FIRST` where they begin; 200 of them:

    SANCHAY_PROPERTY_EXAMPLES=200 python -m pytest -q tests/property/test_large_removals.py
"""

from __future__ import annotations

import os
import random
import sys
import threading
from pathlib import Path

import pytest

from sanchay_engine import EngineError
from tests.integration.catalogs import Cataloger
from tests.property.agreement import assert_equal, assert_sound
from tests.property.oracle import look
from tests.support.daemon import PATIENCE_S
from tests.support.program import until

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only on Linux: sparse files in no time")

FIRST = int(os.environ.get("SANCHAY_PROPERTY_FIRST", "0"))
EXAMPLES = int(os.environ.get("SANCHAY_PROPERTY_EXAMPLES", "1"))
FILES = 51_000
IN_FOLDER = 500


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of many sparse files, all of other sizes."""
    top = tmp_path_factory.mktemp("large")
    for first in range(0, FILES, IN_FOLDER):
        (top / f"folder {first}").mkdir()
        folder = os.open(top / f"folder {first}", os.O_RDONLY)
        for number in range(first, first + IN_FOLDER):
            file = os.open(f"photo {number}.jpg", os.O_CREAT | os.O_WRONLY, 0o600, dir_fd=folder)
            os.ftruncate(file, number + 1)
            os.close(file)
        os.close(folder)
    return top


def _plant_twins(chosen: random.Random, folder: Path, count: int) -> None:
    """Files with the content of some of the large tree's, and a few of their own."""
    for number, size in enumerate(sorted(chosen.sample(range(1, FILES + 1), count))):
        below = folder / f"part {number // 300}"
        below.mkdir(parents=True, exist_ok=True)
        (below / f"twin {number}").write_bytes(bytes(size) if chosen.random() < 0.9 else b"x" * size)


@pytest.mark.parametrize("seed", range(FIRST, FIRST + EXAMPLES))
def test_what_is_left_is_right_however_a_large_root_goes(seed: int, large: Path, tmp_path: Path) -> None:
    chosen = random.Random(seed)
    twins = tmp_path / "twins"
    _plant_twins(chosen, twins, chosen.choice([300, 1500, 4000]))
    cataloger = Cataloger(tmp_path / "home", threads=chosen.choice([1, 2]))
    history: list[str] = []
    try:
        going = cataloger.add(large, hash=chosen.choice(["duplicates", "duplicates", "all"]))
        staying = cataloger.add(twins, hash="duplicates")
        cataloger.settled_scan(going)
        scan = cataloger.catalog.scan(staying)
        phase = chosen.choice(["listing", "hashing", "hashing", "merging", "done"])
        history.append(f"the removal begins when the other scan is {phase}")
        until(lambda: scan.wait(0) is not None or scan.progress().phase in (phase, "done"), every_s=0.001)
        failed: list[EngineError] = []

        def remove() -> None:
            try:
                cataloger.catalog.remove_root(going)
            except EngineError as error:
                failed.append(error)

        removal = threading.Thread(target=remove)
        removal.start()
        what = chosen.choice(["wait", "scan again", "cancel", "close"])
        history.append(what)
        if what == "scan again":
            assert cataloger.scan(staying).state == "done"
        elif what == "cancel":
            scan.cancel()
        elif what == "close":
            until(lambda: cataloger.catalog.root_status(going).reason or not removal.is_alive(), every_s=0.001)
            cataloger.reopen()
        removal.join(PATIENCE_S)
        assert not removal.is_alive()
        if what != "close":
            assert scan.wait(PATIENCE_S) is not None
        assert_sound(cataloger)
        if failed:
            assert failed[0].kind == "closed"
            cataloger.catalog.remove_root(going)
        assert cataloger.scan(staying).state == "done"
        assert_equal(cataloger, {staying: look(os.fsencode(twins))})
        cataloger.reopen()
        assert_equal(cataloger, {staying: look(os.fsencode(twins))})
    except BaseException:
        print(f"seed {seed}:", *history, sep="\n  ")
        raise
    finally:
        cataloger.catalog.close()
