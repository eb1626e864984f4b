"""A root as it stands: what the catalog has of it, and how fresh that is."""

from __future__ import annotations

from dataclasses import dataclass

from sanchayd.catalog.freshness import Freshness
from sanchayd.engine_port.values import LiveStatus
from sanchayd.roots.root import Root


@dataclass(frozen=True)
class RootView:
    """A root as it stands: `state` is new, scanning, ready, partial or offline."""

    root: Root
    state: str
    freshness: Freshness
    files: int
    directories: int
    bytes: int
    live: LiveStatus
