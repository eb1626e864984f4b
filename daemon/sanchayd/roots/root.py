"""A folder that is cataloged, and what was chosen for it. Frozen; times are Unix nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class HashScope(str, Enum):
    """Which files of a root are hashed."""

    ALL = "all"
    DUPLICATES = "duplicates"
    NONE = "none"


class HashAlgorithm(str, Enum):
    """What they are hashed with."""

    BLAKE3 = "blake3"
    SHA256 = "sha256"


class WatchMode(str, Enum):
    """How changes of a root are noticed; `auto` leaves it to the file system's kind."""

    AUTO = "auto"
    EVENTS = "events"
    POLL = "poll"
    OFF = "off"


POLL_S = 300


@dataclass(frozen=True)
class RootSettings:
    """What a person chose for a root.

    `exclude` are globs against the path below it, `poll_s` counts with polling, and `expect_unreadable` are whole paths
    that make no scan partial.
    """

    hash: HashScope = HashScope.ALL
    algorithm: HashAlgorithm = HashAlgorithm.BLAKE3
    exclude: tuple[str, ...] = ()
    one_file_system: bool = False
    skip_hidden: bool = False
    watch: WatchMode = WatchMode.AUTO
    poll_s: int = POLL_S
    expect_unreadable: tuple[bytes, ...] = ()


@dataclass(frozen=True)
class Root:
    """A folder that is kept in the catalog."""

    id: int
    name: str
    path: bytes
    settings: RootSettings
    created_ns: int
    claimed: bool = True  # False: rows of it were found in the catalog, and no one has asked for it here
