"""The shapes of answers whether files are there, which pass through as the engine made them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from sanchayd.engine_port.values import ScanError


class HaveCopy(Protocol):
    """A cataloged file with the content that was asked about; `device` is the identity of its file system, or empty."""

    path: bytes
    root_id: int
    device: str
    offline: bool


class HaveRow(Protocol):
    """The answer about one file; `state` is known, offline, maybe, new or unreadable."""

    path: bytes
    state: str
    reason: str
    size: int

    @property
    def copies(self) -> Sequence[HaveCopy]:
        """The first of them."""
        ...


class HavePage(Protocol):
    """Some of the rows; an empty token is the last page."""

    next_token: str

    @property
    def rows(self) -> Sequence[HaveRow]:
        """The rows."""
        ...


class HaveResult(Protocol):
    """What was found, in numbers; `state` is done, partial or cancelled."""

    state: str
    known: int
    offline: int
    maybe: int
    new: int
    unreadable: int
    bytes: int
    new_bytes: int
    hashed_files: int
    hashed_bytes: int
    symlinks: int
    special: int
    errors: int
    duration_s: float

    @property
    def error_list(self) -> Sequence[ScanError]:
        """The first hundred."""
        ...
