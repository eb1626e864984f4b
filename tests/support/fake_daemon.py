"""`sanchayd` over the catalog in memory: `python -m tests.support.fake_daemon`, with sanchayd's own flags."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path

from sanchay.address import Places
from sanchayd import doorkeeper
from sanchayd.__main__ import main
from sanchayd.config import Config
from sanchayd.engine_port.port import CatalogPort
from tests.support.fake_catalog import FakeCatalog


class HangingCatalog(FakeCatalog):
    """Its version is asked for in the event loop, which hangs while the file FAKE_LOOP_HANGS is there."""

    def version(self) -> str:
        hangs = os.environ.get("FAKE_LOOP_HANGS", "")
        if hangs and os.path.exists(hangs):
            Path(os.environ["FAKE_LOOP_IS_HANGING"]).touch()
            while os.path.exists(hangs):
                time.sleep(0.01)
        return super().version()


def open_catalog(settings: Config, where: Places) -> CatalogPort:
    """A catalog that knows nothing yet."""
    return HangingCatalog([os.fsencode(folder) for folder in where.own_folders])


if __name__ == "__main__":
    doorkeeper.LOOK_S = 0.05  # or those who wait for it to look again wait for two seconds
    sys.exit(main(open_catalog=open_catalog))
