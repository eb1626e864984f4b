"""A pause of work that no one waits for, as it is kept over restarts."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BackgroundPause:
    """Whether background work stands still; `until_ns` 0: until it is resumed.

    A pause of `seconds` ends at `boot_until_s` of the time since the start `boot` of the machine; after another start
    the wall clock has to do, but not for longer than was asked for.
    """

    paused: bool = False
    until_ns: int = 0
    seconds: float = 0.0
    boot: str = ""
    boot_until_s: float = 0.0
