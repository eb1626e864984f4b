"""The daemon of Sanchay: it keeps the catalog, runs the scans and answers the clients. It never shows anything."""

__version__ = "0.1.0"
