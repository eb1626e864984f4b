"""The daemon of Sanchay: it keeps the catalog, runs the scans and answers the clients. It never shows anything."""

from sanchay import spared

__version__ = "0.1.0"

spared.spare(spared.UNUSED_BY_PYDANTIC)
