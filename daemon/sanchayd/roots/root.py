"""A folder that is cataloged, and what was chosen for it. Frozen; times are Unix nanoseconds."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from sanchay import names
from sanchay.errors import ConfigInvalid
from sanchay.sentences import NOTHING, Sentence


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
class Unreadable:
    """Which of a root's settings cannot be read where they are stored, and why, for people."""

    settings: tuple[str, ...]
    why: Sentence


@dataclass(frozen=True)
class Root:
    """A folder that is kept in the catalog.

    While some of its settings are `unreadable` it is neither scanned nor watched: no one knows what is to be left out.
    """

    id: int
    name: str
    path: bytes
    settings: RootSettings
    created_ns: int
    claimed: bool = True  # False: rows of it were found in the catalog, and no one has asked for it here
    unreadable: Unreadable | None = None

    def left_alone(self) -> Sentence:
        """Why it is neither scanned nor watched, and how that ends; empty where its settings are known."""
        if self.unreadable is None:
            return NOTHING
        settings = ", ".join(self.unreadable.settings)
        return Sentence("root-settings-unreadable", why=self.unreadable.why, settings=settings)

    def check_settings(self) -> None:
        """Raises config_invalid where they cannot be read."""
        if self.unreadable is not None:
            raise ConfigInvalid(
                f"The root {names.quoted(self.name)} is left alone: {self.left_alone()}.", path=self.path
            )
