"""What a plan is asked for with, and how that is kept with it."""

from __future__ import annotations

import json
from base64 import b64decode, b64encode
from dataclasses import dataclass

ACTIONS = ("trash", "hardlink", "reflink", "symlink", "delete")


@dataclass(frozen=True)
class PlanQuestion:
    """Scope and rules of a plan; see dedupe.proto for the meaning of each."""

    under: bytes | None = None
    min_size: int | None = None
    extensions: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    drop: str = ""
    keep: str = ""
    prefer: tuple[str, ...] = ()
    isolate: tuple[bytes, ...] = ()
    min_copies: int = 0
    min_devices: int = 0
    one_of_each_name: bool = False
    everywhere: bool = False
    action: str = ""
    time_zone: str = ""
    keep_in: tuple[bytes, ...] = ()
    drop_in: tuple[bytes, ...] = ()

    def asked(self) -> str:
        """What was asked for, as the JSON that is kept with the plan; what is as usual is left out."""
        document: dict[str, object] = {} if self.min_size is None else {"min_size": self.min_size}
        if self.under is not None:
            document["under"] = _path(self.under)
        words: dict[str, object] = {
            "extensions": self.extensions,
            "types": self.types,
            "drop": self.drop,
            "keep": self.keep,
            "prefer": self.prefer,
            "isolate": [_path(folder) for folder in self.isolate],
            "min_copies": self.min_copies if self.min_copies > 1 else 0,
            "min_devices": self.min_devices if self.min_devices > 1 else 0,
            "one_of_each_name": self.one_of_each_name,
            "everywhere": self.everywhere,
            "keep_in": [_path(folder) for folder in self.keep_in],
            "drop_in": [_path(folder) for folder in self.drop_in],
        }
        return json.dumps(document | {name: value for name, value in words.items() if value})


def under_of(asked: str) -> bytes | None:
    """The folder that a plan was made below, by what is kept with it; None: everywhere."""
    place = json.loads(asked).get("under")
    if not place:
        return None
    return b64decode(place["path_bytes"]) if "path_bytes" in place else str(place["path"]).encode()


def _path(raw: bytes) -> dict[str, str]:
    """A path as documents have it: `path`, and `path_bytes` (base64) where the bytes are not UTF-8."""
    try:
        return {"path": raw.decode()}
    except UnicodeDecodeError:
        return {"path": raw.decode("utf-8", "replace"), "path_bytes": b64encode(raw).decode("ascii")}
