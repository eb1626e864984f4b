"""What belongs to a file: files beside it that have its name but for the extension."""

from __future__ import annotations

import os
import re
from collections.abc import Sequence

from sanchay.client import Client

#: Of a group so many are asked for; of the others it is not known.
ASKED_MOST = 20
SHOWN_MOST = 20


def expression(path: bytes) -> str | None:
    """What `find` is asked for; None where the name cannot be written in it."""
    stem = os.path.splitext(path)[0]
    try:
        text = stem.decode("utf-8")
    except UnicodeDecodeError:
        return None
    if os.sep != "/":
        text = text.replace(os.sep, "/")
    pattern = re.sub(r"([\\*?\[\]{}])", r"\\\1", text) + ".*"
    quoted = pattern.replace("\\", "\\\\").replace('"', '\\"')
    return f'path:"{quoted}"'


def companions_of(client: Client, paths: Sequence[bytes]) -> dict[bytes, tuple[bytes, ...]]:
    """For each path that could be asked for, what lies beside it. Copies of the group itself are not among them."""
    found = {}
    own = set(paths)
    for path in paths[:ASKED_MOST]:
        asked = expression(path)
        if asked is not None:
            rows = client.find(asked, limit=SHOWN_MOST).rows
            found[path] = tuple(row.path.raw for row in rows if row.path.raw not in own)
    return found
