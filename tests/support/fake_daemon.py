"""`sanchayd` over the catalog in memory: `python -m tests.support.fake_daemon`, with sanchayd's own flags."""

from __future__ import annotations

import os
import sys

import sanchayd.__main__ as daemon
from sanchay.address import Places
from sanchayd.config import Config
from sanchayd.engine_port import CatalogPort
from tests.support.fake_catalog import FakeCatalog


def open_catalog(settings: Config, where: Places) -> CatalogPort:
    """A catalog that knows nothing yet."""
    return FakeCatalog([os.fsencode(folder) for folder in where.own_folders])


if __name__ == "__main__":
    daemon._open_catalog = open_catalog
    sys.exit(daemon.main())
