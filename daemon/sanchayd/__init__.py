"""The daemon of Sanchay: it keeps the catalog, runs the scans and answers the clients. It never shows anything."""

from sanchay import spared
from sanchay.version import __version__

__all__ = ["__version__"]

spared.spare(spared.UNUSED_BY_PYDANTIC)
